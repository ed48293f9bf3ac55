"""The line stores and resists as its equation says, held against a course of small time steps."""

from math import exp

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plant.courses import S, even
from thecal_sim.plant import Plant, PlantParameters, Quantity
from thecal_sim.plant.conditions import Conditions
from thecal_sim.plant.line import LineParameters, decaying_sums
from thecal_sim.plant.rotor import RotorParameters
from thecal_sim.plant.wear import NO_WEAR

SMOOTH = RotorParameters(harmonics=(), wear=NO_WEAR)
SOFT = LineParameters(compliance_nl_per_kpa=100, resistance_kpa_s_per_nl=0.04)
"""A time constant of 4 s."""
NL = 15.625


def plant_with(line=SOFT, **conditions):
    return Plant(PlantParameters(rotor=SMOOTH, line=line, conditions=Conditions(**conditions)))


def test_between_two_microsteps_the_pressure_falls_with_the_time_constant():
    plant = plant_with()
    plant.turn([10 * S])
    instants = [10 * S, 12 * S, 14 * S, 30 * S]
    ideal = [NL / 100 * exp(-passed / 4) for passed in (0, 2, 4, 20)]
    assert plant.curve(Quantity.PRESSURE, instants) == pytest.approx(ideal)
    assert plant.curve(Quantity.OUT, instants) == pytest.approx([NL - 100 * kpa for kpa in ideal])


def test_an_even_course_settles_at_the_flow_times_the_resistance():
    plant = plant_with()
    plant.turn(even(2_000, S // 10))
    # Just after a microstep it stands above that by part of the volume of one.
    highest = NL / 100 / (1 - exp(-0.1 / 4))
    assert plant.state().pressure_kpa == pytest.approx(highest, rel=1e-9)
    assert plant.state().pressure_kpa == pytest.approx(NL * 10 * 0.04, rel=0.02)


def test_a_closed_line_holds_what_is_moved_and_gives_it_out_when_it_opens():
    plant = plant_with(back_pressure_kpa=2.0)
    plant.turn(even(100, 3 * S))
    plant.occlude()
    before = plant.state()
    plant.turn(even(200, 3 * S, 300 * S))
    closed = plant.state()
    assert closed.out_nl == pytest.approx(before.out_nl)
    assert closed.pressure_kpa - before.pressure_kpa == pytest.approx(200 * NL / 100)
    plant.release()
    plant.advance(900 * S + 4 * S)
    released = plant.state()
    bolus_nl = (closed.pressure_kpa - 2.0) * 100
    assert released.out_nl - closed.out_nl == pytest.approx(bolus_nl * (1 - exp(-1)))
    plant.advance(2_000 * S)
    assert plant.state().out_nl - closed.out_nl == pytest.approx(bolus_nl)


def test_nothing_comes_out_against_a_higher_back_pressure_until_the_pump_has_made_up_for_it():
    plant = plant_with()
    plant.set_back_pressure(10.0)
    times = even(200, 60 * S)
    plant.turn(times)
    out = plant.curve(Quantity.OUT, times)
    needed = int(10.0 * 100 / NL)
    assert out[:needed] == pytest.approx(np.zeros(needed), abs=1e-9)
    assert plant.curve(Quantity.PRESSURE, times[:needed]) == pytest.approx(
        NL / 100 * np.arange(1, needed + 1)
    )
    assert np.diff(out[needed + 1 :]) == pytest.approx(NL, rel=1e-5)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 20 * S), min_size=1, max_size=60), st.booleans(), st.floats(-0.4, 0.4))
def test_the_outflow_is_what_small_time_steps_make_of_the_equation(gaps, has_ripple, back_kpa):
    rotor = RotorParameters(wear=NO_WEAR) if has_ripple else SMOOTH
    plant = Plant(PlantParameters(rotor=rotor, line=SOFT))
    plant.set_back_pressure(back_kpa)
    times = np.cumsum(np.array(gaps, np.int64))
    slow = times[np.append(True, np.diff(times) > 2_000_000)]
    plant.turn(slow)
    end_ns = int(slow[-1]) + 5 * S
    rises = np.diff(plant.curve(Quantity.MOVED, slow), prepend=0.0) / 100
    excess, out, at_ns = -back_kpa, 0.0, 0
    for t_ns, rise in [*zip(slow.tolist(), rises, strict=True), (end_ns, 0.0)]:
        steps = 1_000
        dt = (t_ns - at_ns) / S / steps
        for _ in range(steps if excess > 0 else 0):
            flow = excess / 0.04
            middle = (excess - flow * dt / 200) / 0.04
            out += middle * dt
            excess -= middle * dt / 100
        excess += rise
        at_ns = t_ns
    plant.advance(end_ns)
    assert plant.state().out_nl == pytest.approx(out, rel=1e-5, abs=1e-5)
    # What small steps leave out is in proportion to the excess, which the back pressure may nearly cancel.
    assert plant.state().pressure_kpa - back_kpa == pytest.approx(excess, rel=1e-5, abs=1e-7)


@given(
    st.lists(st.tuples(st.integers(1, 10**9), st.floats(0, 5)), min_size=1, max_size=200),
    st.integers(10**5, 10**10),
)
def test_decaying_sums_are_the_recurrence(entries, tau_ns):
    times = np.cumsum(np.array([gap for gap, _ in entries], np.int64))
    amounts = np.array([amount for _, amount in entries])
    total, ideal, before = 0.0, [], times[0]
    for t_ns, amount in zip(times, amounts, strict=True):
        total = total * exp(-(t_ns - before) / tau_ns) + amount
        before = t_ns
        ideal.append(total)
    assert decaying_sums(times, amounts, tau_ns) == pytest.approx(ideal, rel=1e-10, abs=1e-15)


def test_a_line_without_compliance_or_resistance_is_refused():
    with pytest.raises(ValueError, match="positive"):
        LineParameters(compliance_nl_per_kpa=0)
