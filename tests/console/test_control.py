"""One window of the console acts at a time; the others see, and get control by asking or when the first has gone."""

import pytest

from thecal.console.control import GONE_AFTER_S, Control, Hold, NoControlError


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_the_first_window_acts_and_a_second_one_only_sees(clock: Clock) -> None:
    control = Control(clock)
    control.arrives("first")
    control.arrives("second")
    control.need("first")
    assert control.hold("second") is Hold.ELSEWHERE
    with pytest.raises(NoControlError):
        control.need("second")


def test_a_window_that_takes_control_has_it_alone(clock: Clock) -> None:
    control = Control(clock)
    control.arrives("first")
    control.arrives("second")
    control.take("second")
    assert (control.hold("first"), control.hold("second")) == (Hold.ELSEWHERE, Hold.HERE)


def test_a_reload_keeps_control(clock: Clock) -> None:
    control = Control(clock)
    control.arrives("first")
    control.arrives("second")
    control.leaves("first")
    clock.now_s += GONE_AFTER_S / 2
    with pytest.raises(NoControlError):
        control.need("second")
    control.arrives("first")
    clock.now_s += GONE_AFTER_S * 2
    control.need("first")


def test_a_window_that_has_gone_leaves_control_to_whoever_acts_next(clock: Clock) -> None:
    control = Control(clock)
    control.arrives("first")
    control.arrives("second")
    control.leaves("first")
    clock.now_s += GONE_AFTER_S + 1
    assert control.hold("second") is Hold.NOBODY
    control.need("second")
    assert control.hold("second") is Hold.HERE


def test_a_window_that_is_open_twice_has_gone_only_when_both_are_closed(clock: Clock) -> None:
    control = Control(clock)
    control.arrives("first")
    control.arrives("first")
    control.leaves("first")
    clock.now_s += GONE_AFTER_S + 1
    assert control.hold("second") is Hold.ELSEWHERE
