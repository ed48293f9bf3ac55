"""The times that the flash chip takes to erase and program, and that pulses would continue meanwhile.

Promises: only a sector behind the journal is used, and only one that is blank; it is blank again afterwards. Three
erases are nothing of the hundred thousand that a sector lasts.
"""

from __future__ import annotations

from statistics import median
from typing import Final

from thecal_sim.units import US_PER_MS

from .prompt import Prompt
from .verdicts import NotMeasuredError, Reading, Readings

_CODE: Final = """
import rp2, sys
_flash = rp2.Flash()
_page = bytearray(256)

def is_blank(sector):
    for page in range(16):
        _flash.readblocks(sector, _page, page * 256)
        if _page != b'\\xff' * 256:
            return False
    return True

def spare_sector():
    if 'Thecal' not in sys.implementation._machine:
        return -1
    sectors = _flash.ioctl(4, 0)
    for sector in range(sectors - 1, max(sectors // 2, sectors - 64), -1):
        if is_blank(sector):
            return sector
    return -2

@rp2.asm_pio()
def _take_word():
    pull(block)[31]
    nop()[31]

def feed_words():
    machine_0 = rp2.StateMachine(0, _take_word, freq=1_000_000)
    dma = rp2.DMA()
    dma.config(read=array('I', (0,)), write=0x50200010, count=0xFFFFFFF,
               ctrl=dma.pack_ctrl(size=2, inc_read=False, inc_write=False, treq_sel=0), trigger=True)
    machine_0.active(1)
    time.sleep_ms(5)
    return machine_0, dma

def erase(sector):
    machine_0, dma = feed_words()
    words, begin = dma.count, time.ticks_us()
    _flash.ioctl(6, sector)
    end, words_left = time.ticks_us(), dma.count
    machine_0.active(0)
    dma.close()
    return time.ticks_diff(end, begin), words - words_left

def write(sector, page, number):
    begin = time.ticks_us()
    _flash.writeblocks(sector, page, number * 256)
    return time.ticks_diff(time.ticks_us(), begin)

def program(sector):
    page = bytes(256)
    return [write(sector, page, number) for number in range(16)]

def program_nothing(sector):
    return [write(sector, b'', number) for number in range(16)]
"""
_TURNS: Final = 3
_US_A_WORD: Final = 64
_LEAST_WORDS: Final = 100
_SLACK_US: Final = 50
"""An interrupt of a millisecond's frame may come in between."""


class FlashChip:
    def __init__(self, prompt: Prompt) -> None:
        """Raise NotMeasuredError if there is no sector to spare."""
        self._prompt = prompt
        prompt.run(_CODE)
        self._sector = prompt.ask("spare_sector()")
        if self._sector == -1:
            raise NotMeasuredError("the image is a stock one, whose file system has all of the storage")
        if self._sector < 0:
            raise NotMeasuredError("none of the last 64 sectors is blank: none is used that holds something")

    def readings(self) -> Readings:
        """Yield the flash chip's readings; raise NotMeasuredError where they can't be taken."""
        nothing_us = self._prompt.ask(f"program_nothing({self._sector})")
        overhead_us = median(nothing_us)
        uncertainty_ms = (max(nothing_us) - min(nothing_us) + _SLACK_US) / US_PER_MS
        # What a write of no bytes takes comes off each: leaving the mode in which flash is read, entering it again, and
        # fetching the program anew.
        pages: list[int] = []
        erases: list[tuple[int, int]] = []
        for _ in range(_TURNS):
            pages += self._prompt.ask(f"program({self._sector})")
            erases.append(self._prompt.ask(f"erase({self._sector})"))
        if not self._prompt.ask(f"is_blank({self._sector})"):
            raise NotMeasuredError(f"sector {self._sector} of the storage is not blank after its erase")
        erases_ms = [(taken_us - overhead_us) / US_PER_MS for taken_us, _ in erases]
        pages_ms = [(taken_us - overhead_us) / US_PER_MS for taken_us in pages]
        yield "erase", Reading(round(median(erases_ms), 3), round(uncertainty_ms, 3))
        yield "erase-longest", Reading(round(max(erases_ms), 3), round(uncertainty_ms, 3))
        yield "page", Reading(round(median(pages_ms), 3), round(uncertainty_ms, 3))
        yield "page-longest", Reading(round(max(pages_ms), 3), round(uncertainty_ms, 3))
        taken_us, words = (sum(column) for column in zip(*erases, strict=True))
        if words < _LEAST_WORDS:
            raise NotMeasuredError(f"erases of {max(0.0, *erases_ms):.1f} ms are too short to count words in")
        yield "fed-meanwhile", Reading(round(words * _US_A_WORD / taken_us, 4), 2 * _TURNS / words)
