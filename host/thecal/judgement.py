"""The findings of a check of a prescription, and when the prescription may continue all the same.

Three kinds of finding, the same for every check. A *hard* limit refuses, whatever anybody says. A *soft* limit asks
for a reason, which is kept with the record of the visit. A value that looks mistyped has to be *typed again*: a
reason would be given out of habit, the same slip twice is unlikely. Nothing is passed over in silence: what is not
settled is a bad input and names what to do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from fractions import Fraction

from thecal.errors import BadInputError


class Kind(StrEnum):
    """The answer that a finding asks for."""

    HARD = "refused"
    SOFT = "needs a reason"
    RETYPE = "type it again"


@dataclass(frozen=True)
class Finding:
    """One thing a check found. field: name with its unit, as a person types it. value: what was given, exactly."""

    kind: Kind
    field: str
    value: Fraction
    text: str

    def __str__(self) -> str:
        return f"{self.field}: {self.text}"


def is_retyped(typed: str, value: Fraction) -> bool:
    """Return True if what was typed is that very number, in whichever way it is written."""
    try:
        number = Decimal(typed.strip())
        # A number of a million digits is no repetition of a dose, and would take long to compare.
        return number.is_finite() and abs(number.adjusted()) < 30 and _same(Fraction(number), value)
    except InvalidOperation:
        return False


def _same(typed: Fraction, value: Fraction) -> bool:
    # A dose that was rounded to whole nanolitres is shown to six digits, and is typed again as it is shown.
    return typed == value or typed == Fraction(f"{float(value):.6g}")


def unsettled(
    findings: Sequence[Finding], reason: str = "", retyped: Mapping[str, str] | None = None
) -> list[str]:
    """Return a line for each finding that still stands in the way, with what to do about it."""
    lines: list[str] = []
    for finding in findings:
        if finding.kind is Kind.HARD:
            lines.append(f"{finding}. This is a hard limit: change the prescription")
        elif finding.kind is Kind.SOFT and not reason.strip():
            lines.append(f"{finding}. This is a soft limit: change it, or give a reason with --reason TEXT")
        elif finding.kind is Kind.RETYPE and not is_retyped(
            (retyped or {}).get(finding.field, ""), finding.value
        ):
            lines.append(
                f'{finding}. Change it, or type the value again with --again "{finding.field}=VALUE"'
            )
    return lines


def settle(findings: Sequence[Finding], reason: str = "", retyped: Mapping[str, str] | None = None) -> None:
    """Continue only if every finding is settled; raises BadInputError with all that are not."""
    lines = unsettled(findings, reason, retyped)
    if lines:
        raise BadInputError(lines)
