"""pytest plugin, in projects that have `thecal_tests_to_go` set: where nobody watches, a line a minute says how many
tests are done and how long the rest will take.

At a terminal pytest says itself how far it is. Promises: a run of less than a minute says nothing more than before;
with xdist, the one process that hears of all tests speaks; the line is on the standard error stream.
"""

from __future__ import annotations

import sys
from contextlib import nullcontext
from typing import Any

import pytest

from thecal_hil.groundwork.progress import Count, ProgressLine


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("thecal_tests_to_go", "say each minute how many tests are done", type="bool", default=False)


def pytest_configure(config: pytest.Config) -> None:
    if not config.getini("thecal_tests_to_go"):
        return
    if not hasattr(config, "workerinput") and not sys.stderr.isatty():
        config.pluginmanager.register(_ToGo(config), "thecal-tests-to-go-written")


class _ToGo:
    """Listens to the reports of one run. Looked at after each test, so it needs no thread, which tests would be copied
    with."""

    def __init__(self, config: pytest.Config) -> None:
        self._capture: Any = config.pluginmanager.getplugin("capturemanager")
        self._session: pytest.Session | None = None
        self._count = Count(0, "tests")
        self._line: ProgressLine | None = None

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        self._session = session

    def pytest_runtest_logfinish(self) -> None:
        if self._session is None:
            return
        self._count.total = self._session.testscollected
        if self._line is None:
            self._line = ProgressLine("tests", self._count, sys.__stderr__ or sys.stderr)
        self._count.add()
        with self._capture.global_and_fixture_disabled() if self._capture else nullcontext():
            self._line.look()
