"""Boluses in a program: what they add, when they begin, and the most that comes of them in any time."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.strategies import bolus_programs
from thecal_fw.core.bolus import KIND_PATIENT, Bolus, volume_nl
from thecal_fw.core.calibration import BENCH_CALIBRATION
from thecal_fw.core.instant import TICKS_PER_DAY, TICKS_PER_MINUTE
from thecal_fw.core.limits import BENCH_LIMITS
from thecal_fw.core.modes import MODE_CONTINUOUS, MODE_FLEX
from thecal_fw.core.program import MINUTES_PER_DAY, Bridge, PatientBolus, PeriodicBolus, Program, decode
from thecal_fw.core.schedule import (
    boluses_between,
    highest_rate,
    mean_rate,
    most_patient_nl,
)
from thecal_fw.core.timeline import Timeline
from thecal_fw.core.validation import validate
from thecal_fw.core.wall_clock import TIME_SET, TIME_UNKNOWN, WallClock
from thecal_fw.core.week import most_nl_in_any_day, most_nl_in_any_hour
from thecal_sim.ideal import Periodic, Regimen

MINUTES_PER_WEEK = 7 * MINUTES_PER_DAY
A_MONDAY = 4 * MINUTES_PER_DAY
"""The local minute since 1970 at which a Monday begins."""


def regimen_of(program: Program) -> Regimen:
    """Return the program in the oracle's words."""
    if program.mode == MODE_FLEX:
        week = tuple(
            tuple((minute, Fraction(rate)) for minute, rate in program.patterns[index])
            for index in program.weekdays
        )
        boluses = tuple(
            tuple((minute, Fraction(rate), minutes) for minute, rate, minutes in program.boluses[index])
            for index in program.weekdays
        )
        return Regimen(week, boluses)
    periodic = program.periodic_bolus
    week = (((0, Fraction(program.rate_nl_per_day)),),) * 7
    if periodic is None:
        return Regimen(week)
    return Regimen(
        week,
        periodic=Periodic(
            periodic.first_minute,
            periodic.interval_minutes,
            Fraction(periodic.rate_nl_per_day),
            periodic.minutes,
        ),
    )


def rate_each_minute(program: Program, weeks: int = 1) -> list[int]:
    """Return some weeks from a Monday on written out minute by minute, straight from what the program says."""
    rates: list[int] = []
    for day in range(7 * weeks):
        if program.mode == MODE_FLEX:
            steps = program.patterns[program.weekdays[day % 7]]
        else:
            steps = [(0, program.rate_nl_per_day)]
        of_day = [0] * MINUTES_PER_DAY
        for start_minute, rate_nl_per_day in steps:
            of_day[start_minute:] = [rate_nl_per_day] * (MINUTES_PER_DAY - start_minute)
        rates += of_day
    for start_minute, rate_nl_per_day, minutes in boluses_between(
        program, A_MONDAY - MINUTES_PER_DAY, A_MONDAY + len(rates)
    ):
        for minute in range(start_minute - A_MONDAY, start_minute - A_MONDAY + minutes):
            if 0 <= minute < len(rates):
                rates[minute] += rate_nl_per_day
    return rates


def most_in_windows(rates: list[int], window_minutes: int) -> Fraction:
    """Return the most of any window that begins on a minute: with rates that change on minutes, of any window at
    all."""
    given_before = [0]
    for rate in rates:
        given_before.append(given_before[-1] + rate)
    most = max(
        given_before[minute + window_minutes] - given_before[minute]
        for minute in range(len(rates) - window_minutes)
    )
    return Fraction(most, MINUTES_PER_DAY)


def a_program(**changes) -> Program:
    fields = {
        "drug": "baclofen",
        "concentration_ng_per_ml": 500_000,
        "calibration_id": 1,
        "rate_nl_per_day": 424_000,
        "reservoir_nl": 20_000_000,
        "low_reservoir_nl": 2_000_000,
        "most_nl_per_hour": 400_000,
        "most_nl_per_day": 2_000_000,
        "most_nl_per_bolus": 200_000,
    }
    return Program(MODE_CONTINUOUS, **{**fields, **changes})


def a_flex_program(boluses, weekdays=(0,) * 7) -> Program:
    program = a_program(rate_nl_per_day=0)
    program.mode = MODE_FLEX
    program.patterns = [[(0, 424_000)] for _ in boluses]
    program.boluses = boluses
    program.weekdays = weekdays
    return program


def faults_of(program: Program) -> list[str]:
    return [repr(fault) for fault in validate(program, BENCH_LIMITS, BENCH_CALIBRATION)]


@given(bolus_programs)
def test_a_program_with_boluses_comes_back_as_it_was_encoded_and_may_be_committed(program):
    again = decode(program.encode())
    assert again.encode() == program.encode()
    for name in ("patient_bolus", "periodic_bolus"):
        before, after = getattr(program, name), getattr(again, name)
        assert (before and vars(before)) == (after and vars(after))
    assert again.boluses == program.boluses
    assert faults_of(again) == []


def test_every_setting_of_therapy_comes_back_as_it_was_encoded():
    program = a_program(
        patient_bolus=PatientBolus(2_880_000, 5, 60, 4),
        periodic_bolus=PeriodicBolus(30, 360, 2_880_000, 5),
        bridge=Bridge(65_208, 424_000),
        dead_volume_id=1,
        catheter_nl=180_000,
        accuracy_permille=100,
        stability_days=180,
        library_digest=bytes(range(8)),
    )
    again = decode(program.encode())
    for part in ("patient_bolus", "periodic_bolus", "bridge"):
        assert vars(getattr(again, part)) == vars(getattr(program, part))
    plain = ("dead_volume_id", "catheter_nl", "accuracy_permille", "stability_days", "library_digest")
    assert [getattr(again, name) for name in plain] == [1, 180_000, 100, 180, bytes(range(8))]
    assert again.most_nl_per_bolus == 200_000


@pytest.mark.requirement("limit-in-any-day")
@given(bolus_programs)
def test_the_most_in_any_hour_and_day_is_the_largest_of_all_windows(program):
    rates = rate_each_minute(program, weeks=2)
    hour, day = most_nl_in_any_hour(program), most_nl_in_any_day(program)
    for found, window_minutes in ((hour, 60), (day, MINUTES_PER_DAY)):
        most = most_in_windows(rates, window_minutes)
        if program.mode == MODE_FLEX:
            assert 0 <= found - most < 1
        else:
            # In two weeks not every alignment of an odd interval need come up.
            assert found >= most


@given(st.integers(1, 90), st.integers(1, 1_440), st.integers(10_000, 4_000_000))
def test_the_most_of_periodic_boluses_in_any_hour_does_come_up(minutes, interval, rate):
    program = a_program(periodic_bolus=PeriodicBolus(0, max(minutes, interval), rate, minutes))
    rates = [424_000 + rate * (minute % max(minutes, interval) < minutes) for minute in range(4_000)]
    assert 0 <= most_nl_in_any_hour(program) - most_in_windows(rates, 60) < 1


@pytest.mark.requirement("bolus-count")
@given(st.integers(1, 60), st.integers(0, 300), st.integers(1, 12), st.sampled_from((60, 1_440)))
def test_a_patient_who_presses_whenever_it_is_allowed_gets_no_more_than_was_reckoned_with(
    minutes, longer, most_per_day, window_minutes
):
    lockout = max(15, minutes + longer)
    program = a_program(patient_bolus=PatientBolus(1_440_000, minutes, lockout, most_per_day))
    begun: list[int] = []
    for minute in range(3 * MINUTES_PER_DAY):
        recent = [start for start in begun if minute - start < MINUTES_PER_DAY]
        if len(recent) < most_per_day and not (begun and minute - begun[-1] < lockout):
            begun.append(minute)
    rates = [0] * (3 * MINUTES_PER_DAY)
    for start in begun:
        for minute in range(start, min(start + minutes, len(rates))):
            rates[minute] = 1_440_000
    assert most_in_windows(rates, window_minutes) <= most_patient_nl(program, window_minutes)


@pytest.mark.requirement("bolus-in-mean-rate")
@given(bolus_programs)
def test_the_mean_rate_gives_the_boluses_too(program):
    exact = regimen_of(program).mean_nl_per_day()
    assert 0 <= exact - mean_rate(program) < 2


@pytest.mark.requirement("bolus-highest-rate", "program-highest-rate")
@given(bolus_programs)
def test_no_rate_by_the_clock_is_above_the_highest_rate(program):
    assert max(rate_each_minute(program)) <= highest_rate(program)


@pytest.mark.requirement("bolus-exact")
@given(bolus_programs, st.integers(0, 10**13), st.integers(-840, 840))
def test_the_rate_at_any_tick_is_that_of_the_oracle_and_holds_as_long_as_is_said(program, tick, offset):
    clock = WallClock(TIME_SET, 179 * 10**12, offset)
    timeline, regimen = Timeline(program, clock), regimen_of(program)
    for _ in range(4):
        rate_nl_per_day, end = timeline.segment_at(tick)
        assert end > tick
        for at in (tick, end - 1):
            local_ns = (at + 179 * 10**12) * 10_000 + offset * 60 * 10**9
            basal, _ = regimen.rate_at(local_ns)
            spans = regimen.boluses_from(local_ns - 86_400 * 10**9, local_ns + 1)
            on_top = sum(span.nl_per_day for span in spans if span.end_ns > local_ns)
            assert rate_nl_per_day == basal + on_top
        tick = end


@pytest.mark.requirement("bolus-time-unknown")
@given(bolus_programs)
def test_without_the_time_of_day_the_mean_is_given_and_no_bolus_begins(program):
    timeline = Timeline(program, WallClock(TIME_UNKNOWN))
    assert timeline.segment_at(0)[0] == mean_rate(program)
    assert timeline.boluses_near(0, TICKS_PER_DAY) == []


@pytest.mark.requirement("bolus-clock")
def test_boluses_before_the_minute_from_which_they_are_to_begin_are_not_given():
    program = a_flex_program([[(480, 2_880_000, 5), (720, 2_880_000, 5)]])
    clock = WallClock(TIME_SET, 60 * A_MONDAY * 100_000, 0)
    eight, noon = 480 * TICKS_PER_MINUTE, 720 * TICKS_PER_MINUTE
    timeline = Timeline(program, clock, A_MONDAY + 481)
    assert timeline.segment_at(eight) == (424_000, noon)
    assert timeline.segment_at(noon) == (3_304_000, noon + 5 * TICKS_PER_MINUTE)


@pytest.mark.requirement("bolus-exact")
def test_a_bolus_gives_rate_times_time_and_nothing_outside_of_it():
    bolus = Bolus(KIND_PATIENT, 1_000, 5 * TICKS_PER_MINUTE, 2_880_000)
    assert (bolus.rate_at(999), bolus.rate_at(1_000), bolus.rate_at(bolus.end_tick)) == (0, 2_880_000, 0)
    assert bolus.rate_at(bolus.end_tick - 1) == 2_880_000
    assert [bolus.next_turn(tick, 10**9) for tick in (0, 1_000, bolus.end_tick)] == [
        1_000,
        bolus.end_tick,
        10**9,
    ]
    assert bolus.next_turn(0, 7) == 7
    assert bolus.given_nl(1_000) == 0
    assert bolus.given_nl(1_000 + TICKS_PER_MINUTE) == 2_000
    assert bolus.given_nl(10**9) == 10_000 == volume_nl(2_880_000, 5)


@pytest.mark.requirement("bolus-place", "bolus-without-rate", "bolus-without-time", "bolus-single-limit")
@pytest.mark.parametrize(
    ("boluses", "weekdays", "fault"),
    [
        ([[(480, 0, 5)]], (0,) * 7, "bolus_rate_nl_per_day in pattern 0, step 0 is 0"),
        ([[(480, 2_880_000, 0)]], (0,) * 7, "bolus_minutes in pattern 0, step 0 is 0, allowed 1 to 1440"),
        ([[(480, 72_000_000, 5)]], (0,) * 7, "bolus_volume_nl in pattern 0, step 0 is 250000"),
        (
            [[(480, 2_880_000, 30), (500, 2_880_000, 5)]],
            (0,) * 7,
            "bolus_start_minute in pattern 0, step 1 is 500, allowed 510 to 1439",
        ),
        (
            [[(0, 1_440_000, 1), (1_430, 2_880_000, 11)]],
            (0,) * 7,
            "bolus_start_minute in pattern 0, step 0 is 0, allowed 1 to 1439",
        ),
        (
            [[(1_440, 2_880_000, 5)]],
            (0,) * 7,
            "bolus_start_minute in pattern 0, step 0 is 1440, allowed 0 to 1439",
        ),
    ],
)
def test_a_bolus_that_can_not_be_is_refused_with_its_place(boluses, weekdays, fault):
    assert faults_of(a_flex_program(boluses, weekdays))[0].startswith(fault)


@pytest.mark.requirement("bolus-scheduled")
def test_the_last_bolus_of_a_day_may_run_past_midnight():
    assert faults_of(a_flex_program([[(0, 1_440_000, 1), (1_430, 2_880_000, 10)]])) == []
    assert faults_of(a_flex_program([[(60, 1_440_000, 1), (1_430, 2_880_000, 70)]])) == []


@pytest.mark.requirement(
    "bolus-lockout-range",
    "bolus-count-range",
    "dead-volume-named",
    "program-highest-rate",
    "bolus-interval-most",
    "bolus-interval-least",
    "bolus-largest-limit",
    "bolus-lockout-length",
)
@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"periodic_bolus": PeriodicBolus(0, 4, 2_880_000, 5)}, "interval_minutes is 4, allowed 5 to 1440"),
        ({"periodic_bolus": PeriodicBolus(6, 6, 2_880_000, 5)}, "bolus_start_minute is 6, allowed 0 to 5"),
        ({"patient_bolus": PatientBolus(2_880_000, 5, 14, 4)}, "lockout_minutes is 14, allowed 15 to 1440"),
        ({"patient_bolus": PatientBolus(1_440_000, 30, 29, 4)}, "lockout_minutes is 29, allowed 30 to 1440"),
        ({"patient_bolus": PatientBolus(2_880_000, 5, 60, 13)}, "patient_boluses_per_day is 13, allowed 1"),
        (
            {"patient_bolus": PatientBolus(57_600_000, 5, 60, 4), "most_nl_per_bolus": 199_999},
            "bolus_volume_nl is 200000, allowed 1 to 199999",
        ),
        ({"bridge": Bridge(0, 424_000), "dead_volume_id": 1}, "bridge_seconds is 0"),
        ({"bridge": Bridge(60, 424_000)}, "dead_volume_id is 0, allowed 1 to 1"),
        ({"bridge": Bridge(60, 5_999), "dead_volume_id": 1}, "bridge_rate_nl_per_day is 5999, allowed 6000"),
        ({"catheter_nl": 500_001, "dead_volume_id": 1}, "catheter_nl is 500001, allowed 0 to 500000"),
        ({"accuracy_permille": 301}, "accuracy_permille is 301, allowed 0 to 300"),
        ({"stability_days": 366}, "stability_days is 366, allowed 0 to 365"),
        ({"most_nl_per_bolus": 1_000_001}, "most_nl_per_bolus is 1000001, allowed 0 to 1000000"),
        (
            {"rate_nl_per_day": 24_000_000, "patient_bolus": PatientBolus(72_000_001, 1, 60, 1)},
            "highest_rate_nl_per_day is 96000001, allowed 0 to 96000000",
        ),
    ],
)
def test_a_setting_out_of_range_is_refused_with_what_is_allowed(changes, fault):
    program = a_program(**changes)
    assert any(text.startswith(fault) for text in faults_of(program)), faults_of(program)


@pytest.mark.requirement("limit-in-any-day")
def test_a_limit_that_the_basal_rate_keeps_but_the_boluses_break_is_a_fault_of_the_program():
    basal_nl = 424_000
    program = a_program(patient_bolus=PatientBolus(2_880_000, 5, 60, 4), most_nl_per_day=basal_nl + 39_999)
    assert faults_of(program) == ["most_nl_per_day is 463999, allowed 464000 to 24000000"]
    program.most_nl_per_day += 1
    assert faults_of(program) == []
    program = a_program(periodic_bolus=PeriodicBolus(0, 360, 2_880_000, 5), most_nl_per_hour=27_666)
    assert faults_of(program) == ["most_nl_per_hour is 27666, allowed 27667 to 24000000"]


@pytest.mark.requirement("limit-in-any-hour")
def test_the_hourly_limit_has_room_for_what_a_patient_may_ask_for_in_an_hour():
    # 10 uL at once and, 58 minutes later, two of the five minutes of the next ones.
    program = a_program(patient_bolus=PatientBolus(2_880_000, 5, 58, 4), most_nl_per_hour=17_667 + 13_999)
    assert faults_of(program) == ["most_nl_per_hour is 31666, allowed 31667 to 24000000"]
    program.most_nl_per_hour += 1
    assert faults_of(program) == []


@pytest.mark.parametrize("kind", ["periodic_bolus", "patient_bolus"])
def test_a_program_of_minimum_rate_has_no_boluses(kind):
    part = (
        PeriodicBolus(0, 60, 2_880_000, 5) if kind == "periodic_bolus" else PatientBolus(2_880_000, 5, 60, 4)
    )
    program = a_program(rate_nl_per_day=0, **{kind: part})
    program.mode = 1
    assert faults_of(program)[0].startswith(kind)
