"""A few lives of ``make meter``, and that it notices a meter that holds nothing back, or too much."""

from __future__ import annotations

import pytest

from thecal_fw.pump.dose_meter import DoseMeter
from therapy.meter_campaign import carried_out


@pytest.mark.requirement("meter-holds-a-bolus", "meter-never-needless", "meter-basal")
def test_a_corrupted_history_passes_no_window_and_nothing_is_held_back_needlessly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("therapy.meter_campaign._LIVES", 2)
    part = carried_out("", 0)
    assert part.violations == []
    assert part.outcomes["held"] > 0


@pytest.mark.parametrize("holds", [False, True])
def test_a_meter_that_never_holds_or_always_does_is_noticed(
    holds: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("therapy.meter_campaign._LIVES", 1)
    monkeypatch.setattr(DoseMeter, "holds", lambda self, dose, line, tick: holds)
    assert carried_out("", 0).violations
