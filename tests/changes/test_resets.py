"""Resets of every cause as `make changes` tries them, and what that would notice."""

from __future__ import annotations

import os

import pytest

from thecal_hil.campaigns.changes.resets import AT_ONCE, LASTING, every_reset
from thecal_hil.contract.image import image_under_test
from thecal_hil.emulator import fixes

pytestmark = pytest.mark.skipif(
    "THECAL_UF2" in os.environ, reason="a stock image is used: too slow for these"
)


@pytest.mark.requirement("reset-cause", "never-programmed-delivers-nothing")
@pytest.mark.parametrize("flash", ["blank", "zeros"])
def test_after_a_reset_of_any_cause_cause_time_and_delivery_are_right(flash):
    found = every_reset(image_under_test(), f"silicon,flash={flash}", stays_s=(0, 20))
    assert found.wrong == []
    assert found.cases == 1 + 1 + len(AT_ONCE) + 2 * len(LASTING)


@pytest.mark.requirement("reset-cause")
def test_a_boot_rom_that_leaves_the_mark_of_a_life_is_noticed(monkeypatch):
    monkeypatch.setattr(fixes.SystemConfiguration, "reset", lambda self: None)
    monkeypatch.setattr(fixes.SystemConfiguration, "enter_boot_rom", lambda self: None)
    found = every_reset(image_under_test(), "silicon,flash=blank", stays_s=(0,))
    assert any("cause" in what for what in found.wrong)
