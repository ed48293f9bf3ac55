"""The event log keeps the latest events, each with its number, its time and its life."""

import struct

import pytest

from thecal_fw.core import events
from thecal_fw.core.events import (
    EVENT_FIELDS,
    EVENT_FORMAT,
    RESET_NAMES,
    RESET_POWER_ON,
    RESET_WATCHDOG,
    EventLog,
)
from thecal_fw.core.wall_clock import WallClock, clock_set_to


def log_of(count: int) -> EventLog:
    log = EventLog()
    for number in range(1, count + 1):
        log.record(number, 0, WallClock(), events.EVENT_STARTED)
    return log


def begin_of(log: EventLog, sequence: int) -> tuple[int, ...]:
    """Return the number and second of an event; nothing if it is not there."""
    return (log.get(sequence) or ())[:2]


def test_the_causes_of_a_reset_have_their_names():
    assert RESET_NAMES[RESET_POWER_ON] == "power-on"
    assert RESET_NAMES[RESET_WATCHDOG] == "watchdog"


def test_a_new_log_is_empty_and_numbers_from_one_in_the_first_life():
    log = EventLog()
    assert (log.latest, log.oldest(), log.get(1)) == (0, 1, None)
    log.record(5, 6, WallClock(), 7)
    assert log.get(1) == (1, 5, 6, 0, 0, 7, 0, 0, 0)


@pytest.mark.requirement("event-log-time", "event-log-boot-time")
def test_an_event_has_the_utc_second_it_happened_in_and_values_of_32_bits():
    log = EventLog()
    log.record(12, 900_000, clock_set_to(1_790_000_000, 0, 60, 10, 0), 7, -1, -1)
    assert log.get(1) == (1, 12, 900_000, 1_790_000_002, 1, 7, 0, 0xFFFFFFFF, 0xFFFFFFFF)


def test_the_latest_64_events_are_kept_and_no_other_number_finds_one():
    log = log_of(70)
    assert log.oldest() == 7
    assert [begin_of(log, number) for number in range(7, 71)] == [(n, n) for n in range(7, 71)]
    assert log.get(6) is None
    assert log.get(71) is None


def test_renumbering_moves_an_event_and_all_after_it_and_none_before():
    log = log_of(4)
    log.renumber(3, 10)
    assert (log.latest, log.oldest()) == (11, 1)
    assert [begin_of(log, number) for number in (1, 2, 9, 10, 11)] == [
        (1, 1),
        (2, 2),
        (),
        (10, 3),
        (11, 4),
    ]


def test_a_number_left_out_by_renumbering_finds_no_event():
    log = log_of(4)
    log.renumber(2, 3)
    assert log.get(2) is None
    log.renumber(4, 40)
    assert [log.get(number) for number in range(4, 40)] == [None] * 36
    assert [begin_of(log, number) for number in (1, 3, 40, 41)] == [(1, 1), (3, 2), (40, 3), (41, 4)]


def test_renumbering_the_first_event_of_a_life_moves_the_beginning_of_the_log():
    log = EventLog()
    log.go_on_after(20, 3)
    log.record(1, 0, WallClock(), 7)
    log.renumber(21, 30)
    assert (log.oldest(), log.latest) == (30, 30)
    assert log.get(30) == (30, 1, 0, 0, 0, 7, 3, 0, 0)


def test_what_the_pump_reads_again_of_an_event_is_where_it_is_looked_for():
    names = [name for name, _ in EVENT_FIELDS]
    places = (events.AT_BOOT_S, events.AT_CODE, events.AT_BOOTS, events.AT_FIRST, events.AT_SECOND)
    assert [names[place] for place in places] == ["boot_s", "code", "boots", "first", "second"]
    assert struct.calcsize(EVENT_FORMAT) == 28
