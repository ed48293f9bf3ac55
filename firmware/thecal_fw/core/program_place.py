"""Room in memory for a program and its pulses: bytes, the figures of its week, blocks of intervals. It is taken once at
the reset and never again.

A pump has two places: one for the program it goes by, one for a program on its way in. A commit makes them change
roles and copies nothing. So whatever programs come and go, none of them needs memory that is not there.
"""

from thecal_fw.core.program import MOST_PROGRAM_BYTES, Program, ProgramFormatError, decode_in_place
from thecal_fw.core.week import MOST_TURNS, Week, turns_of


class Room:
    """The largest program that an image can hold. program_bytes: of its encoding. turns: in its week, see
    ``turns_of``. block_pulses: in a block of the step generator; a power of two. is_tight: whether memory is so short
    that it is tidied before anything is begun whose result is kept."""

    def __init__(self, program_bytes: int, turns: int, block_pulses: int, is_tight: bool = False) -> None:
        self.program_bytes = program_bytes
        self.turns = turns
        self.block_pulses = block_pulses
        self.is_tight = is_tight

    def fits(self, program: Program) -> bool:
        """Return True if the week of a program fits; before its bytes come it is known whether they do."""
        return turns_of(program) <= self.turns


ROOM_FOR_ANY_PROGRAM = Room(MOST_PROGRAM_BYTES, MOST_TURNS, 512)
ROOM_ON_A_STOCK_IMAGE = Room(512, 128, 128, is_tight=True)
"""A stock image loads the firmware into memory, and this is what that leaves: every example fits twice over. A block
of 128 pulses lasts 7 s at the fastest rate, and another waits behind it."""


class ProgramPlace:
    """buffer: for the program's bytes, of which the first ``length`` count. week: what the program gives in a week."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.buffer = bytearray(room.program_bytes)
        self.length = 0
        self.week = Week(room.turns)

    def forget(self) -> None:
        """Forget the program that is here."""
        self.length = 0
        self.week.forget()

    def fill(self, length: int) -> None:
        """Note that so many bytes of a program lie in the buffer."""
        self.length = length

    def encoded(self) -> memoryview:
        """Return the program's bytes, where they lie."""
        return memoryview(self.buffer)[: self.length]

    def decoded(self) -> "Program | None":
        """Return the program whose bytes are here, None if they are not of a program. Valid until other bytes come."""
        try:
            return decode_in_place(self.encoded())
        except ProgramFormatError:
            return None
