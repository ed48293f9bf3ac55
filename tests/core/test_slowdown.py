"""Wrong keys: each one makes the wait for the next longer, up to a bound, and nobody is held off for ever."""

import pytest

from thecal_fw.core.slowdown import MOST_WAIT_S, Slowdown


@pytest.mark.requirement("wrong-keys")
def test_each_wrong_key_doubles_the_wait_up_to_a_quarter_of_an_hour():
    slowdown, now_s, waits = Slowdown(), 1_000, []
    for _ in range(13):
        slowdown.note_failure(now_s)
        # The second in which it came is not counted, so the wait is never shorter than it says.
        waits.append(slowdown.wait_s(now_s) - 1)
        now_s += slowdown.wait_s(now_s)
        assert slowdown.wait_s(now_s) == 0
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]


def test_what_comes_during_a_wait_does_not_make_it_longer():
    slowdown = Slowdown()
    slowdown.note_failure(10)
    wait_s = slowdown.wait_s(10)
    for _ in range(1_000):
        slowdown.note_failure(10)
    assert slowdown.wait_s(10) == wait_s
    assert slowdown.failures == 1_001


def test_a_right_key_ends_it():
    slowdown = Slowdown()
    for now_s in range(0, 10_000, MOST_WAIT_S + 1):
        slowdown.note_failure(now_s)
    slowdown.clear()
    assert slowdown.wait_s(10_000) == 0
    slowdown.note_failure(10_000)
    assert slowdown.wait_s(10_000) == 2


def test_hours_of_trying_get_few_keys_looked_at():
    slowdown, looked_at = Slowdown(), 0
    for now_s in range(24 * 3_600):
        if not slowdown.wait_s(now_s):
            looked_at += 1
            slowdown.note_failure(now_s)
    assert looked_at < 110


def test_nobody_waits_before_the_first_wrong_key_however_early_that_comes():
    slowdown = Slowdown()
    assert slowdown.wait_s(0) == 0
    slowdown.note_failure(0)
    assert slowdown.wait_s(0) == 2
