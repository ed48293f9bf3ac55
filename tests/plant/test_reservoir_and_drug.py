"""The contents of the reservoir, what of it comes out at the tip and when, and what becomes of it there."""

from math import exp, log

import numpy as np
import pytest

from plant.courses import S, even
from thecal_fw.core.dead_volume import PUMP_TUBING_NL
from thecal_sim.plant import Plant, PlantParameters, Quantity
from thecal_sim.plant.csf import CsfCompartment, CsfParameters
from thecal_sim.plant.drug_front import GRID_NS, Dispersion, DrugFront, DrugFrontParameters
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


def front_at(nl_per_day, length_m=1.0):
    """Return a drug drawn into a line of water at the beginning, at an even rate: the front, and when so much is
    out."""
    parameters = DrugFrontParameters(tubing_nl=0, catheter_nl=220_000.0 * length_m)
    nl_per_ns = nl_per_day / (24 * H)
    front = DrugFront(parameters, Dispersion(parameters, lambda t_ns: t_ns * nl_per_ns, 0))
    return front, lambda volumes: (volumes / nl_per_ns).astype(np.int64)


# Fronts of Taylor and Aris in one metre of 2.2 uL/cm, as a share of its length.
@pytest.mark.parametrize(
    ("nl_per_day", "share"), [(48_000, 0.022), (424_000, 0.013), (14_400_000, 0.060), (96_000_000, 0.157)]
)
def test_a_front_spreads_as_taylor_and_aris_say(nl_per_day, share):
    front, when = front_at(nl_per_day)
    volumes = np.linspace(0, 660_000, 20_001)
    concentration = front.at_tip(when(volumes), volumes, 0, [(0, 1.0)])
    middle, below = np.interp([0.5, 0.158_655], concentration, volumes)
    assert middle == pytest.approx(220_000, rel=0.01)
    # What is below the middle has travelled for a little less time; the grid adds up to two minutes.
    grid_nl = nl_per_day * GRID_NS / (24 * H)
    assert (middle - below) / 220_000 == pytest.approx(share, rel=0.1, abs=grid_nl / 220_000 * share)


def test_what_has_come_out_is_the_integral_of_its_concentration_and_what_diffused():
    front, when = front_at(424_000)
    volumes = np.linspace(0, 440_000, 4_001)
    amounts = front.out_at_tip(when(volumes), volumes, 0, [(0, 2.0)])
    concentration = front.at_tip(when(volumes), volumes, 0, [(0, 2.0)])
    integral = np.concatenate(
        ([0.0], np.cumsum((concentration[1:] + concentration[:-1]) / 2 * np.diff(volumes)))
    )
    assert amounts == pytest.approx(integral, abs=0.001 * amounts[-1])
    assert amounts[0] == 0
    assert amounts[-1] == pytest.approx(2 * 220_000, rel=1e-6)
    assert np.diff(amounts).min() >= -1e-9


def test_a_front_that_stands_still_spreads_by_diffusion_alone():
    parameters = DrugFrontParameters()
    still = Dispersion(parameters, lambda t_ns: np.zeros(len(t_ns)), 0)
    day = np.array([24 * H])
    # sqrt(2 D t) of length, times the bore.
    assert still.sigma_nl(day, 0.0) == pytest.approx(np.sqrt(2 * 6e-4 * 86_400) * 220, rel=0.01)
    with pytest.raises(ValueError, match="area_mm2"):
        DrugFrontParameters(area_mm2=0)


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
