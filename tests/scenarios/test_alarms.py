"""Every row of the alarm table, on every rig that can cause it: found in time, answered as the table says, reported
by the buzzer, latched or not, and cleared by what the table says clears it.
"""

from __future__ import annotations

import pytest

from thecal_fw.core import alarms, events
from thecal_fw.core.alarms import ALARM_NAMES, ALARMS
from thecal_hil.contract.rig import ResetCause
from thecal_hil.course.course import Course
from thecal_hil.scenario.alarm_causes import ROWS, acknowledge
from thecal_hil.scenario.alarm_trial import carry_out

ON_PICO_TOO = (alarms.PULSES_MISSING, alarms.DOSE_GATE, alarms.JOURNAL_FOREIGN)
"""Rows that are tried on the emulated board each time; make faults tries them all."""


@pytest.mark.requirement("alarm-table")
def test_every_row_of_the_table_has_a_scenario() -> None:
    assert sorted(ROWS) == list(range(len(ALARMS)))


def params() -> list[object]:
    found = []
    for alarm, row in ROWS.items():
        marks = [pytest.mark.needs(str(row.needs))] if row.needs else []
        if alarm not in ON_PICO_TOO:
            marks.append(pytest.mark.campaign_on("pico"))
        found.append(pytest.param(alarm, id=ALARM_NAMES[alarm].replace(" ", "-"), marks=marks))
    return found


@pytest.mark.requirement("alarm-table", "alarm-response", "alarm-sound", "alarm-clearing")
@pytest.mark.needs("exact edges", "watchdog reset", "power cut")
@pytest.mark.parametrize("alarm", params())
def test_an_alarm_is_found_in_time_answered_told_and_cleared_as_the_table_says(
    course: Course, alarm: int
) -> None:
    row = ROWS[alarm]
    row.prepare(course)
    assert carry_out(course, alarm, row.within_s, row.rate_nl_per_day).wrong == []
    leave_it_clean(course)


def leave_it_clean(course: Course) -> None:
    """Acknowledge what else the cause has left behind. A reset by the watchdog is no state to end in, nor is a count
    that does not agree with the probe's."""
    rig = course.rig
    acknowledge(course)
    status = rig.pump().interrogate()
    seen = len(rig.steps_since_boot_ns())
    if status.reset_cause == events.RESET_WATCHDOG or abs(status.counted_steps - seen) > 1:
        rig.reset(ResetCause.POWER_ON)
