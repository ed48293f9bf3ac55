"""pytest plugin: one scenario, every rig.

``--rig model|pico|board`` chooses the rigs (repeat it, or separate them by commas; model and pico by default),
``--port`` is where the board is. A test that takes the ``rig`` fixture runs once on each. Markers:

``requirement(id)``  the requirement the test is evidence for
``expects(name)``    the test means to cause this; without it the gate at the test's end would fail it
``needs(name)``      a capability the test can't do without; on a rig that lacks it the test is skipped with the reason
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from thecal_hil import gate
from thecal_hil.rig import Capability, Rig
from thecal_hil.rigs import RIG_NAMES, RigUnavailableError, open_rig, rig_class

DEFAULT_RIGS = ("model", "pico")
_BODY_PASSED = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("thecal", "Thecal rigs")
    group.addoption(
        "--rig",
        action="append",
        default=[],
        metavar="NAME",
        help=f"rigs to run scenarios on, of {', '.join(RIG_NAMES)}; repeat or separate by commas "
        f"(default: {', '.join(DEFAULT_RIGS)})",
    )
    group.addoption("--port", metavar="PORT", help="serial port of the board, for --rig board")
    group.addoption("--uf2", type=Path, metavar="FILE", help="image to test instead of the one just built")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "requirement(id): the requirement this test is evidence for")
    config.addinivalue_line(
        "markers", f"expects(name): the test means to cause it; of {', '.join(gate.EXPECTABLE)}"
    )
    config.addinivalue_line("markers", f"needs(capability): of {', '.join(Capability)}")
    _chosen_rigs(config)


def _chosen_rigs(config: pytest.Config) -> list[str]:
    names = [name.strip() for text in config.getoption("--rig") or [] for name in text.split(",")]
    unknown = sorted(set(names) - set(RIG_NAMES))
    if unknown:
        raise pytest.UsageError(f"--rig {', '.join(unknown)}: choose of {', '.join(RIG_NAMES)}")
    return list(dict.fromkeys(names)) or list(DEFAULT_RIGS)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "rig" in metafunc.fixturenames:
        metafunc.parametrize("rig", _chosen_rigs(metafunc.config), indirect=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        try:
            gate.check_names(_named(item, "expects"))
            for name in _named(item, "needs"):
                Capability(name)
        except ValueError as error:
            raise pytest.UsageError(f"{item.nodeid}: {error}") from error


def _named(item: pytest.Item, marker: str) -> list[str]:
    return [str(name) for mark in item.iter_markers(marker) for name in mark.args]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        item.stash[_BODY_PASSED] = report.passed
    return report


def _open(request: pytest.FixtureRequest, name: str) -> Rig:
    config = request.config
    lacking = set(_named(request.node, "needs")) - set(rig_class(name).capabilities)
    if lacking:
        pytest.skip(f"the {name} rig has no {', '.join(sorted(lacking))}")
    try:
        return open_rig(name, port=config.getoption("--port"), uf2=config.getoption("--uf2"))
    except RigUnavailableError as unavailable:
        pytest.skip(str(unavailable))


@pytest.fixture
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    """The rig under test, freshly started; its gate is checked once the test has passed."""
    opened = _open(request, request.param)
    try:
        yield opened
        if request.node.stash.get(_BODY_PASSED, False):
            gate.check_gate(opened, _named(request.node, "expects"))
    finally:
        opened.close()


@pytest.fixture
def another_rig(request: pytest.FixtureRequest, rig: Rig) -> Iterator[Rig]:
    """A second rig of the same kind, as fresh as the first."""
    opened = _open(request, rig.name)
    yield opened
    opened.close()
