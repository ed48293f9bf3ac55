"""The fullest windows ahead are those that looking at every window finds, to a nanolitre."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from thecal_fw.core import fullest_ahead
from thecal_fw.core.fullest_ahead import FullestAhead
from thecal_fw.core.given_rates import FOR_EVER
from thecal_fw.core.instant import TICKS_PER_DAY


class Steps:
    """Rates one after the other from tick 0 on, each for so many ticks; before them and after them none."""

    def __init__(self, steps: list[tuple[int, int]]) -> None:
        self.turns = [(-FOR_EVER, 0)]
        tick = 0
        for ticks, rate in steps:
            self.turns.append((tick, rate))
            tick += ticks
        self.turns.append((tick, 0))

    def segment_at(self, tick: int) -> tuple[int, int]:
        following = [turn for turn, _ in self.turns if turn > tick]
        rate = [rate for turn, rate in self.turns if turn <= tick][-1]
        return rate, min(following, default=FOR_EVER)

    def volume(self, begin: int, end: int) -> Fraction:
        total = 0
        for (turn, rate), (until, _) in zip(self.turns, [*self.turns[1:], (FOR_EVER, 0)], strict=True):
            total += rate * max(0, min(end, until) - max(begin, turn))
        return Fraction(total, TICKS_PER_DAY)

    def fullest(self, window: int, first: int, last: int) -> Fraction:
        """The most in any window that ends from one tick to another: it is one that begins or ends at a turn."""
        ends = {first, last}
        for turn, _ in self.turns:
            ends |= {end for end in (turn, turn + window) if first <= end <= last}
        return max(self.volume(end - window, end) for end in ends)


def worked_out(steps: Steps, window: int, first: int, last: int) -> FullestAhead:
    ahead = FullestAhead(window)
    for _ in ahead.working_out(((FOR_EVER, steps),), first, last):
        assert not ahead.is_known
    assert ahead.is_known
    return ahead


_steps = st.lists(
    st.tuples(st.integers(1, TICKS_PER_DAY // 4), st.integers(0, 96_000_000)), min_size=1, max_size=20
)


@pytest.mark.requirement("bolus-after-discontinuity")
@given(
    _steps,
    st.integers(1_000, TICKS_PER_DAY),
    st.integers(0, TICKS_PER_DAY),
    st.integers(1, TICKS_PER_DAY),
    st.data(),
)
@example([(TICKS_PER_DAY, 10_000_000)], TICKS_PER_DAY, TICKS_PER_DAY, TICKS_PER_DAY, None)
def test_the_most_ahead_is_what_looking_at_every_window_finds(
    steps: list[tuple[int, int]], window: int, first: int, ticks: int, data: st.DataObject | None
) -> None:
    course, last = Steps(steps), first + ticks
    ahead = worked_out(course, window, first, last)
    asked = [first, last, (first + last) // 2]
    if data is not None:
        asked += data.draw(st.lists(st.integers(first, last), max_size=5))
    for tick in asked:
        exact = course.fullest(window, tick, last)
        assert exact <= ahead.most_nl(tick) <= exact + 2
    assert ahead.most_nl(last + 1) == 0


@given(_steps)
def test_of_more_bends_than_there_is_room_for_the_last_ones_count_as_their_highest(
    steps: list[tuple[int, int]],
) -> None:
    course, window, last = Steps(steps), TICKS_PER_DAY // 3, 2 * TICKS_PER_DAY
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fullest_ahead, "MOST_BENDS", 5)
        ahead = worked_out(course, window, 0, last)
    for tick in range(0, last, last // 50):
        assert ahead.most_nl(tick) >= course.fullest(window, tick, last)


def test_nothing_is_known_of_it_until_it_is_worked_out_and_once_it_is_forgotten() -> None:
    ahead = FullestAhead(1_000)
    assert not ahead.is_known
    ahead = worked_out(Steps([(5_000, 1_000_000)]), 1_000, 0, 9_000)
    ahead.forget()
    assert not ahead.is_known
