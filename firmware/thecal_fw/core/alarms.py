"""Alarm conditions and what the pump does about each: one table, read by firmware, host, tests and documents.

A row's place in the table is the alarm's number, in sets of alarms (``alarm_sets``), in events and on the wire.
Every condition names its response, and of all that are active the most restrictive response wins.
Acknowledging an alarm silences it for a stated time only; a latched one stays until its cause is gone *and*
it has been acknowledged, the others clear with their cause.
"""

from thecal_fw.core.alarm_sets import SET_BYTES, add, has, leave_out
from thecal_fw.core.counts import MOST_COUNT
from thecal_fw.core.instant import NEVER_S

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from thecal_fw.core.octets import Octets

    Row = tuple[int, str, int, int, bool, str]

RESPONSE_NONE = 0
RESPONSE_BLOCK_BOLUSES = 1
RESPONSE_MEAN_RATE = 2
RESPONSE_MINIMUM_RATE = 3
RESPONSE_STOP = 4
RESPONSE_NAMES = (
    "deliver as programmed",
    "basal continues, boluses blocked",
    "mean rate of the program",
    "minimum rate",
    "stop, driver disabled",
)

PRIORITY_NON_CRITICAL = 0
PRIORITY_CRITICAL = 1
PRIORITY_NAMES = ("non-critical", "critical")

(
    EMPTY_RESERVOIR,
    LOW_RESERVOIR,
    RESERVOIR_UNKNOWN,
    TIME_UNKNOWN,
    PROGRAM_LOST,
    TIMING_FAULT,
    PULSES_MISSING,
    PULSES_IN_EXCESS,
    CHANGE_LATE,
    STOPPED_BY_ALARM,
    DOSE_GATE,
    MOTOR_STALL,
    UNDER_DELIVERY,
    OVER_DELIVERY,
    SELF_TEST,
    BUZZER_FAULT,
    REPEATED_RESETS,
    MEMORY_FAULT,
    JOURNAL_FAULT,
    JOURNAL_REPAIRED,
    JOURNAL_FOREIGN,
    SUPPLY_LOW,
    PUMP_STOPPED,
    STOPPED_LONG,
    BUTTON_FAULT,
    TUBING_DUE,
    REPLACEMENT_DUE,
    END_OF_SERVICE,
    REPEATED_STARTS,
) = range(29)

# Where in a row its values are. What clears an alarm is what a person does, or what has to come about.
AT_NUMBER: "Final" = 0
AT_NAME: "Final" = 1
AT_PRIORITY: "Final" = 2
AT_RESPONSE: "Final" = 3
AT_LATCHES: "Final" = 4
AT_CLEARED_BY: "Final" = 5

# Whole rows of constants lie in the board's flash and take nothing of its memory.
ALARMS: "tuple[Row, ...]" = (
    (EMPTY_RESERVOIR, "empty reservoir", PRIORITY_CRITICAL, RESPONSE_STOP, False, "refill"),
    (LOW_RESERVOIR, "low reservoir", PRIORITY_NON_CRITICAL, RESPONSE_BLOCK_BOLUSES, False, "refill"),
    (
        RESERVOIR_UNKNOWN,
        "reservoir volume unknown",
        PRIORITY_NON_CRITICAL,
        RESPONSE_BLOCK_BOLUSES,
        False,
        "refill",
    ),
    (TIME_UNKNOWN, "time unknown", PRIORITY_NON_CRITICAL, RESPONSE_MEAN_RATE, False, "setting the time"),
    (PROGRAM_LOST, "program lost", PRIORITY_CRITICAL, RESPONSE_MINIMUM_RATE, False, "committing a program"),
    (TIMING_FAULT, "step timing fault", PRIORITY_CRITICAL, RESPONSE_MINIMUM_RATE, True, "acknowledging it"),
    (PULSES_MISSING, "pulses missing", PRIORITY_CRITICAL, RESPONSE_NONE, True, "acknowledging it"),
    (PULSES_IN_EXCESS, "pulses in excess", PRIORITY_CRITICAL, RESPONSE_STOP, True, "acknowledging it"),
    (CHANGE_LATE, "change of therapy late", PRIORITY_NON_CRITICAL, RESPONSE_NONE, True, "acknowledging it"),
    (
        STOPPED_BY_ALARM,
        "stopped by an alarm",
        PRIORITY_CRITICAL,
        RESPONSE_NONE,
        False,
        "starting, or stopping on purpose",
    ),
    (DOSE_GATE, "dose gate tripped", PRIORITY_CRITICAL, RESPONSE_STOP, True, "acknowledging it"),
    (
        MOTOR_STALL,
        "motor stalled",
        PRIORITY_CRITICAL,
        RESPONSE_NONE,
        True,
        "acknowledging it once the motor turns",
    ),
    (UNDER_DELIVERY, "under-delivery", PRIORITY_CRITICAL, RESPONSE_NONE, True, "acknowledging it"),
    (OVER_DELIVERY, "over-delivery", PRIORITY_CRITICAL, RESPONSE_STOP, True, "acknowledging it"),
    (
        SELF_TEST,
        "self-test failed",
        PRIORITY_CRITICAL,
        RESPONSE_STOP,
        True,
        "a restart that passes, and acknowledging it",
    ),
    (
        BUZZER_FAULT,
        "buzzer fault",
        PRIORITY_CRITICAL,
        RESPONSE_NONE,
        True,
        "a restart that passes, and acknowledging it",
    ),
    (REPEATED_RESETS, "repeated resets", PRIORITY_CRITICAL, RESPONSE_MINIMUM_RATE, True, "acknowledging it"),
    (
        MEMORY_FAULT,
        "memory fault",
        PRIORITY_CRITICAL,
        RESPONSE_MINIMUM_RATE,
        True,
        "committing a program, and acknowledging it",
    ),
    (
        JOURNAL_FAULT,
        "journal can't be written",
        PRIORITY_CRITICAL,
        RESPONSE_MINIMUM_RATE,
        True,
        "a write that succeeds, and acknowledging it",
    ),
    (JOURNAL_REPAIRED, "journal repaired", PRIORITY_NON_CRITICAL, RESPONSE_NONE, True, "acknowledging it"),
    (
        JOURNAL_FOREIGN,
        "journal of another version",
        PRIORITY_CRITICAL,
        RESPONSE_MINIMUM_RATE,
        False,
        "committing a program",
    ),
    (SUPPLY_LOW, "supply low", PRIORITY_CRITICAL, RESPONSE_NONE, False, "a good supply"),
    (
        PUMP_STOPPED,
        "pump stopped",
        PRIORITY_NON_CRITICAL,
        RESPONSE_NONE,
        False,
        "starting, or committing a program that is to deliver nothing",
    ),
    (
        STOPPED_LONG,
        "stopped for 48 hours",
        PRIORITY_CRITICAL,
        RESPONSE_NONE,
        False,
        "starting, or committing a program that is to deliver nothing",
    ),
    (BUTTON_FAULT, "button fault", PRIORITY_NON_CRITICAL, RESPONSE_NONE, False, "letting go of the button"),
    (TUBING_DUE, "tubing due", PRIORITY_NON_CRITICAL, RESPONSE_NONE, False, "new tubing"),
    (REPLACEMENT_DUE, "replacement due", PRIORITY_NON_CRITICAL, RESPONSE_NONE, False, "a new pump"),
    (END_OF_SERVICE, "end of service", PRIORITY_CRITICAL, RESPONSE_NONE, False, "a new pump"),
    (REPEATED_STARTS, "repeated starts", PRIORITY_CRITICAL, RESPONSE_MINIMUM_RATE, True, "acknowledging it"),
)
ALARM_NAMES = tuple(row[AT_NAME] for row in ALARMS)

_KEPT = (STOPPED_BY_ALARM, PROGRAM_LOST, JOURNAL_FOREIGN)
"""These don't latch, but their cause is in the past: nothing raises them again after a reset."""

SILENCE_S = (24 * 3_600, 600)
"""How long an acknowledged alarm stays silent, by priority."""


class Alarms:
    """The alarms that are active, and until when each of them is silenced.

    active, silenced: sets of alarms. change: a number that is another one as soon as either is another one. What
    follows from them is worked out when they change, which is seldom, and not when it is asked for.
    """

    def __init__(self, rows: "tuple[Row, ...]" = ALARMS) -> None:
        """rows: the table, in which a row's place is its number."""
        self._rows = rows
        self.active = bytearray(SET_BYTES)
        self.silenced = bytearray(SET_BYTES)
        self.change = 0
        self._cause_present = bytearray(SET_BYTES)
        self._silent_until_s = [0] * len(rows)
        self._heard = bytearray(SET_BYTES)
        self._conclude()

    def is_active(self, alarm: int) -> bool:
        return has(self.active, alarm)

    def set_cause(self, alarm: int, present: bool) -> bool:
        """Set whether an alarm's cause is there; return True if that raised or cleared the alarm."""
        # Spelt out: told of many alarms in each poll, of which hardly one has changed.
        place, bit = alarm >> 3, 1 << (alarm & 7)
        is_active = self.active[place] & bit
        if present:
            self._cause_present[place] |= bit
            if is_active:
                return False
            add(self.active, alarm)
        else:
            self._cause_present[place] &= ~bit
            if not is_active or self._rows[alarm][AT_LATCHES]:
                return False
            leave_out(self.active, alarm)
            leave_out(self.silenced, alarm)
        self._conclude()
        return True

    def acknowledge(self, alarms: "Octets", now_s: int) -> bytearray:
        """Silence alarms, and clear latched ones whose cause is gone; returns the set of those cleared."""
        cleared = bytearray(SET_BYTES)
        for alarm in range(len(self._rows)):
            if not (has(alarms, alarm) and has(self.active, alarm)):
                continue
            row = self._rows[alarm]
            if row[AT_LATCHES] and not has(self._cause_present, alarm):
                leave_out(self.active, alarm)
                leave_out(self.silenced, alarm)
                add(cleared, alarm)
            else:
                add(self.silenced, alarm)
                self._silent_until_s[alarm] = now_s + SILENCE_S[row[AT_PRIORITY]]
        self._conclude()
        return cleared

    def restore(self, alarms: "Octets") -> None:
        """Raise again, from before a reset, what latches and what only a person ends; other causes show anew."""
        for alarm in range(len(self._rows)):
            if has(alarms, alarm) and (self._rows[alarm][AT_LATCHES] or alarm in _KEPT):
                add(self.active, alarm)
        self._conclude()

    def next_unsilencing_s(self, otherwise_s: int) -> int:
        """Return the second at which the first silence ends, if before the one given."""
        return min(self._first_end_s, otherwise_s)

    def end_silences(self, now_s: int) -> None:
        """Let alarms sound again whose silence is over: silence never lasts."""
        if now_s < self._first_end_s:
            return
        for alarm in range(len(self._rows)):
            if has(self.silenced, alarm) and self._silent_until_s[alarm] <= now_s:
                leave_out(self.silenced, alarm)
        self._conclude()

    def response(self) -> int:
        """Return the most restrictive response of all active alarms."""
        return self._response

    def has_critical(self) -> bool:
        """Return True if an alarm is active that a person would stop the pump for, silenced or not."""
        return self._has_critical

    def audible_priority(self) -> int:
        """Return the highest priority of the alarms that are not silenced, or -1."""
        return self._priority

    def audible(self) -> bytearray:
        """Set of the alarms that the buzzer reports: of those not silenced, the ones of the highest priority."""
        return self._heard

    def _conclude(self) -> None:
        """Work out what follows from which alarms are active and silenced."""
        self.change = self.change + 1 & MOST_COUNT
        self._response, self._priority, self._first_end_s = RESPONSE_NONE, -1, NEVER_S
        self._has_critical = False
        for alarm in range(len(self._rows)):
            if not has(self.active, alarm):
                continue
            row = self._rows[alarm]
            priority = row[AT_PRIORITY]
            self._response = max(self._response, row[AT_RESPONSE])
            if priority == PRIORITY_CRITICAL:
                self._has_critical = True
            if has(self.silenced, alarm):
                self._first_end_s = min(self._first_end_s, self._silent_until_s[alarm])
            elif priority >= self._priority:
                if priority > self._priority:
                    self._hear_none()
                self._priority = priority
                add(self._heard, alarm)
        if self._priority < 0:
            self._hear_none()

    def _hear_none(self) -> None:
        for place in range(SET_BYTES):
            self._heard[place] = 0
