"""Pages of the store, each a single file that loads nothing: what moved, what is flaky and slow, and how figures
went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element

from thecal.reports.page import columns, element, facts, page
from thecal_hil.results.asking import day_and_time, seconds_text
from thecal_hil.results.compare import compared, limit_text, lost_text, number_text
from thecal_hil.results.flaky import flaky
from thecal_hil.results.parts import write_whole
from thecal_hil.results.run import KINDS
from thecal_hil.results.slow import slow
from thecal_hil.results.store import Head, Point, Store
from thecal_hil.results.trend_picture import STYLE, trend_picture

_RUNS: Final = 40
_COLUMNS: Final = "td{overflow-wrap:break-word}"
"""A column may not be narrower than its words: names of runs would stand letter below letter."""
_DRAWN: Final = 12
_SLOW: Final = 15
_LOOKED_AT: Final = 300


def write_page(store: Store, path: Path) -> Path:
    """Write what a person wants to know who comes back after a week."""
    heads = store.heads(most=_RUNS)
    parts: list[Element] = [element("style", STYLE + _COLUMNS), facts(_known(store, heads))]
    drawn: dict[tuple[str, str], None] = {}
    for kind in KINDS:
        of_kind = store.heads("kind = ?", [kind], 2)
        if len(of_kind) == 2:
            parts += _moved(store, of_kind, drawn)
    parts += _drawings(store, list(drawn)[:_DRAWN])
    parts += _flaky(store)
    if heads:
        parts += _slow(store, heads[0])
    parts += [element("h2", "Runs"), _runs(heads)]
    return write_whole(path, page("Results", *parts).encode())


def trend_page(found: Mapping[str, Sequence[Point]], measure: str, path: Path) -> Path:
    """Write a drawing of each subject that has a figure."""
    parts = [element("style", STYLE + _COLUMNS)]
    for number, (subject, points) in enumerate(found.items()):
        parts.append(_figure(f"d{number}", subject, points))
    return write_whole(path, page(f"Trend of {measure}", *parts).encode())


def _known(store: Store, heads: Sequence[Head]) -> list[tuple[str, str]]:
    newest = heads[0] if heads else None
    return [
        ("store", str(store.folder)),
        ("runs", f"{store.count()}"),
        ("newest", f"{newest.id}, {newest.command}" if newest else "none"),
        ("commit", newest.checkout if newest else "-"),
    ]


def _moved(store: Store, heads: Sequence[Head], drawn: dict[tuple[str, str], None]) -> list[Element]:
    other, one = heads
    found = compared(store, one.id, other)
    shown = [change for change in found.changes if change.worse or (change.lost is not None and change.moved)]
    drawn.update(dict.fromkeys(change.figure.identity for change in shown))
    told = [
        element("h2", f"{other.kind}: what moved from {one.checkout} to {other.checkout}"),
        element(
            "p",
            f"{'Worse' if found.is_worse else 'Nothing is worse'}: {len(found.worse)} of {len(found.changes)} figures"
            f" lost more of their margin than allowed, {len(found.failed)} subjects fail that passed.",
        ),
    ]
    if shown:
        rows = [
            (
                (
                    *(change.figure.key, change.figure.subject, number_text(change.base.middle)),
                    *(
                        number_text(change.figure.value),
                        f"{limit_text(change)} {change.figure.unit}",
                        lost_text(change),
                    ),
                ),
                change.worse,
            )
            for change in shown[:_RUNS]
        ]
        told.append(columns(("figure", "of", "before", "after", "limit", "lost"), rows))
    return told


def _drawings(store: Store, identities: Sequence[tuple[str, str]]) -> list[Element]:
    if not identities:
        return []
    parts = [element("h2", "How they went")]
    for number, (subject, key) in enumerate(identities):
        found = store.trend(key, subject, _LOOKED_AT)
        if subject in found:
            parts.append(_figure(f"t{number}", f"{key} of {subject}", found[subject]))
    return parts


def _figure(name: str, told: str, points: Sequence[Point]) -> Element:
    return element("figure", trend_picture(name, points), element("figcaption", told))


def _flaky(store: Store) -> list[Element]:
    found = flaky(store.tried(store.heads("kind IN ('tests', 'scenarios', 'evidence')", (), _LOOKED_AT)))
    if not found:
        return [element("h2", "Flaky"), element("p", "Nothing has passed and failed with the same sources.")]
    rows = [
        ((one.name, f"{one.failed} of {one.tried}", one.last.id, one.last.checkout), False) for one in found
    ]
    return [element("h2", "Flaky"), columns(("subject", "failed", "last in", "commit"), rows)]


def _slow(store: Store, head: Head) -> list[Element]:
    found = slow(store, head)[:_SLOW]
    rows = [
        (
            (one.name, seconds_text(one.seconds), "-" if one.usual_s is None else seconds_text(one.usual_s)),
            one.is_slower,
        )
        for one in found
    ]
    return [element("h2", f"What took longest in {head.id}"), columns(("subject", "took", "usually"), rows)]


def _runs(heads: Sequence[Head]) -> Element:
    rows = [
        (
            (
                head.id,
                day_and_time(head.began),
                head.kind,
                head.checkout,
                f"{head.passed} / {head.failed}",
                head.command,
            ),
            head.exit_code != 0,
        )
        for head in heads
    ]
    return columns(("run", "UTC", "kind", "commit", "passed / failed", "command"), rows)
