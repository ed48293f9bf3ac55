"""The board's two kinds of memory: memory that outlives a watchdog reset, and flash that takes its time and outlives
all."""

from __future__ import annotations

from thecal.pumps.constants import chosen
from thecal_fw.core.carried import NOTE_BYTES
from thecal_fw.core.flash_map import SECTORS, STATE_BYTES
from thecal_sim.nor_flash import NorFlash
from thecal_sim.processor import Processor
from thecal_sim.units import NS_PER_MS, NS_PER_S, NS_PER_US

STORAGE_SECTORS = SECTORS


class SimulatedRetained:
    """Implements ``Retained``."""

    def __init__(self) -> None:
        self.was_kept = False
        self.counted = 0
        self.reset_s = 0
        self.reset_us = 0
        self.note = bytes(NOTE_BYTES)
        self.record = bytes(STATE_BYTES)
        self._kept: bytes | None = None
        self._kept_record = bytes(STATE_BYTES)

    def keep(self, note: bytes | bytearray | memoryview) -> None:
        self._kept = _exactly(NOTE_BYTES, note)

    def keep_record(self, record: bytes | bytearray | memoryview) -> None:
        self._kept_record = _exactly(STATE_BYTES, record)

    def survive(self, counted: int, since_reset_ns: int) -> None:
        """Keep the memory through the watchdog's reset, which comes now."""
        self.was_kept = self._kept is not None
        self.note = self._kept or bytes(NOTE_BYTES)
        self.record = self._kept_record
        self.counted = counted
        self.reset_s, ns = divmod(since_reset_ns, NS_PER_S)
        self.reset_us = ns // NS_PER_US

    def lose_power(self) -> None:
        self.was_kept = False
        self._kept = None
        self._kept_record = bytes(STATE_BYTES)


def _exactly(length: int, data: bytes | bytearray | memoryview) -> bytes:
    if len(data) != length:
        raise ValueError(f"{length} bytes are kept, not {len(data)}")
    return bytes(data)


class TimedFlash:
    """Implements ``Flash``: a chip whose operations keep the processor for their time.

    program_ns, erase_ns: what an operation takes, by default what is typical of a chip of 2 MiB.
    """

    SECTOR_BYTES: int = NorFlash.SECTOR_BYTES
    PAGE_BYTES: int = NorFlash.PAGE_BYTES
    LONGEST_ERASE_US: int = NorFlash.LONGEST_ERASE_US
    LONGEST_PROGRAM_US: int = NorFlash.LONGEST_PROGRAM_US

    def __init__(self, chip: NorFlash, processor: Processor) -> None:
        self.chip = chip
        self.sectors = chip.sectors
        self.program_ns = 7 * NS_PER_MS // 10
        self.erase_ns = 45 * NS_PER_MS
        self._processor = processor

    def read_into(self, sector: int, offset: int, buffer: bytearray | memoryview) -> None:
        self.chip.read_into(sector, offset, buffer)

    def program(self, sector: int, offset: int, data: bytes | bytearray | memoryview) -> None:
        self.chip.program(sector, offset, data)
        self._processor.wait_until(self._processor.now_ns + self.program_ns)

    def erase(self, sector: int) -> None:
        self.chip.erase(sector)
        self._processor.wait_until(self._processor.now_ns + self.erase_ns)


class SimulatedSupply:
    """Implements ``Supply``. A pump without a supervisor finds it good whatever it is."""

    def __init__(self) -> None:
        self.good = True

    def is_good(self) -> bool:
        return self.good or not chosen().has_supply_monitor
