"""A critical alarm can be heard as one, of each alone: six short tones, and again ten minutes later."""

import pytest

from thecal_fw.core import alarms
from thecal_fw.core.alarms import Alarms
from thecal_fw.core.annunciation import Annunciation

TONE_MS = 250
CRITICAL = {
    "empty reservoir": alarms.EMPTY_RESERVOIR,
    "program lost": alarms.PROGRAM_LOST,
    "step timing fault": alarms.TIMING_FAULT,
    "pulses missing": alarms.PULSES_MISSING,
    "pulses in excess": alarms.PULSES_IN_EXCESS,
    "stopped by an alarm": alarms.STOPPED_BY_ALARM,
    "under-delivery": alarms.UNDER_DELIVERY,
    "over-delivery": alarms.OVER_DELIVERY,
    "repeated resets": alarms.REPEATED_RESETS,
    "stopped for 48 hours": alarms.STOPPED_LONG,
    "end of service": alarms.END_OF_SERVICE,
    "repeated starts": alarms.REPEATED_STARTS,
}
NOT_CRITICAL = {
    "low reservoir": alarms.LOW_RESERVOIR,
    "journal repaired": alarms.JOURNAL_REPAIRED,
    "pump stopped": alarms.PUMP_STOPPED,
    "replacement due": alarms.REPLACEMENT_DUE,
}


def tones_heard(alarm: int, seconds: int) -> list[int]:
    """Return milliseconds, from its beginning on, at which each tone of an alarm begins that is there alone."""
    active, buzzer = Alarms(), Annunciation()
    active.set_cause(alarm, True)
    begun, was_on = [], False
    for ms in range(0, 1_000 * seconds, TONE_MS // 2):
        on = buzzer.update(ms // 1_000, ms % 1_000 * 1_000, active.audible_priority(), active.audible())
        if on and not was_on:
            begun.append(ms)
        was_on = on
    return begun


@pytest.mark.requirement(
    "empty-reservoir-alarm",
    "journal-lost-alarm",
    "pulses-in-excess-alarm",
    "pulses-missing",
    "repeated-resets-alarm",
    "repeated-starts-alarm",
    "stopped-by-alarm",
    "stopped-reminder-urgent",
    "timing-fault-alarm",
    "under-delivery-alarm",
)
@pytest.mark.parametrize("alarm", CRITICAL.values(), ids=list(CRITICAL))
def test_a_critical_alarm_is_heard_as_six_short_tones_every_ten_minutes(alarm: int):
    once = [2 * TONE_MS * tone for tone in range(6)]
    assert tones_heard(alarm, 605) == once + [600_000 + ms for ms in once]


@pytest.mark.requirement("journal-repaired", "low-reservoir", "stopped-reminder", "alarm-sound")
@pytest.mark.parametrize("alarm", NOT_CRITICAL.values(), ids=list(NOT_CRITICAL))
def test_an_alarm_that_is_not_critical_is_heard_as_one_tone_in_ten_minutes(alarm: int):
    assert tones_heard(alarm, 605) == [0]
