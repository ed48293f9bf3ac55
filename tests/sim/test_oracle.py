"""The oracle, against numbers worked out by hand and against a naive account of the same history."""

from bisect import bisect_right
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thecal_sim.oracle import Epoch, IdealDelivery, Regimen, check_pulses
from thecal_sim.units import NS_PER_DAY, NS_PER_MINUTE, NS_PER_S, TICK_NS

STEPS_PER_NL = Fraction(3_200, 50_000)
HOUR_NS = 60 * NS_PER_MINUTE
A_STEP_A_SECOND = 86_400 * Fraction(50_000, 3_200)
"""nL/day"""
MONDAY_NS = 20_514 * NS_PER_DAY
"""Local time at which Monday, 2 March 2026 begins."""


def steady(nl_per_day: Fraction | int = A_STEP_A_SECOND, start_ns: int = 0) -> IdealDelivery:
    return IdealDelivery([Epoch(start_ns, Regimen.constant(nl_per_day))], STEPS_PER_NL)


def day(*rates: tuple[int, int]) -> tuple[tuple[int, Fraction], ...]:
    return tuple((minute, Fraction(nl_per_day)) for minute, nl_per_day in rates)


def test_211_9_mcg_a_day_of_500_mcg_per_ml_is_27123_and_a_fifth_microsteps_a_day():
    # 211.9 / 500 mL = 423,800 nL, at 15.625 nL a microstep.
    assert steady(423_800).steps_at(NS_PER_DAY) == Fraction(423_800_000, 15_625) == Fraction(135_616, 5)
    assert steady(423_800).volume_nl_at(NS_PER_DAY) == 423_800


def test_a_microstep_is_due_when_half_of_it_is_prescribed():
    ideal = steady()
    assert ideal.instant_of_step(1, NS_PER_DAY) == NS_PER_S // 2
    assert ideal.instant_of_step(100, NS_PER_DAY) == 99 * NS_PER_S + NS_PER_S // 2
    assert [ideal.steps_due_by(t_ns) for t_ns in (0, NS_PER_S // 2 - 1, NS_PER_S // 2, NS_PER_S)] == [
        0,
        0,
        1,
        1,
    ]


def test_a_step_that_is_not_due_by_the_horizon_has_no_instant():
    assert steady().instant_of_step(11, 10 * NS_PER_S) is None
    stopped = IdealDelivery(
        [Epoch(0, Regimen.constant(A_STEP_A_SECOND)), Epoch(NS_PER_S, None)], STEPS_PER_NL
    )
    assert stopped.instant_of_step(2, 10**15) is None


def test_a_daily_pattern_follows_local_time():
    # 24 uL/day is a microlitre an hour; midnight to six at 24, six to midnight at 48 uL/day.
    regimen = Regimen((day((0, 24_000), (360, 48_000)),) * 7)
    ideal = IdealDelivery([Epoch(0, regimen, MONDAY_NS + 5 * HOUR_NS)], STEPS_PER_NL)
    assert ideal.volume_nl_at(HOUR_NS) == 1_000
    assert ideal.volume_nl_at(2 * HOUR_NS) == 3_000
    assert ideal.volume_nl_at(19 * HOUR_NS) == 1_000 + 36_000
    assert ideal.volume_nl_at(20 * HOUR_NS) == 1_000 + 36_000 + 1_000


def test_the_weekend_pattern_holds_from_saturday_midnight_to_sunday_midnight():
    regimen = Regimen((day((0, 24_000)),) * 5 + (day((0, 72_000)),) * 2)
    friday_23 = MONDAY_NS + 4 * NS_PER_DAY + 23 * HOUR_NS
    ideal = IdealDelivery([Epoch(0, regimen, friday_23)], STEPS_PER_NL)
    assert ideal.rate_nl_per_day_at(0) == 24_000
    assert ideal.rate_nl_per_day_at(HOUR_NS) == 72_000
    assert ideal.rate_nl_per_day_at(49 * HOUR_NS) == 24_000
    assert ideal.volume_nl_at(50 * HOUR_NS) == 1_000 + 48 * 3_000 + 1_000


def test_without_the_time_of_day_the_weeks_mean_is_prescribed():
    regimen = Regimen((day((0, 24_000)),) * 5 + (day((0, 72_000), (720, 24_000)),) * 2)
    assert regimen.mean_nl_per_day() == Fraction(24_000 * 12 + 72_000 * 2, 14)
    ideal = IdealDelivery([Epoch(0, regimen)], STEPS_PER_NL)
    assert ideal.volume_nl_at(7 * NS_PER_DAY) == 24_000 * 6 + 72_000


def test_what_is_owed_at_a_stop_is_kept_for_the_next_start():
    rate = Regimen.constant(A_STEP_A_SECOND)
    history = [Epoch(0, rate), Epoch(NS_PER_S * 5 // 4, None), Epoch(60 * NS_PER_S, rate)]
    ideal = IdealDelivery(history, STEPS_PER_NL)
    assert ideal.steps_at(30 * NS_PER_S) == Fraction(5, 4)
    assert ideal.instant_of_step(2, 10**12) == 60 * NS_PER_S + NS_PER_S // 4


@pytest.mark.parametrize(
    "week",
    [
        (day((0, 1)),) * 6,
        (day((1, 1)),) * 7,
        (day((0, 1), (0, 2)),) * 7,
        (day((0, 1), (1_440, 2)),) * 7,
        ((),) * 7,
    ],
)
def test_a_regimen_covers_every_minute_of_a_week(week):
    with pytest.raises(ValueError, match=r"week|minutes"):
        Regimen(week)


def test_a_history_out_of_order_is_refused():
    with pytest.raises(ValueError, match="order"):
        IdealDelivery([Epoch(5, None), Epoch(4, None)], STEPS_PER_NL)


# --- against a naive account: minute by minute, every rate looked up afresh

_RATES = st.integers(0, 20_000_000)
_DAYS = st.lists(st.tuples(st.integers(1, 1_439), _RATES), max_size=4, unique_by=lambda step: step[0])


@st.composite
def regimens(draw):
    days = [day((0, draw(_RATES)), *sorted(draw(_DAYS))) for _ in range(draw(st.integers(1, 3)))]
    return Regimen(tuple(days[draw(st.integers(0, len(days) - 1))] for _ in range(7)))


@st.composite
def histories(draw):
    """Return epochs on whole minutes, with local time a whole number of minutes from the time base."""
    starts = sorted(draw(st.lists(st.integers(0, 3_000), min_size=1, max_size=5)))
    return [
        Epoch(
            start * NS_PER_MINUTE,
            draw(st.none() | regimens()),
            MONDAY_NS + draw(st.integers(-20_000, 20_000)) * NS_PER_MINUTE,
        )
        for start in starts
    ]


def naive_volume_nl(history: list[Epoch], minutes: int) -> Fraction:
    total = Fraction(0)
    for minute in range(minutes):
        epoch = [epoch for epoch in history if epoch.start_ns <= minute * NS_PER_MINUTE][-1:]
        if not epoch or epoch[0].regimen is None or epoch[0].local_minus_t_ns is None:
            continue
        local_minute = minute + epoch[0].local_minus_t_ns // NS_PER_MINUTE
        days, minute_of_day = divmod(local_minute, 1_440)
        rates = epoch[0].regimen.week[(days - 20_514) % 7]
        total += [rate for begin, rate in rates if begin <= minute_of_day][-1] / 1_440
    return total


@given(histories(), st.integers(0, 5_000))
@settings(max_examples=60, deadline=None)
def test_the_ideal_volume_is_that_of_a_minute_by_minute_account(history, minutes):
    ideal = IdealDelivery(history, STEPS_PER_NL)
    assert ideal.volume_nl_at(minutes * NS_PER_MINUTE) == naive_volume_nl(history, minutes)


@given(histories(), st.integers(1, 5_000))
@settings(max_examples=60, deadline=None)
def test_at_the_instant_of_a_step_half_of_it_is_prescribed(history, number):
    ideal = IdealDelivery(history, STEPS_PER_NL)
    horizon_ns = 5_000 * NS_PER_MINUTE
    instant = ideal.instant_of_step(number, horizon_ns)
    if instant is None:
        assert ideal.steps_at(horizon_ns) < number - Fraction(1, 2)
    else:
        assert ideal.steps_at(instant) == number - Fraction(1, 2)


def naive_check(ideal: IdealDelivery, times: list[int], end_ns: int) -> tuple[Fraction, Fraction]:
    """Return the worst edge in ticks and worst volume error in steps, one Fraction at a time."""
    edges = [Fraction(0)]
    for number, t_ns in enumerate(times, start=1):
        due = ideal.instant_of_step(number, end_ns + NS_PER_MINUTE)
        if due is not None:
            edges.append(abs(t_ns - due) / TICK_NS)
    volumes = [abs(len(times) - ideal.steps_at(end_ns))]
    for number, t_ns in enumerate(times, start=1):
        volumes += [abs(number - ideal.steps_at(t_ns)), abs(number - 1 - ideal.steps_at(t_ns))]
    return max(edges), max(volumes)


@given(
    rates=st.lists(st.integers(48_000, 24_000_000), min_size=1, max_size=4),
    shifts=st.lists(st.integers(-30_000, 30_000), min_size=1, max_size=30),
    dropped=st.none() | st.integers(0, 60),
)
@settings(max_examples=60, deadline=None)
def test_the_check_finds_the_errors_that_a_pulse_by_pulse_account_finds(rates, shifts, dropped):
    history = [Epoch(index * 20 * NS_PER_S, Regimen.constant(rate)) for index, rate in enumerate(rates)]
    ideal = IdealDelivery(history, STEPS_PER_NL)
    end_ns = len(rates) * 20 * NS_PER_S
    due = [ideal.instant_of_step(number, end_ns) for number in range(1, ideal.steps_due_by(end_ns) + 1)]
    times = [
        max(1, int(t_ns) + shifts[index % len(shifts)]) for index, t_ns in enumerate(due) if t_ns is not None
    ]
    if dropped is not None and dropped < len(times):
        del times[dropped]
    times = [t_ns for t_ns in sorted(times) if t_ns <= end_ns]
    check = check_pulses(ideal, times, end_ns)
    assert (check.worst_edge_ticks, check.worst_volume_steps) == naive_check(ideal, times, end_ns)


# --- what the check says of records that are wrong

GOOD = [number * NS_PER_S + NS_PER_S // 2 for number in range(100)]
END_NS = 100 * NS_PER_S


def test_a_perfect_record_has_no_error_but_the_half_step_that_can_not_be_helped():
    check = check_pulses(steady(), GOOD, END_NS)
    assert (check.pulses, check.expected, check.missing, check.extra) == (100, 100, 0, 0)
    assert check.worst_edge_ticks == 0
    assert check.worst_volume_steps == Fraction(1, 2)
    assert check.final_volume.steps == 0
    assert check.divergence is None


def test_a_missing_pulse_is_found_and_shown_with_its_neighbours():
    check = check_pulses(steady(), GOOD[:40] + GOOD[41:], END_NS)
    assert (check.missing, check.extra) == (1, 0)
    assert check.divergence is not None
    assert check.divergence.pulse == 41
    assert (41, GOOD[41], GOOD[40]) in check.divergence.around
    assert "1000000000 ns too late" in str(check.divergence)
    assert check.worst_volume.steps == Fraction(-3, 2)


def test_an_extra_pulse_is_found():
    check = check_pulses(steady(), [*GOOD[:40], GOOD[39] + 300 * TICK_NS, *GOOD[40:]], END_NS)
    assert (check.missing, check.extra) == (0, 1)
    assert check.divergence is not None
    assert check.divergence.pulse == 41
    assert check.worst_volume.steps > 1


def test_one_late_pulse_is_named():
    times = list(GOOD)
    times[70] += 5 * TICK_NS
    check = check_pulses(steady(), times, END_NS)
    assert check.worst_edge is not None
    assert (check.worst_edge.ticks, check.worst_edge.pulse, check.worst_edge.t_ns) == (5, 71, times[70])
    assert (check.missing, check.extra) == (1, 1)


def test_pulses_that_stop_coming_are_missing():
    check = check_pulses(steady(), GOOD[:90], END_NS)
    assert check.missing == 10
    assert check.divergence is not None
    assert check.divergence.what == "a pulse never came"


def test_pulses_after_a_stop_are_noticed():
    history = [Epoch(0, Regimen.constant(A_STEP_A_SECOND)), Epoch(10 * NS_PER_S, None)]
    check = check_pulses(IdealDelivery(history, STEPS_PER_NL), GOOD[:11], END_NS)
    assert check.while_stopped == 1
    assert check.divergence is not None


def test_a_pulse_that_rounding_moves_across_a_stop_is_not_late_by_the_pause():
    rate = Regimen.constant(A_STEP_A_SECOND)
    stop_ns, start_ns = NS_PER_S // 2 + 1_000, 60 * NS_PER_S
    history = [Epoch(0, rate), Epoch(stop_ns, None), Epoch(start_ns, rate)]
    ideal = IdealDelivery(history, STEPS_PER_NL)
    check = check_pulses(ideal, [start_ns, start_ns + NS_PER_S - 1_000], start_ns + NS_PER_S)
    assert check.worst_edge_ticks == Fraction(1, 10)
    assert check.divergence is None


def test_a_pulse_just_ahead_of_a_last_stop_is_in_time():
    history = [Epoch(0, Regimen.constant(A_STEP_A_SECOND)), Epoch(NS_PER_S // 2 - 2_000, None)]
    check = check_pulses(IdealDelivery(history, STEPS_PER_NL), [NS_PER_S // 2 - 4_000], END_NS)
    assert check.divergence is None
    assert check.worst_edge is not None
    assert check.worst_edge.ticks == Fraction(-2, 5)


def test_times_of_more_than_64_bits_after_scaling_are_handled_exactly():
    start_ns = 1_772_409_600 * NS_PER_S
    ideal = steady(423_801, start_ns)
    end_ns = start_ns + 10 * NS_PER_DAY
    count = ideal.steps_due_by(end_ns)
    per_step = 1 / ideal.segments_until(start_ns)[0].steps_per_ns
    times = np.array(
        [start_ns + round((number - Fraction(1, 2)) * per_step) for number in range(1, count + 1)]
    )
    check = check_pulses(ideal, times, end_ns)
    assert check.divergence is None
    assert 0 < check.worst_edge_ticks <= Fraction(1, 2 * TICK_NS)
    assert bisect_right(list(times), end_ns) == count


@pytest.mark.requirement("oracle-long-boluses")
@pytest.mark.parametrize("minutes", [30, 90, 700, 1_440])
def test_a_bolus_adds_its_whole_volume_however_long_it_lasts(minutes: int):
    # The basal rate changes each hour, so the oracle has to find the bolus again in every hour that it lasts.
    basal = day(*((60 * hour, 24_000 + 1_200 * (hour % 2)) for hour in range(24)))
    boluses = ((150, Fraction(48_000), minutes),)
    nothing: tuple = ()
    with_bolus = Regimen((basal,) * 7, (boluses, nothing, nothing, nothing, nothing, nothing, nothing))
    both = IdealDelivery([Epoch(0, with_bolus, MONDAY_NS)], STEPS_PER_NL)
    alone = IdealDelivery([Epoch(0, Regimen((basal,) * 7), MONDAY_NS)], STEPS_PER_NL)
    for t_ns in range(0, 3 * NS_PER_DAY, 25 * NS_PER_MINUTE):
        given_minutes = min(max(0, t_ns // NS_PER_MINUTE - 150), minutes)
        more_nl = both.volume_nl_at(t_ns) - alone.volume_nl_at(t_ns)
        assert more_nl == Fraction(48_000 * given_minutes, 1_440)
