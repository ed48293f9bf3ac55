"""The names by which a person means runs: ``last``, ``last~3``, the beginning of a run's or a commit's name,
``baseline:NAME``.

Promise: a name that fits several runs means the newest of them only where that is what it says (``last``, a commit);
the beginning of a run's name that fits two is refused with both.
"""

from __future__ import annotations

import re
from typing import Final

from thecal.errors import BadInputError
from thecal_hil.results.baselines import read_baseline
from thecal_hil.results.store import Head, Store

_LAST: Final = re.compile(r"last(?:~(\d+))?")
_HEX: Final = re.compile(r"[0-9a-f]{4,40}\+?")
BASELINE: Final = "baseline:"


def run_named(store: Store, name: str, kind: str | None = None) -> Head:
    """Return one run; raise BadInputError where there is none, or more than one."""
    where, values = ("kind = ?", [kind]) if kind else ("1", [])
    if found := _LAST.fullmatch(name):
        back = int(found[1] or 0)
        heads = store.heads(where, values, back + 1)
        if len(heads) <= back:
            raise BadInputError([f"{name}: the store has {len(heads)} runs{f' of {kind}' if kind else ''}"])
        return heads[back]
    heads = store.heads(f"{where} AND id LIKE ?", [*values, f"{name}%"], 2)
    if len(heads) > 1:
        raise BadInputError([f"{name} is the beginning of several runs: {heads[0].id} and {heads[1].id}"])
    if not heads and _HEX.fullmatch(name):
        # A commit is kept by its first ten digits.
        heads = store.heads(f"{where} AND checkout LIKE ?", [*values, f"{name[:10]}%"], 1)
    if not heads:
        raise BadInputError([f"there is no run {name}; `thecal-hil history` lists those there are"])
    return heads[0]


def runs_named(store: Store, name: str, kind: str | None = None) -> list[Head]:
    """Return the runs of a baseline, or the one that is named."""
    if not name.startswith(BASELINE):
        return [run_named(store, name, kind)]
    baseline = read_baseline(store.folder, name.removeprefix(BASELINE))
    return [run_named(store, run) for run in baseline.runs]
