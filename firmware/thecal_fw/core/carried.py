"""The data that a watchdog reset must not lose, as 160 bytes: where delivery stood, on which clock, in which life,
and which boluses were under way beside the program's own.

An *anchor* is an instant with the count and the phase (prescribed by then and not yet delivered) that belonged to it.
From there, what the program prescribes until any later instant can be worked out exactly. While a change of therapy is
under way the anchor lies at the change, for what comes before it another program prescribed.
"""

import struct

from thecal_fw.core.counts import MOST_NUMBER
from thecal_fw.core.instant import TICKS_PER_SECOND

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.core.delivery import RateSegments
    from thecal_fw.core.metering import Metering
    from thecal_fw.core.octets import Octets

    Noted = tuple[int, int, int, int, int]

NO_RECORD = 0xFFFFFFFF

_RECORD = (
    ("flags", "B"),
    ("time_source", "B"),
    ("offset_minutes", "h"),
    ("anchor_s", "I"),
    ("anchor_us", "I"),
    ("phase", "q"),
    ("anchor_counted", "I"),
    ("base_steps", "Q"),
    ("unseen_steps", "I"),
    ("utc_ticks_at_boot", "q"),
    ("base_lifetime_s", "I"),
    ("noted_tick", "q"),
    ("next_dose", "I"),
    ("dose_record", "I"),
)
"""The name of each place and its format: all but the first are attributes of a ``Carried``. ``encode_into`` spells them
out in this order: made of names, a note would take from the heap each time."""
_LAYOUT = "<" + "".join([form for _, form in _RECORD])
_BOLUS_LAYOUT = "<qII"
MOST_BOLUSES = 6
_HAS_ANCHOR = 1
_IS_STALLED = 2
_KIND_SHIFT = 28
_RATE_MASK = (1 << _KIND_SHIFT) - 1
"""More than the highest rate, which has 27 bits."""
_NUMBER_SHIFT = 17
_SECONDS_MASK = (1 << _NUMBER_SHIFT) - 1
"""More than a day; boluses last whole seconds."""
_NUMBER_MASK = 0x7FFF
"""More doses than can be between the oldest of a few and the next one."""
KIND_WAITS = 6
"""In place of a kind: a bolus of the clock that is made up for and has not begun. In place of its number stands by how
many minutes it comes late."""
_BOLUSES_OFFSET = struct.calcsize(_LAYOUT)
_BOLUS_BYTES = struct.calcsize(_BOLUS_LAYOUT)
NOTE_BYTES = 160
"""The record and all boluses, in whole words. A number, since the build writes it out where the note is kept."""
_NOTHING = bytes(NOTE_BYTES)


class Carried:
    """Times and counts belong to the life that ended. Whoever makes one fills in all of it.

    has_anchor: whether there is an anchor. anchor_s, anchor_us, phase, anchor_counted: its instant, and what belonged
    to it. time_source, offset_minutes, utc_ticks_at_boot: the wall clock. base_steps, base_lifetime_s: of all lives
    before. unseen_steps: what was due and not counted. is_stalled: whether the motor stood still.
    noted_tick: up to which it is noted what began. next_dose: number of the next dose.
    dose_record: number of the newest record of doses; NO_RECORD if there is none.
    boluses: up to MOST_BOLUSES, each (kind below 16, start tick, end tick, rate, number; 0 if it has not begun).
    """

    has_anchor: bool
    is_stalled: bool
    time_source: int
    offset_minutes: int
    anchor_s: int
    anchor_us: int
    phase: int
    anchor_counted: int
    base_steps: int
    unseen_steps: int
    utc_ticks_at_boot: int
    base_lifetime_s: int
    noted_tick: int
    next_dose: int
    dose_record: int
    boluses: "list[Noted]"

    def encode_into(self, note: bytearray) -> None:
        """Fill a note of NOTE_BYTES."""
        struct.pack_into(
            _LAYOUT,
            note,
            0,
            (_HAS_ANCHOR if self.has_anchor else 0) | (_IS_STALLED if self.is_stalled else 0),
            self.time_source,
            self.offset_minutes,
            self.anchor_s,
            self.anchor_us,
            self.phase,
            self.anchor_counted,
            self.base_steps,
            self.unseen_steps,
            self.utc_ticks_at_boot,
            self.base_lifetime_s,
            self.noted_tick,
            self.next_dose,
            self.dose_record,
        )
        for index, (kind, start_tick, end_tick, rate, number) in enumerate(self.boluses):
            behind = number
            if number and kind != KIND_WAITS:
                behind = (self.next_dose - number) % MOST_NUMBER
            struct.pack_into(
                _BOLUS_LAYOUT,
                note,
                _BOLUSES_OFFSET + index * _BOLUS_BYTES,
                start_tick,
                kind << _KIND_SHIFT | rate,
                (behind & _NUMBER_MASK) << _NUMBER_SHIFT | (end_tick - start_tick) // TICKS_PER_SECOND,
            )
        begin = _BOLUSES_OFFSET + len(self.boluses) * _BOLUS_BYTES
        note[begin:] = _NOTHING[begin:]


def decode(note: "Octets") -> Carried:
    """Return what was encoded; the bytes are known to be whole by whoever kept them."""
    values = struct.unpack(_LAYOUT, note[:_BOLUSES_OFFSET])
    carried = Carried()
    carried.has_anchor = values[0] & _HAS_ANCHOR != 0
    carried.is_stalled = values[0] & _IS_STALLED != 0
    carried.boluses = []
    for index in range(1, len(_RECORD)):
        setattr(carried, _RECORD[index][0], values[index])
    for index in range(MOST_BOLUSES):
        start_tick, kind_and_rate, rest = struct.unpack_from(
            _BOLUS_LAYOUT, note, _BOLUSES_OFFSET + index * _BOLUS_BYTES
        )
        behind = rest >> _NUMBER_SHIFT
        number, kind = behind, kind_and_rate >> _KIND_SHIFT
        if behind and kind != KIND_WAITS:
            number = (carried.next_dose - behind - 1) % MOST_NUMBER + 1
        if kind_and_rate & _RATE_MASK:
            carried.boluses.append(
                (
                    kind,
                    start_tick,
                    start_tick + (rest & _SECONDS_MASK) * TICKS_PER_SECOND,
                    kind_and_rate & _RATE_MASK,
                    number,
                )
            )
    return carried


def phase_at(timeline: "RateSegments", metering: "Metering", tick: int, phase: int, until_tick: int) -> int:
    """Return the phase at another tick if nothing is delivered in between, in the units of ``Metering``.

    The other tick may be a little earlier: less than until the timeline's next change of rate.
    """
    if until_tick < tick:
        return phase - metering.weight(timeline.segment_at(until_tick)[0]) * (tick - until_tick)
    while tick < until_tick:
        rate_nl_per_day, end = timeline.segment_at(tick)
        end = min(end, until_tick)
        phase += metering.weight(rate_nl_per_day) * (end - tick)
        tick = end
    return phase
