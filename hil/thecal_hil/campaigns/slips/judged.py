"""One slip or one right change put to the rules: what they say, and whether that is distinguished from what was
meant."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from thecal.bridge import bridged
from thecal.dose_history import DoseHistory, LastDose
from thecal.drug_library import Library
from thecal.errors import BadInputError
from thecal.judgement import Finding, Kind
from thecal.program_figures import gives_therapy
from thecal.program_review import review
from thecal.words import volume_of_day_nl
from thecal_fw.core.week import most_nl_in_any_day
from thecal_hil.campaigns.slips.written import Written, group_of, made_limits, program_of

_HOUR_S = 3_600
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
        return DoseHistory(
            True, _delivered(case.last, library, case.hours, ended_ago_s=_HOUR_S), has_given=True
        )
    if case.running is None:
        return DoseHistory()
    return DoseHistory(True, _delivered(case.running, library, case.hours), has_given=True)


def _delivered(
    written: Written, library: Library, begun_ago_hours: Fraction, ended_ago_s: int | None = None
) -> LastDose | None:
    """Return what a pump reports of a program that it delivered."""
    program = program_of(written, library)
    if not gives_therapy(program):
        return None
    of_days = [volume_of_day_nl(program, index) for index in program.pattern_of_weekdays()]
    return LastDose(
        int.from_bytes(program.digest()[:4], "big"),
        int(sum(of_days) / len(of_days)),
        most_nl_in_any_day(program),
        program.concentration_ng_per_ml,
        int(begun_ago_hours * _HOUR_S),
        ended_ago_s,
    )
