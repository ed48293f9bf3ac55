"""Every mode as a week of day patterns, by hand; its number, and what its programs name."""

import pytest

from thecal_fw.core.limits import MINIMUM_RATE_NL_PER_DAY
from thecal_fw.core.modes import (
    BY_INTERVAL,
    DELIVERS,
    EVERY_DAY,
    MODE_CONTINUOUS,
    MODE_FLEX,
    MODE_MINIMUM_RATE,
    MODE_NAMES,
    MODE_STOPPED,
    OWN_PATTERNS,
    OWN_RATE,
    TRAITS,
    TREATS,
)
from thecal_fw.core.program import Bridge, PatientBolus, PeriodicBolus, Program, decode_in_place

PATTERNS = [[(0, 100_000), (60, 200_000)], [(0, 300_000)]]
BOLUSES = [[(480, 2_880_000, 5)], []]
WEEKDAYS = (0, 1, 1, 0, 0, 0, 1)


def listed(entries) -> list:
    """Return steps or boluses, which may lie in a program's bytes."""
    return [entries[index] for index in range(len(entries))]


def program_of(mode: int) -> Program:
    """Return a program in which every field that any mode has says something."""
    return Program(
        mode,
        rate_nl_per_day=423_800,
        patterns=PATTERNS,
        weekdays=WEEKDAYS,
        boluses=BOLUSES,
        patient_bolus=PatientBolus(1, 2, 3, 4),
        periodic_bolus=PeriodicBolus(1, 2, 3, 4),
        bridge=Bridge(1, 2),
    )


ROWS = {
    MODE_STOPPED: ("stopped", 0, (((0, 0),),), ((),), EVERY_DAY),
    MODE_MINIMUM_RATE: (
        "minimum rate",
        DELIVERS,
        (((0, MINIMUM_RATE_NL_PER_DAY),),),
        ((),),
        EVERY_DAY,
    ),
    MODE_CONTINUOUS: (
        "simple continuous",
        DELIVERS | TREATS | OWN_RATE | BY_INTERVAL,
        (((0, 423_800),),),
        ((),),
        EVERY_DAY,
    ),
    MODE_FLEX: ("flex", DELIVERS | TREATS | OWN_PATTERNS, PATTERNS, BOLUSES, WEEKDAYS),
}
"""Of each mode: name, traits, and of the program above the steps and boluses of each pattern, and the weekdays."""


def test_each_mode_is_known_here_by_the_number_that_flash_and_link_have_of_it():
    assert list(ROWS) == list(range(len(MODE_NAMES))) == list(range(len(TRAITS)))
    assert [row[0] for row in ROWS.values()] == list(MODE_NAMES)


@pytest.mark.parametrize("mode", ROWS)
def test_a_program_of_any_mode_is_a_week_of_day_patterns(mode):
    _, traits, patterns, boluses, weekdays = ROWS[mode]
    program = program_of(mode)
    assert [program.has(1 << bit) for bit in range(8)] == [bool(traits >> bit & 1) for bit in range(8)]
    assert program.delivers() is bool(traits & DELIVERS)
    for found in (program, decode_in_place(memoryview(program.encode()))):
        assert [listed(steps) for steps in found.day_patterns()] == [list(steps) for steps in patterns]
        assert [listed(day) for day in found.day_boluses()] == [list(day) for day in boluses]
        assert tuple(found.pattern_of_weekdays()) == weekdays
        for weekday in range(7):
            assert listed(found.steps_on(weekday)) == list(patterns[weekdays[weekday]])
            assert listed(found.boluses_on(weekday)) == list(boluses[weekdays[weekday]])


@pytest.mark.parametrize("mode", [-1, len(MODE_NAMES), 255])
def test_what_is_no_mode_gives_nothing_and_counts_as_one_that_delivers(mode):
    program = program_of(mode)
    assert program.delivers()
    assert not program.has(TREATS | OWN_RATE | OWN_PATTERNS | BY_INTERVAL)
    assert [listed(program.steps_on(weekday)) for weekday in range(7)] == [[(0, 0)]] * 7
    assert [listed(program.boluses_on(weekday)) for weekday in range(7)] == [[]] * 7


def test_what_is_delivered_and_the_digest_follow_the_same_field_of_the_program():
    program = decode_in_place(memoryview(Program(MODE_CONTINUOUS, rate_nl_per_day=1 << 20).encode()))
    digest = program.digest()
    program.rate_nl_per_day ^= 1 << 5
    assert program.steps_on(0)[0][1] == (1 << 20) + 32
    assert program.digest() != digest
