"""A course of therapy on the model, with every flash operation and what was true of the pump at that instant.

Promise: the operations, done again in order on a new chip, leave the same cells behind.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from thecal.client import Pump
from thecal_hil.campaigns.powercuts.witness import Facts, Witness
from thecal_sim.memory import STORAGE_SECTORS
from thecal_sim.model import ModelPump
from thecal_sim.nor_flash import ERASE, PROGRAM, NorFlash
from thecal_sim.units import NS_PER_S

ROT = "rot"
"""Not an operation of the pump: bytes at rest that a scenario spoils."""


@dataclass(frozen=True)
class Operation:
    """One operation of the flash. before_steps, after_steps: microsteps delivered when it began and when it ended."""

    kind: str
    sector: int
    offset: int
    data: bytes
    before_steps: int
    after_steps: int
    facts: Facts

    def do(self, chip: NorFlash) -> None:
        if self.kind == PROGRAM:
            chip.program(self.sector, self.offset, self.data)
        elif self.kind == ERASE:
            chip.erase(self.sector)
        else:
            chip.rot(self.sector, self.offset, len(self.data), self.data[0])


class RecordingFlash(NorFlash):
    """A chip that hands on each operation before it begins."""

    def __init__(self, record: Callable[[str, int, int, bytes], None]) -> None:
        super().__init__(STORAGE_SECTORS)
        self._record = record

    def program(self, sector: int, offset: int, data: bytes | bytearray | memoryview) -> None:
        self._record(PROGRAM, sector, offset, bytes(data))
        super().program(sector, offset, data)

    def erase(self, sector: int) -> None:
        self._record(ERASE, sector, 0, b"")
        super().erase(sector)


class Recording(Witness):
    """A pump of the model, its host, and what becomes of its flash."""

    def __init__(self) -> None:
        super().__init__()
        self.operations: list[Operation] = []
        self._pump: ModelPump | None = None
        self._chip = RecordingFlash(self._record)
        self._pump = self.pump = ModelPump(chip=self._chip)
        self.pump.serial.timeout = self.pump.serial.write_timeout = 2.0
        self._host = Pump(self.pump.serial, host_nonce=1)

    @property
    def host(self) -> Pump:
        return self._host

    def _record(self, kind: str, sector: int, offset: int, data: bytes) -> None:
        before = after = 0
        if self._pump is not None:
            board = self._pump.board
            takes_ns = board.flash.erase_ns if kind == ERASE else board.flash.program_ns
            before = board.train.rises_until(board.processor.now_ns)
            after = board.train.rises_until(board.processor.now_ns + takes_ns)
            if self._pump._controller is not None:
                quantum = self._pump.controller.grants.quantum_steps
                if quantum > self.facts.quantum_steps:
                    self.facts = replace(self.facts, quantum_steps=quantum)
        self.operations.append(Operation(kind, sector, offset, data, before, after, self.facts))

    def delivered_steps(self) -> int:
        """Return rising edges of STEP so far."""
        return self.pump.board.train.rises_until(self.pump.board.processor.now_ns)

    def run_for(self, seconds: float) -> None:
        self.pump.run_for(round(seconds * NS_PER_S))

    def rot(self, sector: int, offset: int, length: int) -> None:
        """Spoil bytes at rest."""
        self.facts = replace(self.facts, repaired=True)
        self._record(ROT, sector, offset, bytes(length))
        self._chip.rot(sector, offset, length, 0)
