"""The fluid's ways elsewhere than from the head to the tip: it slips back, leaks, or runs by itself."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plant.courses import S, even
from thecal_sim.plant import Plant, PlantParameters, Quantity
from thecal_sim.plant.line import LineParameters, compliance_of_tube
from thecal_sim.plant.rotor import DIPPING_ROLLERS, RotorParameters
from thecal_sim.plant.wear import NO_WEAR

SMOOTH = RotorParameters(harmonics=(), wear=NO_WEAR)
DIPPING = replace(DIPPING_ROLLERS, wear=NO_WEAR)
NL = 15.625


def plant_with(rotor=SMOOTH, **line):
    return Plant(PlantParameters(rotor=rotor, line=replace(LineParameters(), **line)))


def test_a_metre_of_silicone_tube_stores_what_a_thick_walled_cylinder_does():
    # Summed over thin rings of an incompressible wall, each carrying its share of the pressure.
    radii = np.linspace(0.265, 0.655, 200_001)
    middles = (radii[1:] + radii[:-1]) / 2
    # u r is constant; the pressure that a displacement takes is the integral of 2 (sigma_t - sigma_r) / 2r dr.
    pressure_per_ur = (4 / 3 * 3e3 * np.diff(radii) / middles**3).sum()
    area_per_kpa = 2 * np.pi / pressure_per_ur
    assert compliance_of_tube(1.0, 0.53, 1.31, 3.0) == pytest.approx(area_per_kpa * 1e6, rel=1e-4)
    assert LineParameters().compliance_nl_per_kpa == pytest.approx(264, abs=1)
    with pytest.raises(ValueError, match="bore_mm"):
        compliance_of_tube(1.0, 2.0, 1.0, 3.0)


def test_rollers_let_slip_what_is_beyond_their_pressure_and_nothing_is_lost():
    plant = plant_with(compliance_nl_per_kpa=10.0, slips_at_kpa=100.0)
    plant.occlude()
    assert plant.turn(even(200, 3 * S)) == 200
    state = plant.state()
    assert state.pressure_kpa == pytest.approx(100.0)
    assert state.slipped_nl == pytest.approx(200 * NL - 1_000)
    assert state.moved_nl == pytest.approx(1_000)
    before = plant.parameters.reservoir
    assert state.reservoir_nl == pytest.approx(before.begins_with_nl + before.residual_nl - 1_000)


def test_a_tube_that_bursts_gives_out_there_what_it_held_and_all_that_follows():
    plant = plant_with(compliance_nl_per_kpa=10.0, slips_at_kpa=500.0, bursts_at_kpa=200.0)
    plant.turn(even(50, 3 * S))
    before = plant.state()
    plant.occlude()
    plant.turn(even(300, 3 * S, 150 * S))
    state = plant.state(2_000 * S)
    assert plant.conditions.is_broken
    assert state.out_nl == pytest.approx(before.out_nl)
    assert state.leaked_nl == pytest.approx(300 * NL + before.stored_nl)
    assert state.pressure_kpa == pytest.approx(0, abs=1e-6)
    highest = plant.curve(Quantity.PRESSURE, even(300, 3 * S, 150 * S)).max()
    assert 200 < highest <= 200 + NL / 10


def test_what_runs_through_the_head_by_itself_comes_out_and_leaves_the_reservoir():
    plant = plant_with()
    plant.siphon(278.0)
    plant.turn(even(100, 3 * S))
    state = plant.state(600 * S)
    assert state.out_nl == pytest.approx(100 * NL + 600 * 278.0, abs=0.1)
    before = plant.parameters.reservoir
    assert state.reservoir_nl == pytest.approx(before.begins_with_nl + before.residual_nl - state.moved_nl)
    plant.occlude()
    assert plant.state(900 * S).out_nl == pytest.approx(state.out_nl)
    plant.release()
    plant.siphon(0.0)
    assert plant.state(999 * S).out_nl == pytest.approx(state.out_nl, abs=1)


def test_a_line_broken_before_its_tip_loses_the_pressure_of_the_tip():
    plant = plant_with()
    plant.set_back_pressure(1.2)
    plant.turn(even(100, 3 * S))
    assert plant.state().pressure_kpa == pytest.approx(1.2, abs=0.1)
    at_break = plant.state()
    plant.break_line()
    plant.turn(even(100, 3 * S, 300 * S))
    state = plant.state(700 * S)
    assert state.pressure_kpa == pytest.approx(0, abs=0.01)
    assert state.out_nl == pytest.approx(at_break.out_nl)
    assert state.leaked_nl == pytest.approx(100 * NL + at_break.stored_nl)
    plant.mend_line()
    plant.turn(even(100, 3 * S, 700 * S))
    assert plant.state(1_100 * S).out_nl > at_break.out_nl


def test_where_a_roller_draws_back_the_outflow_stands_still_until_it_has_been_made_up_for():
    plant = plant_with(DIPPING, compliance_nl_per_kpa=50.0)
    times = even(3_200, 3 * S)
    plant.turn(times)
    out = plant.curve(Quantity.OUT, times)
    moved = plant.curve(Quantity.MOVED, times)
    assert np.diff(moved).min() < 0
    assert np.diff(out).min() >= -1e-9
    standing = np.diff(out) < 1e-6
    assert 0.05 < standing.mean() < 0.4
    assert moved[-1] == pytest.approx(50_000)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 3_199), max_size=4), st.booleans())
def test_rollers_that_draw_back_are_the_same_told_in_bulk_or_in_parts(cuts, closes):
    parts = PlantParameters(rotor=DIPPING, line=LineParameters(compliance_nl_per_kpa=20.0, slips_at_kpa=60.0))
    in_bulk, in_parts = Plant(parts), Plant(parts)
    times = even(3_200, 3 * S)
    for plant in (in_bulk, in_parts):
        if closes:
            plant.at(1_500 * S, plant.occlude)
    in_bulk.turn(times)
    for part in np.split(times, sorted(set(cuts))):
        in_parts.turn(part)
        in_parts.state()
    assert in_bulk.state() == in_parts.state()
