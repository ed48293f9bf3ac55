"""pytest plugin: run tests in the order given until a budget of processor time is used up, and write down the rest.

Reading the files of tests has a budget of its own within the other: those that it does not reach are not read at all.
A test is never cut short, so the budget may be passed by the last one. What was not read, not begun or deselected is
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
    group.addoption(
        "--quick-reading", type=float, metavar="S", help="processor seconds to read files of tests within"
    )
    group.addoption("--quick-outcome", type=Path, metavar="FILE", help="where to write what was left out")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    # Registered last, so that it is asked before any other plugin that runs tests in its own way.
    options = config.option
    budget = _Budget(options.quick_seconds, options.quick_reading, options.quick_outcome)
    config.pluginmanager.register(budget, "quick-budget")


def processor_seconds() -> float:
    """Return the processor time of this process and the children it has waited for."""
    return sum(os.times()[:4])


class _Budget:
    def __init__(self, seconds: float, reading_seconds: float, outcome: Path) -> None:
        self._seconds = seconds
        self._reading_seconds = reading_seconds
        self._outcome = outcome
        self._ran: set[str] = set()
        self._not_read: list[str] = []
        self._left_out: Counter[str] = Counter()
        self._deselected = 0

    @pytest.hookimpl(tryfirst=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> pytest.CollectReport | None:
        if not isinstance(collector, pytest.Module) or processor_seconds() <= self._reading_seconds:
            return None
        self._not_read.append(collector.nodeid)
        return pytest.CollectReport(collector.nodeid, "passed", longrepr=None, result=[])

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
        found = {
            "ran": len(self._ran),
            "left_out": self._left_out,
            "not_read": self._not_read,
            "deselected": self._deselected,
        }
        self._outcome.write_text(json.dumps(found), encoding="utf-8")
