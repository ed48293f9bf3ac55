"""The smallest sequences that have gone wrong on a pump, each held against the reference of therapy.

A file in ``cases`` is one sequence; ``thecal-hil doses FILE`` runs it alone, on any rig.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from thecal_hil.campaigns.doses.player import ViolationError, play
from thecal_hil.campaigns.doses.sequence import read_sequence
from thecal_hil.rigs.model_rig import ModelRig

CASES = Path(__file__).parent / "cases"
NOT_YET: frozenset[str] = frozenset()
"""Those that the firmware does not pass yet. One that it passes must be taken off this list."""


def _marks(name: str) -> list[pytest.MarkDecorator]:
    return [pytest.mark.xfail(raises=ViolationError, strict=True)] if name in NOT_YET else []


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, id=path.stem, marks=_marks(path.stem)) for path in sorted(CASES.glob("*.toml"))],
)
def test_what_is_given_and_told_is_as_the_reference_has_it(path: Path) -> None:
    play(read_sequence(path), ModelRig())
