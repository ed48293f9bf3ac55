"""The table of what a run has met: each case of each form of instruction, carried out by compiled code or left to the
emulator.

Promises: a case that has to be taken on a path and was not is named in `missing`; a case that leaves flags which the
architecture excludes is named in `beyond`, unless it is one of `DEVIATIONS`, which are rp2040py's own and the same on
both paths. A deviation that is no longer met is named too, so that the list can't outlive its reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from .cases import Case, cases_to_meet, reachable_flags
from .forms import FLAG_STATES, FORMS, C, Form, Kind, N, Region, V, Z

Taken = Mapping[tuple[int, int, int, int], int]
"""(form, variant, flags left, 1 if left to the emulator) to how often."""

COMPILED: Final = 0
LEFT: Final = 1


@dataclass(frozen=True)
class Deviation:
    """A deviation: rp2040py 0.3.6 leaves other flags than the architecture does, whichever path runs it.

    never: flags that the architecture has and the emulator can't leave. instead: what it leaves then.
    """

    form: str
    variants: tuple[int, ...]
    never: frozenset[int]
    instead: frozenset[int]
    what: str


_C_IS_NOT_N: Final = frozenset(state for state in range(FLAG_STATES) if bool(state & C) != bool(state & N))
_SHIFTED_BY_NONE: Final = (0, 4)
DEVIATIONS: Final = (
    *(
        Deviation(
            form,
            _SHIFTED_BY_NONE,
            _C_IS_NOT_N,
            frozenset(),
            "a shift by none sets C to bit 31; C should stay",
        )
        for form in ("LSRS reg", "ASRS reg", "RORS")
    ),
    Deviation(
        "LSLS reg",
        (3,),
        frozenset(),
        frozenset({Z | C, Z | C | V}),
        "a shift by more than 32 leaves some bit in C; C should be 0",
    ),
    Deviation(
        "SBCS",
        (0,),
        frozenset({Z | C | V}),
        frozenset(),
        "V is worked out of the operand with the borrow added; wrong where that is 0x80000000",
    ),
)


def _never(form: Form, variant: int) -> frozenset[int]:
    found: frozenset[int] = frozenset()
    for one in DEVIATIONS:
        if one.form == form.name and variant in one.variants:
            found |= one.never
    return found


# --- which path a case is to be taken on -----------------------------------------------------

_RARE: Final = frozenset({"BKPT", "YIELD", "WFE", "WFI", "SEV", "UDF", "SVC", "UDF.W", "undefined"})
_LOADED_FROM: Final = frozenset({Region.SRAM, Region.FLASH, Region.FLASH_MIRROR, Region.ROM})
_SIO: Final = frozenset({Region.SIO_DIVIDER, Region.SIO_SPINLOCK})
_PRIMASK: Final = 5
_PC: Final = 4
_LR: Final = 3


def path_of(case: Case) -> int:
    """Return the path that is to take a case: COMPILED where the compiled loop is made for it."""
    form = FORMS[case.form]
    variant = case.variant
    left = form.name in _RARE
    match form.kind:
        case Kind.HIGH_REGISTERS:
            left = form.name == "CMP high" and variant >= 0 and _PC in (variant // 5, variant % 5)
        case Kind.BRANCH_TO_REGISTER:
            # BLX writes LR before it reads its register, and an address of 0xF.. may end an exception.
            left = (form.name == "BX" and variant % 4 >= 2) or (form.name == "BLX" and variant // 4 == _LR)
        case Kind.ACCESS:
            region, unaligned = Region(variant // 2), variant & 1
            plain = {Region.SRAM} if form.store else _LOADED_FROM
            left = bool(unaligned) or not (region in plain or (region in _SIO and form.width == 4))
        case Kind.MULTIPLE:
            region, unaligned = Region(variant // 4), variant & 1
            plain = {Region.SRAM} if form.store else _LOADED_FROM
            left = bool(unaligned) or not (region in plain or region is Region.SIO_DIVIDER)
        case Kind.STACK:
            left = variant >= 60 or Region(variant // 4) is not Region.SRAM
        case Kind.SPECIAL:
            left = variant != _PRIMASK
    return LEFT if left else COMPILED


# --- verdict ---------------------------------------------------------------------------------


def _met(taken: Taken) -> Counter[tuple[int, int, int, int]]:
    """Return how often a case was met on a path; -1 stands for any variant or any flags."""
    met: Counter[tuple[int, int, int, int]] = Counter()
    for (form, variant, flags, path), count in taken.items():
        met[form, variant, flags, path] += count
        met[form, variant, -1, path] += count
        met[form, -1, flags, path] += count
    return met


def to_meet() -> tuple[Case, ...]:
    """Return the cases that have to be met, without those that rp2040py itself can't produce."""
    return tuple(case for case in cases_to_meet() if case.flags not in _never(FORMS[case.form], case.variant))


def missing(taken: Taken) -> list[str]:
    """Return cases that have to be taken on a path and were not, in words."""
    met = _met(taken)
    ways = ("not taken by compiled code", "never left to the emulator")
    return [
        f"{case.name}: {ways[path_of(case)]}"
        for case in to_meet()
        if not met[case.form, case.variant, case.flags, path_of(case)]
    ]


def beyond(taken: Taken) -> list[str]:
    """Return flags left that the architecture excludes, or that DEVIATIONS say can't be; and deviations without
    effect."""
    found = []
    instead_met = Counter[Deviation]()
    for (number, variant, flags, _), count in sorted(taken.items()):
        form = FORMS[number]
        reachable = reachable_flags(number)
        if not reachable:
            continue
        allowed = reachable.get(variant, next(iter(reachable.values())))
        known = [one for one in DEVIATIONS if one.form == form.name and variant in one.variants]
        replaced = [one for one in known if flags in one.instead]
        instead_met.update(replaced)
        if flags in _never(form, variant) or (flags not in allowed and not replaced):
            found.append(f"{Case(number, variant, flags).name}: {count} times, excluded by the architecture")
    found += [
        f"{one.form}: the emulator no longer deviates ({one.what})"
        for one in DEVIATIONS
        if one.instead and not instead_met[one]
    ]
    return found


def lines(taken: Taken) -> Iterator[str]:
    """Yield the table: every case that has to be met or was met, with how often on either path."""
    met = _met(taken)
    cases = {*to_meet(), *(Case(form, variant, -1) for form, variant, _, _ in taken)}
    yield f"{'compiled':>13} {'left':>13}  case"
    for case in sorted(cases, key=lambda case: (case.form, case.variant, case.flags)):
        counts = [met[case.form, case.variant, case.flags, path] for path in (COMPILED, LEFT)]
        yield f"{counts[COMPILED]:>13,} {counts[LEFT]:>13,}  {case.name}"


def by_form(taken: Taken) -> dict[str, dict[str, int]]:
    """Return how often each form was carried out on either path."""
    counts = {form.name: {"compiled": 0, "left": 0} for form in FORMS}
    for (number, _, _, path), count in taken.items():
        counts[FORMS[number].name]["left" if path else "compiled"] += count
    return counts
