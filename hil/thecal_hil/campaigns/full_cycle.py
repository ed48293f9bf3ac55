"""The command ``thecal-hil full-cycle``: half a year on the model with its plant, and how long
it takes.

Promise: of its summary, everything but ``seconds`` follows from days, seed and source alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from thecal_hil.evidence.measurements import write_summary
from thecal_hil.groundwork.progress import Count, shown
from thecal_sim.plant.full_cycle import FullCycle, full_cycle

_EVIDENCE = Path("build/evidence/fullcycle.json")


def summary_of(result: FullCycle, seed: int) -> dict[str, Any]:
    """Return the summary as plain values. seconds: of one core, and by the wall, on the machine that it ran on."""
    check, state = result.check, result.state
    return {
        "seed": seed,
        "days": result.days,
        "pulses": check.pulses,
        "boluses": result.boluses,
        "refills": result.refills,
        "worst_edge_ticks": float(check.worst_edge_ticks),
        "worst_volume_steps": float(check.worst_volume_steps),
        "turned": state.turned,
        "missed": state.missed,
        "out_nl": state.out_nl,
        "at_tip_ng": state.dose_ng,
        "wrong": list(result.wrong),
        "seconds": {
            "delivery": result.delivery_s,
            "check": result.check_s,
            "plant": result.plant_s,
            "of_one_core": result.total_s,
            "by_the_wall": result.elapsed_s,
        },
    }


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="thecal-hil full-cycle", description=__doc__)
    parser.add_argument("--days", type=int, default=180)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(argv)
    progress = Count(options.days, "days delivered")
    with shown("full cycle", progress):
        result = full_cycle(options.days, options.seed, progress.set)
    write_summary(_EVIDENCE, summary_of(result, options.seed))
    print(result)
    for what in result.wrong:
        print(f"WRONG: {what}")
    print(f"fullcycle: {'FAIL' if result.wrong else 'PASS'}; written to {_EVIDENCE}")
    return 1 if result.wrong else 0
