"""SIO whose divider and spinlocks live in one buffer, which compiled code uses too.

Promise: there is one copy of that state, so it makes no difference which of the two carries an instruction out; a
reset of SIO resets it for both.
"""

from __future__ import annotations

from array import array
from typing import Any, Final

from thecal_hil.emulator.fixes import QuickDivider

FIELDS: Final = (
    "div_dividend",
    "div_divisor",
    "div_quotient",
    "div_remainder",
    "div_csr",
    "_is_signed",
    "_is_stale",
    "spin_lock",
)
"""In the order of `Sio` in memory.h."""
_MASK32: Final = 0xFFFFFFFF


class _SharedField:
    def __init__(self, index: int) -> None:
        self._index = index

    def __get__(self, sio: SharedSio, owner: type) -> int:
        return sio.shared[self._index]

    def __set__(self, sio: SharedSio, value: int) -> None:
        sio.shared[self._index] = value & _MASK32


class SharedSio(QuickDivider):
    shared: array[int]


for _index, _name in enumerate(FIELDS):
    setattr(SharedSio, _name, _SharedField(_index))


def share(sio: Any) -> array[int]:
    """Change the SIO of one chip in place and return the buffer its shared fields live in from now on."""
    values = [int(getattr(sio, name)) & _MASK32 for name in FIELDS]
    for name in FIELDS:
        sio.__dict__.pop(name, None)
    sio.shared = array("I", values)
    sio.__class__ = SharedSio
    return sio.shared
