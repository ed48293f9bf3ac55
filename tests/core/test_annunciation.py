"""The buzzer's patterns, to the microsecond."""

import pytest

from thecal_fw.core import alarms as table
from thecal_fw.core.annunciation import PATTERNS, Annunciation
from thecal_fw.core.instant import NEVER_S


def test_a_buzzer_that_nothing_asks_to_sound_is_never_due():
    annunciation = Annunciation()
    assert (annunciation.next_s, annunciation.next_us) == (NEVER_S, 0)
    assert not annunciation.update(1, 500_000, -1)
    assert (annunciation.next_s, annunciation.next_us) == (NEVER_S, 0)


@pytest.mark.requirement("alarm-priority")
def test_an_alarm_of_another_priority_begins_its_own_pattern_at_once_even_in_a_pause():
    annunciation = Annunciation()
    annunciation.update(10, 0, table.PRIORITY_CRITICAL)
    assert not annunciation.update(10, 250_000, table.PRIORITY_CRITICAL)
    assert annunciation.update(10, 300_000, table.PRIORITY_NON_CRITICAL)
    assert (annunciation.next_s, annunciation.next_us) == (11, 300_000)


def test_an_alarm_of_another_priority_begins_its_own_pattern_at_once_even_in_a_tone():
    annunciation = Annunciation()
    annunciation.update(10, 0, table.PRIORITY_CRITICAL)
    assert annunciation.update(10, 100_000, table.PRIORITY_NON_CRITICAL)
    assert (annunciation.next_s, annunciation.next_us) == (11, 100_000)
    assert not annunciation.update(11, 100_000, table.PRIORITY_NON_CRITICAL)


def test_a_tone_that_ends_on_a_seconds_last_microsecond_ends_within_that_second():
    annunciation = Annunciation()
    annunciation.update(10, 749_999, table.PRIORITY_CRITICAL)
    assert (annunciation.next_s, annunciation.next_us) == (10, 999_999)


def test_a_non_critical_pattern_is_one_second_with_its_pause():
    tones, tone_us, pause_us, _ = PATTERNS[table.PRIORITY_NON_CRITICAL]
    assert tones * (tone_us + pause_us) == 1_000_000
