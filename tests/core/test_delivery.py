"""The plan of pulses: nothing lost and nothing given twice over any segments, changes and stops."""

from fractions import Fraction

import pytest
from hypothesis import given
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
        """Microsteps prescribed from the beginning to a tick."""
        steps, at = Fraction(0), self.begin_tick
        while at < tick:
            rate_nl_per_day, end = self.segment_at(at)
            until = min(end, tick)
            steps += Fraction(rate_nl_per_day * 3_200 * (until - at), 50_000 * TICKS_PER_DAY)
            at = until
        return steps


def new_delivery() -> Delivery:
    return Delivery(BENCH_CALIBRATION, LEAST_INTERVAL_TICKS)


class Train:
    """Keeps the intervals pushed to it."""

    def __init__(self):
        self.intervals: list[int] = []

    def push(self, interval_ticks: int) -> None:
        self.intervals.append(interval_ticks)


def plan(delivery: Delivery, pulses: int) -> list[int]:
    """Ticks since boot of the next pulses planned."""
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
    assert room >= 4 * 500


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
