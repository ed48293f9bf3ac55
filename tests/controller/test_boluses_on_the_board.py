"""Boluses of every kind come exactly, add to the basal rate and leave it as it is; what ends one early is reported."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.link_host import RefusedError
from controller.pump_bench import MONDAY_UTC_S, PumpBench, continuous, delivering, flex, within_limits
from thecal_fw.core import alarms, events
from thecal_fw.core.bolus import KIND_CLINICIAN, KIND_PATIENT, KIND_PRIME, KIND_SCHEDULED, KIND_TEMPORARY
from thecal_fw.core.bolus_history import REFUSAL_NAMES
from thecal_fw.core.program import PatientBolus, PeriodicBolus, Program
from thecal_fw.link import messages
from thecal_fw.store.layout import Layout
from thecal_sim.units import NS_PER_S

TEN_UL_IN_5_MIN = 2_880_000
HOUR_S = 3_600


def with_patient_bolus(lockout_minutes: int = 60, most_per_day: int = 4) -> Program:
    program = continuous(424_000)
    program.most_nl_per_bolus = 100_000
    program.patient_bolus = PatientBolus(TEN_UL_IN_5_MIN, 5, lockout_minutes, most_per_day)
    within_limits(program)
    program.most_nl_per_hour += 100_000
    program.most_nl_per_day += 100_000
    return program


def with_periodic_bolus() -> Program:
    program = continuous(424_000)
    program.most_nl_per_bolus = 100_000
    program.periodic_bolus = PeriodicBolus(30, 360, TEN_UL_IN_5_MIN, 5)
    return within_limits(program)


def with_scheduled_boluses(*boluses: tuple[int, int, int]) -> Program:
    program = flex([[(0, 424_000), (720, 600_000)]])
    program.most_nl_per_bolus = 1_000_000
    program.boluses = [list(boluses)]
    return within_limits(program)


def reason(refused: pytest.ExceptionInfo[RefusedError]) -> str:
    assert refused.value.code == messages.ERROR_BOLUS_REFUSED
    return REFUSAL_NAMES[refused.value.detail]


@pytest.mark.requirement("bolus-scheduled", "bolus-exact", "basal-through-bolus")
def test_scheduled_boluses_come_at_their_minutes_on_top_of_the_basal_rate() -> None:
    bench = delivering(
        with_scheduled_boluses((60, TEN_UL_IN_5_MIN, 5), (719, 4_000_000, 3), (1_439, 5_000_000, 2))
    )
    bench.run_for(25.5 * HOUR_S)
    bench.assert_as_prescribed()
    begun_and_ended = [(what, kind, value, rest) for what, kind, value, rest in bench.bolus_events()]
    assert begun_and_ended == [
        ("begun", KIND_SCHEDULED, TEN_UL_IN_5_MIN, 300),
        ("ended", KIND_SCHEDULED, 10_000, 0),
        ("begun", KIND_SCHEDULED, 4_000_000, 180),
        ("ended", KIND_SCHEDULED, 8_333, 0),
        ("begun", KIND_SCHEDULED, 5_000_000, 120),
        ("ended", KIND_SCHEDULED, 6_944, 0),
        ("begun", KIND_SCHEDULED, TEN_UL_IN_5_MIN, 300),
        ("ended", KIND_SCHEDULED, 10_000, 0),
    ]
    assert not bench.status()["active_alarms"]


@pytest.mark.requirement("bolus-periodic")
@pytest.mark.requirement("bolus-exact")
def test_periodic_boluses_come_every_six_hours() -> None:
    bench = delivering(with_periodic_bolus())
    bench.run_for(24.6 * HOUR_S)
    bench.assert_as_prescribed()
    begun = [bench.instant_ns(event) for event in bench.events(events.EVENT_BOLUS_BEGUN)]
    assert len(begun) == 5
    assert {round((b - a) / NS_PER_S) for a, b in pairwise(begun)} == {6 * HOUR_S}


@pytest.mark.requirement("prime-exact", "bolus-exact", "basal-through-bolus")
@pytest.mark.parametrize("kind", [KIND_PATIENT, KIND_CLINICIAN, KIND_PRIME])
def test_a_bolus_on_demand_is_exact_and_the_basal_rate_goes_on_through_it(kind: int) -> None:
    bench = delivering(with_patient_bolus())
    bench.run_for(100.7)
    bench.give_bolus(kind, 14_400_000, 60)
    bench.run_for(2 * HOUR_S)
    bench.assert_as_prescribed()
    (begun, ended) = bench.bolus_events()
    assert (begun[:2], ended) == (("begun", kind), ("ended", kind, 10_000, 0))


@pytest.mark.requirement("bolus-overlap", "bolus-exact", "bolus-never-waits")
def test_a_patient_bolus_in_the_middle_of_a_scheduled_one_adds_to_both() -> None:
    program = with_scheduled_boluses((60, TEN_UL_IN_5_MIN, 30))
    program.patient_bolus = PatientBolus(TEN_UL_IN_5_MIN, 5, 60, 4)
    within_limits(program)
    bench = delivering(program)
    bench.run_for(70 * 60.0)
    bench.give_bolus(KIND_PATIENT)
    bench.run_for(HOUR_S)
    bench.assert_as_prescribed()


@pytest.mark.requirement("bolus-one-at-a-time", "bolus-lockout", "bolus-refusal-logged")
def test_a_press_within_the_lockout_is_refused_with_its_reason_and_logged() -> None:
    bench = delivering(with_patient_bolus(lockout_minutes=60))
    begun_ns = bench.give_bolus(KIND_PATIENT)
    with pytest.raises(RefusedError) as refused:
        bench.give_bolus(KIND_PATIENT)
    assert reason(refused) == "a bolus is under way"
    bench.run_for((begun_ns - bench.pump.now_ns) / NS_PER_S + HOUR_S - 3)
    with pytest.raises(RefusedError) as refused:
        bench.give_bolus(KIND_PATIENT)
    assert reason(refused) == "lockout"
    assert 0 < bench.host.ask(messages.BOLUSES)["patient_wait_s"] <= 3
    bench.run_for(3)
    bench.give_bolus(KIND_PATIENT)
    assert [what for what, *_ in bench.bolus_events()].count("refused") == 2
    bench.run_for(400)
    bench.assert_as_prescribed()


@pytest.mark.requirement("bolus-count")
def test_no_more_patient_boluses_than_allotted_are_given_in_any_24_hours() -> None:
    bench = delivering(with_patient_bolus(lockout_minutes=60, most_per_day=2))
    bench.give_bolus(KIND_PATIENT)
    bench.run_for(2 * HOUR_S)
    bench.give_bolus(KIND_PATIENT)
    bench.run_for(2 * HOUR_S)
    with pytest.raises(RefusedError) as refused:
        bench.give_bolus(KIND_PATIENT)
    assert reason(refused) == "most boluses in 24 hours"
    told = bench.host.ask(messages.BOLUSES)
    assert (told["patient_in_24_h"], told["on_demand_in_24_h"]) == (2, 2)
    assert abs(told["patient_wait_s"] - 20 * HOUR_S) < 5
    bench.run_for(20 * HOUR_S)
    bench.give_bolus(KIND_PATIENT)


@pytest.mark.requirement("bolus-highest-rate", "bolus-limits", "bolus-limit-hour", "bolus-limit-day")
def test_a_clinicians_bolus_is_held_to_the_limits_of_the_program() -> None:
    program = with_patient_bolus()
    program.most_nl_per_bolus = 50_000
    bench = delivering(program)
    for rate, seconds, why in (
        (14_400_288, 300, "limit of a single bolus"),
        (95_600_000, 30, "highest rate of the pump"),
    ):
        with pytest.raises(RefusedError) as refused:
            bench.give_bolus(KIND_CLINICIAN, rate, seconds)
        assert reason(refused) == why
    bench.give_bolus(KIND_CLINICIAN, 14_400_000, 300)
    bench.run_for(310)
    bench.give_bolus(KIND_CLINICIAN, 14_400_000, 300)
    bench.run_for(310)
    with pytest.raises(RefusedError) as refused:
        bench.give_bolus(KIND_CLINICIAN, 14_400_000, 300)
    assert reason(refused) == "limit of an hour"


@pytest.mark.requirement("bolus-check", "bolus-check-changes-nothing", "bolus-check-not-logged")
def test_checking_a_bolus_tells_what_would_be_given_and_changes_nothing() -> None:
    bench = delivering(with_patient_bolus())
    before = bench.status()
    told = bench.host.ask(messages.CHECK_BOLUS, KIND_PATIENT, 0, 0)
    assert (told["bolus_refusal"], told["bolus_nl"], told["bolus_seconds"]) == (0, 10_000, 300)
    assert bench.status()["latest_event"] == before["latest_event"]
    bench.run_for(600)
    assert bench.host.ask(messages.BOLUSES)["on_demand_in_24_h"] == 0
    bench.assert_as_prescribed()


@pytest.mark.requirement("bolus-cut-short")
def test_a_bolus_that_is_cancelled_tells_what_was_given_of_it() -> None:
    bench = delivering(with_patient_bolus())
    begun_ns = bench.give_bolus(KIND_CLINICIAN, TEN_UL_IN_5_MIN, 300)
    bench.run_for(120)
    ended_ns = bench.cancel_bolus()
    bench.run_for(600)
    bench.assert_as_prescribed()
    given_nl = round(TEN_UL_IN_5_MIN * (ended_ns - begun_ns) / (86_400 * NS_PER_S))
    assert bench.bolus_events()[-1] == ("ended", KIND_CLINICIAN, given_nl, 1)


@pytest.mark.requirement("bolus-cut-by-stop", "bolus-cut-by-program")
@pytest.mark.parametrize("how", ["stop", "commit"])
def test_a_stop_and_another_program_end_boluses_and_tell_what_was_given(how: str) -> None:
    bench = delivering(with_scheduled_boluses((60, TEN_UL_IN_5_MIN, 30)))
    bench.run_for(70 * 60.0)
    if how == "stop":
        ended_ns = bench.stop()
        bench.run_for(300)
        bench.start()
    else:
        ended_ns = bench.commit(continuous(500_000))
    bench.run_for(HOUR_S)
    bench.assert_as_prescribed()
    (event,) = bench.events(events.EVENT_BOLUS_ENDED)
    begun_local_ns = HOUR_S * NS_PER_S
    ended_local_ns = ended_ns - (bench.instant_ns(bench.events(events.EVENT_TIME_SET)[0]))
    expected = TEN_UL_IN_5_MIN * (ended_local_ns - begun_local_ns) / (86_400 * NS_PER_S)
    assert abs(event["first"] - expected) <= 1
    assert event["second"] & 1


@pytest.mark.requirement("bolus-cut-by-program")
def test_a_program_committed_in_the_middle_of_its_own_bolus_does_not_begin_that_one() -> None:
    bench = delivering(continuous(424_000))
    bench.run_for(32 * 60)
    bench.commit(with_periodic_bolus())
    bench.run_for(HOUR_S)
    bench.assert_as_prescribed()
    assert bench.bolus_events() == []


@pytest.mark.requirement("bolus-cut-short")
@pytest.mark.parametrize("how", ["cancel", "commit"])
def test_a_bolus_that_has_not_begun_yet_is_told_as_ended_with_nothing_given(how: str) -> None:
    bench = delivering(with_patient_bolus())
    following = continuous(500_000)
    bench.host.stage(following)
    bench.give_bolus(KIND_PATIENT)
    if how == "cancel":
        bench.cancel_bolus()
    else:
        bench.commit_staged(following)
    bench.run_for(600)
    bench.assert_as_prescribed()
    assert [(what, value) for what, _, value, _ in bench.bolus_events()] == [
        ("begun", 2_880_000),
        ("ended", 0),
    ]


@pytest.mark.requirement("bolus-blocked", "bolus-blocked-refused", "bolus-blocked-basal")
def test_a_low_reservoir_ends_boluses_and_keeps_the_basal_rate() -> None:
    program = with_patient_bolus()
    bench = PumpBench()
    bench.commit(program)
    bench.refill(2_008_000)
    bench.start()
    bench.run_for(10)
    bench.give_bolus(KIND_PATIENT)
    bench.run_for(HOUR_S)
    assert bench.is_active(alarms.LOW_RESERVOIR)
    ended = bench.bolus_events()[-1]
    assert ended[:2] == ("ended", KIND_PATIENT)
    assert ended[3] == 1
    assert 0 < ended[2] < 10_000
    assert bench.status()["rate_nl_per_day"] == 424_000
    with pytest.raises(RefusedError) as refused:
        bench.give_bolus(KIND_PATIENT)
    assert reason(refused) == "blocked by an alarm"


@pytest.mark.requirement("bolus-outlives-watchdog")
@pytest.mark.parametrize("kind", ["scheduled", "clinician"])
def test_a_bolus_goes_on_after_a_watchdog_reset_and_is_whole_in_the_end(kind: str) -> None:
    program = with_scheduled_boluses((60, TEN_UL_IN_5_MIN, 30))
    program.most_nl_per_hour += 60_000
    program.most_nl_per_day += 60_000
    bench = delivering(program)
    if kind == "scheduled":
        bench.run_for(70 * 60.0)
    else:
        bench.give_bolus(KIND_CLINICIAN, TEN_UL_IN_5_MIN, 1_800)
        bench.run_for(600)
    before = len(bench.pump.step_times_ns)
    ideal_before = bench.ideal.steps_at(bench.pump.now_ns)
    bench.reset(events.RESET_WATCHDOG)
    bench.run_for(2 * HOUR_S if kind == "clinician" else HOUR_S)
    given = len(bench.pump.step_times_ns) - before
    missed = sum(event["first"] for event in bench.events(events.EVENT_MISSED))
    assert abs(given + missed - (bench.ideal.steps_at(bench.pump.now_ns) - ideal_before)) <= 1.5
    ended = [event for event in bench.bolus_events() if event[0] == "ended"]
    assert {event[3] for event in ended} == {0}


@pytest.mark.requirement("bolus-outlives-watchdog")
def test_a_press_taken_back_before_it_began_locks_out_over_a_watchdog_reset_beside_another_bolus_as_without() -> (
    None
):
    program = with_patient_bolus(lockout_minutes=120, most_per_day=4)
    bench = delivering(program)
    bench.give_bolus(KIND_PATIENT)
    bench.cancel_bolus()
    bench.give_bolus(KIND_CLINICIAN, TEN_UL_IN_5_MIN, 60)
    waits = bench.host.ask(messages.BOLUSES)["patient_wait_s"]
    bench.reset(events.RESET_WATCHDOG)
    bench.run_for(5)
    assert 0 <= waits - bench.host.ask(messages.BOLUSES)["patient_wait_s"] <= 10
    bench.run_for(HOUR_S)
    with pytest.raises(RefusedError) as refused:
        bench.give_bolus(KIND_PATIENT)
    assert reason(refused) == "lockout"


@pytest.mark.requirement(
    "bolus-over-power-cut", "cut-bolus-counts-for-lockout", "cut-bolus-counts-for-limits"
)
def test_a_bolus_that_a_power_cut_ends_is_not_given_again_and_still_counts_for_lockout_and_limits() -> None:
    bench = delivering(with_patient_bolus(lockout_minutes=120, most_per_day=2))
    bench.give_bolus(KIND_PATIENT)
    bench.run_for(100)
    bench.reset(events.RESET_POWER_ON)
    bench.run_for(60)
    with pytest.raises(RefusedError) as refused:
        bench.give_bolus(KIND_PATIENT)
    assert reason(refused) == "lockout"
    ended = [event for event in bench.bolus_events() if event[0] == "ended"]
    assert len(ended) == 1
    assert ended[0][1] == KIND_PATIENT
    assert 0 < ended[0][2] <= 4_000
    assert ended[0][3] == 1
    assert bench.host.ask(messages.BOLUSES)["patient_in_24_h"] == 1
    bench.run_for(2 * HOUR_S)
    bench.give_bolus(KIND_PATIENT)
    with pytest.raises(RefusedError):
        bench.give_bolus(KIND_PATIENT)


@pytest.mark.requirement("bolus-stored", "bolus-written-first")
def test_a_bolus_that_can_not_be_written_down_first_is_not_given() -> None:
    bench = delivering(with_patient_bolus())
    bench.run_for(10)
    bench.pump.board.chip.takes_nothing = True
    with pytest.raises(RefusedError, match="not stored"):
        bench.give_bolus(KIND_PATIENT)
    bench.pump.board.chip.takes_nothing = False
    bench.run_for(HOUR_S)
    assert [(event, given) for event, _, given, _ in bench.bolus_events()] == [
        ("begun", TEN_UL_IN_5_MIN),
        ("ended", 0),
    ]
    # The alarm of the journal holds to the minimum rate; the bolus would be hundreds of microsteps on top.
    assert len(bench.pump.step_times_ns) <= bench.ideal.steps_at(bench.pump.now_ns)


@pytest.mark.requirement("bolus-stored", "bolus-written-first")
def test_a_bolus_that_the_record_of_doses_does_not_take_is_not_given() -> None:
    bench = delivering(with_patient_bolus())
    bench.run_for(10)
    layout = Layout()
    for sector in range(layout.doses_a, layout.all_sectors):
        bench.pump.board.chip.let_fail("program", sector)
    with pytest.raises(RefusedError, match="not stored"):
        bench.give_bolus(KIND_PATIENT)
    bench.run_for(HOUR_S)
    assert len(bench.pump.step_times_ns) <= bench.ideal.steps_at(bench.pump.now_ns) + 1


@pytest.mark.requirement("bolus-stored")
def test_at_a_low_supply_a_bolus_is_refused_with_its_reason_and_does_not_count() -> None:
    bench = delivering(with_patient_bolus())
    bench.run_for(10)
    bench.pump.board.supply.good = False
    with pytest.raises(RefusedError) as refused:
        bench.give_bolus(KIND_PATIENT)
    assert reason(refused) == "blocked by an alarm"
    bench.pump.board.supply.good = True
    bench.run_for(60)
    assert [event[0] for event in bench.bolus_events()] == ["refused"]
    bench.give_bolus(KIND_PATIENT)
    bench.run_for(HOUR_S)
    bench.assert_as_prescribed()


@pytest.mark.requirement("bolus-clock", "bolus-clock-no-repeat")
@pytest.mark.parametrize("jump_minutes", [-120, -60, -7, -1, 1, 7, 59, 60, 119])
def test_a_clock_that_is_corrected_over_a_scheduled_bolus_neither_skips_nor_repeats_it(
    jump_minutes: int,
) -> None:
    bench = delivering(with_scheduled_boluses((60, TEN_UL_IN_5_MIN, 5)))
    bench.run_for(58 * 60 if jump_minutes > 0 else 70 * 60)
    status = bench.status()
    bench.set_time(status["utc_s"] + 60 * jump_minutes)
    bench.run_for(4 * HOUR_S)
    begun = [event for event in bench.bolus_events() if event[0] == "begun"]
    ended = [event for event in bench.bolus_events() if event[0] == "ended"]
    assert len(begun) == 1
    assert ended == [("ended", KIND_SCHEDULED, 10_000, 0)]


@pytest.mark.requirement("bolus-clock")
@pytest.mark.parametrize("jump_minutes", [-60, 60])
def test_a_scheduled_bolus_under_way_goes_on_when_the_clock_is_set(jump_minutes: int) -> None:
    bench = delivering(with_scheduled_boluses((60, TEN_UL_IN_5_MIN, 30)))
    bench.run_for(70 * 60)
    bench.set_time(bench.status()["utc_s"] + 60 * jump_minutes)
    bench.run_for(4 * HOUR_S)
    ended = [event for event in bench.bolus_events() if event[0] == "ended"]
    assert ended == [("ended", KIND_SCHEDULED, 60_000, 0)]


@pytest.mark.requirement("bolus-cut-short", "bolus-once-a-minute")
@pytest.mark.parametrize("how", ["a stop and a start", "another program", "an alarm that blocks boluses"])
def test_a_bolus_that_is_cut_short_is_not_taken_up_again_by_setting_the_clock_in_the_same_second(
    how: str,
) -> None:
    bench = delivering(with_scheduled_boluses((60, 1_440_000, 60)), MONDAY_UTC_S + HOUR_S - 10)
    bench.run_for(600)
    if how == "a stop and a start":
        bench.stop()
        bench.run_for(30)
        bench.start()
    elif how == "another program":
        bench.commit(continuous(424_000))
    else:
        bench.pump.controller.reports.note_alarm(alarms.TIMING_FAULT)
    reading = bench.host.ask(messages.GET_TIME)
    bench.set_time(reading["utc_s"], reading["utc_us"])
    bench.run_for(10)
    assert bench.pump.controller.boluses.extra == []
    assert bench.status()["rate_nl_per_day"] <= 424_000
    assert [what for what, *_ in bench.bolus_events()] == ["begun", "ended"]


@pytest.mark.requirement("bolus-cut-by-stop")
def test_a_stop_before_a_start_has_come_ends_what_the_clock_had_skipped_in_that_second() -> None:
    bench = delivering(with_scheduled_boluses((60, 1_440_000, 60)), MONDAY_UTC_S + 3_000)
    bench.stop()
    bench.start()
    bench.set_time(bench.status()["utc_s"] + HOUR_S)
    bench.stop()
    bench.run_for(30)
    bench.start()
    bench.run_for(10)
    assert bench.status()["rate_nl_per_day"] == 424_000
    # It never began, so there is nothing that could have ended.
    assert bench.bolus_events() == []


@pytest.mark.requirement("bolus-over-power-cut")
@pytest.mark.requirement("watchdog-carry-over")
@pytest.mark.parametrize("cause", [events.RESET_WATCHDOG, events.RESET_POWER_ON])
def test_resets_in_a_row_leave_no_gap_in_the_log_that_would_keep_boluses_away_for_a_day(cause: int) -> None:
    bench = delivering(with_patient_bolus(lockout_minutes=15))
    bench.give_bolus(KIND_PATIENT)
    for _ in range(3):
        bench.run_for(700)
        bench.reset(cause)
    bench.run_for(60)
    told = bench.host.ask(messages.BOLUSES)
    assert (told["is_history_known"], told["patient_in_24_h"]) == (1, 1)
    bench.give_bolus(KIND_PATIENT)


@pytest.mark.requirement("bolus-blocked")
@pytest.mark.requirement("bolus-one-at-a-time")
def test_a_bolus_that_an_alarm_blocks_before_it_begins_is_over_and_not_taken_up_after_a_refill() -> None:
    program = with_patient_bolus(lockout_minutes=15)
    bench = delivering(program)
    bench.give_bolus(KIND_PATIENT)
    bench.pump.controller.reports.set_alarm(alarms.RESERVOIR_UNKNOWN, True)
    bench.run_for(60)
    assert bench.bolus_events() == [
        ("begun", KIND_PATIENT, TEN_UL_IN_5_MIN, 300),
        ("ended", KIND_PATIENT, 0, 1),
    ]
    bench.refill()
    bench.run_for(5)
    assert bench.status()["rate_nl_per_day"] == 424_000
    bench.run_for(15 * 60)
    bench.give_bolus(KIND_PATIENT)


@pytest.mark.requirement("bolus-blocked")
@pytest.mark.requirement("watchdog-carry-over")
def test_a_bolus_that_the_third_reset_in_a_row_blocks_is_over_and_another_one_can_be_given() -> None:
    bench = delivering(with_patient_bolus(lockout_minutes=15))
    bench.give_bolus(KIND_PATIENT)
    for _ in range(3):
        bench.run_for(20)
        bench.reset(events.RESET_WATCHDOG)
    assert bench.is_active(alarms.REPEATED_RESETS)
    assert [what for what, *_ in bench.bolus_events()] == ["begun", "ended"]
    bench.host.acknowledge(1 << alarms.REPEATED_RESETS)
    bench.run_for(5)
    assert bench.status()["rate_nl_per_day"] == 424_000
    bench.run_for(15 * 60)
    bench.give_bolus(KIND_PATIENT)


@pytest.mark.requirement("bolus-one-at-a-time", "bolus-outlives-watchdog")
def test_no_more_boluses_are_given_at_a_time_than_outlive_a_watchdog_reset() -> None:
    program = with_patient_bolus()
    scheduled = with_scheduled_boluses(*((minute, 288_000, 5) for minute in range(60, 120, 10)))
    scheduled.patient_bolus = program.patient_bolus
    within_limits(scheduled)
    scheduled.most_nl_per_hour += 1_000_000
    scheduled.most_nl_per_day += 5_000_000
    bench = delivering(scheduled, MONDAY_UTC_S + 3_500)
    bench.set_time(bench.status()["utc_s"] + 2 * HOUR_S)
    bench.run_for(3)
    bench.give_bolus(KIND_PATIENT)
    bench.run_for(3)
    with pytest.raises(RefusedError) as refused:
        bench.give_bolus(KIND_TEMPORARY, 48_000, 4 * HOUR_S)
    assert reason(refused) == "a bolus is under way"
    before = bench.status()["rate_nl_per_day"]
    extra = len(bench.pump.controller.boluses.extra)
    bench.reset(events.RESET_WATCHDOG)
    bench.run_for(5)
    assert (bench.status()["rate_nl_per_day"], len(bench.pump.controller.boluses.extra)) == (before, extra)


@pytest.mark.requirement("bolus-blocked")
@pytest.mark.requirement("bolus-clock")
def test_a_bolus_that_the_clock_skips_while_boluses_are_blocked_is_not_made_up_for() -> None:
    bench = delivering(with_scheduled_boluses((60, 1_440_000, 60)), MONDAY_UTC_S + 3_000)
    bench.refill(2_000_001)
    bench.run_for(60)
    assert bench.is_active(alarms.LOW_RESERVOIR)
    bench.set_time(bench.status()["utc_s"] + HOUR_S)
    bench.refill()
    bench.run_for(10)
    assert bench.status()["rate_nl_per_day"] == 424_000
    bench.run_for(2 * HOUR_S)
    assert bench.bolus_events() == []
    assert bench.passed_over() == [(1, MONDAY_UTC_S // 60 + 60, "blocked by an alarm")]
    assert bench.pump.controller.boluses.extra == []


@pytest.mark.requirement("bolus-clock-far", "bolus-clock-told")
def test_a_clock_that_is_set_to_another_time_makes_up_for_nothing_and_says_so() -> None:
    bench = delivering(with_scheduled_boluses((60, TEN_UL_IN_5_MIN, 5), (120, TEN_UL_IN_5_MIN, 5)))
    bench.run_for(50 * 60)
    bench.set_time(bench.status()["utc_s"] + 3 * HOUR_S)
    bench.run_for(HOUR_S)
    assert bench.bolus_events() == []
    assert bench.passed_over() == [(2, MONDAY_UTC_S // 60 + 60, "the clock was set past them")]


_PRESSES = st.lists(
    st.tuples(st.integers(1, 4_000), st.sampled_from((KIND_PATIENT, KIND_CLINICIAN))), max_size=8
)


@pytest.mark.requirement("bolus-overlap", "bolus-exact", "bolus-never-shortened")
@settings(max_examples=20, deadline=None)
@given(_PRESSES, st.integers(1, 30), st.integers(100_000, 10_000_000))
def test_every_bolus_of_any_kind_in_any_overlap_is_exact(presses, minutes: int, rate: int) -> None:
    program = with_scheduled_boluses((30, 4_000_000, 20), (90, 1_000_000, 45))
    program.patient_bolus = PatientBolus(TEN_UL_IN_5_MIN, 5, 15, 12)
    within_limits(program)
    program.most_nl_per_hour += 400_000
    program.most_nl_per_day += 400_000
    bench = delivering(program)
    for pause_s, kind in presses:
        bench.run_for(pause_s)
        if not bench.host.ask(messages.CHECK_BOLUS, kind, rate, 60 * minutes)["bolus_refusal"]:
            bench.give_bolus(kind, rate, 60 * minutes)
    bench.run_for(2 * HOUR_S)
    bench.assert_as_prescribed()
