"""The chip's clocks, at its prompt: ring oscillator against crystal, processor against timer; and a collection."""

from __future__ import annotations

from typing import Final

from .prompt import Prompt
from .verdicts import Reading, Readings

_CODE: Final = """
def ring_khz():
    clocks = 0x40008000
    mem32[clocks + 0x80] = 12_000
    mem32[clocks + 0x84], mem32[clocks + 0x88] = 0, 0x1FFFFFF
    mem32[clocks + 0x90] = 12
    mem32[clocks + 0x94] = 3
    while not mem32[clocks + 0x98] & 1 << 4:
        pass
    khz = (mem32[clocks + 0x9C] & 0x3FFFFFFF) / 32
    mem32[clocks + 0x94] = 0
    return khz

@micropython.asm_thumb
def _spin(r0):
    cpsid(i)
    ldr(r1, [r0, 0])
    ldr(r2, [r0, 4])
    ldr(r3, [r1, 0])
    label(AGAIN)
    sub(r2, 1)
    bne(AGAIN)
    ldr(r4, [r1, 0])
    sub(r0, r4, r3)
    cpsie(i)

def spin_us(turns):
    return _spin(array('I', (0x40054028, turns)))
"""
_COLLECT: Final = """
import gc, time
def collection_us():
    begin = time.ticks_us()
    gc.collect()
    return time.ticks_diff(time.ticks_us(), begin)
"""
_TURNS: Final = 1_000_000
_CYCLES_A_TURN: Final = 3
"""Subtraction 1, branch that is taken 2 (Cortex-M0+ technical reference manual, instruction set summary)."""
_KHZ_PER_MHZ: Final = 1_000


def readings(prompt: Prompt) -> Readings:
    prompt.run(_CODE)
    yield "ring", Reading(prompt.ask("ring_khz()"), 1)
    taken_us = prompt.ask(f"spin_us({_TURNS})")
    khz = _TURNS * _CYCLES_A_TURN * _KHZ_PER_MHZ / taken_us
    yield "system-clock", Reading(round(khz, 1), khz / taken_us)


def collection(prompt: Prompt) -> Readings:
    """Yield readings at a prompt that the pump has just been left for: its objects are still there."""
    prompt.run(_COLLECT)
    yield "collection", Reading(prompt.ask("collection_us()") / 1_000)
