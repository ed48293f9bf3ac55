"""pytest plugin: run tests in the order given until a budget of processor time is used up, and write down the rest.

A test is never cut short, so the budget may be passed by the last one. What was not begun, and what was deselected, is
written as JSON to the file of ``--quick-outcome``.
"""

import json
import os
from collections import Counter
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("quick")
    group.addoption(
        "--quick-seconds", type=float, metavar="S", help="processor seconds to begin tests within"
    )
    group.addoption("--quick-outcome", type=Path, metavar="FILE", help="where to write what was left out")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    # Registered last, so that it is asked before any other plugin that runs tests in its own way.
    budget = _Budget(config.option.quick_seconds, config.option.quick_outcome)
    config.pluginmanager.register(budget, "quick-budget")


def processor_seconds() -> float:
    """Processor time of this process and the children it has waited for."""
    return sum(os.times()[:4])


class _Budget:
    def __init__(self, seconds: float, outcome: Path) -> None:
        self._seconds = seconds
        self._outcome = outcome
        self._ran: set[str] = set()
        self._left_out: Counter[str] = Counter()
        self._deselected = 0

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        self._deselected += len(items)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool | None:
        if processor_seconds() > self._seconds:
            self._left_out[item.nodeid.split("::")[0]] += 1
            return True
        self._ran.add(item.nodeid)
        return None

    def pytest_sessionfinish(self) -> None:
        found = {"ran": len(self._ran), "left_out": self._left_out, "deselected": self._deselected}
        self._outcome.write_text(json.dumps(found), encoding="utf-8")
