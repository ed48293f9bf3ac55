"""Another program ends what was asked for beside the one before, and the log has what was given of it by then."""

from __future__ import annotations

import pytest

from controller.pump_bench import MONDAY_UTC_S, PumpBench, continuous
from thecal_fw.core import events
from thecal_fw.core.bolus import KIND_CLINICIAN, KIND_PATIENT, KIND_TEMPORARY
from thecal_fw.core.program import PatientBolus, Program
from thecal_fw.core.timeline import NO_DELIVERY
from thecal_sim.units import NS_PER_S

TEN_UL_IN_5_MIN = 2_880_000
DAY_S = 86_400


def with_room() -> Program:
    program = continuous(424_000)
    program.patient_bolus = PatientBolus(TEN_UL_IN_5_MIN, 5, 60, 4)
    program.most_nl_per_bolus = 20_000
    program.most_nl_per_hour += 200_000
    program.most_nl_per_day += 400_000
    return program


@pytest.mark.requirement("bolus-cut-by-program")
@pytest.mark.parametrize("kind", [KIND_PATIENT, KIND_CLINICIAN, KIND_TEMPORARY])
def test_a_commit_ends_what_was_given_on_demand_and_logs_how_much_it_was(kind: int) -> None:
    bench = PumpBench()
    bench.set_time(MONDAY_UTC_S)
    bench.deliver(with_room())
    bench.run_for(100)
    begun_ns = bench.give_bolus(kind, TEN_UL_IN_5_MIN, 300)
    bench.run_for(100)
    ended_ns = bench.commit(continuous(500_000))
    bench.run_for(600)
    (ended,) = bench.events(events.EVENT_BOLUS_ENDED)
    given_nl = TEN_UL_IN_5_MIN * (ended_ns - begun_ns) / (DAY_S * NS_PER_S)
    assert abs(ended["first"] - given_nl) <= 1
    assert ended["second"] & events.WAS_CUT_SHORT
    assert (ended["second"] >> events.END_SHIFT) & 7 == events.END_PROGRAM
    steps = len(bench.steps_since(ended_ns))
    bench.run_for(3_600)
    # From the change on nothing but the new program's rate: 10 minutes of it, and then an hour.
    per_second = 500_000 / DAY_S / 15.625
    assert abs(steps - 600 * per_second) <= 3
    assert abs(len(bench.steps_since(ended_ns)) - steps - 3_600 * per_second) <= 2


@pytest.mark.requirement("bolus-cut-by-program")
def test_what_another_program_ends_in_the_very_instant_of_its_begin_is_told_to_have_ended() -> None:
    bench = PumpBench()
    bench.set_time(MONDAY_UTC_S)
    bench.deliver(with_room())
    bench.run_for(100)
    bench.give_bolus(KIND_CLINICIAN, TEN_UL_IN_5_MIN, 300)
    pump = bench.pump.controller
    (bolus,) = pump.bolus_notes.under_way
    pump.boluses.extra.clear()
    pump.bolus_notes.note_change(pump.infusion.timeline, NO_DELIVERY, bolus.start_tick)
    (ended,) = bench.events(events.EVENT_BOLUS_ENDED)
    assert ended["first"] == 0
    assert (ended["second"] >> events.END_SHIFT) & 7 == events.END_PROGRAM
    assert pump.bolus_notes.under_way == []
