"""The event log: what happened, when, and how sure the pump is of the time.

A ring of the most recent events in memory, from which the journal takes them. Sequence numbers rise by one over all
of the pump's lives and are never reused, so a reader knows what it has missed.
"""

import struct

from thecal_fw.core.bursts import BY_VALUE, Bursts
from thecal_fw.core.counts import MOST_EVENTS
from thecal_fw.core.instant import TICKS_PER_SECOND, ticks_at
from thecal_fw.core.wall_clock import WallClock

RESET_POWER_ON = 0
RESET_WATCHDOG = 1
RESET_NAMES = ("power-on", "watchdog")
WAS_DELIVERING_SHIFT = 8
"""In the first value of a reset, above its cause: whether the pump was delivering before."""

EVENT_NAMES = (
    "reset",
    "program committed",
    "program took effect",
    "delivery started",
    "delivery stopped",
    "refilled",
    "time set",
    "alarm raised",
    "alarm cleared",
    "alarm acknowledged",
    "hello",
    "step timing fault",
    "step count mismatch",
    "bootloader entered",
    "prompt entered",
    "self-test",
    "uncertain volume",
    "prescribed while off",
    "events lost",
    "dose gate armed",
    "dose gate tripped",
    "motor stalled",
    "motor turns again",
    "motor off its count",
    "journal state",
    "supply low",
    "supply good",
    "delivery held",
    "bolus begun",
    "bolus ended",
    "bolus refused",
    "bridge begun",
    "bridge ended",
    "paired",
    "authenticated",
    "wrong key",
    "keys damaged",
    "button pressed",
    "part renewed",
    "tone checked",
    "change put off",
    "out of memory",
    "keys in one place only",
    "boluses passed over",
    "counts full",
    "more of the same",
    "held back by the meter",
    "upper alarm acknowledged",
)
(
    EVENT_RESET,
    EVENT_PROGRAM_COMMITTED,
    EVENT_PROGRAM_EFFECTIVE,
    EVENT_STARTED,
    EVENT_STOPPED,
    EVENT_REFILLED,
    EVENT_TIME_SET,
    EVENT_ALARM_RAISED,
    EVENT_ALARM_CLEARED,
    EVENT_ALARM_ACKNOWLEDGED,
    EVENT_HELLO,
    EVENT_TIMING_FAULT,
    EVENT_COUNT_MISMATCH,
    EVENT_BOOTLOADER,
    EVENT_PROMPT,
    EVENT_SELF_TEST,
    EVENT_UNCERTAIN,
    EVENT_MISSED,
    EVENT_LOST_EVENTS,
    EVENT_GATE_ARMED,
    EVENT_GATE_TRIPPED,
    EVENT_STALLED,
    EVENT_RECOVERED,
    EVENT_OFF_COUNT,
    EVENT_JOURNAL,
    EVENT_SUPPLY_LOW,
    EVENT_SUPPLY_GOOD,
    EVENT_HELD,
    EVENT_BOLUS_BEGUN,
    EVENT_BOLUS_ENDED,
    EVENT_BOLUS_REFUSED,
    EVENT_BRIDGE_BEGUN,
    EVENT_BRIDGE_ENDED,
    EVENT_PAIRED,
    EVENT_AUTHENTICATED,
    EVENT_WRONG_KEY,
    EVENT_KEYS_DAMAGED,
    EVENT_PRESSED,
    EVENT_RENEWED,
    EVENT_TONE_CHECKED,
    EVENT_CHANGE_LATE,
    EVENT_OUT_OF_MEMORY,
    EVENT_KEYS_SINGLE,
    EVENT_PASSED_OVER,
    EVENT_COUNTS_FULL,
    EVENT_MORE,
    EVENT_METER_HELD,
    EVENT_UPPER_ACKNOWLEDGED,
) = range(len(EVENT_NAMES))

ACKNOWLEDGED_FROM_BYTE = ((EVENT_ALARM_ACKNOWLEDGED, 0), (EVENT_UPPER_ACKNOWLEDGED, 4))
"""An event has room for half of a set of alarms, twice: which event has the half from which byte on. The one of
the upper half is logged only if one of its alarms was active."""

COUNTED_IN_BURSTS = {
    EVENT_HELLO: 1,
    EVENT_WRONG_KEY: 1 | BY_VALUE,
    EVENT_PRESSED: 4,
    EVENT_BOLUS_REFUSED: 4 | BY_VALUE,
    EVENT_AUTHENTICATED: 4 | BY_VALUE,
    EVENT_TONE_CHECKED: 4 | BY_VALUE,
    EVENT_OUT_OF_MEMORY: 4,
    EVENT_SUPPLY_LOW: 4,
    EVENT_SUPPLY_GOOD: 4,
    EVENT_ALARM_RAISED: 4 | BY_VALUE,
    EVENT_ALARM_CLEARED: 4 | BY_VALUE,
}
"""What can be caused without a clinician's key, as often as one likes: how many of the same are logged in an hour
before the rest is counted (``Bursts``). Any other event is logged each time."""
MORE_CODE_SHIFT = 16
"""In the second value of *more of the same*, above the first value of its burst, low 16 bits: the code of the event."""

KIND_SHIFT = 28
"""In the second value of a bolus, above its seconds or its end: the kind."""
KIND_UNKNOWN = 15
"""The kind of a bolus that was refused because there is no such kind."""
NUMBER_SHIFT = 17
NUMBER_MASK = 0x7FF
"""In the second value of a bolus that has begun or ended, below its kind: the number of the dose, its low 11 bits."""
SECONDS_MASK = (1 << NUMBER_SHIFT) - 1
"""In the second value of a bolus that has begun, below that: its seconds. Older firmware left the number 0."""
END_SHIFT = 1
END_NAMES = (
    "whole",
    "a stop",
    "an alarm",
    "another program",
    "a person",
    "a power cut",
    "held delivery",
    "a timing fault",
)
"""In the second value of a bolus that has ended: what ended it, in the bits above WAS_CUT_SHORT."""
(
    END_WHOLE,
    END_STOP,
    END_ALARM,
    END_PROGRAM,
    END_PERSON,
    END_POWER_CUT,
    END_HELD,
    END_TIMING_FAULT,
) = range(len(END_NAMES))
WAS_CUT_SHORT = 1
"""In the second value of a bolus that has ended."""

PASSED_OVER_SHIFT = 24
"""In the second value of boluses passed over, above their number: the reason. The first value is the local minute since
1970 of the first one."""
PASSED_OVER_NAMES = (
    "the clock was set past them",
    "their minutes were lived through already",
    "blocked by an alarm",
    "a bridge is under way",
    "too many at once",
    "highest rate of the pump",
    "nothing is being delivered",
    "a window would hold more than its limit",
    "the time is unknown",
    "limit by the meter",
    "cancelled, or another program",
)
(
    PASSED_BY_CLOCK,
    PASSED_LIVED,
    PASSED_BLOCKED,
    PASSED_BRIDGE,
    PASSED_TOO_MANY,
    PASSED_RATE,
    PASSED_STOPPED,
    PASSED_LIMIT,
    PASSED_TIME_UNKNOWN,
    PASSED_METER,
    PASSED_CANCELLED,
) = range(len(PASSED_OVER_NAMES))

EVENT_FIELDS = (
    ("sequence", "I"),
    ("boot_s", "I"),
    ("boot_us", "I"),
    ("utc_s", "I"),
    ("time_source", "B"),
    ("code", "B"),
    ("boots", "H"),
    ("first", "I"),
    ("second", "I"),
)
"""Of an event, in the order of its values everywhere: field and struct code, in flash as on the wire."""
AT_BOOT_S, AT_CODE, AT_BOOTS, AT_FIRST, AT_SECOND = 1, 5, 6, 7, 8
"""Where in an event those of its values are that the pump itself reads again."""
EVENT_FORMAT = "<" + "".join([code for _, code in EVENT_FIELDS])
EVENT_BYTES = struct.calcsize(EVENT_FORMAT)

CAPACITY = 64
"""Events kept in memory: those that wait to be written to the journal, and the latest ones for quick reading."""


class EventLog:
    """Ring of events, kept packed: tuples that come and stay for a while would break up the board's memory.

    What ``first`` and ``second`` mean depends on the code: alarm events carry the alarm and the microstep count, a
    reset its cause and the pump's running seconds until then, delivery events the microstep count and the rate, time
    events the old and the new UTC second. Of a bolus ``first`` is the rate, the volume given or the reason of the
    refusal, and ``second`` has its kind in the upper four bits, below that its seconds, or whether it was cut short.
    ``boots`` says which of the pump's lives the time since boot belongs to, modulo 65536.
    """

    def __init__(self) -> None:
        # In the place of an event that is not there stands the number 0, which no event has.
        self._ring = bytearray(CAPACITY * EVENT_BYTES)
        self.latest = 0
        self._before_first = 0
        self._boots = 0
        self._bursts = Bursts(COUNTED_IN_BURSTS)

    def go_on_after(self, sequence: int, boots: int) -> None:
        """Number events on from the last one of the lives before this one."""
        self.latest = self._before_first = sequence
        self._boots = boots & 0xFFFF

    def record(
        self, boot_s: int, boot_us: int, wall: WallClock, code: int, first: int = 0, second: int = 0
    ) -> None:
        """Log an event, or count it if it is one of a burst."""
        if not self._bursts.takes(code, first, boot_s):
            self._log(boot_s, boot_us, wall, code, first, second)

    def tell_bursts(self, boot_s: int, boot_us: int, wall: WallClock, at_once: bool = False) -> None:
        """Log what was counted in each hour that is over. at_once: in the others too, before the pump leaves."""
        more = self._bursts.over(boot_s, at_once)
        while more is not None:
            code, first, counted = more
            self._log(boot_s, boot_us, wall, EVENT_MORE, counted, code << MORE_CODE_SHIFT | first)
            more = self._bursts.over(boot_s, at_once)

    def _log(self, boot_s: int, boot_us: int, wall: WallClock, code: int, first: int, second: int) -> None:
        if self.latest >= MOST_EVENTS:
            return
        self.latest += 1
        utc_s = wall.utc_ticks(ticks_at(boot_s, boot_us)) // TICKS_PER_SECOND
        self._put(
            self.latest,
            boot_s,
            boot_us,
            utc_s,
            wall.source,
            code,
            self._boots,
            first & 0xFFFFFFFF,
            second & 0xFFFFFFFF,
        )

    def _put(self, sequence: int, *values: int) -> None:
        struct.pack_into(EVENT_FORMAT, self._ring, sequence % CAPACITY * EVENT_BYTES, sequence, *values)

    def renumber(self, sequence: int, to: int) -> None:
        """Give an event, and all after it, numbers that are higher by as much as this one's is."""
        shift = to - sequence
        moved = []
        for number in range(sequence, self.latest + 1):
            event = self.get(number)
            if event is not None:
                moved.append(event)
        for left_out in range(sequence, min(to, sequence + CAPACITY)):
            struct.pack_into("<I", self._ring, left_out % CAPACITY * EVENT_BYTES, 0)
        for event in moved:
            self._put(event[0] + shift, *event[1:])
        self.latest += shift
        if self._before_first == sequence - 1:
            self._before_first += shift

    def oldest(self) -> int:
        """Return the sequence of the oldest event still in memory; one past the latest if there is none."""
        return max(self._before_first + 1, self.latest - CAPACITY + 1)

    def get(self, sequence: int) -> "tuple[int, ...] | None":
        """Return one event that is still in memory, a tuple of the values of ``EVENT_FIELDS``; None if its number was
        left out."""
        event = struct.unpack_from(EVENT_FORMAT, self._ring, sequence % CAPACITY * EVENT_BYTES)
        return event if event[0] == sequence else None
