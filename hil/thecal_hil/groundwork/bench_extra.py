"""What the rigs need beyond the pump's own commands, and what is said where it is not installed.

`pip install thecal` brings the commands for a pump; rigs, scenarios and the pytest plugin need the extra "bench".
Promise: whoever has the one without the other is told what to install, in one line and without a traceback, and nothing
else of theirs is disturbed. So the entry points of the package lead here or to `plugin_entry`, which import nothing of
the extra themselves.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from types import ModuleType

HOW_TO_INSTALL = 'pip install "thecal[bench]"'
HOW_TO_INSTALL_DEMO = 'pip install "thecal[demo]"'
"""The part of it that a practice pump needs, where that is a model."""

MODULES = (
    "cobs",
    "distributed",
    "jinja2",
    "matplotlib",
    "mpremote",
    "numpy",
    "pyarrow",
    "rp2040py",
    "scipy",
    "simpy",
    "vcd",
)
"""What the packages of the extra are called when imported."""

_BAD_INPUT = 2


class BenchMissingError(Exception):
    """Something of the extra is not installed; the message says what to install."""


def import_with_bench(name: str, who: str, how_to_install: str = HOW_TO_INSTALL) -> ModuleType:
    """Import a module of ours that needs the extra. Raise BenchMissingError if that is not installed.

    ``who``: the command or plugin that needs it, for the message. ``how_to_install``: what brings all that it needs.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in MODULES:
            raise
        raise BenchMissingError(f"{who} needs {missing}, which is not installed: {how_to_install}") from error


def _run(name: str, command: str) -> None:
    try:
        main: Callable[[], None] = import_with_bench(name, command).main
    except BenchMissingError as error:
        print(error, file=sys.stderr)
        raise SystemExit(_BAD_INPUT) from None
    main()


def thecal_hil() -> None:
    """Run the command `thecal-hil`."""
    _run("thecal_hil.cli.command", "thecal-hil")


def thecal_verify() -> None:
    """Run the command `thecal-verify`."""
    _run("thecal_hil.campaigns.verify.verify", "thecal-verify")
