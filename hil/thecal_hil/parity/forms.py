"""Every form of instruction of ARMv6-M, and the cases of each that a run has to have met.

The table follows the encodings of the *ARMv6-M Architecture Reference Manual* (DDI 0419), chapter A5, and knows nothing
of how the emulator or its compiled path decode. A case is a form, a variant (how its operands lie) and the flags it
leaves behind. Which flags a form can leave is worked out by trying it on short words, where every pair of operands
can be tried: the combinations are the same for words of any length.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from itertools import product
from typing import Final

VARIANTS: Final = 64
FLAG_STATES: Final = 16
N, Z, C, V = 8, 4, 2, 1


class Kind(IntEnum):
    """What tells the variants of a form apart. The compiled observer has the same numbers."""

    PLAIN = 0
    CARRY_IN = 1
    SHIFT_BY_NUMBER = 2
    SHIFT_BY_REGISTER = 3
    HIGH_REGISTERS = 4
    BRANCH_TO_REGISTER = 5
    CONDITION = 6
    JUMP = 7
    CALL = 8
    ACCESS = 9
    MULTIPLE = 10
    STACK = 11
    SPECIAL = 12


class Flags(IntEnum):
    """What a form does to the flags."""

    NONE = 0
    LOGIC = 1
    """N and Z of the result; C and V stay."""
    ADD = 2
    SUBTRACT = 3
    ADD_SMALL = 4
    """The second operand is a number of the instruction, so never negative."""
    SUBTRACT_SMALL = 5
    FROM_ZERO = 6
    ADD_CARRY = 7
    SUBTRACT_CARRY = 8
    MOVE_NUMBER = 9
    SHIFT_LEFT = 10
    SHIFT_RIGHT = 11
    SHIFT_ARITHMETIC = 12
    ROTATE = 13
    ANY = 14
    """Whatever is written into the status register."""


class Region(IntEnum):
    """Where an access goes. The compiled observer has the same numbers."""

    SRAM = 0
    END_OF_SRAM = 1
    """Begins in SRAM and ends beyond it."""
    FLASH = 2
    FLASH_MIRROR = 3
    ROM = 4
    USB_MEMORY = 5
    APB = 6
    AHB = 7
    FLASH_INTERFACE = 8
    PPB = 9
    SIO_DIVIDER = 10
    SIO_SPINLOCK = 11
    SIO_OTHER = 12
    NOTHING = 13


@dataclass(frozen=True)
class Form:
    """One encoding: opcodes with ``opcode & mask == value``; `second`: the same of a long one's second halfword."""

    name: str
    mask: int
    value: int
    kind: Kind = Kind.PLAIN
    flags: Flags = Flags.NONE
    second: tuple[int, int] | None = None
    store: bool = False
    width: int = 4


def _alu(number: int) -> tuple[int, int]:
    return 0xFFC0, 0x4000 | number << 6


def _access(name: str, top: int, bits: int, *, store: bool = False, width: int = 4) -> Form:
    return Form(
        name, (0xFFFF << (16 - bits)) & 0xFFFF, top << (16 - bits), Kind.ACCESS, store=store, width=width
    )


_CONDITIONS: Final = ("EQ", "NE", "CS", "CC", "MI", "PL", "VS", "VC", "HI", "LS", "GE", "LT", "GT", "LE")

FORMS: Final = (
    Form("LSLS #", 0xF800, 0x0000, Kind.SHIFT_BY_NUMBER, Flags.SHIFT_LEFT),
    Form("LSRS #", 0xF800, 0x0800, Kind.SHIFT_BY_NUMBER, Flags.SHIFT_RIGHT),
    Form("ASRS #", 0xF800, 0x1000, Kind.SHIFT_BY_NUMBER, Flags.SHIFT_ARITHMETIC),
    Form("ADDS reg", 0xFE00, 0x1800, flags=Flags.ADD),
    Form("SUBS reg", 0xFE00, 0x1A00, flags=Flags.SUBTRACT),
    Form("ADDS #3", 0xFE00, 0x1C00, flags=Flags.ADD_SMALL),
    Form("SUBS #3", 0xFE00, 0x1E00, flags=Flags.SUBTRACT_SMALL),
    Form("MOVS #", 0xF800, 0x2000, flags=Flags.MOVE_NUMBER),
    Form("CMP #", 0xF800, 0x2800, flags=Flags.SUBTRACT_SMALL),
    Form("ADDS #8", 0xF800, 0x3000, flags=Flags.ADD_SMALL),
    Form("SUBS #8", 0xF800, 0x3800, flags=Flags.SUBTRACT_SMALL),
    Form("ANDS", *_alu(0), flags=Flags.LOGIC),
    Form("EORS", *_alu(1), flags=Flags.LOGIC),
    Form("LSLS reg", *_alu(2), Kind.SHIFT_BY_REGISTER, Flags.SHIFT_LEFT),
    Form("LSRS reg", *_alu(3), Kind.SHIFT_BY_REGISTER, Flags.SHIFT_RIGHT),
    Form("ASRS reg", *_alu(4), Kind.SHIFT_BY_REGISTER, Flags.SHIFT_ARITHMETIC),
    Form("ADCS", *_alu(5), Kind.CARRY_IN, Flags.ADD_CARRY),
    Form("SBCS", *_alu(6), Kind.CARRY_IN, Flags.SUBTRACT_CARRY),
    Form("RORS", *_alu(7), Kind.SHIFT_BY_REGISTER, Flags.ROTATE),
    Form("TST", *_alu(8), flags=Flags.LOGIC),
    Form("RSBS", *_alu(9), flags=Flags.FROM_ZERO),
    Form("CMP reg", *_alu(10), flags=Flags.SUBTRACT),
    Form("CMN", *_alu(11), flags=Flags.ADD),
    Form("ORRS", *_alu(12), flags=Flags.LOGIC),
    Form("MULS", *_alu(13), flags=Flags.LOGIC),
    Form("BICS", *_alu(14), flags=Flags.LOGIC),
    Form("MVNS", *_alu(15), flags=Flags.LOGIC),
    Form("ADD high", 0xFF00, 0x4400, Kind.HIGH_REGISTERS),
    Form("CMP high", 0xFF00, 0x4500, Kind.HIGH_REGISTERS, Flags.SUBTRACT),
    Form("MOV high", 0xFF00, 0x4600, Kind.HIGH_REGISTERS),
    Form("BX", 0xFF87, 0x4700, Kind.BRANCH_TO_REGISTER),
    Form("BLX", 0xFF87, 0x4780, Kind.BRANCH_TO_REGISTER),
    Form("LDR pc", 0xF800, 0x4800, Kind.ACCESS),
    _access("STR reg", 0b0101000, 7, store=True),
    _access("STRH reg", 0b0101001, 7, store=True, width=2),
    _access("STRB reg", 0b0101010, 7, store=True, width=1),
    _access("LDRSB reg", 0b0101011, 7, width=1),
    _access("LDR reg", 0b0101100, 7),
    _access("LDRH reg", 0b0101101, 7, width=2),
    _access("LDRB reg", 0b0101110, 7, width=1),
    _access("LDRSH reg", 0b0101111, 7, width=2),
    _access("STR #", 0b01100, 5, store=True),
    _access("LDR #", 0b01101, 5),
    _access("STRB #", 0b01110, 5, store=True, width=1),
    _access("LDRB #", 0b01111, 5, width=1),
    _access("STRH #", 0b10000, 5, store=True, width=2),
    _access("LDRH #", 0b10001, 5, width=2),
    _access("STR sp", 0b10010, 5, store=True),
    _access("LDR sp", 0b10011, 5),
    Form("ADR", 0xF800, 0xA000),
    Form("ADD reg, sp", 0xF800, 0xA800),
    Form("ADD sp", 0xFF80, 0xB000),
    Form("SUB sp", 0xFF80, 0xB080),
    Form("SXTH", 0xFFC0, 0xB200),
    Form("SXTB", 0xFFC0, 0xB240),
    Form("UXTH", 0xFFC0, 0xB280),
    Form("UXTB", 0xFFC0, 0xB2C0),
    Form("PUSH", 0xFE00, 0xB400, Kind.STACK, store=True),
    Form("CPSIE", 0xFFFF, 0xB662),
    Form("CPSID", 0xFFFF, 0xB672),
    Form("REV", 0xFFC0, 0xBA00),
    Form("REV16", 0xFFC0, 0xBA40),
    Form("REVSH", 0xFFC0, 0xBAC0),
    Form("POP", 0xFE00, 0xBC00, Kind.STACK),
    Form("BKPT", 0xFF00, 0xBE00),
    Form("NOP", 0xFFFF, 0xBF00),
    Form("YIELD", 0xFFFF, 0xBF10),
    Form("WFE", 0xFFFF, 0xBF20),
    Form("WFI", 0xFFFF, 0xBF30),
    Form("SEV", 0xFFFF, 0xBF40),
    Form("STMIA", 0xF800, 0xC000, Kind.MULTIPLE, store=True),
    Form("LDMIA", 0xF800, 0xC800, Kind.MULTIPLE),
    *(
        Form(f"B{name}", 0xFF00, 0xD000 | number << 8, Kind.CONDITION)
        for number, name in enumerate(_CONDITIONS)
    ),
    Form("UDF", 0xFF00, 0xDE00),
    Form("SVC", 0xFF00, 0xDF00),
    Form("B", 0xF800, 0xE000, Kind.JUMP),
    Form("BL", 0xF800, 0xF000, Kind.CALL, second=(0xD000, 0xD000)),
    Form("DSB", 0xFFFF, 0xF3BF, second=(0xFFF0, 0x8F40)),
    Form("DMB", 0xFFFF, 0xF3BF, second=(0xFFF0, 0x8F50)),
    Form("ISB", 0xFFFF, 0xF3BF, second=(0xFFF0, 0x8F60)),
    Form("MRS", 0xFFFF, 0xF3EF, Kind.SPECIAL, second=(0xF000, 0x8000)),
    Form("MSR", 0xFFF0, 0xF380, Kind.SPECIAL, Flags.ANY, second=(0xFF00, 0x8800)),
    Form("UDF.W", 0xFFF0, 0xF7F0, second=(0xF000, 0xA000)),
    Form("undefined", 0, 0),
)
"""The last form is every opcode that is none of the others."""

UNDEFINED: Final = len(FORMS) - 1
LONG_FORMS: Final = tuple(number for number, form in enumerate(FORMS) if form.second)
BY_NAME: Final = {form.name: number for number, form in enumerate(FORMS)}

SPECIAL_REGISTERS: Final = (0, 3, 5, 8, 9, 16, 20)
"""SYSm of APSR, XPSR, IPSR, MSP, PSP, PRIMASK, CONTROL; the variant after them is every other number."""


def form_table() -> list[int]:
    """For each halfword its form, if it is a short one; long ones and what is undefined are UNDEFINED."""
    table = [UNDEFINED] * 0x10000
    for number, form in enumerate(FORMS[:-1]):
        if form.second is None:
            free = ~form.mask & 0xFFFF
            bits = free
            while True:
                table[form.value | bits] = number
                if not bits:
                    break
                bits = (bits - 1) & free
    return table


@dataclass(frozen=True)
class Case:
    """A form, how its operands lie, and the flags it leaves; -1: whatever flags."""

    form: int
    variant: int
    flags: int

    @property
    def name(self) -> str:
        form = FORMS[self.form]
        flags = "" if self.flags < 0 else f", leaves {flags_text(self.flags)}"
        return f"{form.name}{variant_text(form.kind, self.variant)}{flags}"


def flags_text(state: int) -> str:
    return "".join(letter if state & bit else "-" for letter, bit in zip("NZCV", (N, Z, C, V), strict=True))


_REGISTERS = ("r0-r7", "r8-r12", "sp", "lr", "pc")
_AMOUNTS = ("by 0", "by 1 to 31", "by 32", "by 33 to 255", "by a multiple of 256")
_NUMBERS = ("by 0 as encoded", "by 1", "by 2 to 30", "by 31")
_TARGETS = ("an odd address", "an even address", "0xF.. in thread mode", "0xF.. in a handler")


def variant_text(kind: Kind, variant: int) -> str:
    """How the operands of a variant lie, in words."""
    match kind:
        case Kind.CARRY_IN:
            return f" with C={variant}"
        case Kind.SHIFT_BY_NUMBER:
            return f" {_NUMBERS[variant]}"
        case Kind.SHIFT_BY_REGISTER:
            return f" {_AMOUNTS[variant]}"
        case Kind.HIGH_REGISTERS:
            return f" {_REGISTERS[variant // 5]}, {_REGISTERS[variant % 5]}"
        case Kind.BRANCH_TO_REGISTER:
            return f" {_REGISTERS[variant // 4]}, {_TARGETS[variant % 4]}"
        case Kind.CONDITION:
            return f" at {flags_text(variant)}"
        case Kind.JUMP:
            return " backward" if variant else " forward"
        case Kind.CALL:
            return f" with S, J1, J2 = {variant >> 2}{variant >> 1 & 1}{variant & 1}"
        case Kind.ACCESS:
            return f" {_region_text(variant // 2)}{', unaligned' if variant & 1 else ''}"
        case Kind.MULTIPLE:
            in_list = ", base in the list" if variant & 2 else ""
            return f" {_region_text(variant // 4)}{in_list}{', unaligned' if variant & 1 else ''}"
        case Kind.STACK:
            if variant >= 60:
                return " pc, with 0xF.. " + ("in a handler" if variant & 1 else "in thread mode")
            extra = ", with lr or pc" if variant & 2 else ""
            return f" {_region_text(variant // 4)}{extra}{', unaligned' if variant & 1 else ''}"
        case Kind.SPECIAL:
            names = ("APSR", "XPSR", "IPSR", "MSP", "PSP", "PRIMASK", "CONTROL", "another")
            return f" {names[variant]}"
    return ""


def _region_text(region: int) -> str:
    return Region(region).name.lower().replace("_", " ")


# --- which flags a form can leave ------------------------------------------------------------

_BITS = 5
_TOP = 1 << (_BITS - 1)
_ALL = (1 << _BITS) - 1
_SMALL = 8
_WORDS = range(1 << _BITS)


def _signed(word: int) -> int:
    return word - (1 << _BITS) if word & _TOP else word


def _sum_flags(a: int, b: int, carry: int) -> int:
    """The flags of AddWithCarry() of the manual, on short words."""
    unsigned, signed = a + b + carry, _signed(a) + _signed(b) + carry
    result = unsigned & _ALL
    return (
        (N if result & _TOP else 0)
        | (Z if result == 0 else 0)
        | (C if unsigned != result else 0)
        | (V if _signed(result) != signed else 0)
    )


def _result_flags(result: int) -> int:
    return (N if result & _TOP else 0) | (Z if result == 0 else 0)


def _shifted(flags: Flags, word: int, amount: int) -> tuple[int, int | None]:
    """Result and carry out of a shift; None: the carry stays."""
    if amount == 0:
        return word, None
    match flags:
        case Flags.SHIFT_LEFT:
            return word << amount & _ALL, word << amount >> _BITS & 1
        case Flags.SHIFT_RIGHT:
            return word >> amount, word >> (amount - 1) & 1
        case Flags.SHIFT_ARITHMETIC:
            return _signed(word) >> amount & _ALL, _signed(word) >> (amount - 1) & 1
    turn = amount % _BITS
    result = (word >> turn | word << (_BITS - turn)) & _ALL
    return result, result >> (_BITS - 1)


def _after_shift(flags: Flags, amounts: range) -> set[int]:
    found = set()
    for word, amount, carry, overflow in product(_WORDS, amounts, (0, C), (0, V)):
        result, out = _shifted(flags, word, amount)
        found.add(_result_flags(result) | (carry if out is None else C * out) | overflow)
    return found


def _amounts(form: Form) -> dict[int, range]:
    """For each variant of a shift, the amounts it stands for, on short words."""
    if form.kind is Kind.SHIFT_BY_NUMBER:
        # Nought is encoded as nought for LSLS, and stands for the length of a word in the other two.
        nought = range(0, 1) if form.flags is Flags.SHIFT_LEFT else range(_BITS, _BITS + 1)
        return {0: nought, 1: range(1, 2), 2: range(2, _BITS - 1), 3: range(_BITS - 1, _BITS)}
    return {
        0: range(0, 1),
        1: range(1, _BITS),
        2: range(_BITS, _BITS + 1),
        3: range(_BITS + 1, 4 * _BITS),
        4: range(0, 1),
    }


@cache
def reachable_flags(number: int) -> dict[int, frozenset[int]]:
    """For each variant of a form that sets flags, the flags it can leave by the architecture."""
    form = FORMS[number]
    if form.kind in (Kind.SHIFT_BY_NUMBER, Kind.SHIFT_BY_REGISTER):
        return {
            variant: frozenset(_after_shift(form.flags, amounts))
            for variant, amounts in _amounts(form).items()
        }
    before = tuple(product((0, C), (0, V)))
    small = range(_SMALL)
    pairs = {
        Flags.ADD: [(a, b, 0) for a, b in product(_WORDS, _WORDS)],
        Flags.ADD_SMALL: [(a, b, 0) for a, b in product(_WORDS, small)],
        Flags.SUBTRACT: [(a, b ^ _ALL, 1) for a, b in product(_WORDS, _WORDS)],
        Flags.SUBTRACT_SMALL: [(a, b ^ _ALL, 1) for a, b in product(_WORDS, small)],
        Flags.FROM_ZERO: [(0, b ^ _ALL, 1) for b in _WORDS],
    }
    if form.flags in pairs:
        return {0: frozenset(_sum_flags(*operands) for operands in pairs[form.flags])}
    if form.flags in (Flags.ADD_CARRY, Flags.SUBTRACT_CARRY):
        turn = _ALL if form.flags is Flags.SUBTRACT_CARRY else 0
        return {
            carry: frozenset(_sum_flags(a, b ^ turn, carry) for a, b in product(_WORDS, _WORDS))
            for carry in (0, 1)
        }
    if form.flags is Flags.LOGIC:
        return {0: frozenset(_result_flags(word) | c | v for word in _WORDS for c, v in before)}
    if form.flags is Flags.MOVE_NUMBER:
        return {0: frozenset(_result_flags(word) | c | v for word in (0, 1) for c, v in before)}
    return {}


# --- which cases have to be met --------------------------------------------------------------


def _variants(form: Form) -> Iterator[int]:
    """Those of a form without flags to set."""
    match form.kind:
        case Kind.CONDITION:
            # N and Z are never both set by an instruction, but a status register written may have them so.
            yield from range(FLAG_STATES)
        case Kind.HIGH_REGISTERS:
            yield from range(25)
        case Kind.BRANCH_TO_REGISTER:
            yield from (4 * register + target for register in (0, 1, 3) for target in range(4))
        case Kind.JUMP:
            yield from range(2)
        case Kind.CALL:
            yield from range(8)
        case Kind.ACCESS:
            yield from _access_variants(form)
        case Kind.MULTIPLE | Kind.STACK:
            yield from _block_variants(form)
        case Kind.SPECIAL:
            yield from range(len(SPECIAL_REGISTERS) + 1)
        case _:
            yield 0


def _access_variants(form: Form) -> Iterator[int]:
    for region in Region:
        aligned, unaligned = 2 * region, 2 * region + 1
        if form.name == "LDR pc":
            # A literal lies behind its instruction, aligned, where programs are.
            if region in (Region.SRAM, Region.FLASH):
                yield aligned
        elif region is not Region.END_OF_SRAM:
            # What begins in SRAM and ends beyond it is unaligned; the emulator then leaves its own buffer.
            yield aligned
            if form.width > 1 and not form.name.endswith("sp") and region in (Region.SRAM, Region.FLASH):
                yield unaligned


def _block_variants(form: Form) -> Iterator[int]:
    where = (Region.SRAM, Region.END_OF_SRAM, Region.FLASH, Region.ROM, Region.NOTHING)
    if form.kind is Kind.MULTIPLE:
        where = (*where, Region.SIO_DIVIDER, Region.PPB, Region.APB)
    for region, extra in product(where, (0, 2)):
        yield 4 * region + extra
    if form.name == "POP":
        yield from (60, 61)
    if form.kind is Kind.MULTIPLE:
        yield from (4 * Region.SRAM + 1, 4 * Region.SRAM + 3)


@cache
def cases_to_meet() -> tuple[Case, ...]:
    """Every case that a run of random programs has to have met, whichever path took it."""
    found = []
    for number, form in enumerate(FORMS):
        by_variant = reachable_flags(number)
        if form.kind is Kind.HIGH_REGISTERS and by_variant:
            found += [Case(number, variant, -1) for variant in range(25)]
            found += [Case(number, -1, flags) for flags in sorted(by_variant[0])]
        elif by_variant:
            found += [
                Case(number, variant, flags)
                for variant, states in by_variant.items()
                for flags in sorted(states)
            ]
        else:
            found += [Case(number, variant, -1) for variant in _variants(form)]
    return tuple(found)
