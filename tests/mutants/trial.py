"""Trials: the tests run on a change, in a process forked for it, until the first that fails.

Nothing on disk is touched. A change of function bodies is tried in a process in which pytest has collected every test
already: it only takes the changed code and runs the tests it is given, in their order. Any other change is
tried in one that has imported what the tests need but none of the project's own modules, so all of those are
imported afresh, the changed one in place of the real one.

A test that takes far longer than it does on the real module counts as failed, whatever it would have ended in. The
limit is in processor time, so a busy machine changes no verdict. A trial that could not be made, since a test is not
there or the change can't be brought about, says nothing about the change and ends the campaign.
"""

import contextlib
import gc
import importlib
import json
import os
import resource
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from types import CodeType, FunctionType

import pytest
from _pytest.runner import runtestprotocol

from mutants.differing import OBSERVERS, Observed
from mutants.exchange import exchange_functions, functions_of, import_changed

OUR_PACKAGES = (
    *("thecal", "thecal_fw", "thecal_sim", "thecal_hil"),
    *("tests", "core", "store", "controller", "link", "sim", "hil"),
)
MOST_SECONDS_TO_START = 20
MOST_BYTES = 4 << 30
_NOT_MADE = "trial not made: "
_LONG_S = 1
"""A test that took longer on the real module waits for its turn, whatever it noticed before."""
PYTEST = (
    "-x",
    "-q",
    "-s",
    "--no-header",
    "--tb=no",
    "--hypothesis-profile=mutants",
    "--rig=model",
    "--thecal-idle-rigs",
    "-pno:cacheprovider",
    "-pno:xdist",
    "-pno:cov",
)


@dataclass(frozen=True)
class Verdict:
    """The verdict of a trial. ``by``: the test that noticed, or what stopped the trial; empty if none did. seconds:
    of processor time that it took."""

    by: str
    seconds: float

    @property
    def is_killed(self) -> bool:
        return bool(self.by)


@dataclass(frozen=True)
class InPlace:
    """A change of function bodies, and the tests to run on it in this order."""

    module: str
    functions: dict[str, CodeType]
    tests: Sequence[str]


def most_seconds(usual_seconds: float) -> float:
    """Return the processor time that a test may take, given what it took on the real module with its lines followed,
    which is several times what it takes without."""
    return 1 + usual_seconds


class _Watch:
    """Limits each test's time and notes the first failure."""

    def __init__(self, usual_seconds: Mapping[str, float], *, is_limited: bool = True):
        self.failed = ""
        self.running = ""
        self._usual_seconds = usual_seconds
        self._is_limited = is_limited

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self.running = item.nodeid
        if not self._is_limited:
            return
        signal.setitimer(signal.ITIMER_VIRTUAL, most_seconds(self._usual_seconds.get(item.nodeid, 1)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and not self.failed:
            self.failed = f"import by {report.nodeid}"


class _Trials:
    """Runs trials one after the other where pytest would run the tests it has collected."""

    def __init__(
        self,
        trials: Sequence[InPlace],
        watch: _Watch,
        tell: Callable[[Verdict], None],
        usual_seconds: Mapping[str, float],
    ):
        self._trials = trials
        self._watch = watch
        self._tell = tell
        self._usual_seconds = usual_seconds
        self._noticed: Counter[str] = Counter()

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = {item.nodeid: item for item in session.items}
        modules = {trial.module for trial in self._trials}
        for module in modules:
            # Some are imported only once they are needed.
            importlib.import_module(module)
        functions = {module: functions_of(module) for module in modules}
        # What is here by now stays, and to look through it in every process would copy all of it.
        gc.freeze()
        for trial in self._trials:
            # What has noticed other changes is the most likely to notice this one.
            tests = sorted(trial.tests, key=lambda test: -self._noticed[test])
            chosen = [items[test] for test in tests]
            verdict = in_a_fork(
                lambda trial=trial, chosen=chosen: self._run(functions[trial.module], trial, chosen)
            )
            if self._usual_seconds.get(verdict.by, _LONG_S) < _LONG_S:
                self._noticed[verdict.by] += 1
            self._tell(verdict)
        return True

    def _run(
        self, functions: dict[str, list[FunctionType]], trial: InPlace, items: Sequence[pytest.Item]
    ) -> str:
        try:
            exchange_functions(functions, trial.functions)
        except (LookupError, ValueError) as error:
            return f"{_NOT_MADE}{error!r}"
        for item, following in zip(items, [*items[1:], None], strict=True):
            item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
            runtestprotocol(item, nextitem=following)
            if self._watch.failed:
                return self._watch.failed
        return ""


class _Observation:
    """Runs tests on functions that are observed, where pytest would run those it has collected."""

    def __init__(self, modules: Mapping[str, Observed], tests: Mapping[str, frozenset[str]], watch: _Watch):
        self._modules = modules
        self._tests = tests
        self._watch = watch
        self.seen: dict[str, dict[int, list[str]]] = {}

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        for name, module in self._modules.items():
            vars(importlib.import_module(name))[OBSERVERS] = module.seen.observers
            exchange_functions(functions_of(name), module.functions)
        for item in session.items:
            wanted = [
                module.seen for name, module in self._modules.items() if item.nodeid in self._tests[name]
            ]
            for seen in wanted:
                seen.begin(item.nodeid)
            if wanted:
                item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
                runtestprotocol(item, nextitem=None)
            if self._watch.failed:
                return True
        self.seen = {name: module.seen.by_mutant for name, module in self._modules.items()}
        return True


def observe(
    modules: Mapping[str, Observed], tests: Mapping[str, frozenset[str]], files: Sequence[str]
) -> dict[str, dict[int, list[str]]]:
    """Return, by module and number of the mutant, the tests that see it differ. tests: by module those that run it;
    they are all in these files. RuntimeError if a test fails on functions that are only observed."""

    def run() -> str:
        watch = _Watch({}, is_limited=False)
        plugin = _Observation(modules, tests, watch)
        code = pytest.main([*PYTEST, *files], plugins=[watch, plugin])
        is_over = code in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED) and not watch.failed
        return json.dumps(plugin.seen if is_over else watch.failed or f"pytest: {code}")

    said = in_a_fork(run).by
    told = json.loads(said) if said.startswith(("{", '"')) else said
    if isinstance(told, str):
        raise RuntimeError(f"observed functions, which do what the real ones do, fail in {told}")
    return {name: {int(number): seen for number, seen in numbered.items()} for name, numbered in told.items()}


def try_in_place(
    trials: Sequence[InPlace], files: Sequence[str], usual_seconds: Mapping[str, float]
) -> Iterator[Verdict]:
    """Yield verdicts on changes of function bodies, in their order; the tests are all in these files."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        try:
            _silence()
            with os.fdopen(writing, "w", buffering=1) as pipe:
                watch = _Watch(usual_seconds)
                plugin = _Trials(
                    trials,
                    watch,
                    lambda verdict: print(json.dumps(asdict(verdict)), file=pipe),
                    usual_seconds,
                )
                code = pytest.main([*PYTEST, *files], plugins=[watch, plugin])
                if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
                    print(json.dumps(f"pytest: {code}; {watch.failed}"), file=pipe)
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        for line in pipe:
            told = json.loads(line)
            if isinstance(told, str):
                raise RuntimeError(told)
            yield _made(Verdict(**told))
    os.waitpid(child, 0)


def try_afresh(module: str, source: str, tests: Sequence[str], usual_seconds: Mapping[str, float]) -> Verdict:
    """Return the verdict on any change of a module, for tests or files of them in this order."""

    def run(tests: Sequence[str]) -> str:
        signal.setitimer(signal.ITIMER_VIRTUAL, MOST_SECONDS_TO_START)
        import_changed(module, source)
        watch = _Watch(usual_seconds)
        code = pytest.main([*PYTEST, *tests], plugins=[watch])
        if code == pytest.ExitCode.OK:
            return ""
        name = f"pytest: {pytest.ExitCode(code).name}"
        is_made = code not in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.NO_TESTS_COLLECTED)
        return watch.failed or (name if is_made else f"{_NOT_MADE}{name}")

    verdict = in_a_fork(lambda: run(tests))
    if verdict.by.startswith(_NOT_MADE):
        # Some tests are named after constants, and the change has given them other names.
        files = list(dict.fromkeys(test.split("::")[0] for test in tests))
        verdict = in_a_fork(lambda: run(files))
    return _made(verdict)


def _made(verdict: Verdict) -> Verdict:
    """Return the verdict of a trial; raise RuntimeError if that could not be made."""
    if verdict.by.startswith(_NOT_MADE):
        raise RuntimeError(verdict.by)
    return verdict


def in_a_fork(run: Callable[[], str]) -> Verdict:
    """Return what ``run`` returns in a process of its own, as a verdict. How that process ends otherwise is one as
    well."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        _run(run, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    _, status, used = os.wait4(child, 0)
    seconds = round(used.ru_utime + used.ru_stime, 3)
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return Verdict("time limit" if number == signal.SIGVTALRM else f"signal {number}", seconds)
    return Verdict(said.decode(), seconds)


def _run(run: Callable[[], str], writing: int) -> None:
    """Run the forked process; it does not return."""
    by = "end of the trial without a word"
    try:
        resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
        signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
        _silence()
        by = run()
    except BaseException as error:
        by = f"{type(error).__name__}: {error}"[:200]
    finally:
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(by.encode(errors="replace"))
        os._exit(0)


def _silence() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)


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
