"""The cache before the flash, by how long reads take: code and data of the measurement lie in memory.

Each pattern of reads begins with an empty cache, has some addresses read, and then times others. What a read waits
shows as cycles above those of the same reads when they hit. Interrupts are off meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .prompt import Prompt
from .verdicts import NotMeasuredError, Reading, Readings

_CODE: Final = """
@micropython.asm_thumb
def _timed(r0):
    cpsid(i)
    ldr(r1, [r0, 12])
    mov(r2, 1)
    str(r2, [r1, 0])
    ldr(r2, [r1, 0])
    ldr(r2, [r0, 0])
    ldr(r3, [r0, 4])
    cmp(r3, 0)
    beq(PRIMED)
    label(PRIME)
    ldr(r4, [r2, 0])
    ldr(r4, [r4, 0])
    add(r2, 4)
    sub(r3, 1)
    bne(PRIME)
    label(PRIMED)
    ldr(r3, [r0, 8])
    ldr(r5, [r0, 16])
    ldr(r6, [r5, 0])
    label(TIMED)
    ldr(r4, [r2, 0])
    ldr(r4, [r4, 0])
    add(r2, 4)
    sub(r3, 1)
    bne(TIMED)
    ldr(r7, [r5, 0])
    sub(r0, r7, r6)
    cpsie(i)

@micropython.asm_thumb
def _flushes(r0):
    cpsid(i)
    ldr(r1, [r0, 12])
    ldr(r5, [r0, 16])
    ldr(r3, [r0, 8])
    mov(r2, 1)
    ldr(r6, [r5, 0])
    label(AGAIN)
    str(r2, [r1, 0])
    ldr(r4, [r1, 0])
    sub(r3, 1)
    bne(AGAIN)
    ldr(r7, [r5, 0])
    sub(r0, r7, r6)
    cpsie(i)

def addresses(segments):
    for begin, step, count in segments:
        for place in range(count):
            yield begin + step * place

import uctypes
def timed(prime, then):
    reads = array('I', addresses(prime))
    primed = len(reads)
    reads.extend(array('I', addresses(then)))
    _args = array('I', (uctypes.addressof(reads), primed, len(reads) - primed, 0x14000004, 0x40054028))
    return _timed(_args)

def flushes(count):
    return _flushes(array('I', (0, 0, count, 0x14000004, 0x40054028)))
"""
_CYCLES_PER_US: Final = 125
_FLASH: Final = 0x1000_0000
_UNCACHED: Final = 0x1300_0000
_MEMORY: Final = 0x2000_0000
_LINE: Final = 8
_READS: Final = 1_024
_LEAST_COST: Final = 4.0
"""Cycles of a miss below which nothing distinguishes one from a hit."""
_FLUSHES: Final = 64
_CYCLES_OF_A_TURN: Final = 7
"""Of the loop that has the cache flushed: store and load 2 each, subtraction 1, branch 2."""
_LINES_OF_A_PATTERN: Final = 256
_LINES_OF_A_SPAN: Final = 64
_MOST_WAYS: Final = 4
_SPANS: Final = (1_024, 2_048, 4_096, 8_192, 16_384)
_FEW, _SOME, _MANY = 0.1, 0.25, 0.9
"""Shares of misses that count as none, as more than none, and as all."""

Segment = tuple[int, int, int]
"""First address, distance, and how many."""


class FlashCache:
    def __init__(self, prompt: Prompt) -> None:
        self._prompt = prompt
        prompt.run(_CODE)
        one_pass = [(_FLASH, _LINE, _READS)]
        self._hit_cycles = self._cycles(one_pass, one_pass)
        self.miss_cycles = self._cycles([], one_pass) - self._hit_cycles

    def readings(self) -> Readings:
        """Yield each reading with its assumption's key. Raise NotMeasuredError where nothing more can be measured."""
        error = 2 * _CYCLES_PER_US / _READS
        yield "miss", Reading(round(self.miss_cycles, 1), error)
        memory = self._cycles([], [(_MEMORY, 4, _READS)])
        yield "hit", Reading(round(self._hit_cycles - memory, 2), error)
        uncached = self._cycles([], [(_UNCACHED, 4, _READS)]) - self._hit_cycles
        yield "uncached", Reading(round(uncached, 1), error)
        flushes_us = self._prompt.ask(f"flushes({_FLUSHES})")
        yield (
            "flush",
            Reading(
                round(flushes_us * _CYCLES_PER_US / _FLUSHES) - _CYCLES_OF_A_TURN, _CYCLES_PER_US / _FLUSHES
            ),
        )
        if self.miss_cycles < _LEAST_COST:
            raise NotMeasuredError("a miss costs nothing on this board, so its cache does not show")
        yield "fill", self._fill()
        yield "neighbour", self._neighbour()
        ways = self._ways()
        yield "ways", Reading(ways)
        yield "set", Reading(self._span(ways))
        yield "replacement", self._replacement(ways)

    def _cycles(self, prime: Sequence[Segment], then: Sequence[Segment]) -> float:
        """Return the cycles of one read of `then`, with what the loop takes."""
        reads = sum(count for _, _, count in then)
        return self._prompt.ask(f"timed({list(prime)}, {list(then)})") * _CYCLES_PER_US / reads

    def _misses(self, prime: Sequence[Segment], then: Sequence[Segment]) -> float:
        """Share of the reads of `then` that miss."""
        return (self._cycles(prime, then) - self._hit_cycles) / self.miss_cycles

    def _fill(self) -> Reading:
        share = self._misses([(_FLASH, _LINE, _READS)], [(_FLASH + 4, _LINE, _READS)])
        word = (
            "line" if share < _FEW else "half" if share > _MANY else f"{share:.0%} of the other halves miss"
        )
        return Reading(word)

    def _neighbour(self) -> Reading:
        every_second = [(_FLASH, 2 * _LINE, _READS // 2)]
        share = self._misses(every_second, [(_FLASH + _LINE, 2 * _LINE, _READS // 2)])
        return Reading("not filled" if share > _MANY else f"{1 - share:.0%} are filled")

    def _ways(self) -> int:
        """Return the most lines of one set that are all found again."""
        kept = 0
        for lines in range(1, _MOST_WAYS + 1):
            pattern = _of_each_set(range(lines), 8_192, _LINES_OF_A_PATTERN)
            if self._misses(pattern, pattern) > _SOME:
                break
            kept = lines
        return kept

    def _span(self, ways: int) -> int:
        """Return the least distance at which one line more than a set holds is too many."""
        for span in _SPANS:
            pattern = _of_each_set(range(ways + 1), span, _LINES_OF_A_SPAN)
            if self._misses(pattern, pattern) > _SOME:
                return span
        raise NotMeasuredError(f"lines up to {_SPANS[-1]} bytes apart do not meet in a set")

    def _replacement(self, ways: int) -> Reading:
        if ways != 2:
            raise NotMeasuredError(f"the patterns for it take two ways, and {ways} were found")
        first = self._misses(_sets(0, 1, 2), _sets(0))
        used_again = self._misses(_sets(0, 1, 0, 2), _sets(1))
        if first > _MANY:
            return Reading("lru" if used_again > _MANY else "fifo" if used_again < _FEW else "unclear")
        word = "random" if _SOME < first < 1 - _SOME and _SOME < used_again < 1 - _SOME else "unclear"
        return Reading(word, remark=f"{first:.0%} of the oldest lines gave way")


def _of_each_set(lines: range, span: int, count: int) -> list[Segment]:
    return [(_FLASH + line * span, _LINE, count) for line in lines]


def _sets(*lines: int) -> list[Segment]:
    """Return these lines of each set, in their order."""
    return [(_FLASH + line * 8_192, _LINE, _LINES_OF_A_PATTERN) for line in lines]
