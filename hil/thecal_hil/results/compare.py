"""``thecal-hil compare A B``: which figure moved from one run to another, and by how much of its margin.

A and B are a run's name, ``last``, ``last~3``, a commit, or for A ``baseline:NAME``. A figure that stays within its
limits and loses more of its margin than its tolerance, and more than it scatters over the baseline's runs, is worse.
So is one that is beyond a limit which it was within, one that was not taken, and a subject that failed.

Exit codes: 0 nothing is worse, 1 something is, 2 bad input.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from rich.table import Table

from thecal_hil.results.asking import GOOD, WORSE, answered, console, parser_of, print_rows
from thecal_hil.results.baselines import read_baseline
from thecal_hil.results.edges import NS_PER_TICK, EdgesError, Parting, kept_edges, parting
from thecal_hil.results.judging import Change, Tolerance, bases, changes
from thecal_hil.results.naming import BASELINE, run_named, runs_named
from thecal_hil.results.run import ERROR, FAILED, PASSED, Run
from thecal_hil.results.store import Head, Store

_NS_PER_S = 1_000_000_000


class Compared(NamedTuple):
    """Two runs side by side. ended: subjects whose state is another, with both. only_one, only_other: figures that just
    one of them has."""

    ones: list[Head]
    other: Run
    changes: list[Change]
    ended: list[tuple[str, str, str]]
    only_one: list[tuple[str, str]]
    only_other: list[tuple[str, str]]

    @property
    def worse(self) -> list[Change]:
        return [one for one in self.changes if one.worse]

    @property
    def failed(self) -> list[tuple[str, str, str]]:
        return [one for one in self.ended if one[1] == PASSED and one[2] in (FAILED, ERROR)]

    @property
    def is_worse(self) -> bool:
        return bool(self.worse or self.failed)


def main(argv: Sequence[str]) -> int:
    parser = parser_of("compare", __doc__)
    parser.add_argument("one", metavar="A", help="the run, or the baseline, to hold it against")
    parser.add_argument(
        "other", metavar="B", nargs="?", default="last", help="the run in question (default: last)"
    )
    parser.add_argument("--kind", help="choose of runs of this kind")
    parser.add_argument("--all", action="store_true", help="list also what did not get worse")
    parser.add_argument("--edges", action="store_true", help="show the edges where subjects part first")
    parser.add_argument(
        "--slack-us", type=float, default=0.0, help="differences of edges up to this are none"
    )
    parser.add_argument("--json", action="store_true", help="for a program")
    options = parser.parse_args(argv)

    def answer(store: Store) -> int:
        other = run_named(store, options.other, options.kind)
        found = compared(store, options.one, other, options.kind)
        if options.json:
            print_rows(rows_of(found, everything=options.all))
        else:
            _tell(found, everything=options.all)
        if options.edges:
            for line in _parting_lines(store, found, round(options.slack_us * 1_000)):
                print(line)
        return WORSE if found.is_worse else GOOD

    return answered(options, answer)


def compared(store: Store, one: str, other: Head, kind: str | None = None) -> Compared:
    """Hold a run against another one, or against all runs of a baseline."""
    ones = runs_named(store, one, kind)
    tolerances: Sequence[Tolerance] = ()
    if one.startswith(BASELINE):
        tolerances = read_baseline(store.folder, one.removeprefix(BASELINE)).tolerances
    run = store.run(other)
    measured = [store.figures(head) for head in ones]
    base = bases(measured)
    of_one = {figure.identity for figures in measured for figure in figures}
    of_other = {figure.identity for figure in run.figures}
    states = _states(store, ones)
    return Compared(
        ones,
        run,
        changes(base, run.figures, tolerances),
        [
            (subject.name, states[subject.name], subject.state)
            for subject in run.subjects
            if states.get(subject.name, subject.state) != subject.state
        ],
        sorted(of_one - of_other),
        sorted(of_other - of_one),
    )


def _states(store: Store, heads: Sequence[Head]) -> dict[str, str]:
    """Return, of each subject, how it ended in the baseline: passed, if it did in any run."""
    found: dict[str, str] = {}
    for head in heads:
        for subject in store.run(head).subjects:
            if found.get(subject.name) != PASSED:
                found[subject.name] = subject.state
    return found


def rows_of(found: Compared, *, everything: bool) -> list[dict[str, Any]]:
    return [
        {
            "subject": change.figure.subject,
            "figure": change.figure.key,
            "before": change.base.middle,
            "after": change.figure.value,
            "unit": change.figure.unit,
            "least": change.figure.least,
            "most": change.figure.most,
            "margin_lost": change.lost,
            "allowed": change.allowed,
            "worse": change.worse,
            "beyond_limit": change.beyond_limit,
        }
        for change in found.changes
        if change.worse or (everything and change.moved)
    ]


def limit_text(change: Change) -> str:
    least, most = change.figure.least, change.figure.most
    if least is not None and least == most:
        return f"= {least:g}"
    sides = [f">= {least:g}" if least is not None else "", f"<= {most:g}" if most is not None else ""]
    return ", ".join(side for side in sides if side) or "-"


def number_text(value: float | None) -> str:
    return "not taken" if value is None else f"{value:.10g}"


def lost_text(change: Change) -> str:
    if change.beyond_limit:
        return "beyond its limit" if change.figure.value is not None else "not taken"
    if change.lost is None:
        return "-"
    return (
        f"{100 * change.lost:.0f} % of its margin"
        if change.lost > 0
        else f"{-100 * change.lost:.0f} % more margin"
    )


def _tell(found: Compared, *, everything: bool) -> None:
    shown = [one for one in found.changes if one.worse or (everything and one.moved)]
    if shown:
        table = Table("figure", "of", "before", "after", "unit", "limit", "lost", "allowed")
        for one in shown:
            table.add_row(
                *(
                    one.figure.key,
                    one.figure.subject,
                    number_text(one.base.middle),
                    number_text(one.figure.value),
                ),
                *(one.figure.unit, limit_text(one), lost_text(one), f"{100 * one.allowed:.0f} %"),
                style="bold red" if one.worse else None,
            )
        console().print(table)
    for name, before, after in found.ended:
        print(f"{name}: {before} before, {after} now")
    for what, only in (
        ("no longer measured", found.only_one),
        ("measured for the first time", found.only_other),
    ):
        if only:
            print(f"{len(only)} figures are {what}, as {only[0][1]} of {only[0][0]}")
    moved = sum(one.moved for one in found.changes)
    against = found.ones[0].id if len(found.ones) == 1 else f"{len(found.ones)} runs"
    print(
        f"thecal-hil: {'WORSE' if found.is_worse else 'PASS'} {found.other.id} against {against}: {len(found.worse)} of"
        f" {len(found.changes)} figures got worse, {moved} moved, {len(found.failed)} subjects fail that passed"
    )


def _parting_lines(store: Store, found: Compared, slack_ns: int) -> list[str]:
    """Return, of each subject that both have edges of, where they part."""
    one = store.run(found.ones[-1])
    before = {subject.name: subject for subject in one.subjects}
    lines = []
    for subject in found.other.subjects:
        earlier = before.get(subject.name)
        if earlier is None or not (earlier.edges and subject.edges) or earlier.edges == subject.edges:
            continue
        try:
            parts = parting(
                kept_edges(store.folder, earlier.edges),
                kept_edges(store.folder, subject.edges),
                (earlier.begins_ns, subject.begins_ns),
                slack_ns,
            )
        except EdgesError as error:
            lines.append(f"{subject.name}: {error}")
            continue
        if parts is not None:
            lines += [f"{subject.name}: {parting_text(parts)}", *_edge_lines(parts)]
    return lines or ["no edge differs after the beginning of any course"]


def parting_text(parts: Parting) -> str:
    if parts.one_ns is None or parts.other_ns is None:
        only = "the earlier run" if parts.other_ns is None else "the later run"
        return f"edge {parts.number + 1} of {parts.signal} at {_s(parts.at_ns)} is in {only} alone"
    late = (parts.other_ns - parts.one_ns) / NS_PER_TICK
    return f"edge {parts.number + 1} of {parts.signal}, {_s(parts.one_ns)} before, came {late:+.4f} ticks from there"


def _edge_lines(parts: Parting) -> list[str]:
    width = max(len(parts.one), len(parts.other))
    cells = [
        [f"{_s(at)} {'rises' if level else 'falls'}" for at, level in side]
        for side in (parts.one, parts.other)
    ]
    for side in cells:
        side += ["-"] * (width - len(side))
    return [f"    {before:>28} | {after}" for before, after in zip(*cells, strict=True)]


def _s(t_ns: int) -> str:
    return f"{t_ns / _NS_PER_S:.9f} s"
