"""The motor is held against its commands: a stall, a slip and a runaway are found in time, a healthy motor never is."""

import pytest
from hypothesis import given
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


@pytest.mark.requirement("motor-stall")
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


@pytest.mark.requirement("healthy-motor")
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
