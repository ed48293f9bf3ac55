"""The pumps' courses of events while the power is cut: one function for each course of events."""

from __future__ import annotations

from collections.abc import Callable

from thecal_fw.core import alarms
from thecal_fw.core.flash_map import COPIES
from thecal_fw.store.layout import Layout
from thecal_hil.campaigns.powercuts.recording import Recording
from thecal_hil.campaigns.powercuts.witness import Witness
from thecal_hil.course import therapy

SLOW = therapy.continuous(424_000).program
FAST = therapy.continuous(9_000_000).program
FULL_NL = 20_000_000
UTC_S = 1_772_409_600


def first_boot(course: Witness) -> None:
    course.run_for(10)
    course.read_log()
    course.run_for(2)


def delivery_begins(course: Witness) -> None:
    course.set_time(UTC_S)
    course.program(SLOW)
    course.refill(FULL_NL)
    course.start(SLOW)
    course.run_for(30)
    course.read_log()


def commit_over_a_running_program(course: Witness) -> None:
    delivery_begins(course)
    for program in (FAST, SLOW, FAST):
        course.program(program)
        course.run_for(20)
    course.read_log()


def many_grants(course: Witness) -> None:
    course.program(FAST)
    course.refill(FULL_NL)
    course.start(FAST)
    course.run_for(400)
    course.read_log()
    course.run_for(600)


def refills(course: Witness) -> None:
    delivery_begins(course)
    for fill_nl in (10_000_000, 15_000_000, FULL_NL):
        course.run_for(40)
        course.refill(fill_nl)
    course.run_for(20)


def alarm_raised_and_acknowledged(course: Recording) -> None:
    """Raise an alarm and acknowledge it; raise ValueError if the pump has none."""
    delivery_begins(course)
    course.program(FAST)
    course.run_for(10)
    bit = 1 << alarms.MOTOR_STALL
    course.expect_alarm(bit | 1 << alarms.UNDER_DELIVERY)
    course.pump.board.motor.stall()
    course.run_for(60)
    if not course.host.interrogate().active_alarms >> alarms.MOTOR_STALL & 1:
        raise ValueError("the motor has stalled and nothing says so")
    course.pump.board.motor.stall(False)
    course.run_for(60)
    course.facts_of_alarms_are_as_they_show()
    course.refill(FULL_NL)
    course.alarm_is_acknowledged(bit)
    course.run_for(20)
    course.read_log()


def time_is_set(course: Witness) -> None:
    delivery_begins(course)
    for hours in range(1, 6):
        course.set_time(UTC_S + hours * 3_600)
        course.run_for(5)


def stops_and_starts(course: Witness) -> None:
    delivery_begins(course)
    for _ in range(6):
        course.stop()
        course.run_for(3)
        course.start(SLOW)
        course.run_for(8)
    course.read_log()


def event_log_fills_sectors(course: Witness) -> None:
    """Fill sectors of the log. Each pair of stop and start leaves several events; a sector of the log holds 128."""
    delivery_begins(course)
    for number in range(40):
        course.stop()
        course.run_for(1)
        course.start(SLOW)
        course.run_for(2)
        if number % 16 == 0:
            course.read_log()
    course.read_log()


def program_repair(course: Recording) -> None:
    """Let a program rot and be repaired; raise ValueError if the pump does not notice."""
    delivery_begins(course)
    state = course.pump.controller.keeper.journal.state
    if state is None:
        raise ValueError("a pump that delivers has a state")
    course.expect_alarm(1 << alarms.JOURNAL_REPAIRED)
    course.rot(Layout().programs + COPIES * state.program_pair, 40, 8)
    course.run_for(2_000)
    if not course.host.interrogate().active_alarms >> alarms.JOURNAL_REPAIRED & 1:
        raise ValueError("a program has rotted and nothing says so")


def short_visit(course: Witness) -> None:
    """Make a short visit, the only one that is also carried out on the emulated board, where a second costs a
    thousand times as much."""
    course.set_time(UTC_S)
    course.program(FAST)
    course.refill(FULL_NL)
    course.start(FAST)
    course.run_for(15)
    course.program(SLOW)
    course.run_for(5)
    course.refill(FULL_NL)
    course.stop()
    course.run_for(2)
    course.program(FAST)
    course.start(FAST)
    course.run_for(20)


SCENARIOS: dict[str, Callable[[Recording], None]] = {
    scenario.__name__: scenario
    for scenario in (
        first_boot,
        delivery_begins,
        commit_over_a_running_program,
        many_grants,
        refills,
        alarm_raised_and_acknowledged,
        time_is_set,
        stops_and_starts,
        event_log_fills_sectors,
        program_repair,
        short_visit,
    )
}


def record(name: str) -> Recording:
    course = Recording()
    SCENARIOS[name](course)
    return course
