"""``thecal-hil slow``: what takes longest in the newest run, and what takes longer than it did on the same machine.

Seconds of a machine's clock say something about that machine too: so each is held against the median of earlier runs on
that very machine, and decides no exit code. Exit codes: 0 shown, 2 bad input.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from rich.table import Table

from thecal_hil.results.asking import GOOD, answered, console, parser_of, print_rows, seconds_text
from thecal_hil.results.naming import run_named
from thecal_hil.results.run import KINDS, PASSED, STATES
from thecal_hil.results.store import Head, Store

_EARLIER = 20
_SLOWER, _LEAST_S = 1.5, 0.5
"""By what factor, and by how many seconds, it has to take longer than usual to be listed."""


@dataclass(frozen=True)
class Slow:
    """usual_s: the median of earlier runs on the same machine; None if there were none."""

    name: str
    seconds: float
    usual_s: float | None

    @property
    def is_slower(self) -> bool:
        return self.usual_s is not None and self.seconds > max(
            _SLOWER * self.usual_s, self.usual_s + _LEAST_S
        )


def main(argv: Sequence[str]) -> int:
    parser = parser_of("slow", __doc__)
    parser.add_argument("run", nargs="?", default="last", help="the run in question (default: last)")
    parser.add_argument("--kind", choices=KINDS, help="choose of runs of this kind")
    parser.add_argument("--most", type=int, default=20, help="how many to list (default: 20)")
    parser.add_argument("--json", action="store_true", help="for a program")
    options = parser.parse_args(argv)

    def answer(store: Store) -> int:
        head = run_named(store, options.run, options.kind)
        found = slow(store, head)
        listed = [one for place, one in enumerate(found) if place < options.most or one.is_slower]
        if options.json:
            print_rows([{**one.__dict__, "is_slower": one.is_slower} for one in listed])
        else:
            console().print(slow_table(listed))
            print(
                f"{sum(one.is_slower for one in found)} of {len(found)} in {head.id} take longer than usual there"
            )
        return GOOD

    return answered(options, answer)


def slow(store: Store, head: Head) -> list[Slow]:
    """Return what a run tried, the longest first."""
    earlier = store.heads(
        "kind = ? AND machine = ? AND began < ?", (head.kind, head.machine, head.began), _EARLIER
    )
    took: dict[str, list[float]] = defaultdict(list)
    for one in store.tried(earlier):
        for name, state, seconds in zip(one.names, one.states, one.seconds, strict=True):
            if STATES[state] == PASSED:
                took[name].append(seconds)
    (tried,) = store.tried([head])
    found = [
        Slow(name, seconds, median(took[name]) if name in took else None)
        for name, seconds in zip(tried.names, tried.seconds, strict=True)
    ]
    return sorted(found, key=lambda one: (-one.seconds, one.name))


def slow_table(found: Sequence[Slow]) -> Table:
    table = Table("subject", "took", "usually", "")
    for one in found:
        usual = "-" if one.usual_s is None else seconds_text(one.usual_s)
        table.add_row(one.name, seconds_text(one.seconds), usual, "slower" if one.is_slower else "")
    return table
