"""The plan of pulses: nothing lost and nothing given twice over any segments, changes and stops."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.strategies import rates_nl_per_day
from thecal_fw.core.calibration import BENCH_CALIBRATION
from thecal_fw.core.delivery import Delivery
from thecal_fw.core.instant import (
    TICKS_PER_DAY,
    TICKS_PER_SECOND,
    microsecond_of_ticks,
    second_of_ticks,
    ticks_at,
)

LEAST_INTERVAL_TICKS = 4


class Rates:
    """A timeline of given rates, each holding for a number of ticks; the last one for ever."""

    def __init__(self, segments: list[tuple[int, int]], begin_tick: int = 0):
        self.segments = segments
        self.begin_tick = begin_tick

    def segment_at(self, tick: int) -> tuple[int, int]:
        end = self.begin_tick
        for rate_nl_per_day, length_ticks in self.segments:
            end += length_ticks
            if tick < end:
                return rate_nl_per_day, end
        return self.segments[-1][0], tick + TICKS_PER_DAY

    def ideal_steps(self, tick: int) -> Fraction:
        """Return microsteps prescribed from the beginning to a tick."""
        steps, at = Fraction(0), self.begin_tick
        while at < tick:
            rate_nl_per_day, end = self.segment_at(at)
            until = min(end, tick)
            steps += Fraction(rate_nl_per_day * 3_200 * (until - at), 50_000 * TICKS_PER_DAY)
            at = until
        return steps


def new_delivery() -> Delivery:
    return Delivery(BENCH_CALIBRATION, LEAST_INTERVAL_TICKS, most_pulses=1_024)


class Train:
    """Keeps the intervals pushed to it."""

    def __init__(self):
        self.intervals: list[int] = []

    def push(self, interval_ticks: int) -> None:
        self.intervals.append(interval_ticks)


def plan(delivery: Delivery, pulses: int) -> list[int]:
    """Return ticks since boot of the next pulses planned."""
    ticks, train, tick = [], Train(), ticks_at(delivery.tail_s, delivery.tail_us)
    assert delivery.plan(train, pulses, 1 << 60) == pulses
    for interval_ticks in train.intervals:
        tick += interval_ticks
        ticks.append(tick)
    assert tick == ticks_at(delivery.tail_s, delivery.tail_us)
    return ticks


segments = st.lists(
    st.tuples(rates_nl_per_day, st.integers(1_000, 600 * TICKS_PER_SECOND)), min_size=1, max_size=12
)


@pytest.mark.requirement("pulse-timing")
@given(segments, st.integers(0, 10**12))
def test_every_planned_pulse_lies_within_a_tick_of_when_its_volume_is_prescribed(rates, anchor_tick):
    timeline = Rates(rates, anchor_tick)
    delivery = new_delivery()
    delivery.begin(anchor_tick, 0, 0, timeline)
    for number, tick in enumerate(plan(delivery, 200), start=1):
        assert timeline.ideal_steps(tick + 1) >= number
        assert timeline.ideal_steps(tick - 1) <= number


@given(segments, st.integers(1, 400))
def test_pulses_fall_due_one_by_one_in_order_and_at_their_own_instant(rates, pulses):
    delivery = new_delivery()
    delivery.begin(0, 0, 0, Rates(rates))
    for number, tick in enumerate(plan(delivery, pulses), start=1):
        s, us = second_of_ticks(tick), microsecond_of_ticks(tick)
        assert delivery.instant_of(number) == (s, us)
        before = tick - 1
        assert delivery.settle(second_of_ticks(before), microsecond_of_ticks(before)) == number - 1
        assert delivery.settle(s, us) == number


@pytest.mark.requirement("stop-owes-nothing")
@given(segments, st.lists(st.integers(1, 20), min_size=1, max_size=10))
def test_after_any_number_of_interruptions_what_is_owed_is_what_was_prescribed_less_what_came_out(
    rates, cuts
):
    timeline = Rates(rates)
    delivery = new_delivery()
    phase, anchor_tick, delivered = 0, 0, 0
    for pulses in cuts:
        delivery.begin(anchor_tick, phase, delivered, timeline)
        ticks = plan(delivery, pulses + 5)
        cut_tick = ticks[pulses - 1] + 50
        delivered = delivery.settle(second_of_ticks(cut_tick), microsecond_of_ticks(cut_tick))
        phase = delivery.phase_at(cut_tick, delivered)
        owed_steps = Fraction(phase, delivery._metering.step_weight)
        assert owed_steps == timeline.ideal_steps(cut_tick) - delivered
        assert -1 <= owed_steps <= 1
        delivery.withdraw(delivered)
        anchor_tick = cut_tick


@pytest.mark.requirement("no-burst")
def test_a_pulse_that_can_not_come_in_time_comes_as_soon_as_it_can_and_the_next_is_not_late_for_it():
    delivery = new_delivery()
    step_weight = delivery._metering.step_weight
    delivery.begin(0, 2 * step_weight, 0, Rates([(24_000_000, TICKS_PER_DAY)]))
    assert plan(delivery, 3) == [4, 8, 5_625]


def test_a_withdrawn_pulse_is_planned_again_under_the_same_number():
    delivery = new_delivery()
    delivery.begin(0, 0, 0, Rates([(423_800, TICKS_PER_DAY)]))
    plan(delivery, 10)
    delivery.withdraw(4)
    assert (delivery.planned, delivery.due) == (4, 4)


def test_the_ring_of_planned_pulses_says_when_it_is_full():
    delivery = new_delivery()
    delivery.begin(0, 0, 0, Rates([(423_800, TICKS_PER_DAY)]))
    room = delivery.room()
    plan(delivery, room)
    assert delivery.room() == 0
    assert room >= 2 * 512 - 1


def test_a_plan_that_has_not_begun_holds_nothing_and_delivers_nothing():
    delivery = new_delivery()
    assert (delivery.planned, delivery.due, delivery.settle(1 << 20, 0)) == (0, 0, 0)
    assert (delivery.head_s, delivery.head_us, delivery.tail_s, delivery.tail_us) == (0, 0, 0, 0)
    assert delivery.room() == 1_023
    assert delivery.rate_at(0) == 0


def test_half_a_step_is_half_of_what_one_pulse_delivers():
    assert 2 * new_delivery().half_a_step == new_delivery()._metering.step_weight


def test_a_plan_begins_at_its_anchor_with_the_rate_in_force_there():
    delivery = new_delivery()
    delivery.begin(123_456, 0, 7, Rates([(423_800, TICKS_PER_DAY)], 123_456))
    assert (delivery.planned, delivery.due) == (7, 7)
    assert (delivery.head_s, delivery.head_us) == (delivery.tail_s, delivery.tail_us) == (1, 234_560)
    assert delivery.rate_at(123_456) == 423_800


def test_a_plan_that_begins_afresh_owes_nothing_to_the_one_before():
    delivery = new_delivery()
    fast = Rates([(24_000_000, TICKS_PER_SECOND), (12_000_000, TICKS_PER_DAY)])
    delivery.begin(0, 2 * delivery._metering.step_weight, 0, fast)
    plan(delivery, 1)
    delivery.begin(0, 0, 0, fast)
    assert plan(delivery, 1) == [5_625]
    plan(delivery, 20)
    delivery.begin(200, 0, 0, Rates([(24_000_000, TICKS_PER_DAY)]))
    assert delivery.phase_at(200, 0) == 0
    assert delivery.phase_at(200 + 5_625, 1) == 0


@settings(max_examples=12)
@given(segments, st.lists(st.tuples(st.integers(1, 20), st.integers(0, 20)), min_size=1, max_size=6))
def test_planning_on_changes_neither_what_is_owed_nor_when_a_pulse_is_due(rates, chunks):
    timeline = Rates(rates)
    delivery = new_delivery()
    delivery.begin(0, 0, 0, timeline)
    ticks, due, looked_tick = [], 0, 0
    for pulses, ahead in chunks:
        ticks += plan(delivery, pulses)
        for tick in (looked_tick, ticks[-1]):
            owed_steps = Fraction(delivery.phase_at(tick, due), delivery._metering.step_weight)
            assert owed_steps == timeline.ideal_steps(tick) - due
        due = max(due, len(ticks) - ahead)
        looked_tick = ticks[due - 1] if due else 0
        assert delivery.settle(second_of_ticks(looked_tick), microsecond_of_ticks(looked_tick)) == due
        assert delivery.room() == 1_023 - len(ticks) + due
        for number in range(due + 1, len(ticks) + 1):
            tick = ticks[number - 1]
            assert delivery.instant_of(number) == (second_of_ticks(tick), microsecond_of_ticks(tick))


def test_the_instant_of_a_pulse_hours_ahead_is_exact():
    delivery = new_delivery()
    delivery.begin(5, 0, 0, Rates([(6_100, TICKS_PER_DAY)], 5))
    for number, tick in enumerate(plan(delivery, 100), start=1):
        assert delivery.instant_of(number) == (second_of_ticks(tick), microsecond_of_ticks(tick))


@pytest.mark.parametrize("anchor_tick", [0, 99_999])
def test_a_pulse_on_a_whole_second_or_a_tick_before_one_lies_in_the_right_second(anchor_tick: int):
    delivery = new_delivery()
    delivery.begin(anchor_tick, 0, 0, Rates([(12_000, TICKS_PER_DAY)], anchor_tick))
    ticks = plan(delivery, 6)
    assert ticks == [anchor_tick + number * 11_250_000 for number in range(1, 7)]
    for due, due_tick in enumerate(ticks, start=1):
        assert delivery.settle(second_of_ticks(due_tick), microsecond_of_ticks(due_tick)) == due
        for number in range(due + 1, 7):
            tick = ticks[number - 1]
            assert delivery.instant_of(number) == (second_of_ticks(tick), microsecond_of_ticks(tick))


def test_a_little_before_its_anchor_a_plan_owes_less_by_what_the_rate_there_gives_until_then():
    delivery = new_delivery()
    delivery.begin(1_000, 7, 0, Rates([(100_000, 10), (200_000, 10), (300_000, TICKS_PER_DAY)], 1_000))
    plan(delivery, 1)
    assert delivery.phase_at(990, 0) == 7 - 10 * delivery._metering.weight(100_000)


def test_planning_goes_on_through_more_segments_than_a_week_has_if_pulses_come_in_between():
    pause = [(0, TICKS_PER_SECOND)] * 300
    second_with_pulses = [(24_000_000, TICKS_PER_SECOND)]
    delivery = new_delivery()
    delivery.begin(0, 0, 0, Rates([*pause, *second_with_pulses, *pause, (24_000_000, TICKS_PER_DAY)]))
    assert len(plan(delivery, 20)) == 20


def test_a_full_ring_gives_every_pulse_back_at_its_own_instant():
    delivery = new_delivery()
    delivery.begin(0, 0, 1_000, Rates([(423_800, TICKS_PER_DAY)]))
    for number, tick in enumerate(plan(delivery, delivery.room()), start=1_001):
        assert delivery.settle(second_of_ticks(tick - 1), microsecond_of_ticks(tick - 1)) == number - 1
        assert delivery.settle(second_of_ticks(tick), microsecond_of_ticks(tick)) == number


def test_all_pulses_of_a_long_sleep_are_found_due_at_one_look():
    delivery = new_delivery()
    delivery.begin(0, 0, 0, Rates([(24_000_000, TICKS_PER_DAY)]))
    ticks = plan(delivery, 100)
    tick = ticks[59]
    assert delivery.settle(second_of_ticks(tick), microsecond_of_ticks(tick)) == 60
    assert delivery.settle(second_of_ticks(ticks[-1]) + 1, 0) == 100


def test_segments_that_are_past_are_forgotten_and_those_still_asked_about_are_not():
    timeline = Rates([(24_000_000, TICKS_PER_SECOND), (12_000_000, TICKS_PER_SECOND)] * 50)
    delivery = new_delivery()
    delivery.begin(0, 0, 0, timeline)
    for _ in range(40):
        due = delivery.planned
        tick = plan(delivery, 27)[-1]
        delivery.settle(second_of_ticks(tick), microsecond_of_ticks(tick))
        assert len(delivery._starts) <= 4
        assert delivery.due == due + 27


def test_planning_ends_with_the_pulse_that_meets_the_span_exactly():
    for span_ticks, pulses in ((3 * 5_625 - 1, 3), (3 * 5_625, 3), (3 * 5_625 + 1, 4)):
        delivery = new_delivery()
        delivery.begin(0, 0, 0, Rates([(24_000_000, TICKS_PER_DAY)]))
        assert delivery.plan(Train(), 100, span_ticks) == pulses
        assert delivery.planned == pulses


def test_a_block_ends_with_the_pulse_that_completes_its_span():
    delivery = new_delivery()
    delivery.begin(0, 0, 0, Rates([(423_800, TICKS_PER_DAY)]))
    train = Train()
    assert delivery.plan(train, 512, 60 * TICKS_PER_SECOND) == 19
    assert sum(train.intervals) >= 60 * TICKS_PER_SECOND > sum(train.intervals[:-1])


@pytest.mark.requirement("no-burst")
@given(st.integers(-(10**6), 10**6))
def test_no_fault_leaves_a_burst_or_a_long_pause_to_the_next_start(steps_off):
    delivery = new_delivery()
    step_weight = delivery._metering.step_weight
    bounded = delivery.bounded(steps_off * step_weight // 7)
    assert abs(bounded) <= step_weight
    if abs(steps_off) <= 7:
        assert bounded == steps_off * step_weight // 7


def test_planning_ends_when_nothing_comes_of_more_segments_than_a_week_can_have():
    class Never:
        asked = 0

        def segment_at(self, tick: int) -> tuple[int, int]:
            self.asked += 1
            return 0, tick + 1

    delivery, never = new_delivery(), Never()
    delivery.begin(0, 0, 0, never)
    assert delivery.plan(Train(), 100, TICKS_PER_DAY) == 0
    assert never.asked == 1 + 512


@pytest.mark.parametrize("segments", [512, 513])
def test_a_pulse_is_planned_after_up_to_512_segments_without_one(segments: int):
    rates = Rates([(0, TICKS_PER_SECOND)] * segments + [(24_000_000, TICKS_PER_DAY)])
    delivery = new_delivery()
    delivery.begin(0, 0, 0, rates)
    assert delivery.plan(Train(), 1, TICKS_PER_DAY) == (1 if segments == 512 else 0)
