"""Random Thumb programs for two emulated Picos in lock-step: every form of instruction, in any order, with interrupts.

Promises: an episode follows from the seed and its number alone, and from what the episodes before left in memory and in
the peripherals. Each episode is a program of some 2,000 halfwords in SRAM or flash with literals between them, handlers
for every exception, registers and a stack that mostly point at something, and interrupts, changed memory and
changed priorities at random instants. Programs go where they like: they change themselves, jump into their literals,
return from exceptions that never were, and fetch from where there is no memory, where an episode ends.

Registers r4 to r6 mostly hold addresses, r7 an index, r8 to r11 addresses of code and r12 a stack, so that programs
keep doing something for long; each rule is broken now and then.
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

from .forms import BY_NAME, FORMS, LONG_FORMS, Kind
from .lockstep import Lockstep, Totals

_VECTORS: Final = 0x2000_0000
_HANDLERS: Final = 0x2000_0400
_HANDLER_BYTES: Final = 64
_EXCEPTIONS: Final = 48
_SRAM_CODE: Final = 0x2000_2000
_CODE_HALFWORDS: Final = 2_048
_FLASH_CODE: Final = tuple(0x1000_0000 + slot * 0x40_0000 + 0x8_0000 for slot in range(4))
"""Four of them, 4 MiB apart, so that a BL has every combination of its J bits between them."""
_ENDS: Final = (0x2004_2000, 0x0000_4000, 0x1100_0000, 0x1300_0000, 0x1400_0000)
"""Of SRAM, of the boot ROM, and of flash as it is seen from 0x10, 0x12 and 0x13."""
_AT_THE_END: Final = 40
_SECOND_OF_A_CALL: Final = (0xF800).to_bytes(2, "little")
_DATA: Final = 0x2000_4000
_DATA_BYTES: Final = 0x4000
_STACK: Final = 0x2001_0000
_STACK_WORDS: Final = 1_024
_END_OF_SRAM: Final = 0x2004_2000
_BLOCK_HALFWORDS: Final = 128
_POOL_WORDS: Final = 16
"""Literals at the end of each block, with a branch over them."""
_MOST_CYCLES: Final = 3_000
_ROM_BYTES: Final = 0x4000
_ICSR: Final = 0xE000_ED04

# How often a form is chosen; all others have 10.
_WEIGHTS: Final = {
    "BKPT": 1, "UDF": 1, "UDF.W": 1, "SVC": 3, "WFE": 1, "WFI": 1, "SEV": 1, "YIELD": 1, "undefined": 1,
    "BX": 5, "BLX": 5, "B": 4, "BL": 6, "LDR pc": 60, "PUSH": 10, "POP": 10, "ADD sp": 3, "SUB sp": 3, "MOV high": 20,
    "ADD high": 6, "MSR": 10, "MRS": 8, "CPSIE": 8, "CPSID": 4, "LSLS reg": 20, "LSRS reg": 20, "ASRS reg": 20,
    "RORS": 20, "ADCS": 20, "SBCS": 20, "MOVS #": 20, "CMP #": 15, "ANDS": 15,
}  # fmt: skip

_EDGES: Final = np.array(
    [0, 1, 2, 3, 31, 32, 33, 64, 127, 128, 255, 256, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0x8000_0001,
     0xFFFF_FFFF, 0xFFFF_FFFE, 0x100, 0x1000, 0x1F00],
    np.uint32,
)  # fmt: skip
_PERIPHERALS: Final = np.array(
    [
        *(0x4005_4000 + offset for offset in (0x08, 0x0C, 0x24, 0x28)),  # the timer's counters
        0x4005_800C,  # the watchdog's scratch registers
        0x4000_0000,  # SYSINFO
        0x4006_C000,  # TBMAN
        *(0x5010_0800, 0x5010_0900),  # buffers of the USB controller
        0x1800_0000,  # flash interface
        0x1400_0000,  # flash cache
    ],
    np.uint32,
)
_AHB: Final = 0x5030_0000
_PPB: Final = np.array(
    [
        0xE000_E000 + offset
        for offset in (0x100, 0x180, 0x200, 0x280, 0x400, 0x410, 0xD00, 0xD04, 0xD1C, 0xD20)
    ],
    np.uint32,
)
_SIO: Final = np.array(
    [
        0xD000_0000 + offset
        for offset in (0x60, 0x64, 0x68, 0x6C, 0x70, 0x74, 0x78, 0x100, 0x140, 0x17C, 0, 0x10, 0x5C)
    ],
    np.uint32,
)
_NOWHERE: Final = np.array(
    [0x2004_2000, 0x3000_0000, 0x6000_0000, 0x0000_4000, 0x5020_8000, 0xE010_0000, 0xF000_0000], np.uint32
)
_FLASH_MIRRORS: Final = (0x1000_0000, 0x1100_0000, 0x1200_0000, 0x1300_0000)
_AMOUNTS: Final = np.array([0, 0, 1, 2, 30, 31, 32, 32, 33, 34, 255], np.uint16)
_SHIFTS: Final = tuple(number for number, form in enumerate(FORMS) if form.kind is Kind.SHIFT_BY_REGISTER)
_SHIFTS_BY_NUMBER: Final = tuple(
    number for number, form in enumerate(FORMS) if form.kind is Kind.SHIFT_BY_NUMBER
)
_SYSM: Final = np.array([0, 0, 0, 0, 3, 5, 8, 9, 16, 20, 1, 2, 6, 7, 21], np.uint16)
_EXC_RETURNS: Final = np.array([0xFFFF_FFF1, 0xFFFF_FFF9, 0xFFFF_FFFD, 0xF000_0009], np.uint32)


@dataclass(frozen=True)
class Stimulus:
    """Something done to the chip from outside: what, so many cycles after the beginning of an episode."""

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
            self.code_at = int(random.choice(_ENDS)) - 2 * _CODE_HALFWORDS
        else:
            self.code_at = int(random.choice(_FLASH_CODE)) if self.in_flash else _SRAM_CODE
        self.code = self._program(_CODE_HALFWORDS, self.code_at)
        self.vectors, self.handlers = self._exceptions()
        self.stack = self._stack_words()
        self.data = random.bytes(_DATA_BYTES) if number % 16 == 0 else None
        self.registers = self._registers()
        self.state = self._state()
        self.stimuli = self._stimuli()

    # --- words that mean something -----------------------------------------------------------

    def _code_addresses(self, count: int) -> np.ndarray:
        """Addresses of instructions, odd as they are to be in a register."""
        offsets = self._random.integers(0, _CODE_HALFWORDS, count, dtype=np.uint32) * 2
        odd = np.where(self._random.random(count) < 0.95, 1, 0).astype(np.uint32)
        return np.uint32(self.code_at) + offsets + odd

    def _addresses(self, count: int) -> np.ndarray:
        random = self._random
        words = np.uint32(_DATA) + random.integers(0, _DATA_BYTES - 512, count, dtype=np.uint32)
        words &= np.where(random.random(count) < 0.85, np.uint32(0xFFFF_FFFC), np.uint32(0xFFFF_FFFF))
        kind, begins = random.integers(0, 100, count), 60
        for below, choice in (
            (66, np.uint32(_END_OF_SRAM) - random.integers(1, 12, count, dtype=np.uint32) * np.uint32(4)),
            (72, self._flash_addresses(count)),
            (76, random.integers(0, 0x3E00, count, dtype=np.uint32) & np.uint32(0xFFFF_FFFC)),
            (84, random.choice(_SIO, count)),
            (88, random.choice(_PPB, count)),
            (92, random.choice(_PERIPHERALS, count)),
            (93, np.full(count, _AHB, np.uint32)),
            (96, random.choice(_NOWHERE, count)),
            (100, self._code_addresses(count) & np.uint32(0xFFFF_FFFC)),
        ):
            words = np.where((kind >= begins) & (kind < below), choice, words)
            begins = below
        return words.astype(np.uint32)

    def _flash_addresses(self, count: int) -> np.ndarray:
        begins = self._random.choice(np.array(_FLASH_MIRRORS, np.uint32), count)
        return begins + self._random.integers(0, 0x10_0000, count, dtype=np.uint32) * np.uint32(4)

    def _numbers(self, count: int) -> np.ndarray:
        random = self._random
        wide = random.integers(0, 1 << 32, count, dtype=np.uint32)
        small = random.integers(0, 64, count, dtype=np.uint32)
        kind = random.random(count)
        return np.where(kind < 0.4, wide, np.where(kind < 0.6, small, random.choice(_EDGES, count)))

    # --- the program -------------------------------------------------------------------------

    def _program(self, halfwords: int, code_at: int) -> np.ndarray:
        code = self._instructions(halfwords, code_at)
        if halfwords < _BLOCK_HALFWORDS:
            return code
        blocks = code.reshape(-1, _BLOCK_HALFWORDS)
        pool_at = _BLOCK_HALFWORDS - 2 * _POOL_WORDS
        blocks[:, pool_at:] = self._literals(len(blocks)).view(np.uint16)
        over = 0xE000 | (2 * _POOL_WORDS - 1)
        blocks[:, pool_at - 1] = over
        blocks[:, pool_at - 2] = 0xBF00
        if self.at_an_end:
            # Instructions to the end, and the first half of a long one there.
            code[-_AT_THE_END:] = self._instructions(_AT_THE_END, 0)
            code[-1] = 0xF000 | int(self._random.integers(0, 0x800))
        return code

    def _literals(self, blocks: int) -> np.ndarray:
        count = blocks * _POOL_WORDS
        kind = self._random.random(count)
        words = np.where(kind < 0.7, self._addresses(count), self._numbers(count))
        words = np.where(kind > 0.97, self._random.choice(_EXC_RETURNS, count), words)
        return np.ascontiguousarray(words.reshape(blocks, _POOL_WORDS).astype(np.uint32))

    def _instructions(self, halfwords: int, code_at: int) -> np.ndarray:
        random = self._random
        forms = random.choice(len(FORMS), halfwords, p=_SHARES)
        free = random.integers(0, 0x10000, halfwords, dtype=np.uint16)
        code = (_VALUES[forms] | (free & ~_MASKS[forms])).astype(np.uint16)
        rolls = random.random((4, halfwords))
        self._steer_registers(code, forms, rolls)
        self._steer_jumps(code, forms, rolls)
        self._steer_literals(code, forms)
        self._give_amounts(code, forms)
        self._lengthen(code, forms, code_at)
        return code

    def _steer_registers(self, code: np.ndarray, forms: np.ndarray, rolls: np.ndarray) -> None:
        """Have results go to r0 to r3, addresses come from r4 to r6, and jumps from r8 to r11, mostly."""
        kinds = _KINDS[forms]
        mostly, often, second, third = rolls[0] < 0.93, rolls[1] < 0.75, rolls[2], rolls[3]
        low_result = _RESULT_LOW[forms] & mostly
        code[low_result] &= ~np.uint16(4)
        high_result = _RESULT_HIGH[forms] & mostly
        code[high_result] &= ~np.uint16(0x0400)
        based = (kinds == Kind.ACCESS) & _BASE_IN_3[forms] & mostly
        base = (4 + (second * 3).astype(np.uint16)) << np.uint16(3)
        code[based] = (code[based] & ~np.uint16(0x38)) | base[based]
        indexed = based & _INDEXED[forms] & often
        code[indexed] |= np.uint16(7 << 6)
        blocks = (kinds == Kind.MULTIPLE) & mostly
        code[blocks] = (code[blocks] & ~np.uint16(0x700)) | (base[blocks] << np.uint16(5))
        few = (kinds == Kind.MULTIPLE) & often
        code[few] &= np.uint16(0xFF0F)
        stacks = (kinds == Kind.STACK) & often
        code[stacks] &= np.uint16(0xFF0F)
        jumps = (kinds == Kind.BRANCH_TO_REGISTER) & (rolls[0] < 0.8)
        register = np.where(third < 0.2, 14, 8 + (third * 5).astype(np.uint16)).astype(np.uint16)
        code[jumps] = (code[jumps] & ~np.uint16(0x78)) | (register[jumps] << np.uint16(3))
        self._steer_high(code, forms, second, third)

    def _steer_high(self, code: np.ndarray, forms: np.ndarray, second: np.ndarray, third: np.ndarray) -> None:
        for name in ("ADD high", "MOV high"):
            # Into a low register, but for the stack pointer out of r12 and PC out of r8 to r11.
            at = (forms == BY_NAME[name]) & (second < 0.8)
            code[at] &= ~np.uint16(0x84)
            # Now and then, SP, LR and PC among themselves.
            at = (forms == BY_NAME[name]) & (second > 0.97)
            code[at] |= np.uint16(0x84 | 8 << 3)
        moves = forms == BY_NAME["MOV high"]
        to_sp = moves & (third < 0.25)
        code[to_sp] = 0x4600 | 0x85 | 12 << 3
        to_pc = moves & (third > 0.9)
        register = (8 + (second * 4)).astype(np.uint16)
        code[to_pc] = (0x4600 | 0x87 | register[to_pc] << np.uint16(3)).astype(np.uint16)

    def _steer_jumps(self, code: np.ndarray, forms: np.ndarray, rolls: np.ndarray) -> None:
        """Have branches go some instructions forward, now and then backward."""
        kinds = _KINDS[forms]
        hops = (rolls[1] * 24 - 3).astype(np.int64)
        conditional = kinds == Kind.CONDITION
        code[conditional] = (code[conditional] & 0xFF00) | (hops[conditional] & 0xFF).astype(np.uint16)
        always = kinds == Kind.JUMP
        code[always] = (code[always] & 0xF800) | (hops[always] & 0x7FF).astype(np.uint16)
        near = np.isin(forms, [BY_NAME["ADD sp"], BY_NAME["SUB sp"]])
        code[near] &= np.uint16(0xFF87)

    def _steer_literals(self, code: np.ndarray, forms: np.ndarray) -> None:
        """Have loads of literals find one of their block, mostly into the registers for addresses."""
        at = np.flatnonzero(forms == BY_NAME["LDR pc"])
        within = at % _BLOCK_HALFWORDS
        pool = _BLOCK_HALFWORDS - 2 * _POOL_WORDS
        reach = (pool - ((within + 2) & ~1)) // 2
        usable = (reach >= 0) & (at < len(code) // _BLOCK_HALFWORDS * _BLOCK_HALFWORDS)
        at, reach = at[usable], reach[usable]
        words = (reach + self._random.integers(0, _POOL_WORDS, len(at))).astype(np.uint16)
        registers = self._random.choice(np.array([0, 1, 2, 3, 0, 1, 4, 4, 5, 5, 6, 6], np.uint16), len(at))
        code[at] = 0x4800 | registers << np.uint16(8) | words

    def _give_amounts(self, code: np.ndarray, forms: np.ndarray) -> None:
        """Have most shifts by an amount at or beside a limit: of the instruction, or by a MOVS before it."""
        numbers = np.isin(forms, _SHIFTS_BY_NUMBER) & (self._random.random(len(forms)) < 0.7)
        limits = self._random.choice(np.array([0, 1, 31], np.uint16), len(forms)) << np.uint16(6)
        code[numbers] = (code[numbers] & np.uint16(0xF83F)) | limits[numbers]
        shifts = np.flatnonzero(np.isin(forms[1:], _SHIFTS) & (self._random.random(len(forms) - 1) < 0.7))
        amounts = self._random.choice(_AMOUNTS, len(shifts))
        code[shifts] = 0x2000 | (code[shifts + 1] >> np.uint16(3) & np.uint16(7)) << np.uint16(8) | amounts
        forms[shifts] = BY_NAME["MOVS #"]
        multiples = shifts[self._random.random(len(shifts)) < 0.2]
        register = code[multiples + 1] >> np.uint16(3) & np.uint16(7)
        code[multiples] = 8 << 6 | register << np.uint16(3) | register  # lsls r, r, #8
        forms[multiples] = BY_NAME["LSLS #"]

    def _lengthen(self, code: np.ndarray, forms: np.ndarray, code_at: int) -> None:
        """Give long instructions their second halfword."""
        random = self._random
        for number in LONG_FORMS:
            form = FORMS[number]
            assert form.second is not None
            mask, value = form.second
            at = np.flatnonzero(forms[:-1] == number)
            free = random.integers(0, 0x10000, len(at), dtype=np.uint16)
            code[at + 1] = value | (free & np.uint16(~mask & 0xFFFF))
            if form.name in ("MRS", "MSR"):
                code[at + 1] = (code[at + 1] & np.uint16(0xFF00)) | random.choice(_SYSM, len(at))
            if form.name == "MRS":
                code[at + 1] &= np.uint16(0xF3FF)
            if form.name == "BL":
                self._aim(code, at, code_at)

    def _aim(self, code: np.ndarray, at: np.ndarray, code_at: int) -> None:
        """Have calls reach the program, or what is at its place in another part of the flash."""
        for place in at:
            target = code_at + 2 * int(self._random.integers(0, len(code)))
            if self.in_flash and self._random.random() < 0.5:
                target += int(self._random.choice(_FLASH_CODE)) - code_at
            offset = target - (code_at + 2 * int(place) + 4)
            sign = offset < 0
            bits = [offset >> 23 & 1, offset >> 22 & 1]
            j1, j2 = (1 - (bit ^ sign) for bit in bits)
            code[place] = 0xF000 | sign << 10 | offset >> 12 & 0x3FF
            code[place + 1] = 0xD000 | j1 << 13 | j2 << 11 | offset >> 1 & 0x7FF

    # --- around it ---------------------------------------------------------------------------

    def _exceptions(self) -> tuple[np.ndarray, np.ndarray]:
        """The vector table, and handlers that save what they use; most return as they should."""
        random = self._random
        vectors = _HANDLERS + _HANDLER_BYTES * np.arange(_EXCEPTIONS, dtype=np.uint32) + 1
        halfwords = _HANDLER_BYTES // 2
        handlers = self._instructions(_EXCEPTIONS * halfwords, _HANDLERS).reshape(_EXCEPTIONS, halfwords)
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
        words = np.where(kind < 0.7, self._code_addresses(_STACK_WORDS), self._addresses(_STACK_WORDS))
        words = np.where(kind > 0.97, self._random.choice(_EXC_RETURNS, _STACK_WORDS), words)
        return np.where((kind > 0.9) & (kind < 0.97), self._numbers(_STACK_WORDS), words).astype(np.uint32)

    def _registers(self) -> list[int]:
        random = self._random
        registers = [int(word) for word in self._numbers(16)]
        registers[4:7] = [int(word) for word in self._addresses(3)]
        registers[7] = int(random.choice([0, 4, 8, 16, 1, 2]))
        registers[8:12] = [int(word) for word in self._code_addresses(4)]
        registers[14] = int(self._code_addresses(1)[0])
        if random.random() < 0.3:
            registers[int(random.choice([0, 1, 2, 3, 8, 9, 10, 11, 14]))] = int(random.choice(_EXC_RETURNS))
        registers[12] = _STACK + 4 * int(random.integers(256, 768))
        registers[13] = registers[12] if random.random() < 0.7 else int(self._addresses(1)[0]) & ~3
        if random.random() < 0.3:
            registers[12] = int(self._addresses(1)[0]) & ~3
        if random.random() < 0.03:
            registers[13] = _END_OF_SRAM + 4 * int(random.integers(1, 8))
        registers[15] = self.code_at + 2 * int(random.integers(0, 64))
        if self.at_an_end:
            registers[15] = self.code_at + 2 * (_CODE_HALFWORDS - int(random.integers(1, 12)))
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
                at = _SRAM_CODE + 2 * int(random.integers(0, _CODE_HALFWORDS))
                word = int(random.integers(0, 1 << 16)).to_bytes(2, "little")
                found.append(Stimulus(cycle, lambda pico, at=at, word=word: pico.write_sram(at, word)))
        return found

    def place(self, pico: EmulatedPico) -> None:
        """Put it all into a chip."""
        pico.write_sram(_VECTORS, self.vectors.tobytes())
        pico.write_sram(_HANDLERS, self.handlers.tobytes())
        pico.write_sram(_STACK, self.stack.tobytes())
        if self.data is not None:
            pico.write_sram(_DATA, self.data)
        memory, offset = _memory_at(pico, self.code_at)
        memory[offset : offset + 2 * _CODE_HALFWORDS] = self.code.tobytes()
        if self.at_an_end:
            # Whoever goes on reading at the beginning of flash finds an instruction to be made of it.
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
    """The memory that an address is in, and its place there."""
    if address < _ROM_BYTES:
        return pico.chip.bootrom.cast("B"), address
    if address >> 26 == 0x1000_0000 >> 26:
        return pico.chip.flash, address & 0xFF_FFFF
    return pico.chip.sram, address - 0x2000_0000


def _share(name: str) -> float:
    return _WEIGHTS.get(name, 10)


_SHARES: Final = np.array([_share(form.name) for form in FORMS]) / sum(_share(form.name) for form in FORMS)
_VALUES: Final = np.array([form.value for form in FORMS], np.uint16)
_MASKS: Final = np.array([form.mask for form in FORMS], np.uint16)
_KINDS: Final = np.array([form.kind for form in FORMS])
_RESULT_HIGH: Final = np.array(
    [form.value >> 13 == 1 or form.name in ("LDR sp", "ADR", "ADD reg, sp") for form in FORMS]
)
_RESULT_LOW: Final = np.array(
    [
        form.value >> 13 == 0 or (form.value >> 12 in (4, 5, 6, 7, 8, 0xB) and form.value < 0xB400)
        for form in FORMS
    ]
) & np.array([form.kind not in (Kind.HIGH_REGISTERS, Kind.BRANCH_TO_REGISTER) for form in FORMS])
_BASE_IN_3: Final = np.array([5 <= form.value >> 12 <= 8 for form in FORMS])
_INDEXED: Final = np.array([form.value >> 12 == 5 for form in FORMS])


def bare_picos(folder: Path, **how: Any) -> tuple[EmulatedPico, EmulatedPico]:
    """A Pico on the slow path and one on the fast one, with an image that only sleeps."""
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
