"""Sets of alarms: eight bytes with a bit for each alarm, from the low bit of the first byte on. They are the same in
memory, in the journal and on the wire.

Promises: there is room for MOST_ALARMS, and whatever the number of an alarm, nothing here makes an integer of more than
eight bits of it. One mask of all alarms would leave the board's small integers with the 31st, and take from its heap
wherever it is looked at.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.core.octets import Octets

SET_BYTES = 8
MOST_ALARMS = 8 * SET_BYTES
NO_ALARMS = bytes(SET_BYTES)


def has(alarms: "Octets", alarm: int) -> bool:
    return alarms[alarm >> 3] >> (alarm & 7) & 1 != 0


def add(alarms: bytearray, alarm: int) -> None:
    alarms[alarm >> 3] |= 1 << (alarm & 7)


def leave_out(alarms: bytearray, alarm: int) -> None:
    alarms[alarm >> 3] &= ~(1 << (alarm & 7))
