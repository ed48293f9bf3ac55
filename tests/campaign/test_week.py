"""One run: what it finds of a pump follows from what was drawn for it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thecal_hil.campaigns.weeks import week
from thecal_hil.campaigns.weeks.replay import replay, told
from thecal_hil.campaigns.weeks.tolerances import drawn_by
from thecal_hil.campaigns.weeks.week import pump_instants, run_week, what_is_wrong, wrong_among
from thecal_hil.rigs.model_rig import ModelRig
from thecal_sim.units import NS_PER_DAY


@pytest.fixture(scope="module")
def row() -> week.Row:
    return run_week(ModelRig(), 3, 2)


def test_the_same_seed_gives_the_same_row_to_the_last_bit(row: week.Row) -> None:
    assert run_week(ModelRig(), 3, 2) == row


def test_the_pump_counts_what_is_prescribed_whatever_its_head_makes_of_it(row: week.Row) -> None:
    assert what_is_wrong(row) == ()
    # A microstep in two days, and the crystal.
    assert row["counted_error_percent"] == pytest.approx(row["crystal_ppm"] * 1e-4, abs=0.002)
    assert row["worst_count_error_microsteps"] <= 0.5 + 1e-6


def test_the_error_is_that_of_calibration_wear_and_temperature_less_what_the_line_keeps(
    row: week.Row,
) -> None:
    warm = 1 + 0.001 * (row["mean_celsius"] - 20)
    # Two days are 17 revolutions of a tube that wears over hundreds.
    worn = row["wear_loss_percent"] / 100 * 17 / (2 * row["wear_revolutions"])
    expected = 100 * ((1 + row["calibration_error_percent"] / 100) * warm * (1 - worn) - 1)
    assert row["overall_error_percent"] == pytest.approx(expected, abs=0.3)


def test_the_balance_and_the_dose_agree_with_the_volume_within_what_they_resolve(row: week.Row) -> None:
    assert row["weighed_error_percent"] == pytest.approx(row["overall_error_percent"], abs=0.5)
    assert row["dose_error_percent"] == pytest.approx(row["overall_error_percent"], abs=1e-6)


def test_longer_windows_of_the_trumpet_are_nearer_to_each_other(row: week.Row) -> None:
    for most, least in ((15, 60), (150, 330), (330, 930)):
        spread = [
            row[f"trumpet_{window}_min_most_percent"] - row[f"trumpet_{window}_min_least_percent"]
            for window in (most, least)
        ]
        assert spread[1] < spread[0]


def test_a_pump_whose_crystal_is_fast_lives_more_seconds_in_a_day_than_there_are() -> None:
    instants = pump_instants(1_000, 24, 50.0)
    assert len(instants) == 97
    assert instants[0] == 1_000
    assert instants[-1] - instants[0] == NS_PER_DAY + round(NS_PER_DAY * 50e-6)


def test_what_no_tolerance_excuses_is_told(row: week.Row) -> None:
    broken = {**row, "microsteps_missed": 3, "worst_count_error_microsteps": 1.5, "active_alarms": 2}
    assert what_is_wrong(broken) == (
        "3 microsteps missed",
        "1.500 microsteps off what was due",
        "alarms 0x2 at the end",
    )


A_FIGURE = st.sampled_from([0.0, 1.0, 1.0000001, -3.0, float("nan")])
A_NUMBER = st.sampled_from([0, 1, 6, -1])


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "microsteps_missed": A_NUMBER,
            "active_alarms": A_NUMBER,
            "worst_count_error_microsteps": A_FIGURE,
            "crystal_ppm": A_FIGURE,
        },
    )
)
def test_among_many_rows_those_are_found_of_which_something_wrong_is_told(
    row: week.Row, changes: dict[str, int | float]
) -> None:
    changed = {**row, **changes}
    columns = {name: np.array([row[name], changed[name]], np.float64) for name in row}
    assert wrong_among(columns).tolist() == [False, bool(what_is_wrong(changed))]


@pytest.mark.parametrize("days", [0, 36])
def test_a_number_of_days_that_the_fill_does_not_last_is_refused(days: int) -> None:
    with pytest.raises(ValueError, match="days"):
        run_week(ModelRig(), 0, days)


@pytest.mark.parametrize("hours", [0, 49])
def test_hours_that_a_run_has_not_got_are_refused(hours: int) -> None:
    with pytest.raises(ValueError, match="hours"):
        run_week(ModelRig(), 0, 2, hours)


def test_the_first_hours_of_a_run_are_those_of_the_whole(row: week.Row) -> None:
    first = run_week(ModelRig(), 3, 2, hours=3)
    assert first["first_hour_error_percent"] == pytest.approx(row["first_hour_error_percent"], abs=1e-9)
    assert first["delivered_nl"] == pytest.approx(row["delivered_nl"] * 3 / 48, rel=0.03)
    assert [name for name in row if name not in first] == [
        f"trumpet_{window}_min_{end}_percent" for window in (330, 570, 930) for end in ("most", "least")
    ], "windows that are longer than three hours"
    assert what_is_wrong(first) == ()


def test_a_run_is_done_again_by_its_seed(row: week.Row) -> None:
    again, on_model = replay(3, 2, "model")
    assert again == on_model == row
    shown = told({**again, "delivered_nl": again["delivered_nl"] + 2}, on_model)
    assert "differs by 2" in shown
    assert shown.count("differs") == 1
    assert "differs" not in told({**again, "delivered_nl": again["delivered_nl"] + 1e-8}, on_model), (
        "rounding"
    )
    assert f"{drawn_by(3).crystal_ppm:.6g}" in shown


def test_a_figure_that_is_not_a_number_is_wrong(row: week.Row) -> None:
    found = what_is_wrong({**row, "worst_count_error_microsteps": float("nan")})
    assert "worst_count_error_microsteps is not a number" in found
    assert what_is_wrong({**row, "delivered_nl": float("nan")}) == ("delivered_nl is not a number",)
