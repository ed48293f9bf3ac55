"""The state that resets of each kind leave: registers, memory, and how long until the chip's timer begins at zero.

A reset is brought about at the prompt. The pump starts behind it, so what that has written over by then (scratch 4, and
its own bit in SYSCFG) shows by what it takes the reset for.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from thecal.client import Pump
from thecal_fw.core.events import RESET_WATCHDOG
from thecal_sim.units import NS_PER_S, NS_PER_US

from .prompt import FEED, Prompt
from .verdicts import NotMeasuredError, Reading, Readings
from .way import Way

_CODE: Final = """
REASON, SCRATCH, SYSCFG, NOTES = 0x40058008, 0x4005800C, 0x40004000, 0x20040300
def prepare():
    for word in range(64):
        mem32[NOTES + 4 * word] = 0x5EED0000 + word * 0x0101
    mem32[SCRATCH], mem32[SCRATCH + 4] = 0x1234567, 0x7654321
    mem32[SYSCFG + 4] = 1 << 31
def look():
    kept = all(mem32[NOTES + 4 * word] == 0x5EED0000 + word * 0x0101 for word in range(64))
    return (mem32[REASON] & 3, mem32[SCRATCH] & 0xFFFFFFFF, mem32[SCRATCH + 4] & 0xFFFFFFFF,
            mem32[SCRATCH + 16] & 0xFFFFFFFF, mem32[SYSCFG + 4] & 0xFFFFFFFF, mem32[SYSCFG + 12] & 0xFFFFFFFF, kept,
            mem32[NOTES + 256] & 0xFFFFFFFF, mem32[NOTES + 260] & 0xFFFFFFFF)

@micropython.asm_thumb
def _hang(r0):
    cpsid(i)
    ldr(r1, [r0, 0])
    ldr(r2, [r0, 4])
    ldr(r3, [r0, 8])
    ldr(r4, [r0, 12])
    ldr(r5, [r1, 0])
    str(r3, [r2, 0])
    str(r5, [r4, 0])
    label(AGAIN)
    ldr(r5, [r1, 0])
    str(r5, [r4, 4])
    mov(r6, 28)   # 0.7 us: the timer shows whole ones
    label(WAIT)
    sub(r6, r6, 1)
    bne(WAIT)
    b(AGAIN)

def bite(counts):
    prepare()
    _hang(array('I', (0x40054028, 0x40058004, counts, NOTES + 256)))

@micropython.asm_thumb
def _at_once(r0):
    cpsid(i)
    ldr(r1, [r0, 0])
    ldr(r2, [r0, 4])
    ldr(r3, [r0, 8])
    ldr(r4, [r0, 12])
    ldr(r5, [r1, 0])
    str(r5, [r4, 4])
    str(r3, [r2, 0])
    label(AGAIN)
    b(AGAIN)

def ask_for_reset():
    prepare()
    state = machine.disable_irq()
    mem32[NOTES + 260] = mem32[0x40054028]
    machine.reset()

def reset_processor():
    prepare()
    _at_once(array('I', (0x40054028, 0xE000ED0C, 0x05FA0004, NOTES + 256)))
"""
_SCRATCH_0: Final = 0x1234567
"""As `prepare` writes it."""
_COUNTS: Final = 1_000_000
"""Until the bite: half a second, if there are two a microsecond."""
_COUNT_UNCERTAINTY: Final = 12e-6
"""The timer shows whole microseconds at both ends, and the last look is up to 0.8 us before the bite: 3 us of half a
second."""
_BITE_S: Final = 1.0
_NAMES_OF_REASONS: Final = {0: "none", 1: "timer", 2: "force", 3: "timer and force"}
_TRIES: Final = 20
_WORD: Final = 1 << 32
_FRAME_NS: Final = 1e6
_NS_PER_MS: Final = 1e6


class Look(NamedTuple):
    """Registers and notes, as the board's `look` gives them. The last two are the timer's low word."""

    reason: int
    scratch_0: int
    scratch_1: int
    scratch_4: int
    proc1_nmi_mask: int
    in_sync_bypass: int
    is_memory_kept: bool
    fed_us: int
    reset_us: int

    @property
    def reason_name(self) -> str:
        return _NAMES_OF_REASONS[self.reason]

    @property
    def memory(self) -> str:
        return "kept" if self.is_memory_kept else "lost"


class Zero(NamedTuple):
    """The instant, by this computer's clock, at which the timer would have shown zero; and how long the answer took.

    What an answer takes in the pump is the same each time and shifts each zero alike, so that it is no part of the
    difference of two.
    """

    at_ns: float
    answer_ns: float

    def after_ns(self, other: Zero) -> tuple[float, float]:
        """Return nanoseconds since another zero, and how much they may be off: by a frame of the bus, and by what one
        answer took more than the other."""
        return self.at_ns - other.at_ns, _FRAME_NS + abs(self.answer_ns - other.answer_ns) / 2


def zero_of(pump: Pump, way: Way) -> Zero:
    """Return the narrowest of several looks at the pump's time."""
    best: Zero | None = None
    for _ in range(_TRIES):
        asked_ns = way.now_ns()
        time = pump.time()
        answered_ns = way.now_ns()
        since_zero_ns = time.boot_s * NS_PER_S + time.boot_us * NS_PER_US
        one = Zero((asked_ns + answered_ns) / 2 - since_zero_ns, answered_ns - asked_ns)
        if best is None or one.answer_ns < best.answer_ns:
            best = one
    assert best is not None
    return best


class Resets:
    """Resets one after the other, each with what it leaves."""

    def __init__(self, way: Way) -> None:
        self._way = way

    def soft(self, prompt: Prompt) -> Readings:
        """Yield readings of a prompt that the pump has just been left for; a clean one when it is done."""
        _get_ready(prompt)
        prompt.run("prepare()")
        before = Look(*prompt.ask("look()"))
        prompt.soft_reset()
        prompt.run(_CODE)
        after = Look(*prompt.ask("look()"))
        yield "soft-reason", Reading(_same(before.reason == after.reason))
        yield "soft-scratch", Reading(_same(before.scratch_4 == after.scratch_4))
        is_kept = (before.proc1_nmi_mask, before.in_sync_bypass) == (
            after.proc1_nmi_mask,
            after.in_sync_bypass,
        )
        yield "soft-life", Reading(_same(is_kept and bool(after.in_sync_bypass)))
        yield "soft-memory", Reading(after.memory)

    def tool(self) -> Readings:
        """Yield readings of a pump that runs, as in `bite` and `boot_loader`; at its prompt when it is done."""
        before, prompt = self._leave_pump()
        is_bite, after, prompt = self._bring_about(prompt, "ask_for_reset()", 0.1)
        look = Look(*prompt.ask("look()"))
        yield "tool-reason", Reading(look.reason_name)
        yield "tool-cause", Reading(is_bite)
        yield "tool-memory", Reading(look.memory)
        yield "tool-zero", _delay(before, look, after)

    def bite(self) -> Readings:
        """Yield readings of a bite and, straight after it, of a reset of the processor alone, as a debugger's."""
        before, prompt = self._leave_pump()
        is_bite, after, prompt = self._bring_about(prompt, f"bite({_COUNTS})", _BITE_S)
        look = Look(*prompt.ask("look()"))
        lasted_us = (look.reset_us - look.fed_us) % _WORD
        if look.is_memory_kept:
            yield "bite-count", Reading(round(_COUNTS / lasted_us, 6), _COUNT_UNCERTAINTY)
        else:
            yield "bite-count", NotMeasuredError("its instant was lost with the memory")
        yield "bite-reason", Reading(look.reason_name)
        yield "bite-cause", Reading(is_bite)
        yield "bite-scratch", Reading("kept" if look.scratch_0 == _SCRATCH_0 else "lost")
        yield "bite-masks", Reading("kept" if look.proc1_nmi_mask else "cleared")
        yield "bite-memory", Reading(look.memory)
        yield "bite-zero", _delay(before, look, after)
        is_bite, _, prompt = self._bring_about(prompt, "reset_processor()", 0.1)
        look = Look(*prompt.ask("look()"))
        yield "processor-reason", Reading(look.reason_name)
        yield "processor-cause", Reading(is_bite)
        yield "processor-memory", Reading(look.memory)

    def boot_loader(self) -> Readings:
        _, prompt = self._leave_pump()
        prompt.start("prepare(); machine.bootloader()")
        self._way.leave_boot_loader()
        is_bite, _, prompt = self._look_again()
        look = Look(*prompt.ask("look()"))
        yield "loader-reason", Reading(look.reason_name)
        yield "loader-scratch", Reading("cleared" if look.scratch_0 == look.scratch_1 == 0 else "kept")
        yield "loader-cause", Reading(is_bite)
        yield "loader-memory", Reading(look.memory)

    def _leave_pump(self) -> tuple[Zero, Prompt]:
        way = self._way
        pump = way.find_pump()
        zero = zero_of(pump, way)
        return zero, _get_ready(Prompt.leave(pump, way.port()))

    def _bring_about(self, prompt: Prompt, code: str, seconds: float) -> tuple[str, Zero, Prompt]:
        """Bring a reset about, which comes within so many seconds: what the firmware takes it for, the timer's zero,
        and the prompt behind it."""
        prompt.start(code)
        self._way.sleep(seconds)
        return self._look_again()

    def _look_again(self) -> tuple[str, Zero, Prompt]:
        way = self._way
        pump = way.find_pump()
        zero = zero_of(pump, way)
        is_bite = "bite" if pump.interrogate().reset_cause == RESET_WATCHDOG else "no bite"
        return is_bite, zero, _get_ready(Prompt.leave(pump, way.port()))


def _get_ready(prompt: Prompt) -> Prompt:
    prompt.run(FEED)
    prompt.run(_CODE)
    return prompt


def _delay(before: Zero, look: Look, after: Zero) -> Reading | NotMeasuredError:
    """Return the time from a reset to the timer's zero."""
    if not look.is_memory_kept:
        return NotMeasuredError("the instant of the reset was lost with the memory")
    zeros_ns, uncertainty_ns = after.after_ns(before)
    delay_ns = zeros_ns - look.reset_us * NS_PER_US
    return Reading(round(delay_ns / _NS_PER_MS, 3), round(uncertainty_ns / _NS_PER_MS, 3))


def _same(is_same: bool) -> str:
    return "as it was" if is_same else "changed"
