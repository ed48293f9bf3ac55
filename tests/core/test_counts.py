"""Counts at the ends of their bits, by themselves: what begins anew is still known to be later."""

import pytest

from thecal_fw.core.counts import MOST_COUNT, MOST_NUMBER, later_number, number_after, one_more


@pytest.mark.requirement("numbers-begin-anew")
def test_the_number_of_a_dose_rises_by_one_and_begins_anew_at_one():
    assert [number_after(number) for number in (1, 7, MOST_NUMBER - 1)] == [2, 8, MOST_NUMBER]
    assert number_after(MOST_NUMBER) == 1


@pytest.mark.requirement("numbers-begin-anew")
@pytest.mark.parametrize("number", [1, 2, 1_000, 2**31, MOST_NUMBER - 1, MOST_NUMBER])
def test_the_number_that_was_given_later_is_known_as_such(number: int):
    assert later_number(number, number) == number
    later = number
    for _ in range(20):
        later = number_after(later)
        assert later_number(number, later) == later_number(later, number) == later


@pytest.mark.requirement("counts-stand-still")
def test_a_count_stands_still_at_the_largest_small_integer():
    assert MOST_COUNT == 2**30 - 1
    assert [one_more(count) for count in (0, MOST_COUNT - 1, MOST_COUNT)] == [1, MOST_COUNT, MOST_COUNT]
