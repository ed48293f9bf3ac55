"""The buzzer's patterns, to the microsecond."""

import pytest

from thecal.alarm_sets import set_of
from thecal_fw.core import alarms as table
from thecal_fw.core.annunciation import ANSWER_GIVEN, ANSWER_REFUSED, PATTERNS, Annunciation
from thecal_fw.core.instant import NEVER_S

GIVEN_US = [0, 100_000]
REFUSED_US = [0, 100_000, 200_000, 300_000, 400_000, 500_000]


def edges_us(annunciation: Annunciation, priority: int, until_s: int) -> list[int]:
    """Return microseconds since boot at which a buzzer that is silent begins to sound, falls silent, and so on in
    turn, looked at whenever it is due."""
    edges, is_on = [], False
    while annunciation.next_s < until_s:
        s, us = annunciation.next_s, annunciation.next_us
        if annunciation.update(s, us, priority) != is_on:
            is_on = not is_on
            edges.append(1_000_000 * s + us)
    return edges


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


@pytest.mark.parametrize(
    ("pattern", "tones_us"),
    [
        (ANSWER_GIVEN, GIVEN_US),
        (ANSWER_REFUSED, REFUSED_US),
        (table.PRIORITY_NON_CRITICAL, [0, 1_000_000]),
        (table.PRIORITY_CRITICAL, [250_000 * edge for edge in range(12)]),
    ],
)
@pytest.mark.parametrize("at_us", [0, 5_950_000])
def test_an_answer_and_a_tone_to_be_checked_sound_once_and_never_again(pattern, tones_us, at_us):
    annunciation = Annunciation()
    assert annunciation.play_once(pattern, at_us // 1_000_000, at_us % 1_000_000)
    assert edges_us(annunciation, -1, 100_000) == [at_us + us for us in tones_us]
    assert annunciation.next_s == NEVER_S


def test_what_answers_a_person_has_a_pause_between_its_tones_only_and_comes_once():
    assert PATTERNS[ANSWER_GIVEN] == (1, 100_000, 0, 0)
    assert PATTERNS[ANSWER_REFUSED] == (3, 100_000, 100_000, 0)


def test_after_one_answer_another_may_be_given():
    annunciation = Annunciation()
    for at_s in (5, 6, 900):
        assert annunciation.play_once(ANSWER_GIVEN, at_s, 0)
        assert edges_us(annunciation, -1, 1_000) == [1_000_000 * at_s + us for us in GIVEN_US]


def test_no_answer_begins_while_another_one_sounds_even_in_its_pause():
    annunciation = Annunciation()
    annunciation.play_once(ANSWER_REFUSED, 5, 0)
    assert not annunciation.play_once(ANSWER_GIVEN, 5, 0)
    annunciation.update(5, 0, -1)
    assert not annunciation.play_once(ANSWER_GIVEN, 5, 50_000)
    annunciation.update(5, 100_000, -1)
    assert not annunciation.play_once(ANSWER_GIVEN, 5, 150_000)
    assert edges_us(annunciation, -1, 100) == [5_000_000 + us for us in REFUSED_US[2:]]


def test_a_tone_that_has_been_asked_for_and_has_not_begun_is_one_already():
    annunciation = Annunciation()
    assert annunciation.play_once(table.PRIORITY_NON_CRITICAL, 5, 0)
    assert not annunciation.play_once(ANSWER_GIVEN, 5, 0)


@pytest.mark.requirement("alarm-tones")
@pytest.mark.parametrize("off_us", range(0, 2_750_001, 250_000))
def test_no_answer_begins_among_the_tones_of_an_alarm(off_us):
    annunciation = Annunciation()
    annunciation.update(10, 0, table.PRIORITY_CRITICAL)
    annunciation.update(10 + off_us // 1_000_000, off_us % 1_000_000, table.PRIORITY_CRITICAL)
    assert annunciation.play_once(ANSWER_GIVEN, 13, 0) == (off_us == 2_750_000)


@pytest.mark.requirement("alarm-tones")
@pytest.mark.parametrize(
    ("pattern", "us"), [(ANSWER_GIVEN, 100_000), (table.PRIORITY_NON_CRITICAL, 1_000_000)]
)
def test_a_tone_between_those_of_an_alarm_leaves_their_times_as_they_are(pattern, us):
    annunciation = Annunciation()
    annunciation.update(10, 0, table.PRIORITY_NON_CRITICAL)
    annunciation.update(11, 0, table.PRIORITY_NON_CRITICAL)
    assert annunciation.play_once(pattern, 500, 0)
    assert edges_us(annunciation, table.PRIORITY_NON_CRITICAL, 7_000) == [
        500_000_000,
        500_000_000 + us,
        3_610_000_000,
        3_611_000_000,
    ]


@pytest.mark.requirement("alarm-tones", "alarm-tones-repeat")
def test_an_alarm_whose_turn_comes_during_an_answer_sounds_in_full_after_it_and_goes_on_from_there():
    annunciation = Annunciation()
    annunciation.update(10, 0, table.PRIORITY_NON_CRITICAL)
    annunciation.update(11, 0, table.PRIORITY_NON_CRITICAL)
    assert annunciation.play_once(ANSWER_REFUSED, 3_609, 900_000)
    # The answer ends with its third tone, which passes into the alarm's.
    assert edges_us(annunciation, table.PRIORITY_NON_CRITICAL, 7_220) == [
        *[3_609_900_000 + us for us in REFUSED_US[:5]],
        3_609_900_000 + REFUSED_US[5] + 1_000_000,
        3_610_400_000 + 3_600_000_000,
        3_611_400_000 + 3_600_000_000,
    ]


@pytest.mark.requirement("alarm-tones")
@pytest.mark.parametrize("off_us", [0, 50_000, 150_000])
def test_an_alarm_that_becomes_audible_ends_an_answer_at_once(off_us):
    annunciation = Annunciation()
    annunciation.play_once(ANSWER_REFUSED, 5, 0)
    annunciation.update(5, off_us, -1)
    assert annunciation.update(5, off_us, table.PRIORITY_NON_CRITICAL)
    assert (annunciation.next_s, annunciation.next_us) == (6, off_us)
    assert not annunciation.update(6, off_us, table.PRIORITY_NON_CRITICAL)
    assert annunciation.next_s == 3_605


@pytest.mark.requirement("alarm-tones")
@pytest.mark.parametrize("off_us", [0, 50_000, 150_000])
def test_a_further_alarm_ends_an_answer_at_once_too(off_us):
    annunciation = Annunciation()
    annunciation.update(10, 0, table.PRIORITY_NON_CRITICAL, set_of(1))
    annunciation.update(11, 0, table.PRIORITY_NON_CRITICAL, set_of(1))
    annunciation.play_once(ANSWER_REFUSED, 500, 0)
    annunciation.update(500, off_us, table.PRIORITY_NON_CRITICAL, set_of(1))
    assert annunciation.update(500, off_us, table.PRIORITY_NON_CRITICAL, set_of(3))
    assert (annunciation.next_s, annunciation.next_us) == (501, off_us)


def test_an_answer_ends_with_the_silence_of_an_alarm_that_is_over():
    annunciation = Annunciation()
    annunciation.update(10, 0, table.PRIORITY_NON_CRITICAL)
    annunciation.update(11, 0, table.PRIORITY_NON_CRITICAL)
    annunciation.play_once(ANSWER_REFUSED, 20, 0)
    assert annunciation.update(20, 0, table.PRIORITY_NON_CRITICAL)
    assert not annunciation.update(20, 50_000, -1)
    assert annunciation.next_s == NEVER_S
    assert annunciation.play_once(ANSWER_GIVEN, 20, 60_000)
