"""The plant as a whole: nothing is lost, nothing flows back, and how it gets the microsteps changes nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plant.courses import S, courses, disturbances, even
from thecal_sim.plant import UNITS, Plant, PlantParameters, Quantity
from thecal_sim.virtual_time import VirtualTime


@st.composite
def disturbed_courses(draw):
    times = draw(courses())
    return times, draw(disturbances(int(times[-1])))


def told(parts, planned, **settings):
    plant = Plant(**settings)
    for disturbance in planned:
        disturbance.plan(plant)
    turned = np.concatenate([plant.turned_of(part) for part in parts])
    return plant, turned.tolist()


@settings(max_examples=40, deadline=None)
@given(disturbed_courses(), st.data())
def test_told_one_by_one_or_in_bulk_the_same_microsteps_are_turned_and_the_state_is_the_same(course, data):
    times, planned = course
    cuts = sorted(data.draw(st.sets(st.integers(1, len(times)), max_size=5)))
    in_bulk, turned = told([times], planned)
    in_parts, turned_in_parts = told([part for part in np.split(times, cuts) if len(part)], planned)
    one_by_one = Plant()
    for disturbance in planned:
        disturbance.plan(one_by_one)
    assert turned == turned_in_parts == [one_by_one.step(t_ns) for t_ns in times.tolist()]
    end_ns = int(times[-1]) + 10 * S
    assert in_bulk.state(end_ns) == in_parts.state(end_ns) == one_by_one.state(end_ns)


@settings(max_examples=40, deadline=None)
@given(disturbed_courses())
def test_what_is_moved_has_left_the_reservoir_and_is_out_or_stored(course):
    times, planned = course
    planned = [disturbance for disturbance in planned if disturbance.what != "refill"]
    plant, turned = told([times], planned)
    state = plant.state(int(times[-1]) + S)
    before = plant.parameters.reservoir
    assert state.moved_nl == pytest.approx(state.out_nl + state.stored_nl + state.leaked_nl)
    left_nl = before.begins_with_nl + before.residual_nl - state.reservoir_nl
    assert state.moved_nl == pytest.approx(left_nl + state.air_nl, abs=1e-6)
    assert (state.turned, state.missed) == (sum(turned), len(times) - sum(turned))


@settings(max_examples=40, deadline=None)
@given(disturbed_courses())
def test_nothing_ever_flows_back(course):
    times, planned = course
    plant, _ = told([times], planned)
    end_ns = int(times[-1]) + S
    instants = sorted({0, end_ns, *times.tolist(), *(disturbance.t_ns for disturbance in planned)})
    for quantity in (Quantity.MOVED, Quantity.OUT, Quantity.DOSE_AT_TIP, Quantity.MASS):
        plant.advance(end_ns)
        curve = plant.curve(quantity, instants)
        assert np.diff(curve).min(initial=0.0) >= -1e-9 * max(1.0, curve[-1]), quantity


@settings(max_examples=20, deadline=None)
@given(disturbed_courses(), st.integers(0, 1 << 60))
def test_the_same_seed_gives_the_same_plant(course, seed):
    times, planned = course
    end_ns = int(times[-1]) + S
    plants = [told([times], planned, seed=seed)[0] for _ in range(2)]
    assert plants[0].state(end_ns) == plants[1].state(end_ns)
    assert plants[0].reading_g(end_ns) == plants[1].reading_g(end_ns)


@settings(max_examples=20, deadline=None)
@given(disturbed_courses())
def test_to_look_changes_nothing(course):
    times, planned = course
    watched, unwatched = Plant(), Plant()
    for disturbance in planned:
        disturbance.plan(watched)
        disturbance.plan(unwatched)
    for number, t_ns in enumerate(times.tolist()):
        watched.step(t_ns)
        if number % 50 == 0:
            watched.state()
    unwatched.turn(times)
    assert watched.state() == unwatched.state()


@settings(max_examples=20, deadline=None)
@given(disturbed_courses())
def test_a_curve_shows_the_states_that_there_were(course):
    times, planned = course
    plant = Plant()
    for disturbance in planned:
        disturbance.plan(plant)
    instants, states = [], []
    for part in np.array_split(times, 6):
        plant.turn(part)
        states.append(plant.state())
        instants.append(states[-1].t_ns)
    for quantity in Quantity:
        then = [getattr(state, quantity.value) for state in states]
        assert plant.curve(quantity, instants) == pytest.approx(then, rel=1e-9, abs=1e-9), quantity


def test_a_disturbance_that_is_planned_comes_at_its_instant():
    plant = Plant()
    plant.at(150 * S, plant.occlude)
    plant.at(200 * S, plant.release)
    times = even(100, 3 * S)
    plant.turn(times)
    out = plant.curve(Quantity.OUT, [140 * S, 149 * S, 199 * S, 201 * S])
    assert out[0] < out[1] < out[3]
    assert out[1] == pytest.approx(out[2])


def test_a_microstep_at_the_instant_of_a_disturbance_comes_before_it():
    for feed in (lambda plant: plant.turn([S, 2 * S]), lambda plant: [plant.step(S), plant.step(2 * S)]):
        plant = Plant()
        plant.at(2 * S, lambda plant=plant: plant.set_load(100))
        feed(plant)
        assert plant.state().turned == 2


def test_a_plant_with_a_past_is_attached_to_nothing():
    plant = Plant()
    plant.step(S)
    with pytest.raises(ValueError, match="past"):
        plant.live_in(VirtualTime(), lambda: None)


def test_nothing_is_told_or_planned_for_the_past():
    plant = Plant()
    plant.advance(10 * S)
    with pytest.raises(ValueError, match="already"):
        plant.step(9 * S)
    with pytest.raises(ValueError, match="in the past"):
        plant.at(9 * S, plant.occlude)
    with pytest.raises(ValueError, match="before the beginning"):
        plant.curve(Quantity.OUT, [-1])


def test_a_plant_that_shares_its_time_is_not_asked_about_the_future():
    plant = Plant(PlantParameters(), env=VirtualTime())
    with pytest.raises(ValueError, match="lies ahead"):
        plant.state(S)


def test_every_quantity_has_a_unit_and_an_empty_curve():
    assert set(UNITS) == set(Quantity)
    assert len(Plant().curve(Quantity.OUT, [])) == 0
