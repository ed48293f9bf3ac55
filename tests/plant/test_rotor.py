"""The rotor pulsates, wears and warms, and a revolution moves what is calibrated."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thecal_sim.plant.rotor import DIPPING_ROLLERS, Harmonic, Rotor, RotorParameters
from thecal_sim.plant.wear import NO_WEAR, WearParameters

MICROSTEPS = 3_200
UNWORN = RotorParameters(wear=NO_WEAR)

harmonics = st.lists(
    st.builds(Harmonic, st.integers(1, 40), st.floats(0, 0.2), st.floats(0, 6.3)), max_size=4
).map(tuple)
tables = st.lists(st.floats(0.01, 5), min_size=2, max_size=50).map(tuple)
pulsations = st.one_of(
    harmonics.map(lambda found: replace(UNWORN, harmonics=found)),
    tables.map(lambda found: replace(UNWORN, measured=found)),
)


@given(pulsations, st.integers(0, MICROSTEPS - 1))
def test_a_revolution_moves_the_calibrated_volume_wherever_it_begins(parameters, begin):
    rotor = Rotor(replace(parameters, begins_at_microstep=begin), MICROSTEPS)
    whole = np.arange(0, 5 * MICROSTEPS, MICROSTEPS)
    assert rotor.volume_nl(whole) == pytest.approx(50_000 * np.arange(5), rel=1e-12, abs=1e-6)


@given(pulsations)
def test_the_ripple_adds_up_to_nothing_over_a_revolution_and_nothing_flows_back(parameters):
    rotor = Rotor(parameters, MICROSTEPS)
    moved = np.diff(rotor.volume_nl(np.arange(MICROSTEPS + 1)))
    assert (moved - 50_000 / MICROSTEPS).sum() == pytest.approx(0, abs=1e-6)
    assert moved.min() >= 0
    assert moved.max() <= rotor.greatest_nl_per_microstep * (1 + 1e-6)


def test_a_harmonic_gives_the_flow_of_its_formula():
    rotor = Rotor(replace(UNWORN, harmonics=(Harmonic(3, 0.4, 0.7),)), MICROSTEPS)
    k = np.arange(MICROSTEPS)
    ideal = 15.625 * (1 + 0.4 * np.cos(2 * np.pi * 3 * (k + 0.5) / MICROSTEPS + 0.7))
    assert np.diff(rotor.volume_nl(np.arange(MICROSTEPS + 1))) == pytest.approx(ideal, abs=1e-6)


def test_a_measured_table_is_followed_part_by_part():
    rotor = Rotor(replace(UNWORN, measured=(1.0, 3.0)), MICROSTEPS)
    assert rotor.volume_nl(np.array([1_600, 3_200])) == pytest.approx([12_500, 50_000])


def test_rollers_may_draw_back_and_a_revolution_still_moves_what_is_calibrated():
    measured = Rotor(replace(UNWORN, measured=(1.0, -0.1, 1.0)), MICROSTEPS)
    dipping = Rotor(replace(DIPPING_ROLLERS, wear=NO_WEAR), MICROSTEPS)
    for rotor in (measured, dipping):
        assert rotor.draws_back
        assert np.diff(rotor.volume_nl(np.arange(MICROSTEPS + 1))).min() < 0
        assert rotor.volume_nl(np.array([MICROSTEPS]))[0] == pytest.approx(50_000)
    assert not Rotor(UNWORN, MICROSTEPS).draws_back


def test_a_harmonic_that_is_none_is_refused():
    with pytest.raises(ValueError, match="order 0"):
        Rotor(replace(UNWORN, harmonics=(Harmonic(0, 0.1),)), MICROSTEPS)


def test_a_worn_tube_moves_the_integral_of_what_is_left_of_a_revolution():
    wear = WearParameters(final_loss=0.1, revolutions=50)
    revs = np.linspace(0, 400, 400_001)
    middles = (revs[1:] + revs[:-1]) / 2
    a_rev = 1 - 0.1 * (1 - np.exp(-middles / 50))
    assert wear.new_tube_revs(revs[-1:])[0] == pytest.approx((a_rev * np.diff(revs)).sum(), rel=1e-9)
    assert wear.new_tube_revs(np.array([1e-6]))[0] == pytest.approx(1e-6)


def test_a_warmer_tube_moves_its_share_more():
    rotor = Rotor(UNWORN, MICROSTEPS)
    assert rotor.scale_at(20) == 1
    assert rotor.scale_at(37) == pytest.approx(1 + 17 * 0.001)
