"""A NOR flash chip with the ways in which it fails: power cuts in the middle of an operation, worn and stuck
sectors, rotten bits. It implements ``Flash``, and everything random in it follows from its seed.

Erasing sets all bits of a sector, programming only clears bits. An operation that a power cut interrupts leaves one
of several torn outcomes behind, among them cells that read differently each time, and cells that read as they
should until the next power-up. Such cells are sound again once they are erased, or programmed to 0.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from thecal_fw.core import flash_map

PROGRAM = "program"
ERASE = "erase"

BEFORE = "before"
AFTER = "after"
TORN_PROGRAM = ("prefix", "subset", "unstable", "weak")
"""Only the first bytes written; some of the bits cleared; some bits between 0 and 1; all bits right, but some of
them between 0 and 1 from the next power-up on."""
TORN_ERASE = ("started", "partly", "unstable", "weak")
"""Nothing to be seen yet; some of the bits set; some bits between 0 and 1; reads erased, but with bits between
0 and 1 from the next power-up on."""


class PowerCutError(Exception):
    """The supply failed at this operation. Until ``power_up`` every further operation fails in the same way."""


class FlashMisuseError(Exception):
    """The program did what a flash chip does not offer."""


@dataclass(frozen=True)
class Cut:
    """A power cut at an operation: ``BEFORE`` it, ``AFTER`` it, or a torn outcome, which must fit its kind."""

    operation: int
    outcome: str


class NorFlash:
    """Implements ``Flash``. ``operation`` counts programs and erases; reads are not counted."""

    SECTOR_BYTES = flash_map.SECTOR_BYTES
    PAGE_BYTES = flash_map.PAGE_BYTES
    LONGEST_ERASE_US = 400_000
    LONGEST_PROGRAM_US = 3_000

    def __init__(self, sectors: int, seed: int = 0, strict: bool = True) -> None:
        self.sectors = sectors
        self.operation = 0
        self.cut: Cut | None = None
        self.before_operation: Callable[[int, str, int, int], None] | None = None
        """Called with index, kind, sector and offset of each operation that is about to begin."""
        self.erases_until_worn: dict[int, int] = {}
        """Erases that a sector stands; without an entry, any number. One more leaves bits of it stuck at 0."""
        self.takes_nothing = False
        """Worn out altogether: programs and erases do nothing, in silence."""
        self._strict = strict
        self._random = random.Random(seed)
        self._is_off = False
        self._cells = [bytearray(b"\xff" * self.SECTOR_BYTES) for _ in range(sectors)]
        # Bits between 0 and 1, bits that will be so after the next power-up, and bits stuck at 0: place -> mask.
        self._unstable: list[dict[int, int]] = [{} for _ in range(sectors)]
        self._weak: list[dict[int, int]] = [{} for _ in range(sectors)]
        self._stuck_low: list[dict[int, int]] = [{} for _ in range(sectors)]
        self._erases = [0] * sectors
        self._dead: set[tuple[str, int]] = set()

    # What the pump calls ---------------------------------------------------------------------------------------

    def read_into(self, sector: int, offset: int, buffer: bytearray | memoryview) -> None:
        """Read from an offset on; raise PowerCutError without power."""
        end = offset + len(buffer)
        self._check(sector, offset, end)
        if self._is_off:
            raise PowerCutError
        buffer[:] = self._cells[sector][offset:end]
        for place, mask in self._unstable[sector].items():
            if offset <= place < end:
                buffer[place - offset] = (buffer[place - offset] & ~mask) | (
                    self._random.getrandbits(8) & mask
                )

    def program(self, sector: int, offset: int, data: bytes | bytearray | memoryview) -> None:
        """Program within one page; raise FlashMisuseError for more than that."""
        self._check(sector, offset, offset + len(data))
        if offset // self.PAGE_BYTES != (offset + len(data) - 1) // self.PAGE_BYTES:
            raise FlashMisuseError(f"{len(data)} bytes from {offset} on do not lie within one page")
        outcome = self._begin(PROGRAM, sector, offset)
        if outcome == AFTER and self._works(PROGRAM, sector):
            self._check_only_clears(sector, offset, data)
            self._clear(sector, offset, data)
        elif outcome != AFTER:
            self._tear_program(sector, offset, bytes(data), outcome)
        self._end()

    def erase(self, sector: int) -> None:
        self._check(sector, 0, self.SECTOR_BYTES)
        outcome = self._begin(ERASE, sector, 0)
        self._erases[sector] += 1
        if outcome == AFTER and self._works(ERASE, sector):
            self._set_all(sector)
        elif outcome != AFTER:
            self._tear_erase(sector, outcome)
        self._end()

    # What a test does to the chip ------------------------------------------------------------------------------

    def cut_at(self, operation: int, outcome: str) -> None:
        """Cut the power at this operation, counted from the chip's first."""
        self.cut = Cut(operation, outcome)

    def power_up(self) -> None:
        """Give power after a cut. What is weak has become unstable by now."""
        self._is_off = False
        self.cut = None
        for weak, unstable in zip(self._weak, self._unstable, strict=True):
            for place, mask in weak.items():
                unstable[place] = unstable.get(place, 0) | mask
            weak.clear()

    def erases_of(self, sector: int) -> int:
        return self._erases[sector]

    def rot(self, sector: int, offset: int, length: int = 1, value: int | None = None) -> None:
        """Spoil bytes that are at rest: each becomes another one at random, or the value given."""
        cells = self._cells[sector]
        for place in range(offset, offset + length):
            cells[place] = cells[place] ^ self._random.randrange(1, 256) if value is None else value

    def let_fail(self, kind: str, sector: int) -> None:
        """Let programs or erases of a sector do nothing from now on, in silence."""
        self._dead.add((kind, sector))

    def content(self, sector: int) -> bytes:
        """Return what the cells of a sector hold; cells that are unstable as they were last set."""
        return bytes(self._cells[sector])

    def copy(self, seed: int) -> NorFlash:
        """Return another chip in the same condition, with power."""
        other = NorFlash(self.sectors, seed, self._strict)
        other.operation = self.operation
        other.erases_until_worn = dict(self.erases_until_worn)
        other._cells = [bytearray(cells) for cells in self._cells]
        other._unstable = [dict(masks) for masks in self._unstable]
        other._weak = [dict(masks) for masks in self._weak]
        other._stuck_low = [dict(masks) for masks in self._stuck_low]
        other._erases = list(self._erases)
        other._dead = set(self._dead)
        return other

    # The cells -------------------------------------------------------------------------------------------------

    def _check(self, sector: int, offset: int, end: int) -> None:
        if not (0 <= sector < self.sectors and 0 <= offset < end <= self.SECTOR_BYTES):
            raise FlashMisuseError(f"bytes {offset} to {end} of sector {sector}")

    def _check_only_clears(self, sector: int, offset: int, data: bytes | bytearray | memoryview) -> None:
        """Raise where a write would do more than clear bits."""
        if not self._strict:
            return
        before = int.from_bytes(self._cells[sector][offset : offset + len(data)])
        if not int.from_bytes(data) & ~before:
            return
        unsure = (self._unstable[sector], self._weak[sector], self._stuck_low[sector])
        for place, byte in enumerate(data, offset):
            missing = byte & ~self._cells[sector][place]
            for masks in unsure:
                missing &= ~masks.get(place, 0)
            if missing:
                raise FlashMisuseError(f"byte {place} of sector {sector} was programmed without an erase")

    def _works(self, kind: str, sector: int) -> bool:
        return not self.takes_nothing and (kind, sector) not in self._dead

    def _begin(self, kind: str, sector: int, offset: int) -> str:
        """Count an operation, and say how it turns out."""
        if self._is_off:
            raise PowerCutError
        index = self.operation
        if self.before_operation:
            self.before_operation(index, kind, sector, offset)
        self.operation = index + 1
        if not self.cut or self.cut.operation != index:
            return AFTER
        self._is_off = True
        if self.cut.outcome == BEFORE:
            raise PowerCutError
        if self.cut.outcome not in (AFTER, *(TORN_PROGRAM if kind == PROGRAM else TORN_ERASE)):
            raise ValueError(f"{self.cut.outcome} is no outcome of an {kind}")
        return self.cut.outcome

    def _end(self) -> None:
        if self._is_off:
            raise PowerCutError

    def _clear(self, sector: int, offset: int, data: bytes | bytearray | memoryview) -> None:
        cells, end = self._cells[sector], offset + len(data)
        left = int.from_bytes(cells[offset:end]) & int.from_bytes(data)
        cells[offset:end] = left.to_bytes(len(data))
        for masks in (self._unstable[sector], self._weak[sector]):
            for place in masks:
                if offset <= place < end:
                    masks[place] &= data[place - offset]

    def _tear_program(self, sector: int, offset: int, data: bytes, outcome: str) -> None:
        if outcome == "prefix":
            self._clear(sector, offset, data[: self._random.randrange(len(data))])
        elif outcome == "subset":
            self._clear(sector, offset, bytes(byte | self._some_bits() for byte in data))
        else:
            masks = (self._unstable if outcome == "unstable" else self._weak)[sector]
            before = self._cells[sector][offset : offset + len(data)]
            self._clear(sector, offset, data)
            for place, (byte, old) in enumerate(zip(data, before, strict=True), offset):
                mask = old & ~byte & self._some_bits()
                masks[place] = masks.get(place, 0) | mask

    def _set_all(self, sector: int) -> None:
        self._cells[sector][:] = b"\xff" * self.SECTOR_BYTES
        self._unstable[sector].clear()
        self._weak[sector].clear()
        if self._erases[sector] > self.erases_until_worn.get(sector, self._erases[sector]):
            for _ in range(8):
                self._stuck_low[sector][self._random.randrange(self.SECTOR_BYTES)] = (
                    1 << self._random.randrange(8)
                )
        for place, mask in self._stuck_low[sector].items():
            self._cells[sector][place] &= ~mask

    def _tear_erase(self, sector: int, outcome: str) -> None:
        cells = self._cells[sector]
        masks = (self._weak if outcome in ("started", "weak") else self._unstable)[sector]
        for place in range(self.SECTOR_BYTES):
            old, some = cells[place], self._some_bits()
            if outcome == "weak":
                cells[place] = 0xFF
            elif outcome == "partly":
                cells[place] |= some
                some = 0
            if ~old & some:
                masks[place] = masks.get(place, 0) | (~old & some & 0xFF)

    def _some_bits(self) -> int:
        """Return bits at random, often none."""
        return self._random.getrandbits(8) if self._random.random() < 0.5 else 0
