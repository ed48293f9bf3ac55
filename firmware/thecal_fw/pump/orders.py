"""The program in force: which it is, where its bytes lie, and what of it the alarms leave standing.

Promises: there is one place for the program in force and one for a program on its way in; putting another one in force
makes them change roles and copies nothing.
"""

from thecal_fw.core.alarms import RESPONSE_MINIMUM_RATE, Alarms
from thecal_fw.core.modes import MODE_MINIMUM_RATE
from thecal_fw.core.program import Program
from thecal_fw.core.program_place import ProgramPlace, Room
from thecal_fw.core.week import advance

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_WEEK_PIECE_TURNS = 64
WEEK_PIECE_US = 60_000
"""More than working out so many turns of a program's week takes."""


class Orders:
    """program, digest: the committed program and its name; None before the first.
    place: where it lies, with what a week of it gives once there was time to work that out.
    number: raised with each program that is put in force."""

    def __init__(self, room: Room, alarms: Alarms) -> None:
        self._alarms = alarms
        self.program: "Program | None" = None
        self.digest = bytes(32)
        # Taken before anything else, while memory is in one piece.
        self.place = ProgramPlace(room)
        self._spare_place = ProgramPlace(room)
        self._week_work: "Iterator[None] | None" = None
        self.number = 0

    def in_force(self) -> Program:
        """Return the committed program, where there must be one."""
        program = self.program
        assert program is not None
        return program

    def spare_place(self) -> ProgramPlace:
        """Return where another program may be put."""
        return self._spare_place

    def adopt(self, program: Program, digest: bytes, place: ProgramPlace) -> None:
        """Put a program in force. place: where it lies."""
        if place is not self.place:
            self.place, self._spare_place = place, self.place
        self.program = program
        self.digest = digest
        self._week_work = None
        self.number += 1

    def stands(self) -> bool:
        """Return True if there is a committed program and the active alarms leave it standing."""
        program = self.program
        if program is None:
            return False
        return not program.delivers() or self._alarms.response() < RESPONSE_MINIMUM_RATE

    def wanted(self) -> Program:
        """Return the program that the active alarms leave standing. One that delivers nothing always stands."""
        return self.in_force() if self.stands() else Program(MODE_MINIMUM_RATE)

    def lacks_week(self) -> bool:
        return self.program is not None and not self.place.week.is_known

    def work_on_week(self) -> bool:
        """Work out another piece of what the program gives in a week; return True once all of it is known."""
        week, program = self.place.week, self.program
        if program is None or week.is_known:
            return week.is_known
        if self._week_work is None:
            self._week_work = week.working_out(program)
        if not advance(self._week_work, _WEEK_PIECE_TURNS):
            self._week_work = None
        return week.is_known
