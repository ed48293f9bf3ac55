"""``thecal-hil trend MEASURE``: how a figure went from run to run, in the terminal and as a drawing.

MEASURE is a figure's key, as worst_edge, or SUBJECT:KEY, as weekend-at-midnight[pico]:worst_edge; in the subject %
stands for anything. Exit codes: 0 shown, 2 no run has such a figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from thecal.errors import BadInputError
from thecal.reports.svg import as_text
from thecal_hil.results.asking import GOOD, answered, day_and_time, parser_of, print_rows
from thecal_hil.results.page import trend_page
from thecal_hil.results.parts import write_whole
from thecal_hil.results.store import Point, Store
from thecal_hil.results.trend_picture import trend_picture

_BARS = "▁▂▃▄▅▆▇█"
_WIDE = 60


def main(argv: Sequence[str]) -> int:
    parser = parser_of("trend", __doc__)
    parser.add_argument("measure", metavar="MEASURE", help="KEY, or SUBJECT:KEY")
    parser.add_argument(
        "--most", type=int, default=500, help="of each subject the newest runs (default: 500)"
    )
    parser.add_argument("--svg", type=Path, metavar="FILE", help="draw it; one subject alone")
    parser.add_argument(
        "--page", type=Path, metavar="FILE", help="write a page with a drawing of each subject"
    )
    parser.add_argument("--json", action="store_true", help="for a program")
    options = parser.parse_args(argv)

    def answer(store: Store) -> int:
        found = trend_of(store, options.measure, options.most)
        if options.json:
            print_rows([_row(point) for points in found.values() for point in points])
        else:
            for subject, points in found.items():
                print(_line(subject, points))
        if options.svg is not None:
            if len(found) > 1:
                raise BadInputError(
                    [f"--svg: {len(found)} subjects have it; name one of them, or take --page"]
                )
            (points,) = found.values()
            print(
                f"drawing: {write_whole(options.svg, as_text(trend_picture('trend', points, alone=True)).encode())}"
            )
        if options.page is not None:
            print(f"page: {trend_page(found, options.measure, options.page)}")
        return GOOD

    return answered(options, answer)


def trend_of(store: Store, measure: str, most: int) -> dict[str, list[Point]]:
    """Raise BadInputError where no run has it, with the nearest names."""
    subject, _, key = measure.rpartition(":")
    found = store.trend(key, subject or "%", most)
    if not found:
        known = store.keys()
        near = get_close_matches(key, sorted({one for _, one in known}), 3)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise BadInputError([f"no run has a figure {measure}{hint}"])
    return found


def _row(point: Point) -> dict[str, object]:
    head, figure = point
    return {
        "run": head.id,
        "began": head.began,
        "checkout": head.checkout,
        "unit": head.unit,
        "subject": figure.subject,
        "figure": figure.key,
        "value": figure.value,
        "least": figure.least,
        "most": figure.most,
    }


def _line(subject: str, points: Sequence[Point]) -> str:
    values = [point.figure.value for point in points if point.figure.value is not None]
    last = points[-1]
    if not values:
        return f"{subject}: never taken in {len(points)} runs"
    unit = last.figure.unit
    return (
        f"{subject}: {_bars(values[-_WIDE:])} {values[-1]:.6g} {unit}, {min(values):.6g} to {max(values):.6g} in"
        f" {len(points)} runs since {day_and_time(points[0].head.began)}"
    )


def _bars(values: Sequence[float]) -> str:
    least, most = min(values), max(values)
    span = most - least
    return "".join(_BARS[round((value - least) / span * (len(_BARS) - 1)) if span else 0] for value in values)
