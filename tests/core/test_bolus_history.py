"""Boluses on demand stay within lockout, count and limits in every window, whenever they are asked for."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thecal_fw.core.bolus import (
    KIND_CLINICIAN,
    KIND_PATIENT,
    KIND_PRIME,
    KIND_SCHEDULED,
    KIND_TEMPORARY,
    Bolus,
)
from thecal_fw.core.bolus_history import (
    MOST_REMEMBERED,
    REFUSED_DAY,
    REFUSED_HOUR,
    REFUSED_LOCKOUT,
    REFUSED_MOST_PER_DAY,
    REFUSED_NOT,
    REFUSED_VOLUME,
    Allowance,
    BolusHistory,
    _given_in,
)
from thecal_fw.core.instant import TICKS_PER_DAY, TICKS_PER_MINUTE
from thecal_fw.core.modes import MODE_CONTINUOUS
from thecal_fw.core.program import PatientBolus, Program
from thecal_fw.core.week import week_of

HOUR = 60 * TICKS_PER_MINUTE
TEN_UL_IN_FIVE_MINUTES = 2_880_000


def a_program(
    lockout_minutes: int = 60, most_per_day: int = 4, hour_nl: int = 100_000, day_nl: int = 500_000
):
    """Return a program of 424 uL a day: 17,666.7 nL in an hour."""
    return Program(
        MODE_CONTINUOUS,
        rate_nl_per_day=424_000,
        most_nl_per_hour=17_667 + hour_nl,
        most_nl_per_day=424_000 + day_nl,
        most_nl_per_bolus=50_000,
        patient_bolus=PatientBolus(TEN_UL_IN_FIVE_MINUTES, 5, lockout_minutes, most_per_day),
    )


def a_bolus(
    tick: int, kind: int = KIND_PATIENT, rate: int = TEN_UL_IN_FIVE_MINUTES, minutes: int = 5
) -> Bolus:
    return Bolus(kind, tick, minutes * TICKS_PER_MINUTE, rate)


class Bedside:
    """A history that boluses are asked of; what is given is kept."""

    def __init__(self, program: Program):
        self.program = program
        assert program.patient_bolus is not None
        self.patient = program.patient_bolus
        self.allowance = Allowance(program, week_of(program))
        self.history = BolusHistory()

    def ask(self, bolus: Bolus) -> int:
        refusal = self.history.refusal(bolus, self.program, self.allowance)
        if refusal == REFUSED_NOT:
            self.history.add(bolus)
        return refusal


@pytest.mark.requirement("bolus-lockout")
def test_the_lockout_ends_on_the_tick():
    bedside = Bedside(a_program(lockout_minutes=60))
    assert bedside.ask(a_bolus(1_000)) == REFUSED_NOT
    assert bedside.ask(a_bolus(1_000 + HOUR - 1)) == REFUSED_LOCKOUT
    assert bedside.history.lockout_ends(bedside.patient) == 1_000 + HOUR
    assert bedside.ask(a_bolus(1_000 + HOUR)) == REFUSED_NOT


@pytest.mark.requirement("bolus-count")
def test_the_most_in_24_hours_slides_with_the_first_of_them():
    bedside = Bedside(a_program(most_per_day=2))
    assert [bedside.ask(a_bolus(at * HOUR)) for at in (1, 3, 9)] == [
        REFUSED_NOT,
        REFUSED_NOT,
        REFUSED_MOST_PER_DAY,
    ]
    assert bedside.history.lockout_ends(bedside.patient) == HOUR + TICKS_PER_DAY
    assert bedside.ask(a_bolus(HOUR + TICKS_PER_DAY - 1)) == REFUSED_MOST_PER_DAY
    assert bedside.ask(a_bolus(HOUR + TICKS_PER_DAY)) == REFUSED_NOT


def test_before_the_first_bolus_nothing_is_in_the_way():
    assert BolusHistory().lockout_ends(PatientBolus(TEN_UL_IN_FIVE_MINUTES, 5, 60, 4)) == 0
    assert BolusHistory().latest_patient_start() is None


@pytest.mark.requirement("bolus-limits")
def test_a_bolus_beyond_the_limit_of_a_single_one_is_refused():
    bedside = Bedside(a_program())
    assert bedside.ask(a_bolus(0, KIND_CLINICIAN, 14_400_001, 5)) == REFUSED_NOT
    bedside = Bedside(a_program())
    assert bedside.ask(a_bolus(0, KIND_CLINICIAN, 14_400_288, 5)) == REFUSED_VOLUME


@pytest.mark.requirement("bolus-limits", "bolus-limit-hour")
def test_a_clinicians_bolus_knows_no_lockout_but_every_limit():
    bedside = Bedside(a_program(hour_nl=20_000))
    asked = [bedside.ask(a_bolus(at * TICKS_PER_MINUTE, KIND_CLINICIAN)) for at in (0, 5, 10)]
    assert asked == [REFUSED_NOT, REFUSED_NOT, REFUSED_HOUR]
    # From the end of the first minute of the first one on, a minute's worth leaves the window each minute.
    assert bedside.ask(a_bolus(HOUR - 1, KIND_CLINICIAN)) == REFUSED_HOUR
    assert bedside.ask(a_bolus(HOUR, KIND_CLINICIAN)) == REFUSED_NOT


@pytest.mark.requirement("bolus-limit-day")
def test_the_limit_of_24_hours_counts_what_is_older_than_the_hour():
    bedside = Bedside(a_program(day_nl=30_000, most_per_day=12))
    assert [bedside.ask(a_bolus(at * 2 * HOUR)) for at in range(4)] == [REFUSED_NOT] * 3 + [REFUSED_DAY]


@pytest.mark.requirement("bolus-full-window")
def test_limits_count_a_full_window_of_basal_delivery_right_after_a_start():
    # Published counter-example: boluses accepted while the window was not yet full of basal delivery, which then
    # ran into the limit by itself.
    program = a_program(day_nl=25_000, most_per_day=12)
    bedside = Bedside(program)
    asked = [bedside.ask(a_bolus(minute * TICKS_PER_MINUTE)) for minute in (60, 120, 180)]
    assert asked == [REFUSED_NOT, REFUSED_NOT, REFUSED_DAY]


@pytest.mark.requirement("bolus-count-range")
def test_no_more_are_given_in_24_hours_than_are_remembered():
    bedside = Bedside(a_program(hour_nl=10**7, day_nl=10**7))
    asked = [bedside.ask(a_bolus(at * TICKS_PER_MINUTE, KIND_CLINICIAN, 1_000, 1)) for at in range(13)]
    assert asked == [REFUSED_NOT] * MOST_REMEMBERED + [REFUSED_MOST_PER_DAY]


def test_what_is_older_than_a_day_is_forgotten_once_no_window_reaches_it():
    history = BolusHistory()
    history.add(a_bolus(0))
    end = a_bolus(0).end_tick
    history.forget(end + TICKS_PER_DAY - 1)
    assert len(history.given) == 1
    history.forget(end + TICKS_PER_DAY)
    assert history.given == []


_ASKED = st.tuples(
    st.integers(0, 3 * HOUR),
    st.sampled_from((KIND_PATIENT, KIND_CLINICIAN)),
    st.integers(100_000, 14_400_000),
    st.integers(1, 90),
)


@pytest.mark.requirement(
    "bolus-lockout", "bolus-count", "bolus-limits", "bolus-limit-hour", "bolus-limit-day"
)
@given(st.lists(_ASKED, max_size=25), st.integers(0, 200_000), st.integers(0, 400_000), st.integers(1, 12))
def test_whatever_is_asked_for_no_window_holds_more_than_is_allowed(asked, hour_nl, day_nl, most_per_day):
    program = a_program(60, most_per_day, hour_nl, day_nl)
    bedside = Bedside(program)
    tick, given = 0, []
    for pause, kind, rate, minutes in asked:
        tick += pause
        bolus = a_bolus(tick, kind) if kind == KIND_PATIENT else a_bolus(tick, kind, rate, minutes)
        bedside.history.forget(tick)
        if bedside.ask(bolus) == REFUSED_NOT:
            given.append(bolus)
    for window, most_nl in ((HOUR, program.most_nl_per_hour), (TICKS_PER_DAY, program.most_nl_per_day)):
        for end in {
            turn + shift
            for bolus in given
            for turn in (bolus.start_tick, bolus.end_tick)
            for shift in (0, window)
        }:
            total = Fraction(424_000 * window, TICKS_PER_DAY)
            for bolus in given:
                ticks = max(0, min(end, bolus.end_tick) - max(end - window, bolus.start_tick))
                total += Fraction(bolus.rate_nl_per_day * ticks, TICKS_PER_DAY)
            assert total <= most_nl
    patient_starts = [bolus.start_tick for bolus in given if bolus.kind == KIND_PATIENT]
    for index, start in enumerate(patient_starts):
        assert (
            len([other for other in patient_starts[: index + 1] if other > start - TICKS_PER_DAY])
            <= most_per_day
        )
        assert index == 0 or start - patient_starts[index - 1] >= HOUR


@given(st.lists(st.integers(0, 2 * HOUR), min_size=1, max_size=30))
def test_a_patient_whose_program_was_validated_is_never_refused_for_a_limit(pauses):
    program = a_program(60, 4, hour_nl=10_000, day_nl=40_000)
    bedside = Bedside(program)
    tick = 0
    for pause in pauses:
        tick += pause
        bedside.history.forget(tick)
        assert bedside.ask(a_bolus(tick)) in (REFUSED_NOT, REFUSED_LOCKOUT, REFUSED_MOST_PER_DAY)


# What a patient's lockout goes by ----------------------------------------------------------------------------------

OTHER_KINDS = (KIND_SCHEDULED, KIND_CLINICIAN, KIND_PRIME, KIND_TEMPORARY)


def history_of(*boluses: Bolus) -> BolusHistory:
    history = BolusHistory()
    for bolus in boluses:
        history.add(bolus)
    return history


@pytest.mark.requirement("bolus-lockout")
@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_a_bolus_of_another_kind_neither_locks_the_patient_out_nor_is_locked_out(kind):
    program = a_program(most_per_day=1)
    history = history_of(a_bolus(0, kind))
    assert history.latest_patient_start() is None
    assert history.patient_boluses(1) == 0
    assert program.patient_bolus is not None
    assert history.lockout_ends(program.patient_bolus) == 0
    allowance = Allowance(program, week_of(program))
    after_the_patients = history_of(a_bolus(0))
    assert after_the_patients.refusal(a_bolus(6 * TICKS_PER_MINUTE, kind), program, allowance) == REFUSED_NOT


def test_a_program_without_patient_boluses_knows_no_lockout():
    program = a_program()
    program.patient_bolus = None
    history = history_of(a_bolus(0))
    assert history.refusal(a_bolus(HOUR // 2), program, Allowance(program, week_of(program))) == REFUSED_NOT


@pytest.mark.requirement("bolus-lockout")
def test_the_lockout_goes_by_the_latest_of_the_patients_boluses():
    history = history_of(a_bolus(HOUR), a_bolus(3 * HOUR), a_bolus(4 * HOUR, KIND_CLINICIAN))
    assert history.latest_patient_start() == 3 * HOUR
    assert history.lockout_ends(PatientBolus(TEN_UL_IN_FIVE_MINUTES, 5, 60, 4)) == 4 * HOUR


def test_what_ended_before_this_life_is_over_at_its_beginning():
    history = history_of(a_bolus(-5 * HOUR))
    assert history.lockout_ends(PatientBolus(TEN_UL_IN_FIVE_MINUTES, 5, 60, 4)) == 0


@pytest.mark.requirement("bolus-count")
def test_more_boluses_than_a_new_program_allows_count_as_too_many_until_a_day_after_they_began():
    program = a_program(most_per_day=2)
    history = history_of(a_bolus(HOUR), a_bolus(2 * HOUR), a_bolus(3 * HOUR))
    allowance = Allowance(program, week_of(program))
    assert program.patient_bolus is not None
    assert history.lockout_ends(program.patient_bolus) == 2 * HOUR + TICKS_PER_DAY
    assert history.refusal(a_bolus(9 * HOUR), program, allowance) == REFUSED_MOST_PER_DAY
    assert [history.patient_boluses(hour * HOUR + TICKS_PER_DAY) for hour in (0, 1, 2, 3)] == [3, 2, 1, 0]
    assert history.patient_boluses(100 * HOUR) == 0


@pytest.mark.requirement("bolus-count-range")
@pytest.mark.parametrize(("count", "at", "refusal"), [
    (MOST_REMEMBERED + 1, -1, REFUSED_MOST_PER_DAY),
    (MOST_REMEMBERED, -1, REFUSED_MOST_PER_DAY),
    (MOST_REMEMBERED, 0, REFUSED_NOT),
    (MOST_REMEMBERED, 1, REFUSED_NOT),
])  # fmt: skip
def test_as_many_as_are_remembered_are_too_many_until_a_day_after_they_ended(count, at, refusal):
    program = a_program(hour_nl=10**7, day_nl=10**7)
    given = [a_bolus(0, KIND_CLINICIAN, 1_000, 1) for _ in range(count)]
    end_tick = given[0].end_tick
    wanted = a_bolus(end_tick + TICKS_PER_DAY + at, KIND_CLINICIAN, 1_000, 1)
    assert history_of(*given).refusal(wanted, program, Allowance(program, week_of(program))) == refusal


def test_what_is_older_still_is_forgotten_as_well():
    history = history_of(a_bolus(0))
    history.forget(a_bolus(0).end_tick + TICKS_PER_DAY + 1)
    assert history.given == []


@pytest.mark.requirement("bolus-limit-hour")
@pytest.mark.parametrize(("cut_at", "ends_at"), [(HOUR + 7, HOUR + 7), (HOUR, HOUR), (HOUR - 1, HOUR)])
def test_a_bolus_that_is_cut_short_counts_up_to_there_and_no_other_one_does(cut_at, ends_at):
    others = [a_bolus(0), *(a_bolus(HOUR, kind) for kind in OTHER_KINDS), a_bolus(2 * HOUR)]
    ends = [other.end_tick for other in others]
    history = history_of(others[0], a_bolus(HOUR), *others[1:])
    for number, bolus in enumerate(history.given):
        bolus.number = number + 7
    history.cut_short(8, cut_at)
    assert [bolus.end_tick for bolus in history.given] == [ends[0], ends_at, *ends[1:]]


# Windows -----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("bolus-limit-hour")
@pytest.mark.parametrize(("hour_nl", "refusal"), [(15_999, REFUSED_HOUR), (16_000, REFUSED_NOT)])
def test_the_fullest_hour_may_begin_with_an_earlier_bolus_and_end_in_the_middle_of_this_one(hour_nl, refusal):
    # 10 uL from the start; 12 uL in an hour, half an hour later: 16 uL in the first hour, 12 uL in its own.
    bedside = Bedside(a_program(hour_nl=hour_nl))
    assert bedside.ask(a_bolus(0, KIND_CLINICIAN)) == REFUSED_NOT
    assert bedside.ask(a_bolus(HOUR // 2, KIND_CLINICIAN, 288_000, 60)) == refusal


@pytest.mark.parametrize("minute", [60, 64])
def test_an_hour_that_sees_nothing_of_a_bolus_is_nothing_to_refuse_it_for(minute):
    # Under an earlier program 20 uL were given in ten minutes.
    program = a_program(hour_nl=15_000)
    history = history_of(
        *(a_bolus(at * TICKS_PER_MINUTE, KIND_CLINICIAN) for at in (0, 5)),
    )
    wanted = a_bolus(minute * TICKS_PER_MINUTE, KIND_CLINICIAN, 288_000, 5)
    assert history.refusal(wanted, program, Allowance(program, week_of(program))) == REFUSED_NOT


@pytest.mark.requirement("bolus-limit-hour")
def test_an_hour_sees_what_was_given_in_the_life_before_this_one():
    program = a_program(hour_nl=15_000)
    history = history_of(a_bolus(-30 * TICKS_PER_MINUTE, KIND_CLINICIAN))
    allowance = Allowance(program, week_of(program))
    assert history.refusal(a_bolus(0, KIND_CLINICIAN), program, allowance) == REFUSED_HOUR
    assert history.refusal(a_bolus(35 * TICKS_PER_MINUTE, KIND_CLINICIAN), program, allowance) == REFUSED_NOT


def test_a_temporary_rate_that_adds_nothing_needs_no_room_below_the_limits():
    program = a_program(hour_nl=0, day_nl=0)
    no_more = a_bolus(0, KIND_TEMPORARY, 0, 60)
    assert history_of().refusal(no_more, program, Allowance(program, week_of(program))) == REFUSED_NOT


def test_a_bolus_gives_in_a_window_what_of_it_lies_in_there_and_no_less_than_nothing():
    one = Bolus(KIND_CLINICIAN, 100, 50, 7)
    assert _given_in([], 0, 10) == 0
    assert [_given_in([one], begin, begin + 20) for begin in (0, 80, 81, 120, 149, 150, 1_000)] == [
        0,
        0,
        7,
        140,
        7,
        0,
        0,
    ]
    assert _given_in([one, one], 0, 1_000) == 700
