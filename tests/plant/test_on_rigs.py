"""The plant on the shaft of a rig: what it does to the motor reaches the supervision of the pump, on any rig alike."""

from collections.abc import Callable

import pytest

from thecal_fw.core import alarms
from thecal_hil.contract.faults import PLANT_FAULTS, Fault
from thecal_hil.contract.rig import Rig
from thecal_hil.course.course import Course, local_second
from thecal_hil.course.therapy import continuous
from thecal_hil.rigs.model_rig import ModelRig
from thecal_sim.plant import Plant, PlantParameters
from thecal_sim.plant.line import LineParameters
from thecal_sim.plant.motor import WEAK_MOTOR
from thecal_sim.plant.rotor import RotorParameters
from thecal_sim.plant.wear import NO_WEAR

S = 1_000_000_000
FASTEST_NL_PER_DAY = 24_000_000
FULL_NL = 18_000_000
A_TICK_OF_OUTFLOW_KPA = 0.002
"""Pressure falls by no more in a tick while the motor turns, its line open."""

A_FAST_FLOW_KPA = 0.15
"""What a line stands under while 24 mL a day go through it."""
STIFF_LINE = LineParameters(compliance_nl_per_kpa=50.0)
"""It has filled within a minute at that rate."""

Do = Callable[[Course, int], None]


def begun(course: Course, plant: Plant | None = None) -> int:
    """Attach a plant and start delivery; the instant at which that begins."""
    course.rig.attach(plant or Plant())
    course.set_time(local_second("2026-03-06 12:00"))
    course.prescribe(continuous(FASTEST_NL_PER_DAY))
    course.refill(FULL_NL)
    return course.start()


@pytest.mark.requirement("fluid-accuracy")
@pytest.mark.needs("plant")
@pytest.mark.campaign_on("pico")
def test_a_pump_that_nothing_disturbs_turns_every_microstep_and_moves_what_is_prescribed(
    course: Course,
) -> None:
    unworn = PlantParameters(rotor=RotorParameters(wear=NO_WEAR))
    begins_ns = begun(course, Plant(unworn))
    # 3,200 microsteps are a whole revolution: the pulsation has added up to nothing.
    course.rig.run_until(begins_ns + 180 * S)
    course.must_be_ideal()
    state = course.rig.plant.state()
    assert state.turned == len(course.rig.step_times_ns) == 3_200
    assert state.missed == 0
    assert state.moved_nl == pytest.approx(50_000, abs=0.001)


@pytest.mark.needs("plant")
@pytest.mark.expects("motor stalled", "under-delivery")
def test_a_closed_line_stalls_a_weak_motor_and_the_pump_finds_out_and_tells_of_it(course: Course) -> None:
    rig = course.rig
    begins_ns = begun(course, Plant(PlantParameters(motor=WEAK_MOTOR, line=STIFF_LINE)))
    rig.faults.inject_at(begins_ns + 10 * S, Fault.OCCLUSION)
    rig.run_until(begins_ns + 90 * S)
    state = rig.plant.state()
    assert state.missed > 0
    assert state.pressure_kpa > 200
    assert course.pump.interrogate().active_alarms >> alarms.MOTOR_STALL & 1


@pytest.mark.needs("plant")
def test_a_closed_line_is_not_found_by_the_motor_of_the_parts_list_and_comes_out_at_once(
    course: Course,
) -> None:
    rig = course.rig
    begins_ns = begun(course, Plant(PlantParameters(line=STIFF_LINE)))
    rig.faults.inject_at(begins_ns + 10 * S, Fault.OCCLUSION)
    rig.run_until(begins_ns + 90 * S)
    before = rig.plant.state()
    assert before.missed == 0
    assert before.slipped_nl > 0
    assert before.pressure_kpa == pytest.approx(STIFF_LINE.slips_at_kpa, abs=1)
    assert not course.pump.interrogate().active_alarms
    rig.faults.end(Fault.OCCLUSION)
    rig.run_for(1)
    unintended_nl = rig.plant.state().out_nl - before.out_nl
    assert unintended_nl == pytest.approx(before.stored_nl, rel=0.05)
    assert rig.plant.state().pressure_kpa < 10


@pytest.mark.requirement("fluid-worn", "fluid-worn-uncounted")
@pytest.mark.needs("plant")
@pytest.mark.campaign_on("pico")
def test_worn_tubing_and_back_pressure_change_what_comes_out_and_no_count(course: Course) -> None:
    rig = course.rig
    begins_ns = begun(course, Plant(PlantParameters(rotor=RotorParameters(wear=NO_WEAR))))
    rig.faults.inject_at(begins_ns, Fault.TUBING_WEAR, 100)
    rig.faults.inject_at(begins_ns, Fault.BACK_PRESSURE, 20)
    rig.run_until(begins_ns + 180 * S)
    state = rig.plant.state()
    assert state.turned == 3_200
    assert state.moved_nl == pytest.approx(45_000, abs=0.001)
    stored_nl = 20 * rig.plant.parameters.line.compliance_nl_per_kpa
    assert state.moved_nl - state.out_nl == pytest.approx(stored_nl, abs=A_FAST_FLOW_KPA * 264)
    rig.faults.end(Fault.TUBING_WEAR)
    rig.faults.end(Fault.BACK_PRESSURE)
    assert rig.plant.conditions == PlantParameters().conditions


def disturbed(course: Course) -> tuple[Rig, int]:
    """Return a course with an occlusion that is over before the motor stalls, and other disturbances at exact
    instants."""
    begins_ns = begun(course)
    plant = course.rig.plant
    plant.at(begins_ns + 20 * S, plant.occlude)
    plant.at(begins_ns + 40 * S, plant.release)
    plant.at(begins_ns + 50 * S, lambda: plant.set_back_pressure(8))
    plant.at(begins_ns + 60 * S, lambda: plant.set_temperature(37))
    plant.at(begins_ns + 70 * S, lambda: plant.refill(17_000_000, 1.0))
    return course.rig, begins_ns


@pytest.mark.requirement("plant-on-any-rig")
@pytest.mark.needs("plant")
def test_the_plant_of_the_same_therapy_is_in_the_state_it_has_on_the_model(course: Course) -> None:
    rig, begins_ns = disturbed(course)
    model, model_begins_ns = disturbed(Course(ModelRig()))
    for after_s in (10, 19.999, 30, 40.01, 55, 65, 90):
        after_ns = round(after_s * S)
        rig.run_until(begins_ns + after_ns)
        model.run_until(model_begins_ns + after_ns)
        found, ideal = rig.plant.state(begins_ns + after_ns), model.plant.state(model_begins_ns + after_ns)
        assert (found.turned, found.missed) == (ideal.turned, ideal.missed)
        assert found.moved_nl == pytest.approx(ideal.moved_nl, rel=1e-12)
        assert found.pressure_kpa == pytest.approx(ideal.pressure_kpa, abs=A_TICK_OF_OUTFLOW_KPA)
        compliance = rig.plant.parameters.line.compliance_nl_per_kpa
        assert found.out_nl == pytest.approx(ideal.out_nl, abs=A_TICK_OF_OUTFLOW_KPA * compliance)
        assert found.dose_ng == pytest.approx(ideal.dose_ng, abs=A_TICK_OF_OUTFLOW_KPA * compliance)
        assert found.csf_ng == pytest.approx(ideal.csf_ng, rel=0.01)


@pytest.mark.needs("plant")
@pytest.mark.expects("over-delivery")
def test_a_motor_that_runs_ahead_moves_more_than_is_counted(course: Course) -> None:
    begins_ns = begun(course)
    course.rig.faults.inject(Fault.MOTOR_RUNS_AHEAD, 10)
    course.rig.run_until(begins_ns + 20 * S)
    state = course.rig.plant.state()
    counted = len(course.rig.step_times_ns)
    assert counted > 20
    assert state.turned == counted + counted // 10


def test_without_a_plant_its_faults_are_impossible_and_say_so() -> None:
    rig = ModelRig()
    assert not rig.possible_faults & PLANT_FAULTS
    for fault in PLANT_FAULTS:
        with pytest.raises(NotImplementedError, match="attach one first"):
            rig.faults.inject(fault, 1)
    with pytest.raises(ValueError, match="no plant"):
        rig.plant.state()
    rig.attach(Plant(seed=3))
    assert rig.possible_faults >= PLANT_FAULTS
    assert rig.seeds["plant"] == 3
    with pytest.raises(ValueError, match="already"):
        rig.attach(Plant())
