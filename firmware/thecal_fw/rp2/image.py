"""The image in flash, held against the checksum that its build put behind it.

Promise: a word of the image that has changed is found for certain, several with all but one chance in four thousand
million. A stock image has no trailer; then there is nothing to hold it against, which is not a failure.

The checksum takes each word in as ``checksum * 33 ^ word``, modulo 2**32: ten times as fast as a CRC, so that a pump is
not kept from delivering by it.
"""

import struct

import micropython
import uctypes
from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    # Names of the assembler.
    NEXT = r2 = r3 = r4 = 0

    def mov(*_: object) -> None: ...
    def label(*_: object) -> None: ...
    def ldr(*_: object) -> None: ...
    def lsl(*_: object) -> None: ...
    def add(*_: object) -> None: ...
    def eor(*_: object) -> None: ...
    def sub(*_: object) -> None: ...
    def bne(*_: object) -> None: ...


_FLASH = const(0x1000_0000)
_TRAILER = const(0x1009_FF00)
_MAGIC = b"THECAL01"
_TRAILER_BYTES = const(16)


# In assembler, since the whole image has to go through here before the pump may deliver. r0: address, r1: words.
@micropython.asm_thumb
def _checksum(r0, r1):
    mov(r2, 0)
    label(NEXT)
    ldr(r3, [r0, 0])
    lsl(r4, r2, 5)
    add(r2, r2, r4)
    eor(r2, r3)
    add(r0, 4)
    sub(r1, 1)
    bne(NEXT)
    mov(r0, r2)


def is_whole() -> bool:
    """Whether the image is as it was built."""
    trailer = bytes(uctypes.bytearray_at(_TRAILER, _TRAILER_BYTES))
    if trailer[: len(_MAGIC)] != _MAGIC:
        return True
    length, expected = struct.unpack("<II", trailer[len(_MAGIC) :])
    checksum = _checksum(_FLASH, length // 4)
    return checksum & 0xFFFFFFFF == expected  # type: ignore[operator] - assembler gives an integer
