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
from thecal_fw.rp2 import chip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micropython import ptr32  # type: ignore[attr-defined]

    # Names of the assembler.
    NEXT = r3 = r4 = r5 = 0

    def mov(*_: object) -> None: ...
    def label(*_: object) -> None: ...
    def ldr(*_: object) -> None: ...
    def str(*_: object) -> None: ...
    def lsl(*_: object) -> None: ...
    def add(*_: object) -> None: ...
    def eor(*_: object) -> None: ...
    def sub(*_: object) -> None: ...
    def bne(*_: object) -> None: ...


_MAGIC = b"THECAL01"
_TRAILER_BYTES = const(16)

_PIECE_WORDS = const(320)
_PIECE_BYTES = const(_PIECE_WORDS * chip.WORD_BYTES)
"""The largest image, which ends at its trailer, takes 512 pieces: at one each 7 s of the heartbeat, within an hour."""


# In assembler, since the whole image has to go through here before the pump may deliver. The checksum stays in memory:
# as an integer of Python's it would take from the heap. r0: address, r1: words, r2: where the checksum is.
@micropython.asm_thumb
def _take_in(r0, r1, r2):
    ldr(r5, [r2, 0])
    label(NEXT)
    ldr(r3, [r0, 0])
    lsl(r4, r5, 5)
    add(r5, r5, r4)
    eor(r5, r3)
    add(r0, 4)
    sub(r1, 1)
    bne(NEXT)
    str(r5, [r2, 0])
    mov(r0, 0)


@micropython.viper
def _agree(checksums) -> bool:
    words = ptr32(checksums)
    agree = words[0] == words[1]
    words[0] = 0
    return agree


class Image:
    """The image that runs. What ``check`` looks at once, ``check_piece`` looks at again and again."""

    def __init__(self):
        trailer = bytes(uctypes.bytearray_at(chip.FLASH + flash_map.TRAILER_AT, _TRAILER_BYTES))
        self._words = 0
        # Of the round under way: where its next piece begins, and how many words are left from there on.
        self._at, self._left = chip.FLASH, 0
        self._checksums = array("I", (0, 0))
        if trailer[: len(_MAGIC)] == _MAGIC:
            length, expected = struct.unpack("<II", trailer[len(_MAGIC) :])
            self._words = self._left = length // 4
            self._checksums[1] = expected

    def check(self) -> bool:
        """Whether the image is as it was built. Takes as long as all of it does."""
        if not self._words:
            return True
        self._at, self._left = chip.FLASH, self._words
        self._checksums[0] = 0
        _take_in(chip.FLASH, self._words, self._checksums)
        return _agree(self._checksums)

    def check_piece(self) -> bool:
        """Look at the next piece; False if it was the last one and the image is not as it was built.

        Takes tens of microseconds and nothing from the heap.
        """
        at, left = self._at, self._left
        if left > _PIECE_WORDS:
            _take_in(at, _PIECE_WORDS, self._checksums)
            self._at, self._left = at + _PIECE_BYTES, left - _PIECE_WORDS
            return True
        if not left:
            return True
        _take_in(at, left, self._checksums)
        self._at, self._left = chip.FLASH, self._words
        return _agree(self._checksums)
