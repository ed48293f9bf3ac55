"""Random Thumb code: every form of instruction, steered so that it keeps doing something for long.

Registers r4 to r6 mostly hold addresses, r7 an index, r8 to r11 addresses of code and r12 a stack; each rule is broken
now and then. Promise: the same generator gives the same code.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from .forms import BY_NAME, FORMS, LONG_FORMS, Kind
from .random_words import CODE_HALFWORDS, EXC_RETURNS, Words

FLASH_CODE: Final = tuple(0x1000_0000 + slot * 0x40_0000 + 0x8_0000 for slot in range(4))
"""Four of them, 4 MiB apart, so that a BL has every combination of its J bits between them."""
_AT_THE_END: Final = 40
_BLOCK_HALFWORDS: Final = 128
_POOL_WORDS: Final = 16

# How often a form is chosen; all others have 10.
_WEIGHTS: Final = {
    "BKPT": 1, "UDF": 1, "UDF.W": 1, "SVC": 3, "WFE": 1, "WFI": 1, "SEV": 1, "YIELD": 1, "undefined": 1,
    "BX": 5, "BLX": 5, "B": 4, "BL": 6, "LDR pc": 60, "PUSH": 10, "POP": 10, "ADD sp": 3, "SUB sp": 3, "MOV high": 20,
    "ADD high": 6, "MSR": 10, "MRS": 8, "CPSIE": 8, "CPSID": 4, "LSLS reg": 20, "LSRS reg": 20, "ASRS reg": 20,
    "RORS": 20, "ADCS": 20, "SBCS": 20, "MOVS #": 20, "CMP #": 15, "ANDS": 15,
}  # fmt: skip
_AMOUNTS: Final = np.array([0, 0, 1, 2, 30, 31, 32, 32, 33, 34, 255], np.uint16)
_SHIFTS: Final = tuple(number for number, form in enumerate(FORMS) if form.kind is Kind.SHIFT_BY_REGISTER)
_SHIFTS_BY_NUMBER: Final = tuple(
    number for number, form in enumerate(FORMS) if form.kind is Kind.SHIFT_BY_NUMBER
)
_SYSM: Final = np.array([0, 0, 0, 0, 3, 5, 8, 9, 16, 20, 1, 2, 6, 7, 21], np.uint16)


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


class Coder:
    """Makes code. in_flash: calls may go to other parts of the flash. at_an_end: it lies at the end of a memory."""

    def __init__(self, words: Words, *, in_flash: bool, at_an_end: bool) -> None:
        self._words, self._random = words, words.random
        self.in_flash, self.at_an_end = in_flash, at_an_end

    def program(self) -> np.ndarray:
        """Return a whole program, with literals at the end of each block and a branch over them."""
        code = self.instructions(CODE_HALFWORDS, self._words.code_at)
        blocks = code.reshape(-1, _BLOCK_HALFWORDS)
        pool_at = _BLOCK_HALFWORDS - 2 * _POOL_WORDS
        blocks[:, pool_at:] = self._literals(len(blocks)).view(np.uint16)
        over = 0xE000 | (2 * _POOL_WORDS - 1)
        blocks[:, pool_at - 1] = over
        blocks[:, pool_at - 2] = 0xBF00
        if self.at_an_end:
            # Instructions to the end, and the first half of a long one there.
            code[-_AT_THE_END:] = self.instructions(_AT_THE_END, 0)
            code[-1] = 0xF000 | int(self._random.integers(0, 0x800))
        return code

    def _literals(self, blocks: int) -> np.ndarray:
        count = blocks * _POOL_WORDS
        kind = self._random.random(count)
        words = np.where(kind < 0.7, self._words.addresses(count), self._words.numbers(count))
        words = np.where(kind > 0.97, self._random.choice(EXC_RETURNS, count), words)
        return np.ascontiguousarray(words.reshape(blocks, _POOL_WORDS).astype(np.uint32))

    def instructions(self, halfwords: int, code_at: int) -> np.ndarray:
        """Return instructions of every form, to lie at an address."""
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
                target += int(self._random.choice(FLASH_CODE)) - code_at
            offset = target - (code_at + 2 * int(place) + 4)
            sign = offset < 0
            bits = [offset >> 23 & 1, offset >> 22 & 1]
            j1, j2 = (1 - (bit ^ sign) for bit in bits)
            code[place] = 0xF000 | sign << 10 | offset >> 12 & 0x3FF
            code[place + 1] = 0xD000 | j1 << 13 | j2 << 11 | offset >> 1 & 0x7FF
