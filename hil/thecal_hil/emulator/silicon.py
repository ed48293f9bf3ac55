"""The properties of real silicon that are imposed on the emulated board.

Promises: `IDEAL` imposes nothing, and costs nothing; `AS_SLOW_AS_SILICON` is a board as slow as silicon is believed to
be, and the default of everything that runs a pump. `Silicon.read` takes what `str` gives. docs/silicon.md says where
each value comes from; none was seen on hardware.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from fractions import Fraction
from typing import Any, Final, NamedTuple

from .flash_chip import FlashTiming


class SiliconError(ValueError):
    """A description of a board can't be read; the message says what is wrong and what there is."""


class Fill(StrEnum):
    """The part that a miss of the flash cache fills: the line of 8 bytes, or the half of it that was asked for."""

    LINE = "line"
    HALF = "half"


class Replacement(StrEnum):
    """The choice of the line of a set of the flash cache that gives way to a new one."""

    LEAST_RECENT = "lru"
    RANDOM = "random"


class FlashBefore(StrEnum):
    """The contents of the flash, apart from the image, before the first start."""

    BLANK = "blank"
    FILES = "files"
    """The file system that a stock MicroPython made at its first start."""
    ZEROS = "zeros"
    RANDOM = "random"
    OWN = "own"
    """The journal of the image itself, which has had a program."""


@dataclass(frozen=True)
class Silicon:
    """The fields of a board that imposes nothing; see `AS_SLOW_AS_SILICON` for one that does.

    miss_cycles: system clock cycles the processor waits for the flash at each miss of the cache; 0 is no cache model.
    seed: of the random replacement and of random flash contents. usb_frames: the host starts a frame each millisecond.
    boot_rom: the boot ROM's part of a reset, and the slow clock after it. timer_from_zero: the chip's timer begins at
    zero when its clock does, and not when the reset begins.
    """

    miss_cycles: int = 0
    fill: Fill = Fill.LINE
    replacement: Replacement = Replacement.LEAST_RECENT
    seed: int = 0
    usb_frames: bool = False
    erase_sector_ns: int = 0
    erase_block_ns: int = 0
    program_page_ns: int = 0
    boot_rom: bool = False
    timer_from_zero: bool = False
    flash_before: FlashBefore = FlashBefore.BLANK

    def __post_init__(self) -> None:
        for name in ("miss_cycles", "seed", "erase_sector_ns", "erase_block_ns", "program_page_ns"):
            if getattr(self, name) < 0:
                raise SiliconError(f"{name}: {getattr(self, name)} is less than 0")

    @property
    def is_random(self) -> bool:
        """Return True if anything depends on `seed`."""
        random_cache = self.miss_cycles > 0 and self.replacement is Replacement.RANDOM
        return random_cache or self.flash_before is FlashBefore.RANDOM

    def flash_timing(self) -> FlashTiming:
        """Return a flash chip that takes its time as described."""
        return FlashTiming(self.erase_sector_ns, self.erase_block_ns, self.program_page_ns)

    def __str__(self) -> str:
        """Return the name of a preset, or the settings in which this differs from `IDEAL`."""
        for name, preset in PRESETS.items():
            if self == preset:
                return name
        return ",".join(
            f"{word}={setting.show(getattr(self, setting.field))}"
            for word, setting in _SETTINGS.items()
            if getattr(self, setting.field) != getattr(IDEAL, setting.field)
        )

    @staticmethod
    def read(text: str) -> Silicon:
        """Return a board from a preset's name, settings, or both, as in ``silicon,P=132``; settings alone begin from
        `IDEAL`.

        Raises SiliconError.
        """
        first, *others = [part.strip() for part in text.split(",")]
        board, settings = (PRESETS[first], others) if first in PRESETS else (IDEAL, [first, *others])
        values: dict[str, Any] = {}
        for setting in settings:
            word, _, value = setting.partition("=")
            if word not in _SETTINGS:
                raise SiliconError(
                    f"{word!r} is no board and no setting: there are the boards {', '.join(PRESETS)} and the settings "
                    f"{', '.join(f'{name}={one.example}' for name, one in _SETTINGS.items())}"
                )
            chosen = _SETTINGS[word]
            if chosen.field in values:
                raise SiliconError(f"{word} is given twice")
            try:
                values[chosen.field] = chosen.read(value)
            except ValueError as error:
                raise SiliconError(f"{word}={value}: {chosen.example} is what it takes") from error
        return replace(board, **values)


class _Setting(NamedTuple):
    field: str
    read: Callable[[str], Any]
    show: Callable[[Any], str]
    example: str


_UNITS_NS: Final = {"ms": 1_000_000, "us": 1_000}


def _read_duration(text: str) -> int:
    for unit, unit_ns in _UNITS_NS.items():
        if text.endswith(unit):
            duration_ns = Fraction(text.removesuffix(unit)) * unit_ns
            if duration_ns.denominator == 1:
                return int(duration_ns)
    raise ValueError(text)


def _show_duration(duration_ns: int) -> str:
    for unit, unit_ns in _UNITS_NS.items():
        if duration_ns % (unit_ns // 10) == 0:
            whole, tenths = divmod(duration_ns * 10 // unit_ns, 10)
            return f"{whole}.{tenths}{unit}" if tenths else f"{whole}{unit}"
    return f"{Fraction(duration_ns, _UNITS_NS['us'])}us"


def _duration(field: str, example: str) -> _Setting:
    return _Setting(field, _read_duration, _show_duration, example)


def _switch(field: str) -> _Setting:
    return _Setting(
        field, lambda text: bool(("off", "on").index(text)), lambda on: "on" if on else "off", "on|off"
    )


def _choice(field: str, kind: type[StrEnum]) -> _Setting:
    return _Setting(field, kind, str, "|".join(kind))


_SETTINGS: Final = {
    "P": _Setting("miss_cycles", int, str, "66"),
    "fill": _choice("fill", Fill),
    "replace": _choice("replacement", Replacement),
    "seed": _Setting("seed", int, str, "1"),
    "frames": _switch("usb_frames"),
    "erase": _duration("erase_sector_ns", "45ms"),
    "block": _duration("erase_block_ns", "150ms"),
    "page": _duration("program_page_ns", "0.7ms"),
    "rom": _switch("boot_rom"),
    "zero": _switch("timer_from_zero"),
    "flash": _choice("flash_before", FlashBefore),
}
"""What each word of a description sets. P, the price of a miss, is named as in docs/silicon.md."""

IDEAL: Final = Silicon()
AS_SLOW_AS_SILICON: Final = Silicon(
    miss_cycles=66,
    usb_frames=True,
    erase_sector_ns=45_000_000,
    erase_block_ns=150_000_000,
    program_page_ns=700_000,
    boot_rom=True,
    timer_from_zero=True,
    flash_before=FlashBefore.RANDOM,
)
PRESETS: Final = {"ideal": IDEAL, "silicon": AS_SLOW_AS_SILICON}

DEFAULT: Final = AS_SLOW_AS_SILICON
"""The board of a pump where none is asked for: what is shown on it is shown for the chip as it is believed to be. Its
flash holds random bytes: none of it is blank, any of it may look like the pump's own, and no other image is needed to
make it."""

assert {setting.field for setting in _SETTINGS.values()} == {field.name for field in fields(Silicon)}
