"""What the pico rig costs in processor time: ``python -m thecal_hil.rig_cost``.

Promises: the figures are user seconds of one process, for the boot to the first answer and for so long a delivery; what
is not measured (imports, setting the pump up) is left out; the digest says whether two measurements recorded the same.
It uses nothing but what the rigs of older trees have too, so a newer tree can measure an older one by running this file
there, and the ratio of the two holds on a busy machine if they take turns.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
from dataclasses import asdict, dataclass
from pathlib import Path

from thecal_hil.course import Course, local_second
from thecal_hil.image import image_under_test
from thecal_hil.pico_rig import PicoRig
from thecal_hil.therapy import RESERVOIR_NL, continuous

_NS_PER_S = 1_000_000_000


@dataclass(frozen=True)
class RigCost:
    """`boot_s` and `delivery_s` are user seconds, `pump_s` seconds of the pump's time after delivery began."""

    nl_per_day: int
    pump_s: int
    boot_s: float
    delivery_s: float
    microsteps: int
    edges_sha256: str
    flash_sha256: str


def user_seconds() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime


def rig_cost(nl_per_day: int, pump_s: int, uf2: Path | None = None) -> RigCost:
    """Boot the image and deliver at a constant rate for `pump_s` seconds of the pump's time."""
    image = image_under_test(uf2)
    began = user_seconds()
    rig = PicoRig(image)
    boot_s = user_seconds() - began
    course = Course(rig)
    course.set_time(local_second("2026-03-06 12:00"))
    course.prescribe(continuous(nl_per_day))
    course.refill(RESERVOIR_NL)
    begins_ns = course.start()
    began = user_seconds()
    rig.run_until(begins_ns + pump_s * _NS_PER_S)
    delivery_s = user_seconds() - began
    edges = hashlib.sha256()
    for edge in rig.edges:
        edges.update(f"{edge.t_ns} {edge.signal} {edge.level}\n".encode())
    cost = RigCost(
        nl_per_day,
        pump_s,
        boot_s,
        delivery_s,
        len(rig.step_times_ns),
        edges.hexdigest(),
        hashlib.sha256(rig.board.flash_image).hexdigest(),
    )
    rig.close()
    return cost


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure what the pico rig costs in processor time.")
    parser.add_argument("--nl-per-day", type=int, nargs="*", default=[424_000, 24_000_000])
    parser.add_argument("--seconds", type=int, default=3_600, help="of the pump's time")
    parser.add_argument("--uf2", type=Path)
    arguments = parser.parse_args()
    for nl_per_day in arguments.nl_per_day:
        print(json.dumps(asdict(rig_cost(nl_per_day, arguments.seconds, arguments.uf2))), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
