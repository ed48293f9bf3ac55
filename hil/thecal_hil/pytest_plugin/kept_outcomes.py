"""pytest option ``--thecal-results FOLDER``: the run of the tests is kept in a store of results.

Promises: each test with each of its parameters is a subject of its own, with what became of it and how long its phases
took together; one that passed after a plugin had run it again is flaky. A session that was broken off before its
end, or that could not collect, leaves no run. With xdist, the one process that hears of all tests keeps it.
"""

from __future__ import annotations

import hashlib
import shlex
from pathlib import Path

import pytest

from thecal_hil.contract.image import DEFAULT_UF2
from thecal_hil.evidence.recorded import Recording
from thecal_hil.pytest_plugin.options import chosen, declare

_WORST_FIRST = ("failed", "flaky", "passed", "skipped")
_WHOLE_RUNS = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
_MOST_WORDS = 400
NOWHERE = "none"
"""In place of a folder: nothing is kept."""


def pytest_addoption(parser: pytest.Parser) -> None:
    declare(parser, "--thecal-results", metavar="FOLDER", help="keep this run in the store of results there")


def pytest_configure(config: pytest.Config) -> None:
    folder = chosen(config, "--thecal-results")
    if folder and folder != NOWHERE and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Kept(config, Path(folder)), "thecal-results-kept")


class _Kept:
    """Listens to the reports of one run."""

    def __init__(self, config: pytest.Config, folder: Path) -> None:
        arguments = [str(argument) for argument in config.invocation_params.args]
        self._recording = Recording("tests", shlex.join(["pytest", *arguments]), folder)
        self._image = Path(chosen(config, "--thecal-uf2") or DEFAULT_UF2)
        self._states: dict[str, str] = {}
        self._seconds: dict[str, float] = {}
        self._messages: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        test = report.nodeid
        self._seconds[test] = self._seconds.get(test, 0.0) + report.duration
        if report.when != "call" and report.passed:
            return
        # "rerun" is what pytest-rerunfailures calls a failure that it does not count.
        state = report.outcome if report.outcome in _WORST_FIRST else "flaky"
        self._states[test] = min(self._states.get(test, state), state, key=_WORST_FIRST.index)
        if report.failed:
            self._messages[test] = report.longreprtext.strip()[-_MOST_WORDS:]

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, exitstatus: int) -> None:
        if exitstatus not in _WHOLE_RUNS or not self._states:
            return
        image = hashlib.sha256(self._image.read_bytes()).hexdigest() if self._image.is_file() else ""
        for test, state in sorted(self._states.items()):
            message = self._messages.get(test, "")
            self._recording.note(test, state, self._seconds[test], image=image, message=message)
        self._recording.exit_code = int(exitstatus)
        self._recording.write()
