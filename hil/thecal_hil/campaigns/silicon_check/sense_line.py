"""Pulses of known width on STEP, and which of them the firmware's counter on SENSE counts. The motor stays disabled."""

from __future__ import annotations

from typing import Final

from thecal_fw.rp2 import pins

from .prompt import Prompt
from .verdicts import NotMeasuredError, Reading, Readings

# The pins are written in: the image holds their numbers where they are used, and no module of them.
_CODE: Final = f"""
import rp2
from machine import Pin
from thecal_fw.rp2.sense import Sense

@rp2.asm_pio(set_init=rp2.PIO.OUT_LOW)
def _pulse():
    pull(block)
    mov(x, osr)
    set(pins, 1)
    label("high")
    jmp(x_dec, "high")
    set(pins, 0)

_counter = Sense()
_generator = rp2.StateMachine(0, _pulse, freq=62_500_000, set_base=Pin({pins.STEP}))
_generator.active(1)

def counted(cycles, pulses):
    before = _counter.count()
    for _ in range(pulses):
        _generator.put(cycles - 2)
        time.sleep_us(30)
    return _counter.count() - before
"""
_NS_A_CYCLE: Final = 16
_STEP_CYCLES: Final = 2
_PULSES: Final = 12
_WIDTHS: Final = (*range(4, 64, _STEP_CYCLES), 94, 125)
"""In cycles: 64 ns to 1 us finely, then 1.5 and 2 us."""


def readings(prompt: Prompt) -> Readings:
    """Yield the widths that SENSE counts; raise NotMeasuredError if it is not wired or disturbed."""
    prompt.run(_CODE)
    counts = prompt.ask(f"[counted(cycles, {_PULSES}) for cycles in {_WIDTHS}]")
    if not any(counts):
        raise NotMeasuredError("no pulse on STEP came back on SENSE: wire the two together")
    never = [width for width, count in zip(_WIDTHS, counts, strict=True) if count == 0]
    missed = [width for width, count in zip(_WIDTHS, counts, strict=True) if count < _PULSES]
    if len(missed) == len(_WIDTHS) or max(counts) > _PULSES:
        raise NotMeasuredError(f"the counter makes {max(counts)} of {_PULSES} pulses: SENSE is disturbed")
    step_ns = _NS_A_CYCLE * _STEP_CYCLES
    yield "passed-over", Reading((max(never) if never else 0) * _NS_A_CYCLE, step_ns)
    first_always = min(width for width in _WIDTHS if not missed or width > max(missed))
    yield "counted", Reading(first_always * _NS_A_CYCLE, step_ns)
