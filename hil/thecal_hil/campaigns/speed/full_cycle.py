"""The ratio of processor time that half a year on the model with its plant takes now and on an earlier commit.

Promises: both are run in turn, so that what else the machine does meets both. Steps, other edges, plant and check have
to be the same each time, to the bit. Journal and log have another layout than on the earlier commit, whose firmware
wrote less; they, and all else, have to be the same as where no heartbeat is passed over.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thecal_hil.campaigns.speed import timed_full_cycle
from thecal_hil.campaigns.speed.earlier import HERE, run_on, sources_of
from thecal_hil.evidence.measurements import Measurement

BEFORE = "f0750af"
DAYS = 180
RATIO = Measurement(
    "full_cycle_ratio", "full cycle of 180 days with plant, before / now", "x", least=1.4, reach=1.7
)
SAME = Measurement("full_cycle_differences", "parts of its record that differ", "parts", most=0)
_PROGRAM = Path(timed_full_cycle.__file__)
_OF_ANY_FIRMWARE = ("steps", "other edges", "plant", "check")
"""Parts of the record that follow from the prescription alone."""


@dataclass(frozen=True)
class FullCycleSpeed:
    """Processor seconds of each run, in the order of the runs. differences: parts of the record that are not the same
    each time."""

    days: int
    before_s: tuple[float, ...]
    now_s: tuple[float, ...]
    pulses: int
    differences: tuple[str, ...]

    @property
    def ratio(self) -> float:
        return sum(self.before_s) / sum(self.now_s)

    def figures(self) -> dict[Measurement, float]:
        return {RATIO: self.ratio, SAME: len(self.differences)}

    def __str__(self) -> str:
        runs = ", ".join(
            f"{before_s:.1f} / {now_s:.1f}" for before_s, now_s in zip(self.before_s, self.now_s, strict=True)
        )
        record = f"DIFFERENT: {', '.join(self.differences)}" if self.differences else "the same record"
        return (
            f"full cycle of {self.days} days with plant, {self.pulses:,} pulses checked: {self.ratio:.2f} x less "
            f"processor time than {BEFORE} ({runs} s), {record}"
        )


def full_cycle_speed(days: int = DAYS, seed: int = 0, runs: int = 1) -> FullCycleSpeed:
    """Run both so many times. RuntimeError if a pulse is wrong on either."""
    folders = sources_of(BEFORE), HERE
    found = [[run_on(folder, _PROGRAM, str(days), str(seed)) for folder in folders] for _ in range(runs)]
    results = [result for pair in found for result in pair]
    polled = run_on(HERE, _PROGRAM, str(days), str(seed), "every-heartbeat")
    for result in (*results, polled):
        if result["wrong"]:
            raise RuntimeError(f"{result['sources']}: {'; '.join(result['wrong'])}")
    return FullCycleSpeed(
        days,
        tuple(before["processor_s"] for before, _ in found),
        tuple(now["processor_s"] for _, now in found),
        results[0]["pulses"],
        (
            *_differences([result["record"] for result in results], _OF_ANY_FIRMWARE),
            *(
                f"{part} with every heartbeat polled"
                for part in _differences(
                    [*(now["record"] for _, now in found), polled["record"]], polled["record"]
                )
            ),
        ),
    )


def _differences(records: list[dict[str, Any]], parts: Iterable[str]) -> tuple[str, ...]:
    return tuple(part for part in parts if any(record[part] != records[0][part] for record in records))


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="thecal-hil full-cycle-speed", description=__doc__)
    parser.add_argument("--days", type=int, default=DAYS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--runs", type=int, default=1)
    options = parser.parse_args(argv)
    found = full_cycle_speed(options.days, options.seed, options.runs)
    print(found)
    return 0 if found.ratio >= (RATIO.least or 0) and not found.differences else 1
