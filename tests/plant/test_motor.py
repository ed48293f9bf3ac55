"""The motor turns what its torque allows, and loses whole electrical cycles when it does not."""

from math import inf, pi

import pytest

from plant.courses import S, even
from thecal_sim.plant import Plant, PlantParameters
from thecal_sim.plant.line import LineParameters
from thecal_sim.plant.motor import WEAK_MOTOR, MotorParameters
from thecal_sim.plant.rotor import RotorParameters
from thecal_sim.plant.wear import NO_WEAR

MOTOR = WEAK_MOTOR
SMOOTH = RotorParameters(harmonics=(), wear=NO_WEAR)
NL_PER_MICROSTEP = 15.625


def test_pull_out_torque_falls_evenly_from_standstill_to_nothing_at_the_greatest_speed():
    assert MOTOR.pull_out_mnm(inf) == MOTOR.pull_out_torque_mnm
    assert MOTOR.pull_out_mnm(2 / MOTOR.greatest_microsteps_per_s) == MOTOR.pull_out_torque_mnm / 2
    assert MOTOR.pull_out_mnm(1 / MOTOR.greatest_microsteps_per_s) == 0
    assert MOTOR.pull_out_mnm(0) == 0


def test_the_torque_of_a_pressure_is_its_work_over_the_angle():
    # 100 kPa times 50 uL is 5 mJ in a revolution of 2 pi.
    assert MOTOR.pressure_torque_mnm(100, NL_PER_MICROSTEP) == pytest.approx(5 / (2 * pi))
    assert MOTOR.pressure_kpa_at(5 / (2 * pi), NL_PER_MICROSTEP) == pytest.approx(100)


def test_a_closed_line_stalls_a_weak_motor_at_the_pressure_its_torque_allows():
    plant = Plant(PlantParameters(motor=MOTOR, rotor=SMOOTH))
    plant.occlude()
    plant.turn(even(8_000, 3 * S))
    pull_out_mnm = MOTOR.pull_out_mnm(3.0)
    stalls_at_kpa = (pull_out_mnm - MOTOR.friction_torque_mnm) * 2 * pi / (NL_PER_MICROSTEP * 3_200 * 1e-6)
    a_step_kpa = NL_PER_MICROSTEP / plant.parameters.line.compliance_nl_per_kpa
    assert stalls_at_kpa - a_step_kpa < plant.state().pressure_kpa <= stalls_at_kpa
    assert plant.state().turned == int(stalls_at_kpa / a_step_kpa)


@pytest.mark.parametrize("torque_mnm", [260.0, 300.0, 590.0])
def test_a_closed_line_never_stalls_a_motor_of_the_parts_list(torque_mnm):
    plant = Plant(PlantParameters(motor=MotorParameters(pull_out_torque_mnm=torque_mnm)))
    plant.occlude()
    at_424_ul_a_day = even(26 * 1_130, 3_184_000_000)
    assert plant.turn(at_424_ul_a_day) == len(at_424_ul_a_day)
    state = plant.state()
    assert state.missed == 0
    assert state.pressure_kpa == pytest.approx(plant.parameters.line.slips_at_kpa, abs=0.1)
    assert state.stored_nl == pytest.approx(350 * plant.parameters.line.compliance_nl_per_kpa, rel=1e-3)


def test_a_motor_that_is_pulled_out_loses_whole_electrical_cycles():
    plant = Plant(PlantParameters(motor=MOTOR, rotor=SMOOTH))
    times = even(200, S)
    plant.turn(times[:50])
    plant.set_load(10)
    plant.turn(times[50:60])
    plant.set_load(0)
    turned = plant.turned_of(times[60:])
    assert plant.state().missed == 64
    assert turned.tolist() == [False] * 54 + [True] * 86


def test_a_load_that_the_motor_bears_costs_nothing():
    plant = Plant(PlantParameters(motor=MOTOR, rotor=SMOOTH))
    plant.set_load(2.4)
    assert plant.turn(even(5_000, 3 * S)) == 5_000


def test_a_motor_that_is_stepped_too_fast_is_pulled_out():
    # 8,333 a second and more leave less than the friction takes; 7,692 leave more. The line takes next to nothing here.
    parameters = PlantParameters(motor=MOTOR, rotor=SMOOTH, line=LineParameters(1e6, 1e-9))
    slow = Plant(parameters)
    assert slow.turn(even(1_000, 130_000)) == 1_000
    assert slow.state().missed == 0
    # Each electrical cycle begins with a microstep after a pause that was long enough, if any.
    assert Plant(parameters).turn(even(1_000, 110_000)) <= 1


def test_microsteps_out_of_order_are_refused():
    with pytest.raises(ValueError, match="in order"):
        Plant().turn([2 * S, S])
    with pytest.raises(ValueError, match="at least 1"):
        MotorParameters(microsteps_per_rev=0)
