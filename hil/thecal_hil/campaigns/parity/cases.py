"""The cases of each form of instruction that a run has to have met.

A case is a form, a variant (how its operands lie) and the flags it leaves behind. Which flags a form can leave is
worked out by trying it on short words, where every pair of operands can be tried: the combinations are the same for
words of any length.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product

from .forms import FLAG_STATES, FORMS, SPECIAL_REGISTERS, C, Flags, Form, Kind, N, Region, V, Z


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
    """Return how the operands of a variant lie, in words."""
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
    """Return the flags of AddWithCarry() of the manual, on short words."""
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
    """Return the result and carry out of a shift; None: the carry stays."""
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
    """Return for each variant of a shift, the amounts it stands for, on short words."""
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
    """Return for each variant of a form that sets flags, the flags it can leave by the architecture."""
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
    """Yield those of a form without flags to set."""
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
    """Return every case that a run of random programs has to have met, whichever path took it."""
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
