"""Every form of instruction of ARMv6-M.

The table follows the encodings of the *ARMv6-M Architecture Reference Manual* (DDI 0419), chapter A5, and knows nothing
of how the emulator or its compiled path decode.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

VARIANTS: Final = 64
FLAG_STATES: Final = 16
N, Z, C, V = 8, 4, 2, 1


class Kind(IntEnum):
    """The kind of difference between the variants of a form. The compiled observer has the same numbers."""

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
    """The effect of a form on the flags."""

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
    """The region that an access goes to. The compiled observer has the same numbers."""

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
    """Return for each halfword its form, if it is a short one; long ones and what is undefined are UNDEFINED."""
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
