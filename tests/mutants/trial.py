"""One trial: the tests run with one module's source exchanged, in a process forked for it.

Nothing on disk is touched. The forking process has imported everything the tests need but the project's own
modules, so a trial starts at once and still imports every module of ours afresh, the changed one in place of
the real one. The trial ends with the first test that fails. A test that takes far longer than any does on
the real module counts as failed: its limit is in processor time, so a busy machine changes no verdict.
"""

import contextlib
import importlib
import importlib.abc
import importlib.util
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec
from types import ModuleType

import coverage
import pytest

OUR_PACKAGES = ("thecal", "thecal_fw", "thecal_sim", "thecal_hil", "tests", "core", "store", "controller")
MOST_SECONDS_A_TEST = 5
MOST_SECONDS_TO_START = 20
MOST_BYTES = 4 << 30

_PYTEST = (
    "-x",
    "-q",
    "--no-header",
    "--tb=no",
    "--hypothesis-profile=mutants",
    "--rig=model",
    "-pno:cacheprovider",
    "-pno:xdist",
    "-pno:cov",
)


@dataclass(frozen=True)
class Verdict:
    """How a trial ended. ``by``: the test that noticed, or what stopped the trial; empty if none did. ``reached``: if
    asked for, by file and line the tests that run it, the quickest first."""

    by: str
    seconds: float
    imported: tuple[str, ...] = ()
    reached: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    @property
    def is_killed(self) -> bool:
        return bool(self.by)


class _Exchanged(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from a source that is given."""

    def __init__(self, module: str, source: str):
        self._module = module
        self._source = source

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return importlib.util.spec_from_loader(fullname, self) if fullname == self._module else None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._source, f"<changed {self._module}>", "exec"), module.__dict__)


class _Watch:
    """Limits each test's time and notes the first failure."""

    def __init__(self):
        self.failed = ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        signal.setitimer(signal.ITIMER_VIRTUAL, MOST_SECONDS_A_TEST)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and not self.failed:
            self.failed = f"import by {report.nodeid}"


class _Reached:
    """Finds out which tests run which lines below a folder, and how long each of them takes."""

    def __init__(self, folder: str):
        self._coverage = coverage.Coverage(data_file=None, include=[f"{folder}/*"], config_file=False)
        self._seconds: dict[str, float] = {}
        self._coverage.start()

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self._coverage.switch_context(item.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._seconds[report.nodeid] = self._seconds.get(report.nodeid, 0) + report.duration

    def by_line(self) -> dict[str, dict[str, list[str]]]:
        self._coverage.stop()
        data = self._coverage.get_data()
        return {
            file: {
                str(line): sorted(
                    (test for test in tests if test), key=lambda test: self._seconds.get(test, 0)
                )
                for line, tests in data.contexts_by_lineno(file).items()
            }
            for file in data.measured_files()
        }


def try_out(module: str, source: str, tests: Sequence[str]) -> Verdict:
    """Run tests on a module with this source."""

    def exchange() -> list[object]:
        sys.meta_path.insert(0, _Exchanged(module, source))
        # Before pytest puts its own importer in front, which may take the real source for itself.
        importlib.import_module(module)
        return []

    return _in_a_fork(exchange, tests)


def try_unchanged(tests: Sequence[str], folder: str) -> Verdict:
    """Run tests on the sources as they are, and find out which of them run which lines below a folder."""

    def follow() -> list[object]:
        # That takes its time; the limits are for what is tried without it.
        signal.signal(signal.SIGVTALRM, signal.SIG_IGN)
        return [_Reached(folder)]

    return _in_a_fork(follow, tests)


def _in_a_fork(prepare: Callable[[], list[object]], tests: Sequence[str]) -> Verdict:
    began = time.monotonic()
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        _run(prepare, tests, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    seconds = time.monotonic() - began
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return Verdict("time limit" if number == signal.SIGVTALRM else f"signal {number}", seconds)
    told = json.loads(said)
    return Verdict(told["by"], seconds, tuple(told["imported"]), told["reached"])


def _run(prepare: Callable[[], list[object]], tests: Sequence[str], writing: int) -> None:
    """The forked process; it does not return."""
    by = "end of the trial without a word"
    reached: dict[str, dict[str, list[str]]] = {}
    try:
        resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
        signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_VIRTUAL, MOST_SECONDS_TO_START)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        watch = _Watch()
        plugins = prepare()
        code = pytest.main([*_PYTEST, *tests], plugins=[watch, *plugins])
        by = "" if code == pytest.ExitCode.OK else watch.failed or f"pytest: {pytest.ExitCode(code).name}"
        for plugin in plugins:
            if isinstance(plugin, _Reached):
                reached = plugin.by_line()
    except BaseException as error:
        by = f"{type(error).__name__}: {error}"[:200]
    finally:
        with os.fdopen(writing, "wb") as pipe:
            told = {"by": by, "imported": sorted(sys.modules), "reached": reached}
            pipe.write(json.dumps(told).encode())
        os._exit(0)


def import_in_advance(names: Sequence[str]) -> None:
    """Import what a trial imported that is not the project's own, so that later trials find it there."""
    for name in names:
        if name.split(".")[0] in OUR_PACKAGES or name.startswith(("test_", "conftest")):
            continue
        # Some appear only under a name that can't be imported, such as aliases and generated modules.
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    # Some of those import modules of ours in turn, and a trial that found them here would test the real ones.
    for name in [name for name in sys.modules if name.split(".")[0] in OUR_PACKAGES]:
        del sys.modules[name]
