"""Bursts by themselves: what is logged of the same event, what is counted, and when the number is reported."""

import pytest

from thecal_fw.core import events
from thecal_fw.core.bolus_history import REFUSAL_NAMES
from thecal_fw.core.bursts import BY_VALUE, HOUR_S, MOST_BURSTS, Bursts

ONCE, FOUR, FOUR_OF_A_VALUE, EACH = 1, 2, 3, 4
ROWS = {ONCE: 1, FOUR: 4, FOUR_OF_A_VALUE: 4 | BY_VALUE}


def logged(bursts: Bursts, code: int, seconds, value: int = 0) -> list[int]:
    """Return the seconds, of those at which an event comes, at which it is logged."""
    return [now_s for now_s in seconds if not bursts.takes(code, value, now_s)]


def told(bursts: Bursts, now_s: int, at_once: bool = False) -> list[tuple[int, int, int]]:
    found = []
    while (more := bursts.over(now_s, at_once)) is not None:
        found.append(more)
    return found


@pytest.mark.requirement("bursts-logged-first")
@pytest.mark.parametrize(("code", "first_ones"), [(ONCE, [10]), (FOUR, [10, 11, 12, 13])])
def test_the_first_of_a_burst_are_logged_and_the_rest_is_counted(code: int, first_ones: list[int]):
    bursts = Bursts(ROWS)
    assert logged(bursts, code, range(10, 1_010)) == first_ones
    assert told(bursts, 10 + HOUR_S - 1) == []
    assert told(bursts, 10 + HOUR_S) == [(code, 0, 1_000 - len(first_ones))]
    assert told(bursts, 10 + HOUR_S) == []


@pytest.mark.requirement("bursts-logged-first")
def test_what_is_not_in_the_table_is_logged_each_time():
    bursts = Bursts(ROWS)
    assert logged(bursts, EACH, range(100)) == list(range(100))
    assert told(bursts, 10 * HOUR_S) == []


@pytest.mark.requirement("bursts-number-each-hour")
def test_a_burst_without_end_gives_one_number_an_hour_and_each_event_is_in_one():
    bursts, all_told = Bursts(ROWS), []
    for now_s in range(0, 10 * HOUR_S, 10):
        assert bursts.takes(FOUR, 0, now_s) == (now_s >= 40)
        if now_s % 600 == 0:
            all_told += told(bursts, now_s)
    all_told += told(bursts, 10 * HOUR_S, at_once=True)
    assert len(all_told) in (9, 10)
    assert sum(number for _, _, number in all_told) == 10 * HOUR_S // 10 - 4


@pytest.mark.requirement("bursts-end")
def test_after_an_hour_without_any_the_next_is_logged_again():
    bursts = Bursts(ROWS)
    assert logged(bursts, ONCE, [0, 1, 2]) == [0]
    assert told(bursts, HOUR_S) == [(ONCE, 0, 2)]
    assert logged(bursts, ONCE, [HOUR_S + 5]) == []
    assert told(bursts, 2 * HOUR_S) == [(ONCE, 0, 1)]
    assert told(bursts, 3 * HOUR_S) == []
    assert logged(bursts, ONCE, [3 * HOUR_S + 1, 3 * HOUR_S + 2]) == [3 * HOUR_S + 1]


@pytest.mark.requirement("bursts-end")
def test_few_events_an_hour_are_all_logged_whether_anybody_looks_or_not():
    seconds = list(range(0, 10 * HOUR_S, HOUR_S // 4))
    bursts = Bursts(ROWS)
    assert logged(bursts, FOUR, seconds) == seconds
    assert logged(Bursts(ROWS), ONCE, range(0, 10 * HOUR_S, HOUR_S)) == list(range(0, 10 * HOUR_S, HOUR_S))


@pytest.mark.requirement("bursts-told-apart")
def test_events_are_the_same_by_their_first_value_where_the_table_says_so():
    bursts = Bursts(ROWS)
    for value in (3, 0xFFFF_0004):
        assert logged(bursts, FOUR_OF_A_VALUE, range(6), value) == [0, 1, 2, 3]
    assert sorted(told(bursts, HOUR_S)) == [(FOUR_OF_A_VALUE, 3, 2), (FOUR_OF_A_VALUE, 4, 2)]
    assert [value for value in range(6) if not bursts.takes(ONCE, value, 0)] == [0]


@pytest.mark.requirement("bursts-number-each-hour")
def test_before_the_pump_leaves_every_number_is_told_at_once_and_only_once():
    bursts = Bursts(ROWS)
    logged(bursts, ONCE, range(10))
    logged(bursts, FOUR, range(10))
    assert sorted(told(bursts, 10, at_once=True)) == [(ONCE, 0, 9), (FOUR, 0, 6)]
    assert told(bursts, 10, at_once=True) == []


@pytest.mark.requirement("bursts-logged-first")
def test_there_is_room_for_every_event_that_a_person_can_cause_and_beside_more_each_is_logged():
    persons = [
        (code, value)
        for code, row in events.COUNTED_IN_BURSTS.items()
        for value in range(len(REFUSAL_NAMES) if code == events.EVENT_BOLUS_REFUSED else 2)
        if row & BY_VALUE or not value
    ]
    assert len(persons) <= MOST_BURSTS
    bursts = Bursts({ONCE: 1 | BY_VALUE})
    for _ in range(3):
        for value in range(MOST_BURSTS + 5):
            bursts.takes(ONCE, value, 0)
    assert [value for value in range(MOST_BURSTS + 5) if not bursts.takes(ONCE, value, 1)] == [
        MOST_BURSTS + left for left in range(5)
    ]
