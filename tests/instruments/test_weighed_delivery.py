"""The pump's delivery, weighed as on a bench: the plant's balance read by the driver over a pseudo-terminal."""

from __future__ import annotations

from collections.abc import Iterator
from math import pi, sqrt

import numpy as np
import pytest
import serial

from thecal_hil.course.course import MICROSTEPS_PER_NL, Course, local_second
from thecal_hil.course.therapy import continuous
from thecal_hil.instruments.balance import Balance
from thecal_hil.instruments.simulated_balance import MtSics, SimulatedBalance
from thecal_hil.rigs.model_rig import ModelRig
from thecal_sim.metrics.volume import from_mass, from_pulses, volume_per_step
from thecal_sim.plant import Plant, PlantParameters

HOUR_S = 3_600
SEED = 20_261_129
TWO_REVOLUTIONS_AN_HOUR = 2_400_000
"""A whole revolution moves what the calibration says, whatever the pulsation within it."""
CHILDS_RATE = 423_800
TOO_FAST_TO_SETTLE = 24_000_000
"""Several digits in the time the balance takes to settle. All of them in nL a day."""
PARTS = PlantParameters()
UNCERTAIN_G = PARTS.balance.resolution_g + 4 * (sqrt(2) * PARTS.balance.noise_g + PARTS.balance.drift_g_per_h)
"""Of the difference between two readings an hour apart: rounded twice, with four deviations of noise and of drift."""


class Bench:
    """A pump with a plant on its shaft, and a balance under the tip that shows its weight in the pump's time."""

    def __init__(self, rig: ModelRig, balance: Balance, rate_nl_per_day: int) -> None:
        self.rig, self.balance = rig, balance
        self.course = Course(rig)
        self.course.set_time(local_second("2026-03-06 12:00"))
        self.course.refill(20_000_000)
        self.course.prescribe(continuous(rate_nl_per_day))

    def weighed(self) -> tuple[int, float]:
        return self.rig.now_ns, float(self.balance.weigh_stable().grams)

    def weighed_per_pulse(self, before: tuple[int, float], after: tuple[int, float]) -> tuple[float, float]:
        """Return how much was weighed for what the pulses say, 1 if they agree, and how uncertain the balance leaves
        that."""
        at_ns, mass_g = (np.array(column) for column in zip(before, after, strict=True))
        counted_nl = from_pulses(self.rig.step_times_ns, float(1 / MICROSTEPS_PER_NL), at_ns)
        weighed_nl = from_mass(mass_g, loss_g=PARTS.balance.evaporation_g_per_h)
        uncertain_nl = from_mass(np.array([0.0, UNCERTAIN_G]))[-1]
        return volume_per_step(counted_nl, weighed_nl), uncertain_nl / counted_nl[-1]

    def hour_weighed_per_pulse(self) -> tuple[float, float]:
        """Return the same for an hour that is weighed while the pump delivers."""
        self.course.start()
        self.rig.run_for(60)
        before = self.weighed()
        self.rig.run_for(HOUR_S)
        return self.weighed_per_pulse(before, self.weighed())


def pulsation_nl() -> float:
    """Return the most that a stretch of microsteps can move more or less than evenly, by the harmonics of the rotor."""
    harmonics = PARTS.rotor.harmonics
    return PARTS.rotor.nl_per_rev / pi * sum(one.amplitude / one.order for one in harmonics)


@pytest.fixture
def plant() -> Plant:
    return Plant(PARTS, SEED)


@pytest.fixture
def model_rig(plant: Plant) -> Iterator[ModelRig]:
    opened = ModelRig()
    opened.attach(plant)
    yield opened
    opened.close()


@pytest.fixture
def balance(model_rig: ModelRig, plant: Plant) -> Iterator[Balance]:
    # The balance waits in its own thread; the pump's time stands still for as long as the driver waits for an answer.
    with (
        SimulatedBalance(MtSics(plant), now_ns=lambda: model_rig.now_ns) as simulated,
        serial.Serial(simulated.path, timeout=1, write_timeout=1, exclusive=True) as port,
    ):
        driver = Balance(port, stable_within_s=5)
        driver.cancel()
        yield driver


@pytest.mark.requirement("balance-readings")
def test_an_hour_of_two_revolutions_weighs_what_its_pulses_say_to_half_a_percent(model_rig, balance):
    bench = Bench(model_rig, balance, TWO_REVOLUTIONS_AN_HOUR)
    factor, uncertain = bench.hour_weighed_per_pulse()
    assert uncertain < 0.005
    assert factor == pytest.approx(1, abs=uncertain)
    bench.course.must_be_ideal()


def test_an_hour_at_a_childs_rate_weighs_what_its_pulses_say_but_for_the_pulsation_of_a_third_of_a_revolution(
    model_rig, balance
):
    bench = Bench(model_rig, balance, CHILDS_RATE)
    factor, uncertain = bench.hour_weighed_per_pulse()
    hour_nl = CHILDS_RATE / 24
    assert factor == pytest.approx(1, abs=uncertain + pulsation_nl() / hour_nl)
    bench.course.must_be_ideal()


def test_tubing_that_moves_less_shows_on_the_balance_and_not_in_the_pulses(model_rig, balance, plant):
    plant.set_wear_factor(0.9)
    bench = Bench(model_rig, balance, TWO_REVOLUTIONS_AN_HOUR)
    factor, uncertain = bench.hour_weighed_per_pulse()
    assert factor == pytest.approx(0.9, abs=uncertain)
    bench.course.must_be_ideal()


def test_a_vessel_that_fills_too_fast_to_be_weighed_is_weighed_once_the_pump_has_stopped(model_rig, balance):
    bench = Bench(model_rig, balance, TOO_FAST_TO_SETTLE)
    before = bench.weighed()
    bench.course.start()
    model_rig.run_for(HOUR_S)
    assert not balance.weigh().is_stable
    bench.course.stop()
    model_rig.run_for(600)
    factor, uncertain = bench.weighed_per_pulse(before, bench.weighed())
    assert factor == pytest.approx(1, abs=uncertain)
