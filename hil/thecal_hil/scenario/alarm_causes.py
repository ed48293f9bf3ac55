"""The causes of each alarm of the table, on any rig that has the fault for it.

Promise: every row of the table has its cause here, with the time within which the pump must find it, and with what a
person does to clear it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from thecal_fw.core import alarms
from thecal_fw.core.flash_map import COPIES, PAIRS
from thecal_fw.core.service_life import BENCH_SERVICE_LIMITS as SERVICE
from thecal_fw.core.service_life import PART_PUMP, PART_TUBING
from thecal_fw.store.layout import Layout
from thecal_hil.contract.faults import Fault
from thecal_hil.contract.rig import ResetCause
from thecal_hil.course.course import Course, local_second
from thecal_hil.course.therapy import Therapy, continuous, flex

FULL_NL = 18_000_000
LOW_NL = 2_000_000
USUAL, FASTEST = continuous(1_000_003), continuous(24_000_000)
DAILY = flex([("00:00", 900_000), ("12:00", 1_500_000)])
DAILY_MEAN_NL_PER_DAY = 1_200_000
HEARTBEAT_S = 7


def deliver(course: Course, therapy: Therapy = USUAL, fill_nl: int = FULL_NL, time: bool = True) -> None:
    if time:
        course.set_time(local_second("2026-03-06 08:00"))
    course.prescribe(therapy)
    if fill_nl:
        course.refill(fill_nl)
    course.start()
    course.rig.run_for(10)


def inject(fault: Fault, amount: int = 0) -> Callable[[Course], None]:
    return lambda course: course.rig.faults.inject(fault, amount)


def after_a_power_cut(fault: Fault, *amounts: int) -> Callable[[Course], None]:
    def cause(course: Course) -> None:
        for amount in amounts or (0,):
            course.rig.faults.inject(fault, amount)
        course.rig.reset(ResetCause.POWER_ON)

    return cause


def end(fault: Fault) -> Callable[[Course], None]:
    return lambda course: course.rig.faults.end(fault)


def nothing(course: Course) -> None: ...


def acknowledge(course: Course) -> None:
    course.pump.acknowledge(course.pump.interrogate().active_alarms)


def set_time(course: Course) -> None:
    course.set_time(local_second("2026-03-06 09:00"))


def in_turn(*actions: Callable[[Course], object]) -> Callable[[Course], None]:
    def do(course: Course) -> None:
        for action in actions:
            action(course)

    return do


def refill(course: Course) -> None:
    course.refill(FULL_NL)


def commit(course: Course) -> None:
    course.pump.program(USUAL.program)


def hang_three_times(course: Course) -> None:
    for _ in range(3):
        course.rig.reset(ResetCause.WATCHDOG)
        course.rig.run_for(2)


def restart_and_acknowledge(course: Course) -> None:
    course.rig.reset(ResetCause.POWER_ON)
    acknowledge(course)


def change_while_the_program_pauses(course: Course) -> None:
    course.prescribe(FASTEST)
    course.rig.faults.inject(Fault.PROGRAM_PAUSES, 1_500)
    course.rig.run_for(1.6)


def stand(seconds: int) -> Callable[[Course], None]:
    """Return a pump that was stopped so long ago."""

    def prepare(course: Course) -> None:
        deliver(course)
        course.stop()
        course.rig.run_for(seconds)

    return prepare


def start(course: Course) -> None:
    course.start()


def renew(part: int) -> Callable[[Course], None]:
    def do(course: Course) -> None:
        course.pump.renew_part(part)

    return do


def hold_the_button(course: Course) -> None:
    course.rig.hold_button(True)


def let_go_of_the_button(course: Course) -> None:
    course.rig.hold_button(False)


def stop_in_an_alarm_and_start_three_times(course: Course) -> None:
    """Stop the pump in the alarm of a motor that stands, each of three times, and start it again."""
    for _ in range(3):
        course.stop()
        course.rig.run_for(20)
        course.start()
        course.rig.run_for(20)


def deliver_until_the_motor_stalls(course: Course) -> None:
    """Deliver until the motor stalls. That alarm is acknowledged, so that what sounds afterwards is another."""
    deliver(course)
    course.rig.faults.inject(Fault.MOTOR_STALLS)
    course.rig.run_for(60)
    acknowledge(course)


@dataclass(frozen=True)
class Row:
    """The cause of an alarm. raised_when: the same in words, for the documents. within_s: from the cause to the alarm
    at most. ends: takes the cause away, and ``then_s`` later the pump knows. clears: what the table says clears it."""

    raised_when: str
    cause: Callable[[Course], None]
    within_s: float
    clears: Callable[[Course], None]
    needs: Fault | None = None
    ends: Callable[[Course], None] = nothing
    then_s: float = 0
    prepare: Callable[[Course], None] = deliver
    rate_nl_per_day: int = USUAL.program.rate_nl_per_day


def rotten_programs() -> tuple[int, ...]:
    layout = Layout()
    return tuple(layout.programs + copy for copy in range(PAIRS * COPIES))


ROWS = {
    alarms.EMPTY_RESERVOIR: Row(
        "the calculated volume has reached 0 nL",
        nothing,
        25,
        refill,
        prepare=lambda course: deliver(course, FASTEST, 6_000),
    ),
    alarms.LOW_RESERVOIR: Row(
        "the calculated volume has reached the program's threshold",
        nothing,
        40,
        refill,
        prepare=lambda course: deliver(course, FASTEST, LOW_NL + 6_000),
        rate_nl_per_day=FASTEST.program.rate_nl_per_day,
    ),
    alarms.RESERVOIR_UNKNOWN: Row(
        "delivery was started without a refill since reset",
        lambda course: deliver(course, fill_nl=0),
        12,
        refill,
        prepare=nothing,
    ),
    alarms.TIME_UNKNOWN: Row(
        "a flex program is to be delivered and the clock has not been set",
        lambda course: deliver(course, DAILY, time=False),
        12,
        set_time,
        prepare=nothing,
        rate_nl_per_day=DAILY_MEAN_NL_PER_DAY,
    ),
    alarms.PROGRAM_LOST: Row(
        "after a reset, the journal or the program in it could not be read",
        after_a_power_cut(Fault.FLASH_ROTS, *rotten_programs()),
        1,
        commit,
        Fault.FLASH_ROTS,
    ),
    alarms.TIMING_FAULT: Row(
        "the queue of pulses ran dry, or could not be started at its instant",
        inject(Fault.GENERATOR_STARVES),
        2 * HEARTBEAT_S,
        acknowledge,
        Fault.GENERATOR_STARVES,
        prepare=lambda course: deliver(course, FASTEST),
    ),
    alarms.PULSES_MISSING: Row(
        "the sense counter saw fewer pulses than were due",
        inject(Fault.SENSE_CUT),
        2 * HEARTBEAT_S,
        acknowledge,
        Fault.SENSE_CUT,
        end(Fault.SENSE_CUT),
        2,
    ),
    alarms.PULSES_IN_EXCESS: Row(
        "the sense counter saw more pulses than were due",
        inject(Fault.SENSE_NOISE, 3),
        HEARTBEAT_S + 1,
        acknowledge,
        Fault.SENSE_NOISE,
    ),
    alarms.CHANGE_LATE: Row(
        "a change could not be prepared in time and was put off; that loses no pulse",
        change_while_the_program_pauses,
        3,
        acknowledge,
        Fault.PROGRAM_PAUSES,
        rate_nl_per_day=FASTEST.program.rate_nl_per_day,
    ),
    alarms.STOPPED_BY_ALARM: Row(
        "another alarm's response has stopped delivery, and nobody has started it again",
        inject(Fault.SENSE_NOISE, 3),
        HEARTBEAT_S + 1,
        in_turn(acknowledge, Course.start),
        Fault.SENSE_NOISE,
        rate_nl_per_day=0,
    ),
    alarms.DOSE_GATE: Row(
        "more STEP edges came than were granted, and the gate has taken the driver's enable away",
        # While the program is there it stops the pump long before the grant is used up.
        in_turn(
            inject(Fault.PROGRAM_PAUSES, 3_000),
            inject(Fault.GENERATOR_RUNS_WILD),
            lambda course: course.rig.run_for(3.1),
        ),
        HEARTBEAT_S + 1,
        acknowledge,
        Fault.GENERATOR_RUNS_WILD,
        prepare=lambda course: deliver(course, FASTEST),
    ),
    alarms.MOTOR_STALL: Row(
        "the shaft encoder has not moved for 12 microsteps that were counted",
        inject(Fault.MOTOR_STALLS),
        60,
        acknowledge,
        Fault.MOTOR_STALLS,
        end(Fault.MOTOR_STALLS),
        20,
    ),
    alarms.UNDER_DELIVERY: Row(
        "the shaft has turned 3 microsteps less than were counted, and continues turning",
        inject(Fault.MOTOR_SLIPS, 10),
        900,
        acknowledge,
        Fault.MOTOR_SLIPS,
        end(Fault.MOTOR_SLIPS),
        prepare=lambda course: deliver(course, FASTEST),
        rate_nl_per_day=FASTEST.program.rate_nl_per_day,
    ),
    alarms.OVER_DELIVERY: Row(
        "the shaft has turned 3 microsteps more than were counted, or while nothing was to be delivered",
        inject(Fault.MOTOR_RUNS_AHEAD, 10),
        900,
        acknowledge,
        Fault.MOTOR_RUNS_AHEAD,
        end(Fault.MOTOR_RUNS_AHEAD),
        prepare=lambda course: deliver(course, FASTEST),
    ),
    alarms.SELF_TEST: Row(
        "at reset, image, memory, clock, sense line or speed failed its test, or the image did while running",
        after_a_power_cut(Fault.CRYSTAL_FAILS),
        1,
        restart_and_acknowledge,
        Fault.CRYSTAL_FAILS,
        end(Fault.CRYSTAL_FAILS),
    ),
    alarms.BUZZER_FAULT: Row(
        "at reset, the buzzer's line did not follow",
        after_a_power_cut(Fault.BUZZER_STUCK),
        1,
        restart_and_acknowledge,
        Fault.BUZZER_STUCK,
        end(Fault.BUZZER_STUCK),
    ),
    alarms.REPEATED_RESETS: Row(
        "the watchdog has bitten three times within ten minutes", hang_three_times, 40, acknowledge
    ),
    alarms.MEMORY_FAULT: Row(
        "while running, program, ledger or calibration in memory differ from the journal",
        inject(Fault.MEMORY_CHANGES),
        601,
        acknowledge,
        Fault.MEMORY_CHANGES,
        commit,
    ),
    alarms.JOURNAL_FAULT: Row(
        "flash takes no record, neither of the two copies",
        inject(Fault.FLASH_IS_WORN_OUT),
        30,
        acknowledge,
        Fault.FLASH_IS_WORN_OUT,
        in_turn(end(Fault.FLASH_IS_WORN_OUT), set_time),
        prepare=lambda course: deliver(course, FASTEST),
    ),
    alarms.JOURNAL_REPAIRED: Row(
        "a record or a program had decayed, and was read from its mirror",
        after_a_power_cut(Fault.FLASH_ROTS, *range(32)),
        1,
        acknowledge,
        Fault.FLASH_ROTS,
    ),
    alarms.JOURNAL_FOREIGN: Row(
        "the journal was written by a firmware this one knows nothing of; it is left alone",
        after_a_power_cut(Fault.FLASH_IS_FOREIGN),
        1,
        commit,
        Fault.FLASH_IS_FOREIGN,
    ),
    alarms.SUPPLY_LOW: Row(
        "the supply is below the level for writing flash; delivery continues to the end of its grant",
        inject(Fault.SUPPLY_LOW),
        HEARTBEAT_S + 1,
        end(Fault.SUPPLY_LOW),
        Fault.SUPPLY_LOW,
        then_s=0,
    ),
    alarms.PUMP_STOPPED: Row(
        "the program is to deliver something, and for 30 minutes nothing has been started",
        nothing,
        90,
        start,
        prepare=stand(1_800 - 60),
        rate_nl_per_day=0,
    ),
    alarms.STOPPED_LONG: Row(
        "likewise for 48 hours; a reset begins the time anew",
        nothing,
        90,
        start,
        prepare=stand(48 * 3_600 - 60),
        rate_nl_per_day=0,
    ),
    alarms.BUTTON_FAULT: Row(
        "the button is held at a reset or for longer than a minute, or its line is never at rest",
        hold_the_button,
        61,
        let_go_of_the_button,
    ),
    alarms.TUBING_DUE: Row(
        "the tubing has run for 365 days or 200,000 revolutions since it was new",
        after_a_power_cut(Fault.PUMP_IS_OLDER, SERVICE.tubing_days),
        1,
        renew(PART_TUBING),
        Fault.PUMP_IS_OLDER,
    ),
    alarms.REPLACEMENT_DUE: Row(
        "the pump's service ends in 90 days or less, counted in its own running time",
        after_a_power_cut(Fault.PUMP_IS_OLDER, SERVICE.service_days - SERVICE.notice_days),
        1,
        renew(PART_PUMP),
        Fault.PUMP_IS_OLDER,
    ),
    alarms.END_OF_SERVICE: Row(
        "the pump has run for 2,555 days since it was new",
        after_a_power_cut(Fault.PUMP_IS_OLDER, SERVICE.service_days),
        1,
        renew(PART_PUMP),
        Fault.PUMP_IS_OLDER,
    ),
    alarms.REPEATED_STARTS: Row(
        "three times within ten minutes, the pump was stopped in a critical alarm and started by hand",
        stop_in_an_alarm_and_start_three_times,
        101,
        acknowledge,
        Fault.MOTOR_STALLS,
        end(Fault.MOTOR_STALLS),
        20,
        prepare=deliver_until_the_motor_stalls,
    ),
}
