"""The dose that a pump last gave, since when and until when, as it reports it.

A program that was only committed gave nobody anything, and a stopped one says nothing of the dose before it. So a new
dose is held against what was delivered. How long ago that was is counted in the pump's running time, which no setting
of a clock changes; time without power is not in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from thecal.amounts import dose_mcg
from thecal_fw.core.dose_record import IS_GIVEN

if TYPE_CHECKING:
    from thecal.status import Status

_SECONDS_PER_HOUR = 3_600


@dataclass(frozen=True)
class LastDose:
    """A program that treats, as it was delivered: its mean volume a day, the most in any 24 hours by the clock, and its
    drug's concentration.

    program: the beginning of its digest, as a number. begun_ago_s, ended_ago_s: of the pump's running time; ended_ago_s
    is None while it is given.
    """

    program: int
    nl_per_day: int
    most_nl_in_day: int
    concentration_ng_per_ml: int
    begun_ago_s: int = 0
    ended_ago_s: int | None = None

    @property
    def mcg_per_day(self) -> Fraction:
        """Return its mean dose."""
        return dose_mcg(self.nl_per_day, self.concentration_ng_per_ml)

    @property
    def most_mcg_in_day(self) -> Fraction:
        """Return the most that any 24 hours had of it by the clock."""
        return dose_mcg(self.most_nl_in_day, self.concentration_ng_per_ml)


@dataclass(frozen=True)
class DoseHistory:
    """The history of what a pump has given. The defaults are those of a pump that has never given anything, or
    delivers its program.

    was_delivered: whether the program that it has was ever delivered. last: the dose last delivered; None if there was
    none or the pump does not know it. has_given: whether it ever gave anything.
    """

    was_delivered: bool = True
    last: LastDose | None = None
    has_given: bool = False

    @property
    def hours_since_change(self) -> Fraction | None:
        """Return for how long the present dose has been given; None on a pump that gives none."""
        if self.last is None or self.last.ended_ago_s is not None:
            return None
        return Fraction(self.last.begun_ago_s, _SECONDS_PER_HOUR)


def dose_history(status: Status, last: LastDose | None) -> DoseHistory:
    """Return what a pump has given. last: the dose that it last delivered, as it reports it."""
    is_its_own = last is not None and last.program == int.from_bytes(status.program_digest[:4], "big")
    return DoseHistory(status.is_delivering or is_its_own, last, bool(status.lifetime_steps))


def last_dose_of(answer: dict[str, Any]) -> LastDose | None:
    """Return the dose of the fields of a response; None before the first."""
    if not answer["concentration_ng_per_ml"]:
        return None
    ended_ago_s = answer["ended_ago_s"]
    return LastDose(**{**answer, "ended_ago_s": None if ended_ago_s == IS_GIVEN else ended_ago_s})
