"""A million random instructions on both paths of the emulator."""

from __future__ import annotations

from pathlib import Path

import pytest

from thecal_hil.campaigns.parity import table
from thecal_hil.campaigns.parity.campaign import run_random
from thecal_hil.campaigns.parity.forms import FORMS
from thecal_hil.campaigns.parity.random_programs import Episode

SEED = 2
INSTRUCTIONS = 1_000_000
FEW_MISSING = 110
"""Of some 1,100 cases, those too rare for so few instructions; the campaign meets all."""


@pytest.mark.requirement("emulator-parity")
def test_random_programs_do_the_same_on_both_paths() -> None:
    totals, difference = run_random(SEED, INSTRUCTIONS)
    print(f"seed {SEED}: {totals.instructions:,} instructions, {totals.fell_back:,} left to the emulator")
    assert difference == ""
    assert totals.instructions >= INSTRUCTIONS
    counts = table.by_form(totals.taken)
    assert {form.name for form in FORMS if not sum(counts[form.name].values())} == set()
    missing = table.missing(totals.taken)
    assert len(missing) < FEW_MISSING, missing
    assert table.beyond(totals.taken) == []


def test_the_same_seed_makes_the_same_program(tmp_path: Path) -> None:
    first, again, other = Episode(7, 3), Episode(7, 3), Episode(7, 4)
    assert first.code.tobytes() == again.code.tobytes()
    assert first.registers == again.registers
    assert first.code.tobytes() != other.code.tobytes()
