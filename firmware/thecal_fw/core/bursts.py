"""Bursts of the same event: the first few in an hour are logged, the rest is counted, and its number logged each hour.

Whoever has a button, a patient's key or just the port in reach can cause some events as often as they like, and must
not push out what is older. Promises: of each such event (``COUNTED_IN_BURSTS``, some by their first value as well) no
more are logged in an hour than its row says, and one with the number of the others; what is counted is reported
within an hour and ten minutes. A reset ends every burst: what it had counted since its latest number is lost, and
the next is logged anew. Memory is taken once.
"""

from array import array

from thecal_fw.core.counts import one_more

HOUR_S = 3_600
MOST_BURSTS = 32
"""More than there are different events that a person can cause. Beside so many, another is logged and not counted."""
BY_VALUE = 0x80
"""In a row of the table: the same event is one of the same first value, of its low 16 bits."""
_FIELDS = 3
"""Of a slot: the event as a key (0: free) with how many are still logged above it, the second at which its hour ends,
and how many were counted in it."""
_ENDS_S = 1
_COUNTED = 2
_KEY = 0xFFFFFF
_ONE_LEFT = 0x1000000


class Bursts:
    """rows: code of an event -> how many of the same are logged in an hour, with BY_VALUE or without it."""

    def __init__(self, rows: "dict[int, int]") -> None:
        self._rows = rows
        self._slots = array("I", bytes(4 * _FIELDS * MOST_BURSTS))

    def takes(self, code: int, first: int, now_s: int) -> bool:
        """Return True if an event is one of a burst, and counted there; otherwise it is to be logged."""
        row = self._rows.get(code)
        if row is None:
            return False
        key = (code + 1) << 16 | (first & 0xFFFF if row & BY_VALUE else 0)
        slots, free = self._slots, -1
        for at in range(0, len(slots), _FIELDS):
            held = slots[at] & _KEY
            if held == key and (now_s < slots[at + _ENDS_S] or slots[at + _COUNTED]):
                if slots[at] > _KEY:
                    slots[at] -= _ONE_LEFT
                    return False
                slots[at + _COUNTED] = one_more(slots[at + _COUNTED])
                return True
            if held in (0, key):
                free = at
        if free >= 0:
            slots[free] = key + _ONE_LEFT * ((row & ~BY_VALUE) - 1)
            slots[free + _ENDS_S] = now_s + HOUR_S
        return False

    def over(self, now_s: int, at_once: bool = False) -> "tuple[int, int, int] | None":
        """Return the code, first value and number of what was counted in an hour that is over; None if there is none,
        or no more. at_once: of an hour that is not over as well."""
        slots = self._slots
        for at in range(0, len(slots), _FIELDS):
            key, counted = slots[at] & _KEY, slots[at + _COUNTED]
            if key and (at_once or now_s >= slots[at + _ENDS_S]):
                if counted:
                    # Counting continues until an hour has none.
                    slots[at], slots[at + _COUNTED] = key, 0
                    slots[at + _ENDS_S] = now_s + HOUR_S
                    return (key >> 16) - 1, key & 0xFFFF, counted
                if not at_once:
                    slots[at] = 0
        return None
