"""One pump at its least and its greatest rate, held against the oracle: what a process of its own does for
``make pumps``, since a process is about one pump. Prints what it found as JSON.
"""

from __future__ import annotations

import argparse
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

from thecal.pumps.constants import chosen
from thecal_fw.core.calibration import BENCH_CALIBRATION
from thecal_fw.core.instant import TICKS_PER_DAY
from thecal_fw.core.metering import Metering
from thecal_hil.course.course import Course, local_second
from thecal_hil.course.drills import heap_bytes_per_pulse
from thecal_hil.course.therapy import continuous
from thecal_hil.rigs.opening import open_rig

_PULSES = 4
_MOST_S = 20
_WARM_UP_S = 3
_BEGINS = local_second("2026-03-06 12:00")
_HEAP_MICROSTEPS_PER_S = Fraction(1, 2)
_SMALL_INTEGER = 1 << 30
_METERED_PULSES = 2_000


def delivered_at(nl_per_day: int, rig_name: str, uf2: Path | None) -> dict[str, Any]:
    """Deliver a rate from the pump's beginning; return how far any edge and any volume is from the oracle's."""
    limits = chosen().limits
    per_s = float(nl_per_day * chosen().microsteps_per_nl / 86_400)
    rig = open_rig(rig_name, uf2=uf2)
    course = Course(rig)
    course.set_time(_BEGINS)
    course.prescribe(continuous(nl_per_day, limits.least_low_reservoir_nl))
    course.refill(limits.reservoirs_nl[0])
    course.start()
    rig.run_for(_WARM_UP_S + max(_MOST_S, _PULSES / per_s))
    check = course.check()
    found = {
        "nl_per_day": nl_per_day,
        "microsteps_per_s": per_s,
        "pulses": check.pulses,
        "missing": check.missing + check.extra + check.while_stopped,
        "edge_ticks": float(check.worst_edge_ticks),
        "volume_microsteps": float(check.worst_volume_steps),
        "alarms": course.pump.interrogate().active_alarms,
        "heap_bytes_per_pulse": heap_of_metering(nl_per_day),
    }
    if rig_name == "pico" and per_s >= _HEAP_MICROSTEPS_PER_S:
        course.prescribe(continuous(heap_rate(), limits.least_low_reservoir_nl))
        rig.run_for(_WARM_UP_S)
        found["heap_bytes_per_pulse"] += heap_bytes_per_pulse(rig)
    rig.close()
    return found


def heap_rate() -> int:
    """Return a rate at which stretches of seconds hold pulses and neither a grant nor a refill of the queue, in
    nL/day."""
    rate = int(_HEAP_MICROSTEPS_PER_S * 86_400 / chosen().microsteps_per_nl)
    return max(rate, chosen().limits.least_basal_nl_per_day)


def heap_of_metering(nl_per_day: int) -> int:
    """Return 0 if every number from pulse to pulse is one that the board keeps without its heap, else 1."""
    metering = Metering(BENCH_CALIBRATION)
    metering.begin(nl_per_day, metering.step_weight // 2, TICKS_PER_DAY)
    for _ in range(min(_METERED_PULSES, metering.pulses_left)):
        numbers = (
            metering.next_ticks(),
            metering.gathered + metering.remainder + 1,
            metering._low_gathered + metering._low_remainder,
        )
        if max(numbers) >= _SMALL_INTEGER:
            return 1
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m thecal_hil.campaigns.pumps.trial", description=__doc__)
    parser.add_argument("--rig", choices=("model", "pico"), default="model")
    parser.add_argument("--uf2", type=Path)
    options = parser.parse_args()
    limits = chosen().limits
    found = [
        delivered_at(rate, options.rig, options.uf2)
        for rate in (limits.least_basal_nl_per_day, limits.most_basal_nl_per_day)
    ]
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
