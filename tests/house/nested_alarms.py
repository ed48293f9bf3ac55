"""A pytest plugin that counts how often an alarm was set while another one was being set: ``-p house.nested_alarms``.

It writes ``calls``, how often an alarm was set at all, and ``nested`` to the file that ``--nested-alarms`` names.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from thecal_fw.pump.reports import Reports


class Nesting:
    """calls: of a function that is counted. nested: those that came while another one was under way."""

    def __init__(self) -> None:
        self.calls = 0
        self.nested = 0
        self._under_way = 0

    def counted(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the same function, its calls counted here."""

        @functools.wraps(function)
        def counting(*arguments: Any, **named: Any) -> Any:
            self.calls += 1
            self.nested += self._under_way > 0
            self._under_way += 1
            try:
                return function(*arguments, **named)
            finally:
                self._under_way -= 1

        return counting


_NESTING = Nesting()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--nested-alarms", type=Path, required=True)


def pytest_configure() -> None:
    Reports.set_alarm = _NESTING.counted(Reports.set_alarm)  # type: ignore[method-assign]


def pytest_unconfigure(config: pytest.Config) -> None:
    target = config.getoption("--nested-alarms")
    assert isinstance(target, Path)
    target.write_text(json.dumps({"calls": _NESTING.calls, "nested": _NESTING.nested}), encoding="utf-8")
