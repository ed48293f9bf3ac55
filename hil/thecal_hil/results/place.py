"""The place of the store: the folder that ``THECAL_RESULTS`` names, else ``build/results`` of the project at hand."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import uuid4

VARIABLE: Final = "THECAL_RESULTS"
USUAL: Final = Path("build/results")
NOWHERE: Final = "none"
"""In place of a folder: nothing is recorded."""


def results_folder(given: Path | None = None) -> Path | None:
    """Return the store's folder; None where nothing is to be recorded."""
    if given is not None:
        return given
    named = os.environ.get(VARIABLE, "")
    if named == NOWHERE:
        return None
    return Path(named) if named else USUAL


def instant(at: datetime | None = None) -> str:
    """Return a moment, now if none is given, as the store writes it."""
    at = at or datetime.now(UTC)
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new_id(began: str) -> str:
    """Return a name for a run that sorts by its beginning and that no other writer takes."""
    digits = "".join(one for one in began if one.isdigit())
    return f"{digits[:8]}-{digits[8:14]}-{uuid4().hex[:10]}"
