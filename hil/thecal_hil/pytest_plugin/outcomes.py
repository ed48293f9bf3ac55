"""pytest option ``--thecal-outcomes FILE``: what became of each test, as a summary that a report takes in.

Promises: a test that failed in any of its phases or with any of its parameters counts as failed; one that was skipped
with all of them is no pass; one that passed after a plugin had run it again is flaky. The summary holds the arguments
of the run, so that one of a few tests does not look like one of all, and no times. With xdist, the one process that
hears of all tests writes it.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from thecal_hil.evidence.measurements import write_summary
from thecal_hil.pytest_plugin.options import chosen, declare

_WORST_FIRST = ("failed", "flaky", "passed", "skipped")


def pytest_addoption(parser: pytest.Parser) -> None:
    declare(parser, "--thecal-outcomes", metavar="FILE", help="write what became of each test")


def pytest_configure(config: pytest.Config) -> None:
    path = chosen(config, "--thecal-outcomes")
    if path and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Outcomes(config, Path(path)), "thecal-outcomes-written")


class _Outcomes:
    """Listens to the reports of one run."""

    def __init__(self, config: pytest.Config, path: Path) -> None:
        self._path = path
        self._arguments = [str(argument) for argument in config.invocation_params.args]
        self._found: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or not report.passed:
            # "rerun" is what pytest-rerunfailures calls a failure that it does not count.
            known = report.outcome in _WORST_FIRST
            self._note(report.nodeid.split("[")[0], report.outcome if known else "flaky")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._note(report.nodeid, "failed")

    def _note(self, test: str, outcome: str) -> None:
        known = self._found.get(test, outcome)
        self._found[test] = min(known, outcome, key=_WORST_FIRST.index)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, exitstatus: int) -> None:
        counts = Counter(self._found.values())
        write_summary(
            self._path,
            {
                "exit_code": int(exitstatus),
                **{outcome: counts[outcome] for outcome in ("passed", "failed", "skipped", "flaky")},
                "arguments": self._arguments,
                "outcomes": dict(sorted(self._found.items())),
            },
        )
