"""The command ``python -m thecal_hil.campaigns.calibration``, or ``make calibration``: simulated heads, and planted
errors.

Promises: the summary follows from seed, numbers and source alone; exit code 1 if a figure falls short. Each head has a
seed of its own, printed where it is among those that fell short.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from thecal_hil.campaigns.calibration.planted import PLANTED
from thecal_hil.campaigns.calibration.trial import Outcome, planted_error, sound_head
from thecal_hil.evidence.measurements import write_summary
from thecal_hil.groundwork.progress import Count, shown

_EVIDENCE = Path("build/evidence/calibration.json")
LEAST_HELD, MOST_HELD = 0.935, 0.98
MOST_WIDTH = 1.3
MOST_FALSE = 0.03
"""Sound heads with a finding to look at."""
_LARGE_SAMPLE = 1_000
"""With fewer heads chance alone moves a share by more than a percent: none is judged then."""


def summary_of(heads: Sequence[Outcome], planted: Sequence[Sequence[Outcome]]) -> dict[str, Any]:
    """Return the summary. wrong: what falls short, a line each."""
    held = sum(one.holds for one in heads) / len(heads)
    width, ideal_width = median(one.half for one in heads), median(one.ideal_half for one in heads)
    width_each = median(one.half / one.ideal_half for one in heads)
    false = [one for one in heads if one.kinds]
    rows, wrong = [], []
    for row, outcomes in zip(PLANTED, planted, strict=True):
        missed = [one for one in outcomes if not set(one.kinds) & set(row.findings)]
        rows.append({"planted": row.name, "heads": len(outcomes), "found": len(outcomes) - len(missed)})
        wrong += [f"{row.name}, seed {list(one.seed)}: found {list(one.kinds)}" for one in missed]
    if len(heads) >= _LARGE_SAMPLE and not LEAST_HELD <= held <= MOST_HELD:
        wrong.append(f"the truth is inside of {100 * held:.2f} % of the intervals")
    for name, ratio in (("the median width", width / ideal_width), ("the median of the widths", width_each)):
        if ratio > MOST_WIDTH:
            wrong.append(f"{name} is {ratio:.3f} times the ideal estimator's")
    if len(heads) >= _LARGE_SAMPLE and len(false) > MOST_FALSE * len(heads):
        wrong.append(f"{len(false)} of {len(heads)} sound heads have a finding")
    wide = [one for one in heads if one.half > 0.01 and "uncertainty" not in one.kinds]
    wrong += [f"seed {list(one.seed)}: an uncertainty over 1 % is no finding" for one in wide[:3]]
    return {
        "heads": len(heads),
        "inside": held,
        "inside_ideal": sum(one.ideal_holds for one in heads) / len(heads),
        "median_width_percent": 200 * width,
        "median_width_ideal_percent": 200 * ideal_width,
        "median_width_ratio": width / ideal_width,
        "median_of_ratios": width_each,
        "sound_heads_with_a_finding": len(false),
        "their_findings": dict(sorted(Counter(kind for one in false for kind in one.kinds).items())),
        "planted": rows,
        "wrong": wrong,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="thecal-hil calibration", description=__doc__)
    parser.add_argument("--heads", type=int, default=2_000)
    parser.add_argument("--planted", type=int, default=10, help="of each of the ten rows")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=_EVIDENCE)
    options = parser.parse_args(arguments)
    progress = Count(options.heads + options.planted * len(PLANTED), "heads calibrated")
    heads, planted = [], []
    with shown("calibration", progress):
        for number in range(options.heads):
            heads.append(sound_head(options.seed, number))
            progress.set(number + 1)
        for row in range(len(PLANTED)):
            planted.append([planted_error(options.seed, row, number) for number in range(options.planted)])
            progress.set(options.heads + (row + 1) * options.planted)
    summary = {"seed": options.seed, **summary_of(heads, planted)}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    write_summary(options.out, summary)
    _tell(summary)
    print(f"calibration: {'FAIL' if summary['wrong'] else 'PASS'}; written to {options.out}")
    return 1 if summary["wrong"] else 0


def _tell(summary: dict[str, Any]) -> None:
    print(f"seed {summary['seed']}, {summary['heads']} heads")
    for name, least_most in (
        ("inside", f"{100 * LEAST_HELD:g} to {100 * MOST_HELD:g} %"),
        ("inside_ideal", "95 %"),
    ):
        print(f"  {name:28} {100 * summary[name]:.2f} %   ({least_most})")
    for name in ("median_width_percent", "median_width_ideal_percent"):
        print(f"  {name:28} {summary[name]:.4f} %")
    for name in ("median_width_ratio", "median_of_ratios"):
        print(f"  {name:28} {summary[name]:.3f}   (<= {MOST_WIDTH})")
    print(
        f"  sound heads with a finding   {summary['sound_heads_with_a_finding']}   {summary['their_findings']}"
    )
    for row in summary["planted"]:
        print(f"  planted: {row['planted']:32} {row['found']} of {row['heads']} found")
    for what in summary["wrong"]:
        print(f"WRONG: {what}")
