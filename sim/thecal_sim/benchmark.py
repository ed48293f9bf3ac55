"""A measurement of the model's speed: a month of delivery, every pulse held against the oracle. ``thecal-hil
model-speed``.

Promises: the pump is programmed over its link as any host does it, and the figures are of one core and one run.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass

from thecal.pumps.constants import chosen
from thecal_fw.core.calibration import BENCH_CALIBRATION
from thecal_fw.core.modes import MODE_CONTINUOUS
from thecal_fw.core.program import Program
from thecal_sim.bare_host import BareHost
from thecal_sim.model import ModelPump
from thecal_sim.oracle import Epoch, IdealDelivery, PulseCheck, Regimen, check_pulses
from thecal_sim.units import HOURS_PER_DAY, NS_PER_DAY

PAEDIATRIC_NL_PER_DAY = 424_000
_RESERVOIR_NL = 40_000_000
_LOW_RESERVOIR_NL = 2_000_000


@dataclass(frozen=True)
class Result:
    """The time that a run took, in seconds of this machine, and what came of it."""

    days: int
    delivery_s: float
    check_s: float
    polls: int
    check: PulseCheck

    @property
    def total_s(self) -> float:
        return self.delivery_s + self.check_s

    @property
    def passed(self) -> bool:
        return self.check.divergence is None and self.check.worst_volume_steps <= 1

    def __str__(self) -> str:
        check = self.check
        return (
            f"{self.days} days, {check.pulses:,} pulses, every one checked: {self.total_s:.1f} s "
            f"(delivery {self.delivery_s:.1f} s, {self.polls:,} polls; check {self.check_s:.1f} s), "
            f"{self.days * 86_400 / self.total_s:,.0f} x real time; "
            f"worst edge {float(check.worst_edge_ticks):.3f} ticks, "
            f"worst volume error {float(check.worst_volume_steps):.6f} steps, "
            f"at the end {float(check.final_volume.steps):+.3f} steps"
        )


def deliver(days: int, nl_per_day: int) -> Result:
    """Deliver a constant rate for some days and check every pulse."""
    pump = ModelPump()
    host = BareHost(pump.serial)
    host.hello()
    per_hour_nl = -(-nl_per_day // HOURS_PER_DAY)
    limits = (_RESERVOIR_NL, _LOW_RESERVOIR_NL, per_hour_nl, nl_per_day)
    program = Program(
        MODE_CONTINUOUS, "baclofen", 500_000, BENCH_CALIBRATION.calibration_id, nl_per_day, *limits
    )
    start_ns = pump.instant_of(host.begin(program, _RESERVOIR_NL))
    end_ns = start_ns + days * NS_PER_DAY
    begun = time.perf_counter()
    pump.run_until(end_ns)
    delivered = time.perf_counter()
    microsteps_per_nl = chosen().microsteps_per_nl
    ideal = IdealDelivery([Epoch(start_ns, Regimen.constant(nl_per_day))], microsteps_per_nl)
    check = check_pulses(ideal, pump.step_times_ns, end_ns)
    checked = time.perf_counter()
    return Result(days, delivered - begun, checked - delivered, pump.polls, check)


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="thecal-hil model-speed", description=__doc__)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--nl-per-day", type=int, default=PAEDIATRIC_NL_PER_DAY)
    arguments = parser.parse_args(argv)
    result = deliver(arguments.days, arguments.nl_per_day)
    print(result)
    return 0 if result.passed else 1
