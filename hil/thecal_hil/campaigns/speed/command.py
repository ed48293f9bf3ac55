"""``thecal-hil speed``: every figure of what verification costs, as a table and as JSON.

Exit codes: 0 every figure is good enough, 1 one falls short or could not be taken, 2 bad input.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from thecal_hil.campaigns.speed.catalogue import FIGURES, Figure
from thecal_hil.contract.image import REPOSITORY
from thecal_hil.evidence.measurements import Evidence, figure_text, write_summary

_OUT = REPOSITORY / "build/evidence/bench.json"
_SHOWN_DIGITS = 3


def _chosen(names: list[str] | None) -> list[Figure]:
    known = {figure.name for figure in FIGURES}
    unknown = sorted(set(names or ()) - known)
    if unknown:
        raise KeyError(f"no figure is called {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    return [figure for figure in FIGURES if not names or figure.name in names]


def table_of(evidence: Evidence) -> Table:
    """Return each figure beside its limit."""
    table = Table(title="what verification costs; ratios are processor seconds before / now")
    for heading in ("figure", "found", "unit", "limit", "verdict"):
        table.add_column(heading, justify="right" if heading == "found" else "left")
    for outcome in evidence:
        measurement, value = outcome.measurement, outcome.value
        table.add_row(
            measurement.title,
            figure_text(None if value is None else round(value, _SHOWN_DIGITS)),
            measurement.unit,
            measurement.limit_text(),
            outcome.verdict(),
        )
    return table


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="thecal-hil speed", description=__doc__)
    parser.add_argument("--only", action="append", metavar="FIGURE", help="only this one; may be repeated")
    parser.add_argument("--list", action="store_true", help="name the figures and what each costs")
    options = parser.parse_args(argv)
    try:
        figures = _chosen(options.only)
    except KeyError as error:
        print(f"bench: {error.args[0]}", file=sys.stderr)
        return 2
    if options.list:
        for figure in figures:
            print(f"{figure.name:12} about {figure.minutes:g} min")
        return 0
    print(
        f"bench: about {sum(figure.minutes for figure in figures):.0f} minutes on two idle cores", flush=True
    )
    evidence = Evidence(tuple(one for figure in figures for one in figure.measurements))
    problems = []
    for figure in figures:
        print(f"bench: {figure.name} (about {figure.minutes:g} min)", flush=True)
        try:
            for key, value in figure.take().items():
                evidence.take(key, value)
        except Exception as error:
            # A figure that cannot be taken fails; the others are still worth having.
            problems.append(f"{figure.name}: {error}")
            print(f"bench: {problems[-1]}", file=sys.stderr, flush=True)
    console = Console(width=max(110, Console().width))
    console.print(table_of(evidence))
    values = {key: None if value != value else value for key, value in evidence.values().items()}
    passed = evidence.passed and not problems
    content = {"passed": passed, "values": values, "limits": evidence.limits(), "problems": problems}
    write_summary(_OUT, {**content, "only": options.only or []})
    of_what = f"of {', '.join(options.only)} only" if options.only else "of all figures"
    print(f"bench: {'PASS' if passed else 'FAIL'} {of_what}; {_OUT}")
    return 0 if passed else 1
