"""The compiled observer of this room, built when it is first asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from thecal_hil.emulator import compiled


def observer() -> Any:
    """Return the module of observer.pyx. Raise CannotBuildError where there is no compiler."""
    return compiled.module("observer", Path(__file__).parent)
