"""The cost of a plant in the loop to the pico rig: ``thecal-hil lock-step``.

Two boards that run the same image are given the same therapy, one of them with a plant on its shaft, and take turns in
short stretches, so that whatever else the machine does falls on both. Promises: the figure is the ratio of the
processor time that the two took in one run, and both delivered the same microsteps.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from thecal_hil.contract.image import image_under_test
from thecal_hil.course.course import Course, local_second
from thecal_hil.course.therapy import RESERVOIR_NL, continuous
from thecal_hil.groundwork.progress import Count, shown
from thecal_hil.rigs.pico_rig import PicoRig
from thecal_sim.plant import Plant

MOST_COST = 0.25
"""Share by which the plant may slow the rig down."""
_TURNS = 20


@dataclass(frozen=True)
class LockStepCost:
    """Seconds of one core for so many microsteps, without a plant and with one."""

    nl_per_day: int
    microsteps: int
    without_s: float
    with_s: float

    @property
    def cost(self) -> float:
        return self.with_s / self.without_s - 1

    def __str__(self) -> str:
        return (
            f"lock-step cost at {self.nl_per_day:,} nL/day: {self.cost:+.1%} "
            f"({self.microsteps:,} microsteps, {self.without_s:.2f} s without a plant, {self.with_s:.2f} s with one)"
        )


def lock_step_cost(
    nl_per_day: int, seconds: int, turn_is_over: Callable[[], None] = lambda: None
) -> LockStepCost:
    """Deliver for so long on either board. RuntimeError if they did not deliver the same."""
    image = image_under_test(None)
    rigs = [PicoRig(image), PicoRig(image)]
    rigs[1].attach(Plant())
    begins_ns = []
    for rig in rigs:
        course = Course(rig)
        course.set_time(local_second("2026-03-06 12:00"))
        course.prescribe(continuous(nl_per_day))
        course.refill(RESERVOIR_NL)
        begins_ns.append(course.start())
    took_s = [0.0, 0.0]
    for turn in range(1, _TURNS + 1):
        for which in (0, 1) if turn % 2 else (1, 0):
            until_ns = begins_ns[which] + turn * seconds * 1_000_000_000 // _TURNS
            began = time.process_time()
            rigs[which].run_until(until_ns)
            took_s[which] += time.process_time() - began
        turn_is_over()
    counts = [len(rig.step_times_ns) for rig in rigs]
    turned = rigs[1].plant.turned_steps
    for rig in rigs:
        rig.close()
    if counts[0] != counts[1] or turned != counts[1]:
        raise RuntimeError(f"the boards delivered {counts} microsteps, and the plant's shaft turned {turned}")
    return LockStepCost(nl_per_day, counts[0], *took_s)


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="thecal-hil lock-step", description="Measure what a plant in the loop costs the pico rig."
    )
    parser.add_argument("--nl-per-day", type=int, nargs="*", default=[424_000, 24_000_000])
    parser.add_argument("--microsteps", type=int, default=1_000)
    arguments = parser.parse_args(argv)
    dear = False
    progress = Count(_TURNS * len(arguments.nl_per_day), "turns")
    with shown("lock-step", progress) as line:
        for nl_per_day in arguments.nl_per_day:
            seconds = round(arguments.microsteps * 15.625 * 86_400 / nl_per_day)
            found = lock_step_cost(nl_per_day, seconds, progress.add)
            with line.out_of_the_way():
                print(found)
            dear = dear or found.cost > MOST_COST
    return 1 if dear else 0
