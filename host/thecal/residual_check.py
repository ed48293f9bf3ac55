"""At a refill: what was drawn from the reservoir against what should have been in it, and what was put in.

The only measurement of what the pump has really given. Published limits: a difference outside the pump's accuracy,
or of more than 2 mL, calls for evaluation (ASRA 2017, eposter 1139); after the refill a difference of more than 1 mL
with a 20 mL pump, or 2 mL with a 40 mL pump, between what went in and what can be drawn back may have consequences,
for the drug may lie beside the pump (Maino 2017). Less drawn than expected is over-infusion, more is under-infusion
(Hong Kong MDD notice 1016). A syringe is read to 0.1 mL: within that nothing is to be seen, and of a volume not much
larger no percentage says anything. What the pump itself does not know, it reports as uncertain: it counts as given and
may still be there, so what was to be expected is a range.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from thecal.amounts import millilitres
from thecal.errors import BadInputError

EVALUATE_BEYOND_NL = 2_000_000
SYRINGE_NL = 100_000
"""To what a syringe is read."""
_LEAST_FOR_PERCENT_NL = 10 * SYRINGE_NL
"""Of what was delivered: below it the reading of the syringe alone makes more than 10 %."""
_PER_MILLE = 1_000
# Capacity of the reservoir up to which a difference after the refill has the limit; the largest one last.
_AFTER_REFILL_NL = ((20_000_000, 1_000_000), (40_000_000, 2_000_000))


@dataclass(frozen=True)
class ResidualCheck:
    """A withdrawal, judged. Volumes in nL.

    expected_nl, most_expected_nl: what was to be there if all that is uncertain was given, and if none of it was.
    difference_nl: withdrawn less what is nearest to it in that range; below zero is over-infusion.
    error_percent: of what was delivered by calculation, more (above zero) or less; None if that was next to nothing.
    """

    withdrawn_nl: int
    expected_nl: int
    most_expected_nl: int
    difference_nl: int
    tolerated_nl: int
    error_percent: Fraction | None
    must_evaluate: bool

    @property
    def is_as_expected(self) -> bool:
        """Return True if a syringe would show the difference."""
        return abs(self.difference_nl) <= SYRINGE_NL

    @property
    def direction(self) -> str:
        if self.is_as_expected:
            return "none"
        if self.difference_nl < 0:
            return "over-infusion"
        return "under-infusion"

    def text(self) -> str:
        """Return the verdict in a sentence."""
        expected = f"{_shown(self.expected_nl)} mL"
        if _shown(self.most_expected_nl) != _shown(self.expected_nl):
            expected = f"{_shown(self.expected_nl)} to {_shown(self.most_expected_nl)} mL"
        drawn = f"withdrawn {_shown(self.withdrawn_nl)} mL, expected {expected}"
        if self.is_as_expected:
            return f"{drawn}: as expected"
        more = "less" if self.difference_nl < 0 else "more"
        found = f"{drawn}: {_shown(abs(self.difference_nl))} mL {more} than expected, which points to {self.direction}"
        if self.must_evaluate:
            limit = min(self.tolerated_nl, EVALUATE_BEYOND_NL)
            return (
                f"{found}. This is beyond {_shown(limit)} mL: evaluate pump and catheter; draw again, check the volume"
                " of the last fill, and follow the trend over the refills before"
            )
        return f"{found}, within the pump's accuracy of {_shown(self.tolerated_nl)} mL"


@dataclass(frozen=True)
class FillCheck:
    """The amount that was drawn back after the fill, against what went in."""

    filled_nl: int
    drawn_back_nl: int
    limit_nl: int

    @property
    def difference_nl(self) -> int:
        return self.drawn_back_nl - self.filled_nl

    @property
    def must_evaluate(self) -> bool:
        return abs(self.difference_nl) > self.limit_nl

    def text(self) -> str:
        found = f"filled {_shown(self.filled_nl)} mL, drawn back {_shown(self.drawn_back_nl)} mL"
        if not self.must_evaluate:
            return f"{found}: within {_shown(self.limit_nl)} mL"
        return (
            f"{found}: {_shown(abs(self.difference_nl))} mL apart, beyond {_shown(self.limit_nl)} mL. This may have"
            " consequences: the drug may lie beside the pump. Do not continue before it is found"
        )


def judge_residual(
    fill_nl: int,
    expected_nl: int,
    withdrawn_nl: int,
    accuracy_permille: int,
    uncertain_nl: Fraction | int = 0,
) -> ResidualCheck:
    """Judge a withdrawal. fill_nl: put in at the last refill. expected_nl: left by calculation, all that is uncertain
    taken as given."""
    most_expected_nl = min(fill_nl, expected_nl + ceil(uncertain_nl))
    nearest = min(max(withdrawn_nl, expected_nl), most_expected_nl)
    difference = withdrawn_nl - nearest
    delivered = fill_nl - nearest
    tolerated = max(SYRINGE_NL, delivered * accuracy_permille // _PER_MILLE)
    return ResidualCheck(
        withdrawn_nl,
        expected_nl,
        most_expected_nl,
        difference,
        tolerated,
        Fraction(-100 * difference, delivered) if delivered >= _LEAST_FOR_PERCENT_NL else None,
        abs(difference) > tolerated or abs(difference) > EVALUATE_BEYOND_NL,
    )


def judge_fill(filled_nl: int, drawn_back_nl: int, reservoir_nl: int) -> FillCheck:
    limits = [limit for capacity, limit in _AFTER_REFILL_NL if reservoir_nl <= capacity]
    return FillCheck(filled_nl, drawn_back_nl, limits[0] if limits else _AFTER_REFILL_NL[-1][1])


def need_volumes(withdrawn_nl: int | None, fill_nl: int | None, reservoir_nl: int) -> None:
    """Raise BadInputError unless both can be true of this reservoir; nothing is ever filled above its capacity."""
    problems: list[str] = []
    capacity = f"{_shown(reservoir_nl)} mL"
    if withdrawn_nl is not None and not 0 <= withdrawn_nl <= reservoir_nl:
        problems.append(
            f"withdrawn {_shown(withdrawn_nl)} mL, allowed: 0 to {capacity}, which is what the reservoir holds; read"
            " the syringe again"
        )
    if fill_nl is not None and not 0 < fill_nl <= reservoir_nl:
        problems.append(
            f"fill {_shown(fill_nl)} mL, allowed: more than 0 and at most {capacity}; an overfilled reservoir may"
            " deliver under pressure. Fill less"
        )
    if problems:
        raise BadInputError(problems)


def _shown(volume_nl: int) -> str:
    return millilitres(round(volume_nl, -3))
