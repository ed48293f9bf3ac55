"""What is in the reservoir, what of it comes out at the tip and when, and what becomes of it there."""

from math import exp, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plant.courses import S, even
from thecal_fw.core.dead_volume import PUMP_TUBING_NL
from thecal_sim.plant import Plant, PlantParameters, Quantity
from thecal_sim.plant.csf import CsfCompartment, CsfParameters
from thecal_sim.plant.drug_front import DrugFront, DrugFrontParameters, gamma_shares
from thecal_sim.plant.motor import WEAK_MOTOR
from thecal_sim.plant.reservoir import Inlet, Reservoir, ReservoirParameters
from thecal_sim.plant.rotor import RotorParameters
from thecal_sim.plant.wear import NO_WEAR

SMOOTH = RotorParameters(harmonics=(), wear=NO_WEAR)
H = 3_600 * S


def at(*values):
    return np.array(values, np.float64)


# --- reservoir


def test_the_residual_stays_and_mixes_with_the_next_fill():
    reservoir = Reservoir(ReservoirParameters(residual_nl=1_000, begins_with_nl=5_000))
    instants = np.array([H, 2 * H, 3 * H])
    assert reservoir.content_nl(instants, at(0, 2_000, 2_000)).tolist() == [6_000, 4_000, 4_000]
    reservoir.refill(2 * H + 1, 2_000, 9_000, concentration_ng_per_nl=2.0)
    assert reservoir.content_nl(instants, at(1_999, 2_000, 3_000)).tolist() == [4_001, 4_000, 9_000]
    assert reservoir.inlets() == [
        Inlet(0, 0.5, 1),
        Inlet(2_000, (1_000 * 0.5 + 9_000 * 2) / 10_000, 1),
        Inlet(11_000, 0, 0),
    ]


def test_an_empty_reservoir_gives_air_until_it_is_filled():
    reservoir = Reservoir(ReservoirParameters(residual_nl=100, begins_with_nl=5_000))
    reservoir.refill(H, 8_000, 1_000)
    assert reservoir.content_nl(np.array([0]), at(6_000)).tolist() == [100]
    assert [reservoir.air_nl(moved) for moved in (5_000, 7_000, 8_500, 9_200)] == [0, 2_000, 3_000, 3_200]


def test_an_overfilled_reservoir_presses_until_the_surplus_is_used_up():
    parameters = ReservoirParameters(capacity_nl=20_000_000, overfill_nl_per_kpa=20_000)
    reservoir = Reservoir(parameters)
    reservoir.refill(0, 0, 21_000_000)
    assert [reservoir.pressure_kpa(moved) for moved in (0, 500_000, 1_500_000)] == [50, 25, 0]


def test_what_an_overfilled_reservoir_presses_with_helps_against_an_occlusion():
    turned = []
    for fill_nl in (18_000_000, 21_000_000):
        plant = Plant(PlantParameters(motor=WEAK_MOTOR, rotor=SMOOTH))
        plant.refill(fill_nl)
        plant.occlude()
        turned.append(plant.turn(even(9_000, 3 * S)))
    # Each microstep adds to the pressure in the line and takes from that of the reservoir.
    compliance = plant.parameters.line.compliance_nl_per_kpa
    helped = (turned[0] / compliance + 50 / 15.625) / (1 / compliance + 1 / 20_000)
    assert turned[1] == pytest.approx(helped, abs=1)


# --- drug front


def test_one_tank_washes_out_exponentially():
    front = DrugFront(DrugFrontParameters(tubing_nl=300, catheter_nl=700, tanks=1))
    volumes = np.linspace(0, 8_000, 50)
    assert front.at_tip(volumes, 0, [(0, 2.0)]) == pytest.approx(2 * (1 - np.exp(-volumes / 1_000)))
    assert front.out_at_tip(volumes, 0, [(0, 2.0)]) == pytest.approx(
        2 * (volumes - 1_000 * (1 - np.exp(-volumes / 1_000)))
    )


def test_many_tanks_come_near_to_a_plug():
    front = DrugFront(DrugFrontParameters(tubing_nl=0, catheter_nl=1_000, tanks=500))
    assert front.at_tip(at(850, 1_000, 1_150), 0, [(0, 1.0)]) == pytest.approx([0, 0.5, 1], abs=0.01)


def test_tanks_in_series_are_the_tanks_one_by_one():
    tanks, volume_nl, step_nl = 5, 100.0, 0.05
    level, out, found = np.zeros(tanks), 0.0, {}
    for number in range(1, 8_001):
        inflow = np.append(1.0, level[:-1])
        level = level + (inflow - level) * step_nl / (volume_nl / tanks)
        out += level[-1] * step_nl
        found[number] = (level[-1], out)
    front = DrugFront(DrugFrontParameters(tubing_nl=0, catheter_nl=volume_nl, tanks=tanks))
    for number in (400, 1_600, 2_000, 4_000, 8_000):
        concentration, amount = found[number]
        volume = at(number * step_nl)
        assert front.at_tip(volume, 0, [(0, 1.0)])[0] == pytest.approx(concentration, abs=2e-3)
        assert front.out_at_tip(volume, 0, [(0, 1.0)])[0] == pytest.approx(amount, abs=0.15)


@given(st.integers(1, 60), st.floats(0, 2_000))
def test_shares_lie_between_nothing_and_all_and_fall_with_the_order(orders, x):
    share, beyond = gamma_shares(orders, at(x))
    assert 0 <= beyond[0] <= share[0] <= 1


def test_the_mean_delay_of_a_new_drug_is_the_dead_volume():
    parameters = PlantParameters(rotor=SMOOTH)
    assert parameters.drug_front.tubing_nl == PUMP_TUBING_NL
    plant = Plant(parameters)
    plant.refill(18_000_000, 2.0)
    plant.turn(even(100_000, 3 * S))
    state = plant.state()
    mixed = (200_000 * 0.5 + 18_000_000 * 2) / 18_200_000
    all_new_ng = state.out_nl * mixed
    dead_nl = parameters.drug_front.dead_volume_nl
    # What is missing is a dead volume of the old drug in place of the new.
    assert all_new_ng - state.dose_ng == pytest.approx(dead_nl * (mixed - 0.5), rel=1e-6)
    assert state.concentration_ng_per_nl == pytest.approx(mixed)


def test_air_arrives_at_the_tip_and_weighs_nothing():
    parameters = PlantParameters(rotor=SMOOTH, reservoir=ReservoirParameters(begins_with_nl=300_000))
    plant = Plant(parameters)
    plant.turn(even(96_000, 3 * S))
    state = plant.state()
    dead_nl = parameters.drug_front.dead_volume_nl
    assert state.air_nl == pytest.approx(1_500_000 - 300_000)
    assert state.mass_g == pytest.approx((300_000 + dead_nl) * 1e-6 * 0.998, rel=1e-6)
    assert state.dose_ng == pytest.approx((300_000 + dead_nl) * 0.5, rel=1e-6)


# --- spinal fluid


def test_an_even_infusion_settles_at_its_rate_over_the_elimination():
    csf = CsfParameters(half_life_h=1.5, clearance_ml_per_h=30)
    ng_per_h = 10_000.0
    compartment = CsfCompartment(csf, lambda t_ns: t_ns / H * ng_per_h, 0)
    hours = np.array([0.25, 1.5, 3.0, 40.0])
    per_h = log(2) / 1.5
    ideal = ng_per_h / per_h * (1 - np.exp(-per_h * hours))
    assert compartment.amount_ng((hours * H).astype(np.int64)) == pytest.approx(ideal, rel=1e-9)
    assert compartment.concentration_ng_per_ml(ideal[-1]) == pytest.approx(ng_per_h / 30, rel=1e-6)


def test_a_bolus_is_eliminated_with_the_half_life():
    compartment = CsfCompartment(CsfParameters(), lambda t_ns: np.where(t_ns >= H, 25_000.0, 0.0), 0)
    amounts = compartment.amount_ng(np.array([H - 1, 2 * H, 3 * H, round(3 * H + 1.51 * H)], np.int64))
    assert amounts[0] == 0
    assert amounts[2] / amounts[1] == pytest.approx(exp(-log(2) / 1.51))
    assert amounts[3] == pytest.approx(amounts[2] / 2, rel=1e-6)
    assert amounts[1] == pytest.approx(25_000 * exp(-log(2) / 1.51), rel=0.01)


def test_what_the_plant_shows_of_the_spinal_fluid_does_not_depend_on_who_asks_when():
    asked, unasked = Plant(), Plant()
    times = even(4_000, 3 * S)
    for part in np.array_split(times, 40):
        asked.turn(part)
        asked.state()
    unasked.turn(times)
    assert asked.state() == unasked.state()
    instants = [H, 2 * H, 3 * H]
    assert asked.curve(Quantity.CSF, instants).tolist() == unasked.curve(Quantity.CSF, instants).tolist()
