"""``thecal-hil flaky``: what has passed and failed with the same sources, the same image and the same changes.

Where nothing changed, a test that ends otherwise is not to be relied on. Promises: runs of sources that are not
known are not compared; a run in which most subjects failed says something about that machine at that moment, and
counts for no subject; what was listed as flaky by a plugin that runs tests again is listed.

Exit codes: 0 nothing is flaky, 1 something is, 2 bad input.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

from rich.table import Table

from thecal_hil.results.asking import GOOD, WORSE, answered, console, day_and_time, parser_of, print_rows
from thecal_hil.results.run import ERROR, FAILED, FLAKY, PASSED, STATES
from thecal_hil.results.store import Head, Store, Tried

_UNKNOWN = "unknown"
_FAILS = frozenset(STATES.index(state) for state in (FAILED, ERROR, FLAKY))
_PASSES = STATES.index(PASSED)
_WILSON = 1.96
"""Standard deviations of a 95 % interval."""


@dataclass(frozen=True)
class Flaky:
    """failed of tried: over all sources with which it did both. last: the newest run that it failed in."""

    name: str
    failed: int
    tried: int
    last: Head

    @property
    def share(self) -> tuple[float, float]:
        """Return the bounds that the share of failures lies within, to 95 % (Wilson)."""
        rate, count, square = self.failed / self.tried, self.tried, _WILSON**2
        middle = (rate + square / (2 * count)) / (1 + square / count)
        half = _WILSON / (1 + square / count) * sqrt(rate * (1 - rate) / count + square / (4 * count**2))
        return max(0.0, middle - half), min(1.0, middle + half)


def main(argv: Sequence[str]) -> int:
    parser = parser_of("flaky", __doc__)
    parser.add_argument("--most", type=int, default=1_000, help="look at the newest runs (default: 1000)")
    parser.add_argument("--json", action="store_true", help="for a program")
    options = parser.parse_args(argv)

    def answer(store: Store) -> int:
        heads = store.heads("kind IN ('tests', 'scenarios', 'evidence')", (), options.most)
        found = flaky(store.tried(heads))
        if options.json:
            print_rows([_row(one) for one in found])
        else:
            console().print(flaky_table(found))
            print(f"{len(found)} are flaky, of {len(heads)} runs")
        return WORSE if found else GOOD

    return answered(options, answer)


def flaky(tried: Iterable[Tried]) -> list[Flaky]:
    """Return those that fail most often first."""
    by_sources: dict[str, list[Tried]] = defaultdict(list)
    for one in tried:
        if one.head.checkout != _UNKNOWN and 2 * _failures(one) <= len(one.names):
            by_sources[one.head.sources].append(one)
    failed: dict[str, int] = defaultdict(int)
    passed: dict[str, int] = defaultdict(int)
    last: dict[str, Head] = {}
    for runs in by_sources.values():
        for name, (fails, passes, head) in _both(runs).items():
            failed[name] += fails
            passed[name] += passes
            if name not in last or head.began > last[name].began:
                last[name] = head
    found = [Flaky(name, failed[name], failed[name] + passed[name], last[name]) for name in last]
    return sorted(found, key=lambda one: (-one.failed / one.tried, one.name))


def _failures(one: Tried) -> int:
    return sum(one.states.count(state) for state in _FAILS)


def _both(runs: Sequence[Tried]) -> dict[str, tuple[int, int, Head]]:
    """Return, of the same sources, what failed and passed: how often each, and in which run it failed last."""
    fails: dict[str, tuple[int, Head]] = {}
    certainly = set()
    for one in runs:
        if not _failures(one):
            continue
        for place, state in enumerate(one.states):
            if state not in _FAILS:
                continue
            name = one.names[place]
            count, head = fails.get(name, (0, one.head))
            fails[name] = count + 1, max(head, one.head, key=lambda at: at.began)
            if STATES[state] == FLAKY:
                certainly.add(name)
    passes = dict.fromkeys(fails, 0)
    if passes:
        for one in runs:
            for place, name in enumerate(one.names):
                if name in passes and one.states[place] == _PASSES:
                    passes[name] += 1
    return {
        name: (count, passes[name], head)
        for name, (count, head) in fails.items()
        if passes[name] or name in certainly
    }


def _row(one: Flaky) -> dict[str, object]:
    least, most = one.share
    return {
        "name": one.name,
        "failed": one.failed,
        "tried": one.tried,
        "least_share": least,
        "most_share": most,
        "last_failed_in": one.last.id,
        "checkout": one.last.checkout,
    }


def flaky_table(found: Sequence[Flaky]) -> Table:
    table = Table("subject", "failed", "of", "95 %", "last in", "UTC", "commit")
    for one in found:
        least, most = one.share
        table.add_row(
            *(one.name, str(one.failed), str(one.tried), f"{100 * least:.1f} to {100 * most:.1f} %"),
            *(one.last.id, day_and_time(one.last.began), one.last.checkout),
        )
    return table
