"""Measurements as a person reads them: each figure with its unit, its limit and what comes of it, in colour."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from thecal_hil.evidence.measurements import Evidence, figure_text

_COLOURS = {"pass": "green", "noted": "dim"}
_WRONG = "bold red"


def figures_table(title: str, evidence: Evidence) -> Table:
    """Return all figures in the order they were declared in, taken or not."""
    table = Table(title=title, title_justify="left")
    table.add_column("measured")
    table.add_column("figure", justify="right")
    table.add_column("unit")
    table.add_column("limit", justify="right")
    table.add_column("")
    for outcome in evidence:
        verdict = outcome.verdict()
        table.add_row(
            outcome.measurement.title,
            figure_text(outcome.value),
            outcome.measurement.unit,
            outcome.measurement.limit_text(),
            Text(verdict, style=_COLOURS.get(verdict, _WRONG)),
        )
    return table
