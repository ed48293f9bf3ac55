"""An alarm that comes while another of its priority is active has tones of its own."""

import pytest

from thecal.alarm_sets import bits_in, set_of
from thecal_fw.core import alarms as table
from thecal_fw.core.alarms import Alarms
from thecal_fw.core.annunciation import Annunciation

GATE = 1 << table.DOSE_GATE
STALL = 1 << table.MOTOR_STALL
LOW = 1 << table.LOW_RESERVOIR
TUBING = 1 << table.TUBING_DUE
CRITICAL, NON_CRITICAL = table.PRIORITY_CRITICAL, table.PRIORITY_NON_CRITICAL


def sounding_from(
    annunciation: Annunciation, begin_s: int, end_s: int, priority: int, audible: int
) -> list[int]:
    """Return milliseconds at which the buzzer comes on, looked at when it says that it is due."""
    found: list[int] = []
    was_on = annunciation.update(begin_s, 0, priority, set_of(audible))
    if was_on:
        found.append(begin_s * 1_000)
    while annunciation.next_s < end_s:
        s, us = annunciation.next_s, annunciation.next_us
        is_on = annunciation.update(s, us, priority, set_of(audible))
        if is_on and not was_on:
            found.append(s * 1_000 + us // 1_000)
        was_on = is_on
    return found


@pytest.mark.requirement("alarm-tones")
def test_a_further_critical_alarm_sounds_its_six_tones_at_once_and_not_at_the_others_next_turn():
    annunciation = Annunciation()
    sounding_from(annunciation, 10, 100, CRITICAL, GATE)
    tones = [100_000 + 500 * tone for tone in range(6)]
    again = [700_000 + 500 * tone for tone in range(6)]
    assert sounding_from(annunciation, 100, 1_300, CRITICAL, GATE | STALL) == tones + again


@pytest.mark.requirement("alarm-tone-non-critical")
def test_a_further_non_critical_alarm_sounds_its_tone_at_once():
    annunciation = Annunciation()
    sounding_from(annunciation, 10, 100, NON_CRITICAL, LOW)
    assert sounding_from(annunciation, 100, 3_800, NON_CRITICAL, LOW | TUBING) == [100_000, 3_700_000]


def test_an_alarm_that_comes_into_the_tones_of_another_shares_them():
    annunciation = Annunciation()
    assert annunciation.update(10, 0, CRITICAL, set_of(GATE))
    assert not annunciation.update(10, 250_000, CRITICAL, set_of(GATE))
    assert not annunciation.update(10, 300_000, CRITICAL, set_of(GATE | STALL))
    assert (annunciation.next_s, annunciation.next_us) == (10, 500_000)
    rest = sounding_from(annunciation, 10, 600, CRITICAL, GATE | STALL)
    assert len(rest) == 5


def test_an_alarm_that_comes_into_the_tones_that_answer_a_person_is_heard_at_once():
    annunciation = Annunciation()
    sounding_from(annunciation, 10, 100, CRITICAL, GATE)
    assert annunciation.play_once(NON_CRITICAL, 100, 0)
    assert annunciation.update(100, 0, CRITICAL, set_of(GATE))
    assert annunciation.update(100, 500_000, CRITICAL, set_of(GATE | STALL))
    assert (annunciation.next_s, annunciation.next_us) == (100, 750_000)


def test_an_alarm_that_goes_or_stays_begins_no_tones():
    annunciation = Annunciation()
    sounding_from(annunciation, 10, 100, CRITICAL, GATE | STALL)
    assert sounding_from(annunciation, 100, 600, CRITICAL, GATE) == []
    assert sounding_from(annunciation, 200, 600, CRITICAL, GATE) == []


def test_an_alarm_that_comes_back_is_heard_again():
    annunciation = Annunciation()
    sounding_from(annunciation, 10, 100, CRITICAL, GATE | STALL)
    sounding_from(annunciation, 100, 200, CRITICAL, GATE)
    assert len(sounding_from(annunciation, 200, 700, CRITICAL, GATE | STALL)) == 6


@pytest.mark.requirement("alarm-priority")
@pytest.mark.parametrize(
    ("active", "silenced", "audible", "priority"),
    [
        (0, 0, 0, -1),
        (LOW, 0, LOW, NON_CRITICAL),
        (LOW | TUBING, 0, LOW | TUBING, NON_CRITICAL),
        (LOW | GATE, 0, GATE, CRITICAL),
        (LOW | GATE | STALL, 0, GATE | STALL, CRITICAL),
        (LOW | GATE | STALL, STALL, GATE, CRITICAL),
        (LOW | GATE, GATE, LOW, NON_CRITICAL),
        (LOW | GATE, GATE | LOW, 0, -1),
    ],
)
def test_heard_are_the_alarms_of_the_highest_priority_that_nobody_has_silenced(
    active: int, silenced: int, audible: int, priority: int
):
    alarms = Alarms()
    for alarm in range(len(table.ALARMS)):
        alarms.set_cause(alarm, bool(active >> alarm & 1))
    alarms.acknowledge(set_of(silenced), 0)
    assert (bits_in(alarms.audible()), alarms.audible_priority()) == (audible, priority)
