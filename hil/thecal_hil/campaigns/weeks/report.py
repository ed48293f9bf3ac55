"""The report of what a campaign has found: how each figure is distributed, what goes with the error, the worst cases,
a picture.

Promises: everything is worked out from the results alone, exactly, with a few columns of them in memory at a time. Each
worst case comes with the command that does it again, on the model to the last bit and on the emulated board with the
shipped image.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thecal.whole_file import write_whole
from thecal_hil.campaigns.weeks.results import Results, rows_at
from thecal_hil.campaigns.weeks.week import columns_drawn, what_is_wrong, wrong_among
from thecal_hil.evidence.measurements import write_summary

FIGURES = (
    "overall_error_percent",
    "weighed_error_percent",
    "counted_error_percent",
    "dose_error_percent",
    "first_hour_error_percent",
    "worst_hour_error_percent",
    "hours_within_15_percent_share",
    "trumpet_60_min_most_percent",
    "trumpet_60_min_least_percent",
    "trumpet_930_min_most_percent",
    "trumpet_930_min_least_percent",
    "worst_count_error_microsteps",
)
"""Reported in text; the JSON has all columns."""
WORST_BY = ("overall_error_percent", "worst_hour_error_percent", "trumpet_15_min_most_percent")
"""The larger, whichever its sign, the worse."""
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_SHOWN_WORST = 3
NAMED_WRONG = 100
"""The report names so many runs that went wrong, and gives the number of the rest."""


def summary(results: Results) -> dict[str, Any]:
    """Return everything there is to report, as JSON has it. wrong: the first of the runs that went wrong, wrong_runs:
    of all."""
    wrong_runs, wrong = _wrong(results)
    told = [name for name in results.names if name not in ("seed", "days", "active_alarms", *columns_drawn())]
    return {
        "runs": results.runs,
        "pump_days": int(results.column("days").sum()),
        "wrong_runs": wrong_runs,
        "wrong": wrong,
        "figures": {name: _distribution(results.column(name)) for name in told},
        "goes_with_overall_error": _correlations(results),
        "worst": {name: _worst(results, name) for name in WORST_BY},
    }


def _wrong(results: Results) -> tuple[int, list[dict[str, Any]]]:
    """Return how many runs went wrong, and what was wrong with the first of them."""
    runs, named = 0, []
    for group in results.groups():
        columns = {name: np.asarray(group[name].to_numpy(), np.float64) for name in results.names}
        places = np.flatnonzero(wrong_among(columns))
        runs += len(places)
        named += [
            {"seed": row["seed"], "wrong": list(what_is_wrong(row))}
            for row in rows_at(group, places[: NAMED_WRONG - len(named)])
        ]
    return runs, named


def _distribution(values: NDArray[np.float64]) -> dict[str, float]:
    found = {"least": float(values.min()), "most": float(values.max()), "mean": float(values.mean())}
    found["standard_deviation"] = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    for part, value in zip(QUANTILES, np.quantile(values, QUANTILES), strict=True):
        found[f"p{100 * part:02.0f}"] = float(value)
    return found


def _correlations(results: Results) -> dict[str, float]:
    """Return the correlations of what was drawn with the overall error, the strongest first."""
    error = results.column("overall_error_percent")
    found = {}
    for name in columns_drawn():
        drawn = results.column(name)
        if len(error) > 2 and drawn.std() > 0 and error.std() > 0:
            found[name] = round(float(np.corrcoef(drawn, error)[0, 1]), 4)
    return dict(sorted(found.items(), key=lambda item: -abs(item[1])))


def _worst(results: Results, figure: str) -> list[dict[str, Any]]:
    """Return the worst runs, of equal ones those of the lowest seeds; rows are in the order of their seeds."""
    values, seeds, days = results.column(figure), results.column("seed"), results.column("days")
    return [
        {
            "seed": int(seeds[at]),
            figure: float(values[at]),
            "model": replay_command(int(seeds[at]), int(days[at]), "model"),
            "pico": replay_command(int(seeds[at]), int(days[at]), "pico"),
        }
        for at in np.argsort(-np.abs(values), kind="stable")[:_SHOWN_WORST]
    ]


def replay_command(seed: int, days: int, rig: str) -> str:
    """Return the command that does one run again."""
    return f"thecal-hil weeks --replay {seed} --days {days} --rig {rig}"


def text(found: dict[str, Any]) -> str:
    """Return the summary for a person at a terminal."""
    lines = [
        f"{found['runs']:,} runs, {found['pump_days']:,} pump-days",
        "",
        f"{'figure':34} {'least':>10} {'5 %':>10} {'median':>10} {'95 %':>10} {'most':>10}",
    ]
    for name in FIGURES:
        figure = found["figures"][name]
        shown = " ".join(f"{figure[part]:10.4f}" for part in ("least", "p05", "p50", "p95", "most"))
        lines.append(f"{name:34} {shown}")
    strongest = list(found["goes_with_overall_error"].items())[:4]
    lines += ["", "goes with the overall error: " + ", ".join(f"{name} {r:+.2f}" for name, r in strongest)]
    for figure, cases in found["worst"].items():
        lines += ["", f"worst by {figure}:"]
        lines += [f"  {case[figure]:+9.4f}  {case['model']}" for case in cases]
    lines += ["", "on the emulated board: the same with --rig pico (--hours 2: only its first two hours)"]
    lines += [f"WRONG: seed {case['seed']}: {'; '.join(case['wrong'])}" for case in found["wrong"]]
    if (more := found["wrong_runs"] - len(found["wrong"])) > 0:
        lines.append(f"WRONG: {more:,} more runs")
    return "\n".join(lines) + "\n"


def write_report(directory: Path, results: Results) -> dict[str, Any]:
    """Write ``report.json``, ``report.txt`` and ``report.png``; the summary."""
    # Imported late: a second, which whoever only runs batches need not wait for.
    from thecal_hil.campaigns.weeks.figure import draw

    found = summary(results)
    write_summary(directory / "report.json", found)
    write_whole(directory / "report.txt", text(found))
    draw(results, directory / "report.png")
    return found
