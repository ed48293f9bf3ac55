"""``thecal weigh`` as it runs: a record read, put in order, judged, and shown as a table or as JSON."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

from thecal.cli.common import pairs, print_json, show
from thecal.durations import duration_ns
from thecal.errors import BadInputError
from thecal_hil.instruments.weighing.course import Course, Span, at_text, course_of
from thecal_hil.instruments.weighing.figures import (
    SETTLED_WITHIN_PERCENT,
    WINDOW_SETS,
    BolusAsked,
    Figures,
    Wish,
    figures_of,
)
from thecal_hil.instruments.weighing.record_file import MASS_UNITS, TIME_UNITS, read_record

_BOLUS = re.compile(r"(?P<ul>[0-9]{1,6}(\.[0-9]{1,6})?)@(?P<begin>[^@.]+(\.[0-9]+[a-z]+)?)\.\.(?P<end>[^@]+)")
_NL_PER_ML, _NL_PER_UL, _NS_PER_S = 1_000_000.0, 1_000.0, 1e9
EXIT_EVALUATE = 3
"""As of every command: done, and a person has to look at it."""


def weigh(
    file: Path,
    *,
    ml_per_day: float | None,
    boluses: list[str],
    windows: str | None,
    density: float | None,
    evaporates: float,
    from_reservoir: bool,
    time_unit: str | None,
    mass_unit: str | None,
    as_json: bool,
) -> int:
    """Judge a record; the exit code: 3 where something in it had to be put right."""
    _must_be_one_of("--time-unit", time_unit, TIME_UNITS)
    _must_be_one_of("--mass-unit", mass_unit, MASS_UNITS)
    _must_be_one_of("--windows", windows, tuple(WINDOW_SETS))
    asked = [_bolus(text) for text in boluses]
    wish = Wish(
        None if ml_per_day is None else ml_per_day * _NL_PER_ML,
        asked,
        None if windows is None else WINDOW_SETS[windows],
        evaporates_mg_per_hour=evaporates,
        **({} if density is None else {"g_per_ml": density}),
    )
    course = course_of(
        read_record(file, time_unit, mass_unit),
        tuple(one.span for one in asked),
        from_reservoir=from_reservoir,
    )
    figures = figures_of(course, wish)
    if as_json:
        print_json(_document(file, course, figures, wish))
    else:
        _tell(file, course, figures, wish)
    return EXIT_EVALUATE if course.findings else 0


def _must_be_one_of(option: str, given: str | None, allowed: tuple[str, ...]) -> None:
    if given is not None and given not in allowed:
        raise BadInputError([f"{option} {given!r}, allowed: {', '.join(allowed)}"])


def _bolus(text: str) -> BolusAsked:
    match = _BOLUS.fullmatch(text)
    begin_ns = _ns(match["begin"]) if match else None
    end_ns = _ns(match["end"]) if match else None
    if match is None or begin_ns is None or end_ns is None or end_ns <= begin_ns or not float(match["ul"]):
        raise BadInputError(
            [
                f"--bolus {text!r}: write it like 10@1h30m..1h40m: microlitres, and when since the first reading"
            ]
        )
    return BolusAsked(float(match["ul"]) * _NL_PER_UL, Span(begin_ns / _NS_PER_S, end_ns / _NS_PER_S))


def _ns(text: str) -> int | None:
    return 0 if text == "0" else duration_ns(text)


def _percent(error: float) -> str:
    return f"{error:+.2f} %"


def _rows(course: Course, figures: Figures, wish: Wish) -> list[tuple[str, str]]:
    against = "its own mean" if figures.is_own_mean else "the rate given"
    rows = [
        (
            "readings",
            f"{len(course.time_s)} over {at_text(float(course.time_s[-1]))}, every {course.interval_s:g} s",
        ),
        ("delivered", f"{float(course.mass_g[-1]):.6g} g, at {wish.g_per_ml:g} g/mL"),
        ("mean rate", f"{figures.mean_nl_per_day / _NL_PER_ML:.5g} mL/day"),
    ]
    if figures.overall_percent is not None:
        rows.append(("overall error", f"{_percent(figures.overall_percent)}, whole record"))
    if figures.start_up:
        within = f"within {SETTLED_WITHIN_PERCENT:g} % of {against}"
        after = "never stays" if figures.settled_s is None else f"after {at_text(figures.settled_s)} it stays"
        rows.append(("start-up", f"{after} {within}"))
    if figures.curve is not None:
        where = f"{at_text(figures.stretch.begin_s)} to {at_text(figures.stretch.end_s)}"
        rows.append(("trumpet curve", f"{figures.windows} windows, {where}, against {against}"))
        curve = figures.curve
        for window_s, least, most, count in zip(
            curve.windows_s, curve.least_percent, curve.most_percent, curve.counts, strict=True
        ):
            rows.append(
                (f"  {window_s / 60:g} min", f"{_percent(least)} to {_percent(most)}, {count} windows")
            )
        rows.append(("  whole stretch", _percent(curve.overall_percent)))
    for number, error in enumerate(figures.boluses_percent, 1):
        rows.append((f"bolus {number}", _percent(error)))
    if figures.bolus_interval_percent is not None:
        least, most = figures.bolus_interval_percent
        rows.append(("boluses, 90/90", f"{_percent(least)} to {_percent(most)}"))
    return rows


def _tell(file: Path, course: Course, figures: Figures, wish: Wish) -> None:
    import typer

    show(pairs(_rows(course, figures, wish)), str(file))
    for note in figures.notes:
        typer.echo(f"note: {note}")
    for finding in course.findings:
        typer.echo(f"finding: {finding}", err=True)


def _document(file: Path, course: Course, figures: Figures, wish: Wish) -> dict[str, Any]:
    curve = figures.curve
    return {
        "file": str(file),
        "readings": len(course.time_s),
        "seconds": float(course.time_s[-1]),
        "delivered_g": float(course.mass_g[-1]),
        "g_per_ml": wish.g_per_ml,
        "mean_ml_per_day": figures.mean_nl_per_day / _NL_PER_ML,
        "against_ml_per_day": figures.reference_nl_per_day / _NL_PER_ML,
        "against_own_mean": figures.is_own_mean,
        "overall_error_percent": figures.overall_percent,
        "trumpet": None
        if curve is None
        else {
            "windows": figures.windows,
            "begin_s": figures.stretch.begin_s,
            "end_s": figures.stretch.end_s,
            "overall_percent": curve.overall_percent,
            "points": [
                {"window_s": window, "least_percent": least, "most_percent": most, "count": count}
                for window, least, most, count in zip(
                    curve.windows_s.tolist(),
                    curve.least_percent.tolist(),
                    curve.most_percent.tolist(),
                    curve.counts.tolist(),
                    strict=True,
                )
            ],
        },
        "start_up": {
            "settled_s": figures.settled_s,
            "within_percent": SETTLED_WITHIN_PERCENT,
            "points": [{"s": s, "ml_per_day": flow / _NL_PER_ML} for s, flow in figures.start_up],
        },
        "boluses_percent": figures.boluses_percent,
        "boluses_90_90_percent": figures.bolus_interval_percent,
        "gaps": [asdict(gap) for gap in course.gaps],
        "notes": figures.notes,
        "findings": list(course.findings),
    }
