"""The responses of alarms are laid over the ideal course, from the instants of the log."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from thecal_fw.core import alarms, events
from thecal_hil.course.course import MICROSTEPS_PER_NL, Stretch
from thecal_hil.scenario.responses import Logged, followed, response_of
from thecal_sim.ideal import Epoch, IdealDelivery, Regimen, Span

S = 1_000_000_000
RATE = 1_000_000
HOUR = 3_600 * S


def stretch(*epochs: Epoch) -> Stretch:
    return Stretch(IdealDelivery(epochs, MICROSTEPS_PER_NL), 0, HOUR, np.array([], np.int64))


def rates(found: Stretch, *instants_s: int) -> list[Fraction]:
    return [found.ideal.rate_nl_per_day_at(t_s * S) for t_s in instants_s]


def raised(t_s: int, alarm: int) -> Logged:
    return Logged(t_s * S, events.EVENT_ALARM_RAISED, alarm, 0)


def effective(t_s: int) -> Logged:
    return Logged(t_s * S, events.EVENT_PROGRAM_EFFECTIVE, 0, 0)


DELIVERING = Epoch(10 * S, Regimen.constant(RATE), 0)


def test_an_alarm_that_asks_for_the_minimum_rate_gets_it_until_it_is_acknowledged() -> None:
    log = [
        effective(10),
        raised(20, alarms.TIMING_FAULT),
        effective(21),
        Logged(30 * S, events.EVENT_ALARM_ACKNOWLEDGED, 0, 1 << alarms.TIMING_FAULT),
        effective(31),
    ]
    assert rates(followed(stretch(DELIVERING), log), 15, 20, 21, 30, 31) == [RATE, RATE, 6_000, 6_000, RATE]


def test_a_stop_by_an_alarm_delivers_nothing_until_the_host_starts_again() -> None:
    again = Epoch(50 * S, Regimen.constant(RATE), 0)
    log = [
        effective(10),
        raised(20, alarms.EMPTY_RESERVOIR),
        Logged(20 * S, events.EVENT_STOPPED, 0, 0),
        Logged(40 * S, events.EVENT_ALARM_CLEARED, alarms.EMPTY_RESERVOIR, 0),
        effective(50),
    ]
    assert rates(followed(stretch(DELIVERING, again), log), 15, 20, 45, 50) == [RATE, 0, 0, RATE]


def test_a_low_reservoir_ends_boluses_and_leaves_the_basal_rate() -> None:
    with_bolus = Epoch(10 * S, Regimen.constant(RATE), 0, 0, (Span(12 * S, 60 * S, Fraction(5 * RATE)),))
    log = [effective(10), raised(20, alarms.LOW_RESERVOIR), effective(21)]
    assert rates(followed(stretch(with_bolus), log), 11, 15, 21) == [RATE, 6 * RATE, RATE]


def test_an_alarm_that_changes_nothing_leaves_the_course_as_the_host_asked_for_it() -> None:
    log = [effective(10), raised(20, alarms.MOTOR_STALL), effective(21)]
    plain = stretch(DELIVERING)
    assert followed(plain, log).ideal.history == plain.ideal.history


def test_a_pump_that_the_host_has_stopped_is_not_started_by_a_change_of_alarms() -> None:
    stopped = Epoch(30 * S, None, 0)
    log = [effective(10), Logged(30 * S, events.EVENT_STOPPED, 0, 0), effective(40)]
    assert rates(followed(stretch(DELIVERING, stopped), log), 20, 35, 45) == [RATE, 0, 0]


@pytest.mark.requirement("most-restrictive")
def test_of_several_alarms_the_most_restrictive_response_is_meant() -> None:
    assert response_of(0) == alarms.RESPONSE_NONE
    both = 1 << alarms.LOW_RESERVOIR | 1 << alarms.TIMING_FAULT
    assert response_of(both) == alarms.RESPONSE_MINIMUM_RATE
