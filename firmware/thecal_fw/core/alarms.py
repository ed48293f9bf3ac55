"""Alarm conditions and what the pump does about each: one table, read by firmware, host, tests and documents.

Every condition names its response, and of all that are active the most restrictive response wins.
Acknowledging an alarm silences it for a stated time only; a latched one stays until its cause is gone *and*
it has been acknowledged, the others clear with their cause.
"""

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

_ACKNOWLEDGING = "acknowledging it"
_STARTING = "starting, or committing a program that is to deliver nothing"

# name, priority, response, latches, what clears it
ALARMS = (
    ("empty reservoir", PRIORITY_CRITICAL, RESPONSE_STOP, False, "refill"),
    ("low reservoir", PRIORITY_NON_CRITICAL, RESPONSE_BLOCK_BOLUSES, False, "refill"),
    ("reservoir volume unknown", PRIORITY_NON_CRITICAL, RESPONSE_BLOCK_BOLUSES, False, "refill"),
    ("time unknown", PRIORITY_NON_CRITICAL, RESPONSE_MEAN_RATE, False, "setting the time"),
    ("program lost", PRIORITY_CRITICAL, RESPONSE_MINIMUM_RATE, False, "committing a program"),
    ("step timing fault", PRIORITY_CRITICAL, RESPONSE_MINIMUM_RATE, True, _ACKNOWLEDGING),
    ("pulses missing", PRIORITY_CRITICAL, RESPONSE_NONE, True, _ACKNOWLEDGING),
    ("pulses in excess", PRIORITY_CRITICAL, RESPONSE_STOP, True, _ACKNOWLEDGING),
    ("change of therapy late", PRIORITY_NON_CRITICAL, RESPONSE_NONE, True, _ACKNOWLEDGING),
    ("stopped by an alarm", PRIORITY_CRITICAL, RESPONSE_NONE, False, "starting, or stopping on purpose"),
    ("dose gate tripped", PRIORITY_CRITICAL, RESPONSE_STOP, True, _ACKNOWLEDGING),
    ("motor stalled", PRIORITY_CRITICAL, RESPONSE_NONE, True, "acknowledging it once the motor turns"),
    ("under-delivery", PRIORITY_CRITICAL, RESPONSE_NONE, True, _ACKNOWLEDGING),
    ("over-delivery", PRIORITY_CRITICAL, RESPONSE_STOP, True, _ACKNOWLEDGING),
    (
        "self-test failed",
        PRIORITY_CRITICAL,
        RESPONSE_STOP,
        True,
        "a restart that passes, and acknowledging it",
    ),
    ("buzzer fault", PRIORITY_CRITICAL, RESPONSE_NONE, True, "a restart that passes, and acknowledging it"),
    ("repeated resets", PRIORITY_CRITICAL, RESPONSE_MINIMUM_RATE, True, _ACKNOWLEDGING),
    (
        "memory fault",
        PRIORITY_CRITICAL,
        RESPONSE_MINIMUM_RATE,
        True,
        "committing a program, and acknowledging it",
    ),
    (
        "journal can't be written",
        PRIORITY_CRITICAL,
        RESPONSE_MINIMUM_RATE,
        True,
        "a write that succeeds, and acknowledging it",
    ),
    ("journal repaired", PRIORITY_NON_CRITICAL, RESPONSE_NONE, True, _ACKNOWLEDGING),
    ("journal of another version", PRIORITY_CRITICAL, RESPONSE_MINIMUM_RATE, False, "committing a program"),
    ("supply low", PRIORITY_CRITICAL, RESPONSE_NONE, False, "a good supply"),
    ("pump stopped", PRIORITY_NON_CRITICAL, RESPONSE_NONE, False, _STARTING),
    ("stopped for 48 hours", PRIORITY_CRITICAL, RESPONSE_NONE, False, _STARTING),
    ("button fault", PRIORITY_NON_CRITICAL, RESPONSE_NONE, False, "letting go of the button"),
    ("tubing due", PRIORITY_NON_CRITICAL, RESPONSE_NONE, False, "new tubing"),
    ("replacement due", PRIORITY_NON_CRITICAL, RESPONSE_NONE, False, "a new pump"),
    ("end of service", PRIORITY_CRITICAL, RESPONSE_NONE, False, "a new pump"),
    ("repeated starts", PRIORITY_CRITICAL, RESPONSE_MINIMUM_RATE, True, _ACKNOWLEDGING),
)
ALARM_NAMES = tuple(row[0] for row in ALARMS)

_KEPT = (STOPPED_BY_ALARM, PROGRAM_LOST, JOURNAL_FOREIGN)
"""These don't latch, but their cause is in the past: nothing raises them again after a reset."""

SILENCE_S = (24 * 3_600, 600)
"""How long an acknowledged alarm stays silent, by priority."""

_CRITICAL = sum([1 << alarm for alarm in range(len(ALARMS)) if ALARMS[alarm][1] == PRIORITY_CRITICAL])


class Alarms:
    """Which alarms are active and which of them have been silenced until when."""

    def __init__(self) -> None:
        self.active = 0
        self.silenced = 0
        self._cause_present = 0
        self._judged = 0
        self._response = RESPONSE_NONE
        self._silent_until_s = [0] * len(ALARMS)

    def is_active(self, alarm: int) -> bool:
        return bool(self.active >> alarm & 1)

    def set_cause(self, alarm: int, present: bool) -> bool:
        """Tell whether an alarm's cause is there; True if that raised or cleared the alarm."""
        bit = 1 << alarm
        was_active = self.active & bit
        if present:
            self._cause_present |= bit
            self.active |= bit
        else:
            self._cause_present &= ~bit
            if not ALARMS[alarm][3]:
                self.active &= ~bit
                self.silenced &= ~bit
        return self.active & bit != was_active

    def acknowledge(self, bits: int, now_s: int) -> int:
        """Silence alarms by bit, and clear latched ones whose cause is gone; returns the bits cleared."""
        cleared = 0
        for alarm, (_, priority, _, latches, _) in enumerate(ALARMS):
            bit = 1 << alarm
            if not self.active & bits & bit:
                continue
            if latches and not self._cause_present & bit:
                self.active &= ~bit
                self.silenced &= ~bit
                cleared |= bit
            else:
                self.silenced |= bit
                self._silent_until_s[alarm] = now_s + SILENCE_S[priority]
        return cleared

    def restore(self, bits: int) -> None:
        """Raise again, from before a reset, what latches and what only a person ends; other causes show anew."""
        for alarm, row in enumerate(ALARMS):
            if row[3] or alarm in _KEPT:
                self.active |= bits & 1 << alarm

    def next_unsilencing_s(self, otherwise_s: int) -> int:
        """Second at which the first silence ends, if before the one given."""
        if self.silenced:
            for alarm in range(len(ALARMS)):
                if self.silenced >> alarm & 1 and self._silent_until_s[alarm] < otherwise_s:
                    otherwise_s = self._silent_until_s[alarm]
        return otherwise_s

    def end_silences(self, now_s: int) -> None:
        """Let alarms sound again whose silence is over: silence never lasts."""
        if self.silenced:
            for alarm in range(len(ALARMS)):
                if self.silenced >> alarm & 1 and self._silent_until_s[alarm] <= now_s:
                    self.silenced &= ~(1 << alarm)

    def response(self) -> int:
        """Most restrictive response of all active alarms. Looked up anew only once they have changed."""
        if self.active != self._judged:
            response = RESPONSE_NONE
            for alarm in range(len(ALARMS)):
                if self.active >> alarm & 1 and ALARMS[alarm][2] > response:
                    response = ALARMS[alarm][2]
            self._judged, self._response = self.active, response
        return self._response

    def has_critical(self) -> bool:
        """Whether an alarm is active that a person would stop the pump for, silenced or not."""
        return bool(self.active & _CRITICAL)

    def audible_priority(self) -> int:
        """Highest priority of the alarms that are not silenced, or -1."""
        heard = self.audible()
        if not heard:
            return -1
        return PRIORITY_CRITICAL if heard & _CRITICAL else PRIORITY_NON_CRITICAL

    def audible(self) -> int:
        """Bits of the alarms that the buzzer tells of: of those not silenced, the ones of the highest priority."""
        heard = self.active & ~self.silenced
        return heard & _CRITICAL or heard
