"""One slip or one right change put to the rules: what they say, and whether that is distinguished from what was
meant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from thecal.bridge import bridged
from thecal.dose_history import DoseHistory, LastDose
from thecal.drug_library import Library
from thecal.errors import BadInputError
from thecal.judgement import Finding, Kind
from thecal.program_review import review
from thecal_fw.core.schedule import rate_at
from thecal_hil.campaigns.slips.written import Written, group_of, made_limits, program_of

_LAST_BEGAN = datetime(2026, 3, 2, 9, 0)
"""A Monday morning: when the dose before a stopped program had begun."""
_LONG_AGO_HOURS = Fraction(1_000)


@dataclass(frozen=True)
class Case:
    """A change of program. running: None for a pump that has given nothing. last: what it gave before a program that
    gives none. hours: since the dose last changed."""

    running: Written | None
    new: Written
    last: Written | None = None
    hours: Fraction = _LONG_AGO_HOURS


@dataclass(frozen=True)
class Verdict:
    """refusal: why the prescription could not even be read or bridged; empty if it could."""

    findings: tuple[Finding, ...]
    refusal: str = ""

    @property
    def signs(self) -> set[tuple[Kind, str]]:
        return {(finding.kind, finding.field) for finding in self.findings}

    @property
    def questions(self) -> int | None:
        """Return what a person has to answer: one reason for all, and each value typed again; None if it is refused."""
        kinds = [finding.kind for finding in self.findings]
        if self.refusal or Kind.HARD in kinds:
            return None
        return kinds.count(Kind.RETYPE) + (Kind.SOFT in kinds)


def judge(case: Case, library: Library) -> Verdict:
    try:
        running = program_of(case.running, library) if case.running is not None else None
        new = bridged(running, program_of(case.new, library))
        found = review(
            running,
            new,
            group_of(case.new),
            library if case.new.get("library") else None,
            _history(case, library),
        )
    except BadInputError as refusal:
        return Verdict((), str(refusal))
    return Verdict(tuple(finding for finding in found if finding.field not in made_limits(case.new)))


def is_caught(typed: Case, intended: Case, library: Library) -> bool:
    """Return True if what was typed is met with anything that what was meant is not: a reason asked for either way
    reports to nobody that a finger slipped."""
    wrong, right = judge(typed, library), judge(intended, library)
    return bool(wrong.refusal and not right.refusal) or not wrong.signs <= right.signs


def _history(case: Case, library: Library) -> DoseHistory:
    if case.last is not None:
        program = program_of(case.last, library)
        rate = rate_at(program, _LAST_BEGAN.weekday(), 60 * _LAST_BEGAN.hour)
        return DoseHistory(None, True, LastDose(rate, _LAST_BEGAN), has_given=True)
    if case.running is None:
        return DoseHistory()
    return DoseHistory(case.hours, True, None, has_given=True)
