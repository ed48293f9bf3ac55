"""Finds a module of ours in this checkout and in commits from before the package had rooms.

For the programs of ``earlier.run_on``, beside which it lies: they run on the sources of either, and these have no
``thecal_hil.campaigns`` then.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


def module_of(room: str, name: str) -> Any:
    """Return the module of that name, in its room or in none."""
    try:
        return import_module(f"thecal_hil.{room}.{name}")
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith(f"thecal_hil.{room}"):
            raise
        return import_module(f"thecal_hil.{name}")
