"""The balance shows what a balance would: in digits, with noise, drift and evaporation, and stable or not."""

import numpy as np
import pytest

from plant.courses import S, even
from thecal_sim.plant import Plant
from thecal_sim.plant.balance import Balance, BalanceParameters

H = 3_600 * S
QUIET = BalanceParameters(noise_g=0, drift_g_per_h=0, evaporation_g_per_h=0)


def standing(grams):
    return lambda t_ns: np.full(len(t_ns), grams)


def test_a_quiet_balance_shows_the_mass_to_the_nearest_digit():
    assert Balance(QUIET, standing(1.234_56), seed=1).reading_g(H) == (pytest.approx(1.2346), True)


def test_evaporation_and_drift_are_taken_off_hour_by_hour():
    parameters = BalanceParameters(noise_g=0, drift_g_per_h=0.001, evaporation_g_per_h=0.01)
    balance = Balance(parameters, standing(5.0), seed=3)
    shown, _ = balance.reading_g(10 * H)
    assert shown == pytest.approx(5 + 10 * (balance.drift_g_per_h - 0.01), abs=0.000_051)


def test_the_drift_of_many_balances_has_the_spread_that_is_asked_for():
    parameters = BalanceParameters(drift_g_per_h=0.002)
    drifts = [Balance(parameters, standing(0), seed).drift_g_per_h for seed in range(400)]
    assert np.std(drifts) == pytest.approx(0.002, rel=0.1)


def test_the_noise_has_the_spread_that_is_asked_for():
    balance = Balance(BalanceParameters(0.000_001, 0.001, 0, 0), standing(1.0), seed=5)
    shown = [balance.reading_g(number * S)[0] for number in range(1, 500)]
    assert np.std(shown) == pytest.approx(0.001, rel=0.1)
    assert np.mean(shown) == pytest.approx(1.0, abs=0.000_2)


def test_a_mass_that_still_changes_is_not_stable():
    plant = Plant()
    plant.turn(even(100, 4_000_000))
    assert not plant.reading_g()[1]
    plant.advance(10 * S)
    assert plant.reading_g()[1]


def test_a_reading_depends_on_the_instant_and_the_seed_only():
    once, often = (Balance(BalanceParameters(), standing(1.0), seed=7) for _ in range(2))
    for t_ns in range(0, H, 100 * S):
        often.reading_g(t_ns)
    assert once.reading_g(H) == often.reading_g(H)
    others = {Balance(BalanceParameters(), standing(1.0), seed).reading_g(H)[0] for seed in range(30)}
    assert len(others) > 1
