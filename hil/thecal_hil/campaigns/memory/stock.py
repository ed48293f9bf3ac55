"""One life of a stock board with the firmware on its file system: every example of a program, one after the other.

Promises: each is staged, committed and delivered with what a host may ask of it meanwhile, and its pulses are held
against the oracle; then programs that are larger than such a board has room for are refused at staging, with that
reason, while delivery continues. At the end each example outlasts a power cut: the pump continues as it was.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from thecal.errors import PumpRefusedError
from thecal_fw.core.bolus import KIND_CLINICIAN, KIND_NAMES, KIND_PATIENT
from thecal_fw.core.bolus_history import REFUSED_NOT
from thecal_fw.core.events import EVENT_BOLUS_BEGUN, EVENT_OUT_OF_MEMORY, KIND_SHIFT
from thecal_fw.core.program import Program
from thecal_fw.core.program_place import ROOM_ON_A_STOCK_IMAGE
from thecal_fw.core.pump_state import STATE_STOPPED
from thecal_fw.core.week import turns_of
from thecal_fw.link import messages
from thecal_hil.campaigns.memory.largest import largest_program
from thecal_hil.contract.gate import check_gate
from thecal_hil.contract.image import REPOSITORY, FirmwareImage
from thecal_hil.contract.rig import ResetCause
from thecal_hil.course.course import Course, local_second
from thecal_hil.course.therapy import Therapy, continuous, flex, prescribed_in
from thecal_hil.emulator.heap import Heap
from thecal_hil.rigs.pico_rig import PicoRig

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

EXAMPLES = tuple(
    path for path in sorted((REPOSITORY / "examples").glob("*.toml")) if path.stem != "drug_library"
)
_FILL_NL = 20_000_000
_FIRST_DAY = 2
"""Of March 2026, a Monday: each example has a day of its own."""
_AHEAD_S = 8
"""The clock is set so long before a bolus that the program gives by the clock."""
_BOLUS_NL_PER_DAY = 4_320_000
_BOLUS_S = 60
_STARTS_WITHIN_S = 8
_CHECKED_S = 3
"""To look at all of a program's week takes a board at most so long."""


@dataclass
class StockLife:
    """examples, refused: programs that were delivered, and those that were refused at staging for want of room.
    restarts: power cuts that were caused. resets: others. boluses: those begun, by kind. largest_free_bytes: the least
    that was left in one piece right after a collection."""

    examples: int = 0
    refused: int = 0
    pulses: int = 0
    out_of_memory: int = 0
    restarts: int = 0
    resets: int = 0
    largest_free_bytes: int = 0
    boluses: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


class _Board:
    def __init__(self, image: FirmwareImage, life: StockLife) -> None:
        self.rig = PicoRig(image)
        self.course = Course(self.rig)
        self.life = life
        self._heap = Heap(self.rig.board)
        life.largest_free_bytes = self._heap.size

    def look(self) -> None:
        """Find out what is free in one piece, after a collection."""
        self._heap.collect_next()
        self.rig.run_for(0.2)
        self.course.pump.time()
        self.life.largest_free_bytes = min(self.life.largest_free_bytes, self._heap.largest_free_bytes())

    @contextmanager
    def noting(self, what: str) -> Iterator[None]:
        """Note what did not hold, and continue with the next."""
        try:
            yield
        except (AssertionError, PumpRefusedError) as wrong:
            self.life.wrong.append(f"{what}: {wrong}")

    def deliver(self, therapy: Therapy, day: int) -> None:
        """Program the pump, while it delivers the program before this, and have it deliver: a bolus by the clock, one
        on demand, and all that a host reads among it."""
        course, rig = self.course, self.rig
        course.prescribe(therapy)
        rig.run_for(_CHECKED_S)
        self.look()
        if not therapy.program.delivers():
            assert self._stands(), "the pump has not stopped"
            # Once more, for the oracle: to it a pump that a program has stopped still is at a part of a microstep.
            course.stop()
        else:
            if not self._stands():
                course.stop()
            course.set_time(local_second(f"2026-03-{day:02}") + _second_before_bolus(therapy.program, day))
            course.start()
            rig.run_for(_AHEAD_S + _CHECKED_S)
            self._give_bolus(therapy.program)
        read = course.pump.read_program()
        assert read is not None, "the pump has no program"
        assert read.digest() == therapy.program.digest(), "the pump has another program"
        course.pump.outlook()
        course.pump.service_life()
        course.pump.log()
        rig.run_for(_BOLUS_S)
        self.look()
        course.must_be_ideal()
        self.life.examples += 1

    def _stands(self) -> bool:
        return self.course.pump.interrogate().state == STATE_STOPPED

    def _give_bolus(self, program: Program) -> None:
        pump = self.course.pump
        patient = program.patient_bolus
        kind, rate, seconds = KIND_CLINICIAN, _BOLUS_NL_PER_DAY, _BOLUS_S
        if patient is not None:
            kind, rate, seconds = KIND_PATIENT, patient.rate_nl_per_day, 60 * patient.minutes
        asked = (kind,) if kind == KIND_PATIENT else (kind, rate, seconds)
        if pump.check_bolus(*asked).bolus_refusal == REFUSED_NOT:
            self.course.give_bolus(kind, rate, seconds)
            self.rig.run_for(_BOLUS_S / 2)
            assert pump.boluses().under_way, "no bolus is under way"
            self.course.cancel_bolus()

    def restart(self, therapy: Therapy) -> None:
        """Cut the power while the pump goes by a program, and find it going by the same afterwards."""
        course, rig = self.course, self.rig
        course.prescribe(therapy)
        if therapy.program.delivers() and self._stands():
            course.start()
        rig.run_for(_CHECKED_S)
        before = course.pump.interrogate()
        rig.reset(ResetCause.POWER_ON)
        self.life.restarts += 1
        rig.run_for(_STARTS_WITHIN_S)
        after = course.pump.interrogate()
        assert after.boots == before.boots + 1, "the pump was not reset"
        assert after.state == before.state, "the pump has not continued as it was"
        assert after.program_digest == therapy.program.digest(), "the pump has another program"
        self.look()

    def refuse(self, program: Program) -> None:
        """Stage what there is no room for."""
        try:
            self.course.pump.stage(program)
        except PumpRefusedError as refusal:
            if refusal.code != messages.ERROR_TOO_LARGE:
                raise
            self.life.refused += 1
        else:
            raise AssertionError("a program was staged that there is no room for")


def _second_before_bolus(program: Program, day: int) -> int:
    """Return the second of a day a little before a bolus that the program gives by the clock on it; noon if there is
    none."""
    minute = 720
    if program.periodic_bolus is not None:
        minute = program.periodic_bolus.first_minute
    else:
        boluses = program.boluses_on(day - _FIRST_DAY)
        minute = boluses[0][0] if boluses else minute
    return 60 * minute - _AHEAD_S


def _of_too_many_turns() -> Program:
    """Return a program whose bytes a stock board has room for, but not what it gives in a week."""
    program = flex([(f"{hour:02}:00", 1_000_000 + 10_000 * hour) for hour in range(20)]).program
    assert len(program.encode()) <= ROOM_ON_A_STOCK_IMAGE.program_bytes
    assert turns_of(program) > ROOM_ON_A_STOCK_IMAGE.turns
    return program


def run_stock_life(image: FirmwareImage, restarted: Sequence[Path] = EXAMPLES) -> StockLife:
    """Have a stock board deliver every example, and refuse what it can't hold; then cut its power under each that is to
    be restarted."""
    life = StockLife()
    board = _Board(image, life)
    board.course.set_time(local_second("2026-03-01 12:00"))
    board.course.refill(_FILL_NL)
    for number, path in enumerate(EXAMPLES):
        with board.noting(path.name):
            board.deliver(prescribed_in(path), _FIRST_DAY + number)
    running = continuous(2_000_000)
    with board.noting("what there is no room for"):
        board.course.prescribe(running)
        board.course.start()
        for program in (largest_program(), _of_too_many_turns()):
            board.refuse(program)
            board.rig.run_for(5)
            board.look()
        life.pulses = board.course.must_be_ideal().pulses
    with board.noting("at the end"):
        check_gate(board.rig)
    for path in restarted:
        with board.noting(f"{path.name} after a power cut"):
            board.restart(prescribed_in(path))
    for event in board.course.pump.log():
        life.out_of_memory += event.code == EVENT_OUT_OF_MEMORY
        if event.code == EVENT_BOLUS_BEGUN:
            kind = KIND_NAMES[event.second >> KIND_SHIFT]
            life.boluses[kind] = life.boluses.get(kind, 0) + 1
    life.resets = len(board.rig.board.resets) - 1 - life.restarts
    board.rig.close()
    return life
