"""The motor is held against its commands: a stall, a slip and a runaway are found in time, a healthy motor never is."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thecal_fw.core.motor_watch import (
    FORGIVEN_EVERY_STEPS,
    MOTOR_AHEAD,
    MOTOR_FOLLOWS,
    MOTOR_SHORT,
    MOTOR_STALLED,
    MOTOR_TURNS_AGAIN,
    STALL_STEPS,
    MotorWatch,
)

MOST_STEPS_TO_A_FINDING = 50


def watched(counted: int = 0, turned: int = 0) -> MotorWatch:
    watch = MotorWatch()
    watch.begin(counted, turned)
    return watch


@pytest.mark.requirement("healthy-motor")
@given(
    start=st.integers(0, 1 << 20),
    turned=st.integers(0, 1 << 20),
    polls=st.lists(st.tuples(st.integers(0, 130), st.integers(-1, 1)), max_size=200),
)
def test_a_motor_that_follows_is_never_complained_about_whenever_it_is_looked_at(
    start, turned, polls
) -> None:
    watch = watched(start, turned)
    steps = 0
    for more, read_off in polls:
        steps += more
        seen = max(0, steps + read_off)
        assert watch.judge(start + steps, turned + seen) == MOTOR_FOLLOWS


@pytest.mark.requirement("motor-stall")
@given(before=st.integers(0, 500), every=st.integers(1, 7))
def test_a_motor_that_stands_still_is_found_within_twenty_steps(before: int, every: int) -> None:
    watch = watched()
    for step in range(before + 1):
        assert watch.judge(step, step) == MOTOR_FOLLOWS
    for step in range(before + 1, before + 21):
        finding = MOTOR_FOLLOWS if step % every else watch.judge(step, before)
        if finding == MOTOR_STALLED:
            assert step - before >= STALL_STEPS
            assert watch.off_steps == step - before
            return
        assert finding == MOTOR_FOLLOWS
    pytest.fail("the stall was not found within 20 steps")


@pytest.mark.requirement("motor-recovery")
def test_a_stall_is_told_once_and_so_is_its_end_with_the_steps_that_were_lost() -> None:
    watch = watched()
    findings = [watch.judge(step, 0) for step in range(1, 40)]
    assert findings.count(MOTOR_STALLED) == 1
    assert watch.is_stalled
    assert watch.judge(40, 1) == MOTOR_FOLLOWS
    assert watch.judge(41, 2) == MOTOR_TURNS_AGAIN
    assert watch.off_steps == 39
    assert not watch.is_stalled
    assert watch.judge(60, 21) == MOTOR_FOLLOWS


@pytest.mark.requirement("under-delivery")
@given(every=st.integers(2, 10), begin=st.integers(0, 300))
def test_a_motor_that_loses_a_tenth_or_more_is_found_within_fifty_steps(every: int, begin: int) -> None:
    watch = watched()
    turned = 0
    for step in range(1, begin + MOST_STEPS_TO_A_FINDING + 1):
        if step <= begin or step % every:
            turned += 1
        if watch.judge(step, turned) == MOTOR_SHORT:
            assert step > begin
            return
    pytest.fail("nothing was found")


@pytest.mark.requirement("over-delivery")
@given(every=st.integers(1, 10), begin=st.integers(0, 300))
def test_a_motor_that_turns_a_tenth_too_far_or_more_is_found_within_fifty_steps(
    every: int, begin: int
) -> None:
    watch = watched()
    turned = 0
    for step in range(1, begin + MOST_STEPS_TO_A_FINDING + 1):
        turned += 1 if step <= begin or step % every else 2
        if watch.judge(step, turned) == MOTOR_AHEAD:
            assert step > begin
            return
    pytest.fail("nothing was found")


@pytest.mark.requirement("motor-turns-uncommanded")
def test_a_motor_that_turns_though_nothing_is_commanded_is_ahead() -> None:
    watch = watched(1_000, 1_000)
    assert [watch.judge(1_000, 1_000 + turned) for turned in (1, 2, 3)] == [
        MOTOR_FOLLOWS,
        MOTOR_FOLLOWS,
        MOTOR_AHEAD,
    ]


@pytest.mark.requirement("single-slip")
def test_a_single_lost_step_now_and_then_is_forgiven() -> None:
    watch = watched()
    turned = 0
    for step in range(1, 20 * FORGIVEN_EVERY_STEPS):
        if step % (FORGIVEN_EVERY_STEPS + 1):
            turned += 1
        assert watch.judge(step, turned) == MOTOR_FOLLOWS


@pytest.mark.requirement("motor-stall")
def test_a_stall_that_begins_between_two_looks_far_apart_is_still_found_at_the_next() -> None:
    watch = watched()
    assert watch.judge(100, 100) == MOTOR_FOLLOWS
    assert watch.judge(200, 150) == MOTOR_SHORT
    assert watch.judge(300, 150) == MOTOR_STALLED


def test_a_watch_that_has_begun_nowhere_takes_both_counts_to_begin_at_nothing() -> None:
    watch = MotorWatch()
    assert not watch.is_stalled
    assert watch.off_steps == 0
    assert watch.standing_steps(5, 0) == 0
    assert [watch.judge(0, turned) for turned in (1, 2, 3)] == [MOTOR_FOLLOWS, MOTOR_FOLLOWS, MOTOR_AHEAD]
    assert watch.off_steps == -3
    assert [MotorWatch().judge(counted, 0) for counted in (11, 12)] == [MOTOR_FOLLOWS, MOTOR_STALLED]


@pytest.mark.requirement("motor-stall")
@settings(max_examples=20)
@given(start=st.integers(0, 1 << 20), turned=st.integers(0, 1 << 20))
def test_twelve_steps_without_a_turn_are_a_stall_and_eleven_are_none(start: int, turned: int) -> None:
    watch = watched(start, turned)
    assert watch.judge(start + 11, turned) == MOTOR_FOLLOWS
    assert not watch.is_stalled
    assert watch.judge(start + 12, turned) == MOTOR_STALLED
    assert watch.is_stalled
    assert watch.off_steps == 12


@settings(max_examples=20)
@given(start=st.integers(0, 1 << 20), turned=st.integers(0, 1 << 20), lost=st.integers(0, 500))
def test_a_stall_costs_every_step_since_the_motor_stood_and_nothing_before_it_is_found(
    start: int, turned: int, lost: int
) -> None:
    watch = watched(start, turned)
    watch.judge(start + 11, turned)
    assert watch.standing_steps(start + 11, turned) == 0
    watch.judge(start + 12, turned)
    assert watch.standing_steps(start + 12 + lost, turned) == 12 + lost
    assert watch.standing_steps(start + 12 + lost, turned + 1) == 11 + lost
    assert watch.standing_steps(start + 12, turned + 12 + lost) == 0


@pytest.mark.parametrize("way", [1, -1])
def test_a_stalled_motor_turns_again_with_its_second_step_either_way(way: int) -> None:
    watch = watched(100, 100)
    watch.judge(105, 105)
    watch.judge(117, 105)
    assert watch.judge(120, 105 + way) == MOTOR_FOLLOWS
    assert watch.is_stalled
    assert watch.judge(122, 105 + 2 * way) == MOTOR_TURNS_AGAIN
    assert not watch.is_stalled
    assert watch.off_steps == 17 - 2 * way
    assert watch.standing_steps(122, 105 + 2 * way) == 0
    assert watch.judge(123, 106 + 2 * way) == MOTOR_FOLLOWS


@pytest.mark.parametrize("moved", [3, 40, -3, -40])
def test_a_stalled_motor_that_is_found_far_on_or_far_back_turns_again(moved: int) -> None:
    watch = watched()
    watch.judge(12, 0)
    assert watch.judge(60, moved) == MOTOR_TURNS_AGAIN
    assert watch.off_steps == 60 - moved


@pytest.mark.requirement("motor-stall")
def test_a_motor_that_stands_again_after_a_stall_is_found_again_twelve_steps_on() -> None:
    watch = watched()
    watch.judge(12, 0)
    watch.judge(14, 2)
    assert watch.judge(25, 2) == MOTOR_FOLLOWS
    assert watch.judge(26, 2) == MOTOR_STALLED
    assert watch.off_steps == 12


@pytest.mark.requirement("under-delivery")
def test_three_steps_lost_are_told_once_when_the_motor_still_turns() -> None:
    watch = watched(100, 50)
    assert watch.judge(103, 51) == MOTOR_FOLLOWS
    assert watch.judge(105, 52) == MOTOR_SHORT
    assert watch.off_steps == 3
    assert watch.judge(107, 53) == MOTOR_FOLLOWS
    assert watch.judge(108, 53) == MOTOR_FOLLOWS


@pytest.mark.requirement("under-delivery")
def test_a_step_lost_two_steps_after_the_last_turn_is_told_and_three_after_it_may_be_a_stall() -> None:
    short, standing = watched(), watched()
    assert [short.judge(2, 1), short.judge(4, 1)] == [MOTOR_FOLLOWS, MOTOR_SHORT]
    assert [standing.judge(1, 1), standing.judge(4, 1)] == [MOTOR_FOLLOWS, MOTOR_FOLLOWS]


@pytest.mark.requirement("under-delivery")
def test_a_motor_that_turns_back_is_turning_and_short() -> None:
    watch = watched(10, 10)
    assert watch.judge(15, 15) == MOTOR_FOLLOWS
    assert watch.judge(15, 14) == MOTOR_FOLLOWS
    assert watch.judge(26, 13) == MOTOR_SHORT
    assert watch.off_steps == 13


@pytest.mark.requirement("over-delivery")
def test_three_steps_too_many_are_told_once() -> None:
    watch = watched(100, 50)
    assert [watch.judge(110, 62), watch.judge(111, 64)] == [MOTOR_FOLLOWS, MOTOR_AHEAD]
    assert watch.off_steps == -3
    assert [watch.judge(112, 67), watch.judge(113, 69)] == [MOTOR_FOLLOWS, MOTOR_AHEAD]


@pytest.mark.requirement("over-delivery")
def test_a_motor_that_is_found_far_ahead_at_one_look_is_told_with_all_its_steps() -> None:
    watch = watched()
    assert watch.judge(10, 50) == MOTOR_AHEAD
    assert watch.off_steps == -40


def forgiven(off_steps: int, periods: int) -> int:
    """Return what is left of a deviation when a step of it has been forgiven in each period."""
    return off_steps - max(-periods, min(periods, off_steps))


@pytest.mark.parametrize("off_steps", [-2, -1, 0, 1, 2])
@pytest.mark.parametrize("steps", [1, 59, 60, 119, 120, 180])
def test_one_step_of_a_deviation_either_way_is_forgiven_for_every_sixty_and_never_more(
    off_steps: int, steps: int
) -> None:
    left = forgiven(off_steps, steps // 60)
    too_many, counted, turned = 3 + left, 1_000 + steps, 500 + steps - off_steps
    for more, finding in ((too_many - 1, MOTOR_FOLLOWS), (too_many, MOTOR_AHEAD)):
        watch = watched(1_000, 500)
        watch.judge(counted, turned)
        assert watch.judge(counted, turned + more) == finding
        assert finding == MOTOR_FOLLOWS or watch.off_steps == -3
    too_few = 3 - left
    for fewer, finding in ((too_few - 1, MOTOR_FOLLOWS), (too_few, MOTOR_SHORT)):
        watch = watched(1_000, 500)
        watch.judge(counted, turned)
        assert watch.judge(counted + 1 + fewer, turned + 1) == finding


@pytest.mark.requirement("motor-stall")
def test_nothing_is_forgiven_of_what_may_become_a_stall() -> None:
    watch = watched()
    assert watch.judge(58, 58) == MOTOR_FOLLOWS
    assert watch.judge(60, 58) == MOTOR_FOLLOWS
    assert watch.judge(70, 58) == MOTOR_STALLED
    assert watch.off_steps == 12


def test_what_was_not_forgiven_while_the_motor_stood_is_when_it_has_turned_again() -> None:
    watch = watched()
    watch.judge(58, 58)
    watch.judge(60, 58)
    watch.judge(61, 59)
    assert watch.judge(61, 62) == MOTOR_FOLLOWS
    assert watch.judge(61, 63) == MOTOR_AHEAD
