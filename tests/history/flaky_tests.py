"""Tests that fail one time in twenty, among stable ones, with the same sources: when they are listed, and who else
is."""

from __future__ import annotations

import random
import shutil
from typing import Final

from history.figures import FOLDER, Row
from results.made_runs import made_run
from thecal_hil.results.flaky import flaky
from thecal_hil.results.store import Store

_STABLE: Final = 200
_FLAKY: Final = 20
_LISTED_WITHIN: Final = 150
_RUNS: Final = 1_000
_ONE_IN: Final = 20
_BROKEN: Final = 12
"""Tests that fail in every run of one commit: broken, and not flaky."""


def measured() -> list[Row]:
    draw = random.Random(20261203)
    shutil.rmtree(FOLDER / "flaky", ignore_errors=True)
    store = Store(FOLDER / "flaky")
    early: set[str] = set()
    odd = [f"tests/odd.py::test_{number}" for number in range(_FLAKY)]
    stable = [f"tests/stable.py::test_{number}" for number in range(_STABLE)]
    broken = set(stable[:_BROKEN])
    for number in range(_RUNS):
        # Of each hundred runs after the first hundred and fifty, ten are of a commit that broke something.
        is_broken = number >= _LISTED_WITHIN and number % 100 >= 90
        states = {
            **{name: "failed" if draw.randrange(_ONE_IN) == 0 else "passed" for name in odd},
            **{name: "failed" if is_broken and name in broken else "passed" for name in stable},
        }
        checkout = f"{number // 100:09}b" if is_broken else "0123456789"
        store.add(made_run(number, states=states, checkout=checkout, kind="tests"))
        if number + 1 == _LISTED_WITHIN:
            store.merge()
            early = {one.name for one in flaky(store.tried(store.heads()))}
    store.merge()
    late = {one.name for one in flaky(store.tried(store.heads()))}
    store.close()
    return [
        Row(f"flaky tests, one failure in {_ONE_IN}", _FLAKY, "tests"),
        Row(f"of these listed within {_LISTED_WITHIN} runs", len(early & set(odd)), "tests", least=_FLAKY),
        Row(
            f"stable or broken tests listed in {_RUNS} runs", len((late | early) - set(odd)), "tests", most=0
        ),
    ]
