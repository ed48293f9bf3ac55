"""Stands in for the pytest plugin where the bench extra is not installed.

Promises: no test that asks for none of the plugin's fixtures is affected; one that does fails with what to install.
"""

from __future__ import annotations

from typing import NoReturn

import pytest

from thecal_hil.groundwork.bench_extra import HOW_TO_INSTALL
from thecal_hil.pytest_plugin import options
from thecal_hil.pytest_plugin.options import chosen, declare

_REASON = f"thecal's rigs need packages that are not installed: {HOW_TO_INSTALL}"
_MARKERS = ("requirement(id)", "expects(name)", "needs(name)", "campaign_on(rig)")


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    pluginmanager.register(options, "thecal-options")
    declare(
        parser,
        "--thecal-rig",
        action="append",
        default=[],
        metavar="NAME",
        help=f"not available: {_REASON}",
    )
    parser.addini("thecal_tests_to_go", "means nothing without the bench extra", type="bool", default=False)


def pytest_configure(config: pytest.Config) -> None:
    for marker in _MARKERS:
        config.addinivalue_line("markers", f"{marker}: of thecal's plugin, whose rigs are not installed")
    if chosen(config, "--thecal-rig"):
        raise pytest.UsageError(f"--thecal-rig: {_REASON}")


def _fail() -> NoReturn:
    pytest.fail(_REASON, pytrace=False)


@pytest.fixture
def rig() -> NoReturn:
    """Fail, since there are no rigs without the extra."""
    _fail()


@pytest.fixture
def another_rig() -> NoReturn:
    """Fail, since there are no rigs without the extra."""
    _fail()


@pytest.fixture
def course() -> NoReturn:
    """Fail, since there are no rigs without the extra."""
    _fail()


@pytest.fixture
def bench_balance() -> NoReturn:
    """Provide the balance beside the board under test, ready to weigh."""
    _fail()


@pytest.fixture
def bench_analyser() -> NoReturn:
    """Fail, since there are no instruments without the extra."""
    _fail()
