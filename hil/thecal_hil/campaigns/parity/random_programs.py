"""Random Thumb programs for two emulated Picos in lock-step: every form of instruction, in any order, with interrupts.

Promises: an episode follows from the seed and its number alone, and from what the episodes before left in memory and in
the peripherals. Each episode is a program of some 2,000 halfwords in SRAM or flash with literals between them, handlers
for every exception, registers and a stack that mostly point at something, and interrupts, changed memory and
changed priorities at random instants. Programs go where they like: they change themselves, jump into their literals,
return from exceptions that never were, and fetch from where there is no memory, where an episode ends.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from thecal_hil.emulator import EmulatedPico
from thecal_hil.emulator.bare_metal import SLEEP_FOREVER, write_uf2
from thecal_hil.emulator.units import CYCLE_NS

from .lockstep import Lockstep, Totals
from .random_code import FLASH_CODE, Coder
from .random_words import CODE_HALFWORDS, DATA, DATA_BYTES, END_OF_SRAM, EXC_RETURNS, SRAM_CODE, Words

_VECTORS: Final = 0x2000_0000
_HANDLERS: Final = 0x2000_0400
_HANDLER_BYTES: Final = 64
_EXCEPTIONS: Final = 48
_ENDS: Final = (0x2004_2000, 0x0000_4000, 0x1100_0000, 0x1300_0000, 0x1400_0000)
"""Of SRAM, of the boot ROM, and of flash as it is seen from 0x10, 0x12 and 0x13."""
_SECOND_OF_A_CALL: Final = (0xF800).to_bytes(2, "little")
_STACK: Final = 0x2001_0000
_STACK_WORDS: Final = 1_024
_MOST_CYCLES: Final = 3_000
_ROM_BYTES: Final = 0x4000
_ICSR: Final = 0xE000_ED04


@dataclass(frozen=True)
class Stimulus:
    """A stimulus from outside the chip: what, so many cycles after the beginning of an episode."""

    cycle: int
    do: Callable[[EmulatedPico], None]


class Episode:
    """One program and all that goes with it; made before it is known on which chip it runs."""

    def __init__(self, seed: int, number: int) -> None:
        self._random = random = np.random.default_rng((seed, number))
        where = random.random()
        self.at_an_end = bool(where < 0.08)
        self.in_flash = bool(0.08 <= where < 0.4)
        if self.at_an_end:
            self.code_at = int(random.choice(_ENDS)) - 2 * CODE_HALFWORDS
        else:
            self.code_at = int(random.choice(FLASH_CODE)) if self.in_flash else SRAM_CODE
        self._words = Words(random, self.code_at)
        self._coder = Coder(self._words, in_flash=self.in_flash, at_an_end=self.at_an_end)
        self.code = self._coder.program()
        self.vectors, self.handlers = self._exceptions()
        self.stack = self._stack_words()
        self.data = random.bytes(DATA_BYTES) if number % 16 == 0 else None
        self.registers = self._registers()
        self.state = self._state()
        self.stimuli = self._stimuli()

    def _exceptions(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the vector table, and handlers that save what they use; most return as they should."""
        random = self._random
        vectors = _HANDLERS + _HANDLER_BYTES * np.arange(_EXCEPTIONS, dtype=np.uint32) + 1
        halfwords = _HANDLER_BYTES // 2
        handlers = self._coder.instructions(_EXCEPTIONS * halfwords, _HANDLERS).reshape(
            _EXCEPTIONS, halfwords
        )
        long = np.isin(handlers, [0xF3BF, 0xF3EF]) | (handlers >> 11 == 0x1E) | (handlers >> 8 == 0xDF)
        handlers[long] = 0xBF00
        ends = random.integers(4, halfwords - 1, _EXCEPTIONS)
        for number, end in enumerate(ends):
            if random.random() < 0.85:
                handlers[number, 0] = 0xB5F0  # push {r4-r7, lr}
                body = handlers[number, 1:end]
                body[(body >> 12 == 0xB) | (body >> 10 == 0x11) | (body >> 12 == 0xD)] = 0xBF00
                handlers[number, end] = 0xBDF0  # pop {r4-r7, pc}
            else:
                handlers[number, min(int(end), 3)] = 0x4770  # bx lr
        return vectors.astype(np.uint32), handlers

    def _stack_words(self) -> np.ndarray:
        kind = self._random.random(_STACK_WORDS)
        words = np.where(
            kind < 0.7, self._words.code_addresses(_STACK_WORDS), self._words.addresses(_STACK_WORDS)
        )
        words = np.where(kind > 0.97, self._random.choice(EXC_RETURNS, _STACK_WORDS), words)
        return np.where((kind > 0.9) & (kind < 0.97), self._words.numbers(_STACK_WORDS), words).astype(
            np.uint32
        )

    def _registers(self) -> list[int]:
        random = self._random
        registers = [int(word) for word in self._words.numbers(16)]
        registers[4:7] = [int(word) for word in self._words.addresses(3)]
        registers[7] = int(random.choice([0, 4, 8, 16, 1, 2]))
        registers[8:12] = [int(word) for word in self._words.code_addresses(4)]
        registers[14] = int(self._words.code_addresses(1)[0])
        if random.random() < 0.3:
            registers[int(random.choice([0, 1, 2, 3, 8, 9, 10, 11, 14]))] = int(random.choice(EXC_RETURNS))
        registers[12] = _STACK + 4 * int(random.integers(256, 768))
        registers[13] = registers[12] if random.random() < 0.7 else int(self._words.addresses(1)[0]) & ~3
        if random.random() < 0.3:
            registers[12] = int(self._words.addresses(1)[0]) & ~3
        if random.random() < 0.03:
            registers[13] = END_OF_SRAM + 4 * int(random.integers(1, 8))
        registers[15] = self.code_at + 2 * int(random.integers(0, 64))
        if self.at_an_end:
            registers[15] = self.code_at + 2 * (CODE_HALFWORDS - int(random.integers(1, 12)))
        return registers

    def _state(self) -> dict[str, int]:
        random = self._random
        flags = {name: int(random.integers(0, 2)) for name in ("n", "z", "c", "v")}
        return flags | {
            "pm": int(random.random() < 0.3),
            "sp_sel": int(random.random() < 0.3),
            "banked_sp": _STACK + 4 * int(random.integers(256, 768)),
            "n_priv": int(random.random() < 0.1),
            "current_mode": 0,
            "ipsr": 0,
            "pending_interrupts": 0,
            "enabled_interrupts": int(random.integers(0, 1 << 32, dtype=np.uint32)),
            "pending_nmi": False,
            "pending_pend_sv": False,
            "pending_svcall": False,
            "pending_systick": False,
            "vtor": _VECTORS,
            "shpr2": int(random.integers(0, 1 << 32, dtype=np.uint32)),
            "shpr3": int(random.integers(0, 1 << 32, dtype=np.uint32)),
            "waiting": False,
            "event_registered": bool(random.integers(0, 2)),
            "interrupts_updated": bool(random.integers(0, 2)),
        }

    def _stimuli(self) -> list[Stimulus]:
        random = self._random
        found = []
        for _ in range(int(random.integers(0, 12))):
            cycle = int(random.integers(1, _MOST_CYCLES))
            kind = random.random()
            if kind < 0.6:
                irq = int(random.integers(0, 32))
                found.append(Stimulus(cycle, lambda pico, irq=irq: pico.chip.set_interrupt(irq, True)))
                until = cycle + int(random.integers(1, 400))
                found.append(Stimulus(until, lambda pico, irq=irq: pico.chip.set_interrupt(irq, False)))
            elif kind < 0.85:
                bits = int(random.choice([1 << 26, 1 << 28, 1 << 31, 1 << 25, 1 << 27]))
                found.append(Stimulus(cycle, lambda pico, bits=bits: pico.bus.write_uint32(_ICSR, bits)))
            else:
                at = SRAM_CODE + 2 * int(random.integers(0, CODE_HALFWORDS))
                word = int(random.integers(0, 1 << 16)).to_bytes(2, "little")
                found.append(Stimulus(cycle, lambda pico, at=at, word=word: pico.write_sram(at, word)))
        return found

    def place(self, pico: EmulatedPico) -> None:
        """Put it all into a chip."""
        pico.write_sram(_VECTORS, self.vectors.tobytes())
        pico.write_sram(_HANDLERS, self.handlers.tobytes())
        pico.write_sram(_STACK, self.stack.tobytes())
        if self.data is not None:
            pico.write_sram(DATA, self.data)
        memory, offset = _memory_at(pico, self.code_at)
        memory[offset : offset + 2 * CODE_HALFWORDS] = self.code.tobytes()
        if self.at_an_end:
            # Whoever continues reading at the beginning of flash finds an instruction to be made of it.
            pico.chip.flash[:2] = _SECOND_OF_A_CALL
        core = pico.chip.core
        for index, word in enumerate(self.registers):
            core.registers[index] = word
        for name, value in self.state.items():
            setattr(core, name, value)
        for stimulus in self.stimuli:
            action = stimulus.do
            pico.call_at(pico.now_ns + stimulus.cycle * CYCLE_NS, lambda action=action: action(pico))


def _memory_at(pico: EmulatedPico, address: int) -> tuple[memoryview, int]:
    """Return the memory that an address is in, and its place there."""
    if address < _ROM_BYTES:
        return pico.chip.bootrom.cast("B"), address
    if address >> 26 == 0x1000_0000 >> 26:
        return pico.chip.flash, address & 0xFF_FFFF
    return pico.chip.sram, address - 0x2000_0000


def bare_picos(folder: Path, **how: Any) -> tuple[EmulatedPico, EmulatedPico]:
    """Return a Pico on the slow path and one on the fast one, with an image that only sleeps."""
    uf2 = write_uf2(folder / "asleep.uf2", SLEEP_FOREVER)
    return EmulatedPico(uf2, compiled=False, **how), EmulatedPico(uf2, compiled=True, **how)


def run(
    lockstep: Lockstep, seed: int, instructions: int, told: Callable[[int], None] = lambda done: None
) -> Totals:
    """Run episodes until so many instructions have been compared. Raises DifferenceError."""
    lockstep.leader.keep_in_memory = True
    number = 0
    while lockstep.follower.total < instructions:
        episode = Episode(seed, number)
        for pico in (lockstep.slow, lockstep.fast):
            episode.place(pico)
        lockstep.stretch(lockstep.slow.now_ns + _MOST_CYCLES * CYCLE_NS, lockstep.longest)
        number += 1
        told(lockstep.follower.total)
    return lockstep.totals
