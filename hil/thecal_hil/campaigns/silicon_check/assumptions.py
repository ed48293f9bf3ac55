"""The assumptions about the chip that can be measured on a board: value, and which values still agree with it.

Values that the emulated board imposes are taken from there, so that what is measured is held against what is imposed.
The letters are rows of docs/silicon.md, which has the sources.
"""

from __future__ import annotations

from typing import Final

from thecal_hil.emulator.flash_window import FLUSH_CYCLES
from thecal_hil.emulator.silicon import AS_SLOW_AS_SILICON
from thecal_hil.emulator.start_up import RING_HZ

from .verdicts import Assumption

_MISS: Final = AS_SLOW_AS_SILICON.miss_cycles
_ERASE_MS: Final = AS_SLOW_AS_SILICON.erase_sector_ns / 1e6
_PAGE_MS: Final = AS_SLOW_AS_SILICON.program_page_ns / 1e6
_RING_KHZ: Final = RING_HZ / 1e3

FLASH_CACHE: Final = (
    Assumption("miss", "F3", "wait at a miss of the flash cache", _MISS, "cycles", 0.85 * _MISS, 1.1 * _MISS),
    Assumption("hit", "F1", "wait at a hit, against memory", 0, "cycles", -0.5, 0.5),
    Assumption(
        "uncached", "F3", "wait of a read that passes the cache by", _MISS, "cycles", 0.7 * _MISS, 1.1 * _MISS
    ),
    Assumption(
        "fill", "F4", "a miss fills a whole line, or the half asked for", AS_SLOW_AS_SILICON.fill.value
    ),
    Assumption("neighbour", "F1", "a line is followed by one that is not filled with it", "not filled"),
    Assumption("ways", "F1, F6", "lines of a set that are kept", 2, "lines", 2, 2),
    Assumption("set", "F1", "distance of lines of one set", 8_192, "bytes", 8_192, 8_192),
    Assumption("replacement", "F5", "line that gives way", AS_SLOW_AS_SILICON.replacement.value),
    Assumption(
        "flush", "F7", "flush of the cache", FLUSH_CYCLES, "cycles", 0.9 * FLUSH_CYCLES, 1.1 * FLUSH_CYCLES
    ),
)
COLLECTION: Final = (
    Assumption("collection", "C5", "collection of garbage in a pump's memory", 14, "ms", 4, 50),
)
FLASH_CHIP: Final = (
    Assumption("erase", "F10", "erase of a sector, median of three", _ERASE_MS, "ms", 15, 90),
    Assumption("erase-longest", "F10", "longest erase seen", _ERASE_MS, "ms", 15, 401),
    Assumption("page", "F12", "program of a page, median of 48", _PAGE_MS, "ms", 0.2, 1.4),
    Assumption("page-longest", "F12", "longest program of a page seen", _PAGE_MS, "ms", 0.2, 3.1),
    Assumption(
        "fed-meanwhile",
        "F13",
        "words that DMA and PIO moved during an erase, of those due",
        1,
        "",
        0.98,
        1.02,
    ),
)
CLOCKS: Final = (
    Assumption("ring", "R3", "ring oscillator", _RING_KHZ, "kHz", 0.6 * _RING_KHZ, 11_300),
    Assumption("system-clock", "C1", "system clock", 125_000, "kHz", 124_980, 125_020),
)
LOOP: Final = (
    Assumption("answer", "C6", "answer of the pump's loop, median", 12, "ms", 0, 150),
    Assumption("crystal", "C2", "crystal against this computer's clock", 0, "ppm", -100, 100),
)
MARGINS: Final = (
    Assumption("take-over", "C10", "taking over a queue, as the pump measured it", 0.50, "ms", 0.3, 0.55),
    Assumption("collect", "C11", "longest collection, as the pump measured it", 20, "ms", 5, 60),
    Assumption("prepare", "C12", "longest preparation of a change, likewise", 7, "ms", 2, 200),
    Assumption("write", "C13", "longest record without an erase, likewise", 7, "ms", 2, 60),
    Assumption("margin", "C14", "least time a change was ready before its anchor", 12, "ms", 5, 1_000),
    Assumption("masked-margin", "C15", "least that was left of 5 ms with interrupts off", 4.89, "ms", 2.5, 5),
)
USB_PORT: Final = (
    Assumption("frames", "U1, U2", "frames of the host, by SOF_RD", 1_000, "a second", 990, 1_010),
    Assumption(
        "kept-awake", "U7", "wake-ups while a reply waits unread (erratum E15)", 1_000, "a second", 900, 1_100
    ),
    Assumption("let-be", "U8", "the same once the firmware has let the frames be", 2, "a second", 0, 20),
)
SENSE_LINE: Final = (
    Assumption("passed-over", "P1", "longest pulse on SENSE that is never counted", 576, "ns", 500, 700),
    Assumption("counted", "P1", "shortest pulse that is always counted", 640, "ns", 500, 700),
)
SOFT_RESET: Final = (
    Assumption("soft-reason", "R19", "REASON after a soft reset", "as it was"),
    Assumption("soft-scratch", "R19", "scratch 4 after a soft reset", "as it was"),
    Assumption("soft-life", "R18, R19", "SYSCFG after a soft reset", "as it was"),
    Assumption("soft-memory", "R8", "memory after a soft reset", "kept"),
)
TOOL: Final = (
    Assumption("tool-reason", "R12", "REASON after machine.reset()", "force"),
    Assumption("tool-cause", "R12", "what the firmware takes machine.reset() for", "no bite"),
    Assumption("tool-memory", "R8", "memory after machine.reset()", "kept"),
    Assumption("tool-zero", "R1 to R7", "machine.reset() to the timer's zero", 15, "ms", 4, 30),
)
BITE: Final = (
    Assumption("bite-count", "R20", "watchdog's counts, erratum E1", 2, "a us", 1.9999, 2.0001),
    Assumption("bite-reason", "R11", "REASON after a bite", "timer"),
    Assumption("bite-cause", "R11", "what the firmware takes a bite for", "bite"),
    Assumption("bite-scratch", "R11", "scratch 0 after a bite", "kept"),
    Assumption("bite-masks", "R18", "masks of non-maskable interrupts after a bite", "cleared"),
    Assumption("bite-memory", "R8", "memory after a bite", "kept"),
    Assumption("bite-zero", "R1 to R7", "bite to the timer's zero", 15, "ms", 4, 30),
)
PROCESSOR: Final = (
    Assumption("processor-reason", "R15", "REASON after a bite and a reset of the processor alone", "timer"),
    Assumption("processor-cause", "R15, R18", "what the firmware takes that for", "no bite"),
    Assumption("processor-memory", "R8", "memory after it", "kept"),
)
BOOT_LOADER: Final = (
    Assumption("loader-reason", "R13", "REASON after the boot loader", "timer"),
    Assumption("loader-scratch", "R13", "scratch 0 and 1 after the boot loader", "cleared"),
    Assumption("loader-cause", "R13", "what the firmware takes the boot loader for", "no bite"),
    Assumption("loader-memory", "R8", "memory after the boot loader", "kept"),
)
