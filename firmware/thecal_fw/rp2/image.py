"""The image in flash, held against the checksum that its build put behind it.

Promise: a word of the image that has changed is found for certain, several with all but one chance in four thousand
million. A stock image has no trailer; then there is nothing to hold it against, which is not a failure.

The checksum takes each word in as ``checksum * 33 ^ word``, modulo 2**32: ten times as fast as a CRC, so that a pump is
not kept from delivering by it.
"""

import struct
from array import array

import micropython
import uctypes
from micropython import const

from thecal_fw.core import flash_map
from thecal_fw.core.self_test import TEST_IMAGE
from thecal_fw.rp2 import chip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micropython import ptr32  # type: ignore[attr-defined]

    # Names of the assembler.
    PART = NEXT = END = r2 = r3 = r4 = r5 = r6 = 0

    def mov(*_: object) -> None: ...
    def label(*_: object) -> None: ...
    def ldr(*_: object) -> None: ...
    def str(*_: object) -> None: ...
    def lsl(*_: object) -> None: ...
    def add(*_: object) -> None: ...
    def eor(*_: object) -> None: ...
    def sub(*_: object) -> None: ...
    def bne(*_: object) -> None: ...
    def beq(*_: object) -> None: ...
    def bgt(*_: object) -> None: ...
    def cmp(*_: object) -> None: ...


_MAGIC = b"THECAL01"
_TRAILER_BYTES = const(16)

_PIECE_WORDS = const(320)
"""The largest image, which ends at its trailer, takes 512 pieces: at one each 7 s of the heartbeat, within an hour."""


# Of a round, in four words: where it continues, how many words are left, the checksum so far, the one expected.
_AT = const(0)
_LEFT = const(1)
_CHECKSUM = const(2)
_EXPECTED = const(3)


# In assembler, since the whole image has to go through here before the pump may deliver. What a round has come to stays
# in memory: as integers of Python's it would take from the heap. r0: where that is, r1: most words to take in. Returns
# how many are left.
@micropython.asm_thumb
def _take_in(r0, r1):
    ldr(r2, [r0, 4 * _LEFT])
    cmp(r2, r1)
    bgt(PART)
    mov(r1, r2)
    label(PART)
    sub(r2, r2, r1)
    str(r2, [r0, 4 * _LEFT])
    ldr(r3, [r0, 4 * _AT])
    ldr(r5, [r0, 4 * _CHECKSUM])
    cmp(r1, 0)
    beq(END)
    label(NEXT)
    ldr(r4, [r3, 0])
    lsl(r6, r5, 5)
    add(r5, r5, r6)
    eor(r5, r4)
    add(r3, 4)
    sub(r1, 1)
    bne(NEXT)
    label(END)
    str(r3, [r0, 4 * _AT])
    str(r5, [r0, 4 * _CHECKSUM])
    mov(r0, r2)


@micropython.viper
def _agrees(state) -> bool:
    words = ptr32(state)
    return words[_CHECKSUM] == words[_EXPECTED]


class Image:
    """The image that runs. What ``check`` looks at once, ``go_on`` looks at again and again.

    failed: the image's bit once it was not as it was built, else 0."""

    def __init__(self):
        trailer = bytes(uctypes.bytearray_at(chip.FLASH + flash_map.TRAILER_AT, _TRAILER_BYTES))
        self._words = 0
        self._state = array("I", (0, 0, 0, 0))
        if trailer[: len(_MAGIC)] == _MAGIC:
            length, expected = struct.unpack("<II", trailer[len(_MAGIC) :])
            self._words = length // 4
            self._state[_EXPECTED] = expected
        self.failed = 0
        self._begin_round()

    def check(self) -> int:
        """Look at all of the image, which takes as long as all of it does. Return what ``failed`` is then."""
        self._begin_round()
        _take_in(self._state, self._words)
        self._end_round()
        return self.failed

    def go_on(self) -> int:
        """Look at the next piece, which takes tens of microseconds and nothing from the heap. Return what ``failed`` is
        then."""
        if not _take_in(self._state, _PIECE_WORDS):
            self._end_round()
        return self.failed

    def _begin_round(self):
        state = self._state
        state[_AT], state[_LEFT], state[_CHECKSUM] = chip.FLASH, self._words, 0

    def _end_round(self):
        if self._words and not _agrees(self._state):
            self.failed = TEST_IMAGE
        self._begin_round()
