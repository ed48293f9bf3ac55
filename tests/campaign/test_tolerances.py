"""The draw of a run: by its seed alone, within its spread, and always a plant that can be."""

from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thecal_hil.campaigns.weeks.course_of_days import celsius_at, let_days_pass
from thecal_hil.campaigns.weeks.tolerances import TOLERANCES, Normal, drawn_by, plant_of
from thecal_sim.plant import Plant
from thecal_sim.units import NS_PER_DAY

H = NS_PER_DAY // 24


@given(st.integers(0, 1 << 40))
def test_any_seed_draws_a_pump_within_its_tolerances_and_the_same_one_each_time(seed: int) -> None:
    drawn = drawn_by(seed)
    assert drawn == drawn_by(seed)
    for name, value in asdict(drawn).items():
        spread = TOLERANCES[name]
        if isinstance(spread, Normal):
            assert abs(value - spread.mean) <= 3 * spread.deviation
        else:
            assert spread.least <= value <= spread.most
    # Refuses a pulsation that would move something back.
    Plant(plant_of(drawn), seed)


def test_pumps_of_many_seeds_are_spread_as_the_tolerances_say_and_independently() -> None:
    pumps = [asdict(drawn_by(seed)) for seed in range(2_000)]
    columns = {name: np.array([pump[name] for pump in pumps]) for name in TOLERANCES}
    for name, spread in TOLERANCES.items():
        if isinstance(spread, Normal):
            mean, deviation = spread.mean, spread.deviation * 0.9866
        else:
            mean, deviation = (spread.least + spread.most) / 2, (spread.most - spread.least) / 12**0.5
        assert columns[name].mean() == pytest.approx(mean, abs=0.1 * deviation)
        assert columns[name].std() == pytest.approx(deviation, rel=0.06)
    together = np.corrcoef(np.array(list(columns.values()))) - np.eye(len(columns))
    assert np.abs(together).max() < 0.1


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="seed"):
        drawn_by(-1)


def test_what_was_drawn_is_what_the_plant_has() -> None:
    drawn = replace(drawn_by(7), calibration_error_percent=3.0, wear_loss_percent=2.5, begins_at_rev=0.5)
    plant = plant_of(drawn)
    assert plant.rotor.nl_per_rev == pytest.approx(51_500)
    assert plant.rotor.wear.final_loss == pytest.approx(0.025)
    assert plant.rotor.begins_at_microstep == 1_600
    assert plant.drug_front.catheter_nl == drawn.catheter_nl
    assert plant.line.compliance_nl_per_kpa == drawn.compliance_nl_per_kpa


def test_the_patient_lies_at_night_and_it_is_warmest_in_the_afternoon() -> None:
    drawn = drawn_by(3)
    plant = Plant(plant_of(drawn))
    let_days_pass(plant, drawn, 0, 2)
    upright = drawn.lying_kpa + drawn.upright_rise_kpa
    for after_h, kpa in (
        (9, upright),
        (11, drawn.lying_kpa),
        (17, drawn.lying_kpa),
        (19, upright),
        (35, drawn.lying_kpa),
    ):
        plant.advance(after_h * H)
        assert plant.conditions.back_pressure_kpa == kpa
    assert celsius_at(drawn, 15) == pytest.approx(drawn.mean_celsius + drawn.daily_swing_kelvin)
    assert celsius_at(drawn, 3) == pytest.approx(drawn.mean_celsius - drawn.daily_swing_kelvin)
