"""An alarm from its cause to its end, held against its row of the table.

Promise: ``carry_out`` reports everything that is not as the table says: found too late, not answered, not reported
by the buzzer, latching when it should not or the other way round, not cleared by what the table says clears it.
"""

from __future__ import annotations

from dataclasses import dataclass

from thecal_fw.core import alarms, events
from thecal_fw.core.alarms import ALARM_NAMES, ALARMS, AT_LATCHES, AT_PRIORITY, AT_RESPONSE
from thecal_fw.core.limits import MINIMUM_RATE_NL_PER_DAY
from thecal_fw.core.pump_state import STATE_STOPPED
from thecal_hil.contract.rig import BUZZER, DRIVER_ENABLED, ENABLE, Rig
from thecal_hil.course.course import Course
from thecal_hil.scenario.alarm_causes import HEARTBEAT_S, ROWS, nothing
from thecal_sim.units import NS_PER_S

MINIMUM_NL_PER_DAY = MINIMUM_RATE_NL_PER_DAY
TONES = {alarms.PRIORITY_CRITICAL: 6, alarms.PRIORITY_NON_CRITICAL: 1}
TONES_TAKE_S = 6.0


def is_active(course: Course, alarm: int) -> bool:
    return bool(course.rig.pump().interrogate().active_alarms >> alarm & 1)


def raised_ns(course: Course, alarm: int) -> int:
    """Return when the pump says that it raised the alarm."""
    pump, rig = course.rig.pump(), course.rig
    boots = pump.interrogate().boots
    raised = next(
        event
        for event in pump.log()
        if event.code == events.EVENT_ALARM_RAISED and event.first == alarm and event.boots == boots
    )
    return rig.clock().rig_ns_of_boot(raised.boot_s, raised.boot_us)


def tones_since(rig: Rig, t_ns: int) -> int:
    return int((rig.rising_ns(BUZZER) >= t_ns).sum())


def tones_s(rig: Rig, since_ns: int) -> list[float]:
    """Return how long each tone since an instant lasted; the last one has to be over."""
    edges = [edge for edge in rig.edges_of(BUZZER) if edge.t_ns >= since_ns]
    return [(down.t_ns - up.t_ns) / NS_PER_S for up, down in zip(edges[::2], edges[1::2], strict=True)]


def motor_is_off(rig: Rig) -> bool:
    return [edge.level for edge in rig.edges_of(ENABLE)[-1:]] != [DRIVER_ENABLED]


@dataclass(frozen=True)
class Trial:
    """detection_s: from the cause to the alarm, as the pump logged it. wrong: what was not as the table says."""

    detection_s: float
    wrong: list[str]


def carry_out(course: Course, alarm: int, within_s: float, rate_nl_per_day: int) -> Trial:
    """Cause an alarm of a pump that was prepared for it; ``rate_nl_per_day``: if the table has delivery continue."""
    row, rig = ROWS[alarm], course.rig
    told = ALARMS[alarm]
    priority, response, latches = told[AT_PRIORITY], told[AT_RESPONSE], told[AT_LATCHES]
    wrong: list[str] = []

    def must(holds: bool, what: str) -> None:
        if not holds:
            wrong.append(f"{ALARM_NAMES[alarm]}: {what}")

    caused_ns = rig.now_ns
    row.cause(course)
    while not is_active(course, alarm):
        if rig.now_ns - caused_ns > (within_s + 2) * NS_PER_S:
            return Trial(float("inf"), [f"{ALARM_NAMES[alarm]}: it was not raised within {within_s} s"])
        rig.run_for(min(5.0, within_s / 4))
    found_ns = raised_ns(course, alarm)
    detection_s = (found_ns - caused_ns) / NS_PER_S
    must(detection_s <= within_s, f"raised after {detection_s} s, and {within_s} s are allowed")

    rig.run_for(TONES_TAKE_S)
    if alarm != alarms.BUZZER_FAULT:
        must(tones_since(rig, found_ns) >= TONES[priority], "the buzzer does not sound as it should")
    status = rig.pump().interrogate()
    if response == alarms.RESPONSE_STOP or alarm == alarms.STOPPED_BY_ALARM:
        must(status.state == STATE_STOPPED, "delivery continues")
        must(motor_is_off(rig), "the motor is on")
    else:
        is_minimum = response == alarms.RESPONSE_MINIMUM_RATE
        expected = MINIMUM_NL_PER_DAY if is_minimum else rate_nl_per_day
        must(status.rate_nl_per_day == expected, f"{status.rate_nl_per_day} nL/day in place of {expected}")

    row.ends(course)
    rig.run_for(row.then_s)
    if row.ends is not nothing:
        must(is_active(course, alarm) == latches, "latches" if not latches else "does not latch")
    row.clears(course)
    rig.run_for(HEARTBEAT_S + 1)
    must(not is_active(course, alarm), "is not cleared by what the table says")
    return Trial(detection_s, wrong)
