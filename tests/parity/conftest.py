"""Two emulated Picos for the tests that compare the emulator's paths; skipped where there is no compiler."""

from __future__ import annotations

from pathlib import Path

import pytest

from thecal_hil.campaigns.parity import observing, random_programs
from thecal_hil.campaigns.parity.lockstep import Lockstep
from thecal_hil.emulator.compiled.build import CannotBuildError


@pytest.fixture(scope="session", autouse=True)
def _compiler() -> None:
    try:
        observing.observer()
    except CannotBuildError as error:
        pytest.skip(f"both paths can't be compared: {error}")


@pytest.fixture
def bare(tmp_path: Path) -> Lockstep:
    """Provide two Picos that sleep, one on each path, in lock-step."""
    return Lockstep(*random_programs.bare_picos(tmp_path))
