"""pytest plugin: one scenario, every rig.

``--thecal-rig model|pico|board`` chooses the rigs (repeat it, or separate them by commas; model and pico by default),
``--thecal-board`` says what of real silicon is imposed on the emulated board, ``--thecal-port`` is where a real board
is, and ``--thecal-bench`` the file of a bench with one board or several: each test then gets a board that is free and
has what it needs, and lets it go at its end. ``--rig``, ``--port`` and ``--bench`` are the same where nobody else has
them. Promises: a test that does not use this plugin's own ``rig`` is not touched, whatever its fixtures and markers are
called; a rig asked for by name that runs no test fails the run; a test that fails leaves its waveform. A test that
takes the ``rig`` fixture runs once on each rig; ``course`` is a host at that rig's pump which keeps what was
prescribed, and ``another_rig`` a second pump; ``bench_balance`` and ``bench_analyser`` are instruments beside the
board. Markers:

``requirement(id)``  the requirement the test is evidence for
``expects(name)``    the test means to cause this; without it the gate at the test's end would fail it
``needs(name)``      a capability or a fault the test can't do without; on a rig that lacks it the test is skipped with
                     the reason
``campaign_on(rig)`` on this rig the test takes long, and belongs to a make target of its own
"""

from __future__ import annotations

import uuid
from collections.abc import Generator, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from thecal_hil.contract import gate
from thecal_hil.contract.faults import Fault
from thecal_hil.contract.rig import Capability, Rig, RigUnavailableError
from thecal_hil.pytest_plugin import forked_tests, kept_outcomes, options, outcomes, tests_to_go
from thecal_hil.pytest_plugin.options import chosen, declare
from thecal_hil.rigs.opening import RIG_NAMES, boards_at, check_board_model, image_for, open_rig, rig_class

if TYPE_CHECKING:
    from thecal_hil.bench.bench import Bench
    from thecal_hil.bench.board_choice import Taken
    from thecal_hil.course.course import Course
    from thecal_hil.instruments.balance import Balance
    from thecal_hil.instruments.sigrok import LogicAnalyser

DEFAULT_RIGS = ("model", "pico")
_DEAR_TO_BOOT = ("pico",)
_BODY_PASSED = pytest.StashKey[bool]()
_BOARDS: pytest.StashKey[list[Bench]] = pytest.StashKey()
_RUN = pytest.StashKey[str]()
_TAKEN: pytest.StashKey[list[Taken]] = pytest.StashKey()
_rigs_that_ran: set[str] = set()
_INSTRUMENT_FIXTURES = {"bench_balance": "balance", "bench_analyser": "analyser"}


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    for part, name in (
        (forked_tests, "thecal-forks"),
        (outcomes, "thecal-outcomes"),
        (kept_outcomes, "thecal-results"),
        (tests_to_go, "thecal-tests-to-go"),
        (options, "thecal-options"),
    ):
        pluginmanager.register(part, name)
    declare(
        parser,
        "--thecal-rig",
        action="append",
        default=[],
        metavar="NAME",
        help=f"rigs to run scenarios on, of {', '.join(RIG_NAMES)}; repeat or separate by commas "
        f"(default: {', '.join(DEFAULT_RIGS)})",
    )
    declare(
        parser,
        "--thecal-idle-rigs",
        action="store_true",
        help="a rig that is asked for may run nothing: for a choice of tests that nobody has looked at",
    )
    declare(
        parser,
        "--thecal-board",
        metavar="SPEC",
        help="what of real silicon is imposed on the emulated board, for the rig pico: ideal, silicon, or settings, "
        "as P=132,frames=on (default: silicon; see docs/silicon.md)",
    )
    declare(parser, "--thecal-port", metavar="PORT", help="serial port of the board, for the rig board")
    declare(parser, "--thecal-bench", metavar="FILE", help="the bench's file, for the rig board")
    declare(parser, "--thecal-uf2", metavar="FILE", help="image to test instead of the one just built")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "requirement(id): the requirement this test is evidence for")
    config.addinivalue_line(
        "markers", f"expects(name): the test means to cause it; of {', '.join(gate.EXPECTABLE)}"
    )
    config.addinivalue_line("markers", f"needs(name): of {', '.join((*Capability, *Fault))}")
    config.addinivalue_line(
        "markers", "campaign_on(rig): takes long on this rig, so part of a campaign there"
    )
    if (board_model := _board_model(config)) is not None:
        try:
            check_board_model(board_model)
        except RigUnavailableError as error:
            raise pytest.UsageError(f"--thecal-board {error}") from error
    _rigs_that_ran.clear()
    if "board" in _chosen_rigs(config):
        _find_boards(config)


def _find_boards(config: pytest.Config) -> None:
    """Note the boards there are to run on, and the name that all processes of this run know it by."""
    port, bench = chosen(config, "--thecal-port"), chosen(config, "--thecal-bench")
    if port and bench:
        raise pytest.UsageError(
            "--thecal-port and --thecal-bench: give one of them; a bench's file says where its boards are"
        )
    if config.option.collectonly and not (port or bench):
        return
    if not (port or bench):
        raise pytest.UsageError(
            "--thecal-rig board: say where the board is with --thecal-port, as in --thecal-port /dev/ttyACM0, or with"
            " --thecal-bench FILE"
        )
    from thecal_hil.bench.bench import BenchError

    try:
        config.stash[_BOARDS] = boards_at(port, Path(bench) if bench else None)
    except BenchError as error:
        raise pytest.UsageError(f"--thecal-bench {error}") from error
    worker: dict[str, str] = getattr(config, "workerinput", {})
    config.stash[_RUN] = worker.get("testrunuid") or uuid.uuid4().hex


def _chosen_rigs(config: pytest.Config) -> list[str]:
    names = [name.strip() for text in chosen(config, "--thecal-rig") or [] for name in text.split(",")]
    unknown = sorted(set(names) - set(RIG_NAMES))
    if unknown:
        raise pytest.UsageError(f"--thecal-rig {', '.join(unknown)}: choose of {', '.join(RIG_NAMES)}")
    return list(dict.fromkeys(names)) or list(DEFAULT_RIGS)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "rig" not in metafunc.fixturenames or not _is_ours(metafunc._arg2fixturedefs.get("rig")):
        return
    given = [str(mark.args[0]) for mark in metafunc.definition.iter_markers("parametrize") if mark.args]
    if not any("rig" in names.replace(",", " ").split() for names in given):
        metafunc.parametrize("rig", _chosen_rigs(metafunc.config), indirect=True)


def _is_ours(definitions: Sequence[Any] | None) -> bool:
    """Return True if the fixture that a test gets by a name is this plugin's, and nobody's who called one of theirs
    so."""
    return bool(definitions) and getattr(definitions[-1].func, "__module__", "") == __name__


def _uses_a_rig(item: pytest.Item) -> bool:
    found = getattr(item, "_fixtureinfo", None)
    return found is not None and _is_ours(found.name2fixturedefs.get("rig"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if not _uses_a_rig(item):
            continue
        try:
            gate.check_names(_named(item, "expects"))
            for name in _named(item, "needs"):
                _needable(name)
        except ValueError as error:
            raise pytest.UsageError(f"{item.nodeid}: {error}") from error
        if _rig_name(item) in _named(item, "campaign_on"):
            item.add_marker("campaign")
        if _rig_name(item) in _DEAR_TO_BOOT:
            item.stash[forked_tests.PREPARATION] = partial(_booted_for, item)


def _needable(name: str) -> Capability | Fault:
    return Fault(name) if name in set(Fault) else Capability(name)


def _rig_name(item: pytest.Item) -> str:
    """Return the kind of rig the test runs on; empty if on none."""
    callspec = getattr(item, "callspec", None)
    return str(callspec.params.get("rig", "")) if callspec is not None else ""


def _booted_for(item: pytest.Item) -> tuple[Rig, ...]:
    """Return the rig the test asks for, and another if it asks for that too; booted once and used in copies only."""
    count = 2 if "another_rig" in getattr(item, "fixturenames", ()) else 1
    name, uf2, board_model = _rig_name(item), _uf2(item.config), _board_model(item.config)
    return tuple(_booted(name, uf2, board_model, which) for which in range(count))


def _uf2(config: pytest.Config) -> Path | None:
    path = chosen(config, "--thecal-uf2")
    return Path(path) if path else None


def _board_model(config: pytest.Config) -> str | None:
    return chosen(config, "--thecal-board")


@cache
def _booted(name: str, uf2: Path | None, board_model: str | None, which: int) -> Rig:
    return open_rig(name, uf2=uf2, board_model=board_model)


def _named(item: pytest.Item, marker: str) -> list[str]:
    return [str(name) for mark in item.iter_markers(marker) for name in mark.args]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if not _uses_a_rig(item):
        return report
    if report.when == "call":
        item.stash[_BODY_PASSED] = report.passed
        # In the report, since with xdist the process that counts is another one than ran it.
        report.thecal_rig = _rig_name(item)  # type: ignore[attr-defined]
        if report.failed:
            _leave_waveform(item, report)
    return report


def _leave_waveform(item: pytest.Item, report: pytest.TestReport) -> None:
    from thecal_hil.pytest_plugin.waveform import write_waveform

    opened = getattr(item, "funcargs", {}).get("rig")
    if opened is None or Capability.EXACT_EDGES not in opened.capabilities:
        return
    folder = item.config.rootpath / "build/failed"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = write_waveform(opened, folder, item.nodeid)
    except Exception as error:
        report.sections.append(("thecal waveform", f"could not be written: {error}"))
    else:
        report.sections.append(("thecal waveform", str(path)))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _rigs_that_ran.add(getattr(report, "thecal_rig", ""))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the session if a rig that somebody asked for ran nothing: that has shown nothing, and is no success."""
    config = session.config
    idle = _rigs_without_a_test(config)
    if idle and not hasattr(config, "workerinput") and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    for name in _rigs_without_a_test(config):
        terminalreporter.write_line(
            f"thecal: the rig {name} was asked for, and no test ran on it", red=True, bold=True
        )


def _rigs_without_a_test(config: pytest.Config) -> list[str]:
    if (
        config.option.collectonly
        or chosen(config, "--thecal-idle-rigs")
        or not chosen(config, "--thecal-rig")
    ):
        return []
    return [name for name in _chosen_rigs(config) if name not in _rigs_that_ran]


def _open(request: pytest.FixtureRequest, name: str, which: int = 0) -> Rig:
    config = request.config
    if _BOARDS in config.stash and name == "board":
        return _open_board(request, which)
    kind = rig_class(name)
    lacking = set(_named(request.node, "needs")) - kind.capabilities - kind.attainable_faults()
    if lacking:
        pytest.skip(f"the {name} rig has no {', '.join(sorted(lacking))}")
    if forked_tests.in_copy() and name in _DEAR_TO_BOOT:
        return _booted(name, _uf2(config), _board_model(config), which)
    try:
        return open_rig(name, uf2=_uf2(config), board_model=_board_model(config))
    except RigUnavailableError as unavailable:
        pytest.skip(str(unavailable))


def _open_board(request: pytest.FixtureRequest, which: int) -> Rig:
    """Return one of the boards that are taken for the test; all of them are taken with the first."""
    from thecal_hil.bench.bench import BenchError
    from thecal_hil.bench.board_choice import take
    from thecal_hil.bench.board_lock import BoardBusyError

    item, config = request.node, request.config
    try:
        if which == 0:
            item.stash[_TAKEN] = taken = take(
                config.stash[_BOARDS],
                _needs_of_board(item),
                config.stash[_RUN],
                count=2 if "another_rig" in item.fixturenames else 1,
            )
            for one in taken:
                request.addfinalizer(one.let_go)
        return item.stash[_TAKEN][which].open_rig(image_for(_uf2(config)))
    except RigUnavailableError as unavailable:
        pytest.skip(str(unavailable))
    except (BenchError, BoardBusyError) as error:
        pytest.fail(str(error), pytrace=False)


def _needs_of_board(item: pytest.Item) -> frozenset[str]:
    """Return what a test needs of a board, by its markers and by the instruments it asks for."""
    fixtures = getattr(item, "fixturenames", ())
    instruments = (part for fixture, part in _INSTRUMENT_FIXTURES.items() if fixture in fixtures)
    return frozenset((*_named(item, "needs"), *instruments))


def _board_of(request: pytest.FixtureRequest, rig: Rig, part: str) -> Bench:
    """Return the board under test, with what is beside it; skips on a rig that has nothing beside it."""
    if _TAKEN not in request.node.stash:
        pytest.skip(f"the {rig.name} rig has no {part}")
    return request.node.stash[_TAKEN][0].board


@pytest.fixture
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    """Provide the rig under test, freshly started; its gate is checked once the test has passed."""
    opened = _open(request, request.param)
    try:
        yield opened
        if request.node.stash.get(_BODY_PASSED, False):
            gate.check_gate(opened, _named(request.node, "expects"))
    finally:
        opened.close()


@pytest.fixture
def another_rig(request: pytest.FixtureRequest, rig: Rig) -> Iterator[Rig]:
    """Provide a second rig of the same kind, as fresh as the first."""
    opened = _open(request, rig.name, which=1)
    yield opened
    opened.close()


@pytest.fixture
def bench_balance(request: pytest.FixtureRequest, rig: Rig) -> Iterator[Balance]:
    """Provide the balance beside the board under test, ready to weigh."""
    with _board_of(request, rig, "balance").opened_balance() as balance:
        yield balance


@pytest.fixture
def bench_analyser(request: pytest.FixtureRequest, rig: Rig) -> LogicAnalyser:
    """Provide the logic analyser beside the board under test."""
    analyser = _board_of(request, rig, "analyser").analyser
    assert analyser is not None
    return analyser


@pytest.fixture
def course(rig: Rig) -> Course:
    """Provide a host at the pump of the rig under test, which is on, stopped and has no program yet."""
    # Imported late: what a course needs of the host would be loaded in every test run that has the plugin.
    from thecal_hil.course.course import Course

    return Course(rig)
