"""The figures that the plant has to keep to: what half a year takes, and what it costs the emulated board."""

import pytest

from thecal_hil.campaigns.lock_step import MOST_COST, lock_step_cost
from thecal_sim.plant.full_cycle import full_cycle


@pytest.mark.requirement("long-run")
def test_two_weeks_with_patient_boluses_are_delivered_to_the_pulse_and_the_plant_agrees() -> None:
    result = full_cycle(14, seed=1)
    assert result.wrong == ()
    assert result.boluses == 42
    assert result.state.turned == result.check.pulses > 380_000
    # The figure to reach is a minute for 180 days; a test has to live with what else runs.
    assert result.total_s < 30


def test_a_refill_in_between_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("thecal_sim.plant.full_cycle.REFILL_EVERY_DAYS", 1)
    result = full_cycle(3)
    assert result.refills == 2
    assert result.wrong == ()


@pytest.mark.campaign
def test_the_plant_slows_the_emulated_board_by_no_more_than_a_quarter() -> None:
    assert lock_step_cost(24_000_000, 60).cost <= MOST_COST
