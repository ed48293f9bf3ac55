"""pytest plugin: tests that begin with the same board, just booted, share the boot.

The board is booted once in the process that runs the tests, where it is never used; each of its tests runs from set-up
to teardown in a copy of that process (see `copies`). So every test finds the very state that a boot of its own would
have given it, and none finds what another has left.

``--thecal-own-boot`` has every test boot a board of its own, in the one process: for a debugger, or to see that it is
the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from _pytest.outcomes import Failed
from _pytest.runner import runtestprotocol

from thecal_hil.groundwork.copies import in_a_copy
from thecal_hil.pytest_plugin.options import chosen, declare

PREPARATION: pytest.StashKey[Callable[[], object]] = pytest.StashKey()
"""In an item's stash: what has to be done before its process is copied. It is called for each test, so it keeps what
it has prepared."""

_is_copy = False


def pytest_addoption(parser: pytest.Parser) -> None:
    declare(
        parser,
        "--thecal-own-boot",
        action="store_true",
        help="have every test boot a board of its own, in one process",
    )


def in_copy() -> bool:
    """Return True if this is the copy that a test runs in, with what was prepared for it."""
    return _is_copy


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    prepare = item.stash.get(PREPARATION, None)
    if prepare is None or chosen(item.config, "--thecal-own-boot") or not _is_prepared(prepare):
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for report in _run_in_a_copy(item):
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    # What an earlier test has set up for its module, and this one still needed.
    item.session._setupstate.teardown_exact(nextitem)
    return True


def _is_prepared(prepare: Callable[[], object]) -> bool:
    """Return True if the test is prepared. If the preparation fails the test does it itself, and shows what is wrong
    as any test would."""
    try:
        prepare()
    except Exception:
        return False
    return True


def _run_in_a_copy(item: pytest.Item) -> list[pytest.TestReport]:
    hook = item.config.hook

    def run() -> list[Any]:
        global _is_copy
        _is_copy = True
        # What belongs to the whole module or session is left standing: it is this process's to take down.
        reports = runtestprotocol(item, log=False, nextitem=item.parent)  # type: ignore[arg-type]
        return [hook.pytest_report_to_serializable(config=item.config, report=report) for report in reports]

    try:
        found = in_a_copy(run)
    except (Exception, Failed) as error:
        # A plugin that ends tests that take too long, or a copy that died: its process is gone by now.
        return [_failed(item, str(error) or type(error).__name__)]
    return [hook.pytest_report_from_serializable(config=item.config, data=data) for data in found]


def _failed(item: pytest.Item, why: str) -> pytest.TestReport:
    return pytest.TestReport(
        item.nodeid, item.location, dict.fromkeys(item.keywords, 1), "failed", why, "call", duration=0.0
    )
