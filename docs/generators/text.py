"""Markdown tables, and explanations kept beside the code they explain.

An explanation whose subject is gone from the code is an error, so the documents can't describe what no longer is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence


class StaleTextError(Exception):
    """A hand-written explanation and the code it explains no longer fit."""


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [list(head), ["---"] * len(head), *([str(cell) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def need_subjects(what: str, explained: Iterable[str], existing: Iterable[str]) -> None:
    """Raise StaleTextError if something is explained that does not exist."""
    gone = sorted(set(explained) - set(existing))
    if gone:
        raise StaleTextError(f"explained but no longer there, {what}: {', '.join(gone)}")


def need_complete(what: str, explained: Mapping[str, object], existing: Iterable[str]) -> None:
    """Raise StaleTextError unless exactly what exists is explained."""
    existing = list(existing)
    need_subjects(what, explained, existing)
    missing = sorted(set(existing) - set(explained))
    if missing:
        raise StaleTextError(f"not explained, {what}: {', '.join(missing)}")
