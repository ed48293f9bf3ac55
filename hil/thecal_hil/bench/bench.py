"""A bench: which board and instruments it has, what is wired to what, and how to open them.

Promises: no port is opened and nothing is written before ``open_rig``; boards are found by the serial number of their
USB device, without a byte being sent to any; a board is locked for as long as a rig has it. What a rig opened from the
bench can do follows from what is wired: see ``capabilities``. For its file see ``bench_file``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import serial

from thecal.ports import candidates
from thecal_hil.bench.board_lock import BoardBusyError, BoardLock, board_at
from thecal_hil.bench.board_rig import BoardRig, open_serial
from thecal_hil.bench.hardware import UNKNOWN, Hardware
from thecal_hil.bench.probed_rig import ProbedBoardRig, capabilities_with, faults_with
from thecal_hil.contract import rig
from thecal_hil.contract.faults import Fault
from thecal_hil.contract.image import FirmwareImage
from thecal_hil.contract.rig import Capability
from thecal_hil.instruments.balance import Balance
from thecal_hil.instruments.probe import Probe, ProbeError
from thecal_hil.instruments.sigrok import LogicAnalyser

BALANCE, ANALYSER = "balance", "analyser"
"""Instruments that a test can ask for."""


class BenchError(Exception):
    """The bench can't be used as its file has it; the message lists everything that is wrong."""


@dataclass(frozen=True)
class Place:
    """The place of a device: the serial number of its USB, or a port by its path."""

    serial: str = ""
    port: str = ""

    def __str__(self) -> str:
        return f"serial number {self.serial}" if self.serial else self.port

    def lock_name(self) -> str:
        """Return what the device is locked by; the same whichever way it is named, if the system knows its serial
        number."""
        return self.serial or board_at(self.port)

    def device(self) -> str:
        """Return the port's path at this moment; raise BenchError if the device is not there."""
        if self.port:
            return self.port
        there = candidates()
        for candidate in there:
            if candidate.serial_number == self.serial:
                return candidate.device
        found = (
            ", ".join(f"{one.serial_number} at {one.device}" for one in there if one.serial_number) or "none"
        )
        raise BenchError(
            f"no USB device with serial number {self.serial} is attached; those that are: {found}"
        )


@dataclass(frozen=True)
class ProbePart:
    place: Place
    inputs: dict[str, str]
    switches: tuple[str, ...]


@dataclass(frozen=True)
class BalancePart:
    place: Place
    baud: int
    stable_within_s: float


@dataclass(frozen=True)
class Bench:
    """One bench, as its file describes it. A part that it does not have is None."""

    name: str
    pump: Place
    probe: ProbePart | None = None
    balance: BalancePart | None = None
    analyser: LogicAnalyser | None = None
    hardware: Hardware = UNKNOWN

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Return what a rig opened from this bench can do."""
        return (
            frozenset()
            if self.probe is None
            else capabilities_with(self.probe.inputs.values(), self.probe.switches)
        )

    @property
    def offers(self) -> frozenset[str]:
        """Return names of everything that a test can need: capabilities, faults and instruments."""
        instruments = {BALANCE: self.balance, ANALYSER: self.analyser}
        had = (name for name, part in instruments.items() if part is not None)
        return frozenset(map(str, self.capabilities | self.possible_faults)) | frozenset(had)

    @property
    def possible_faults(self) -> frozenset[Fault]:
        return frozenset() if self.probe is None else faults_with(self.probe.switches)

    def open_rig(self, image: FirmwareImage, lock: BoardLock | None = None) -> BoardRig:
        """Return the bench's pump as a rig, locked until it is closed; raise BenchError saying what is in the way.

        ``lock``: the board's, if the caller has taken it; it is let go with the rig, or if there is none available.
        """
        with ExitStack() as undo:
            try:
                lock = undo.enter_context(lock or BoardLock(self.pump.lock_name()))
                self.pump.device()
                opened = self._open_with(image, lock, undo)
            except (BoardBusyError, ProbeError, serial.SerialException) as error:
                raise BenchError(f"{self.name}: {error}") from error
            undo.pop_all()
            return opened

    def _open_with(self, image: FirmwareImage, lock: BoardLock, undo: ExitStack) -> BoardRig:
        def open_pump() -> rig.SerialPort:
            return open_serial(self.pump.device())

        if self.probe is None:
            return BoardRig(image, open_pump, lock=lock)
        # A bench whose pump is not there is reported as that, whatever else is missing.
        self.pump.device()
        port = open_serial(self.probe.place.device())
        undo.callback(port.close)
        return ProbedBoardRig(
            image, open_pump, Probe(port), inputs=self.probe.inputs, switches=self.probe.switches, lock=lock
        )

    @contextmanager
    def opened_balance(self) -> Iterator[Balance]:
        """Yield the bench's balance, taken over and ready; its port is closed at the end. Raise BenchError if
        there is none or its port can't be opened."""
        if self.balance is None:
            raise BenchError(f"{self.name} has no balance")
        try:
            port = serial.Serial(
                self.balance.place.device(), self.balance.baud, timeout=1.0, write_timeout=1.0, exclusive=True
            )
        except serial.SerialException as error:
            raise BenchError(f"{self.name}: balance: {error}") from error
        with port:
            balance = Balance(port, stable_within_s=self.balance.stable_within_s)
            balance.cancel()
            yield balance
