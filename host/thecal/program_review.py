"""Everything that is checked of a new program before it is sent: library, titration, magnitude, intervals.

Takes two programs and gives findings; it asks nobody and changes nothing. The pump's own validation comes on top.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from thecal.amounts import plain
from thecal.drug_library import Library
from thecal.judgement import Finding, Kind
from thecal.magnitude import judge_magnitudes
from thecal.prescription import WEEKDAYS
from thecal.program_figures import (
    bolus_doses_mcg,
    day_doses_mcg,
    figure_pairs,
    gives_therapy,
    intervals_minutes,
    most_in_a_day_mcg,
)
from thecal.titration import DECREASE_SOURCE, FIELD, judge_titration
from thecal_fw.core.program import Program

# A bolus begins to act after half an hour to an hour (Gablofen monograph); before that, nobody can know whether the
# next one is one too many.
SHORTEST_INTERVAL_MINUTES = 60
_BETWEEN = ("periodic_bolus.every_minutes", "patient_bolus.lockout_minutes")


def review(
    old: Program | None,
    new: Program,
    group: str,
    library: Library | None = None,
    hours_since_change: Fraction | None = None,
) -> list[Finding]:
    """Every finding about making ``new`` the program of a pump that has ``old``, the gravest first.

    hours_since_change: since the dose last changed on a pump that delivers; None if it is not known.
    """
    if not gives_therapy(new):
        return _end_of_therapy(old, new)
    found = judge_magnitudes(figure_pairs(old, new))
    found += _library_findings(old, new, library) if library is not None else []
    found += _titration_findings(old, new, group, hours_since_change)
    found += _interval_findings(new)
    order = [Kind.HARD, Kind.RETYPE, Kind.SOFT]
    return sorted(found, key=lambda finding: order.index(finding.kind))


def of_library(program: Program, library: Library) -> Program:
    """The same program with the library's digest, and with its stability and accuracy where the program names none."""
    if not gives_therapy(program):
        return program
    entry = library.entry(program.drug, program.concentration_ng_per_ml)
    fields = dict(vars(program))
    fields["library_digest"] = library.digest()
    fields["stability_days"] = program.stability_days or int(entry["stability_days"])
    # The wider band of the two: both are bounds on what the pump may do, and dates err to the early side.
    fields["accuracy_permille"] = max(program.accuracy_permille, int(entry["accuracy_permille"]))
    return Program(**fields)


def _library_findings(old: Program | None, new: Program, library: Library) -> list[Finding]:
    entry = library.entry(new.drug, new.concentration_ng_per_ml)
    found = entry.judge_daily_dose(min(day_doses_mcg(new)), most_in_a_day_mcg(new))
    for field, dose in bolus_doses_mcg(new).items():
        found += entry.judge_bolus(dose, field)
    if old is not None and gives_therapy(old):
        befores, afters = day_doses_mcg(old), day_doses_mcg(new)
        changes = [entry.judge_change(before, after) for before, after in zip(befores, afters, strict=True)]
        found += max(changes, key=lambda one: one[0].value if one else Fraction(0))
    return found


def _titration_findings(
    old: Program | None, new: Program, group: str, hours_since_change: Fraction | None
) -> list[Finding]:
    """Day by day, since a mean hides a day that is changed much; the same finding of several days is told once."""
    if old is None:
        return []
    if not gives_therapy(old):
        dose = max(day_doses_mcg(new))
        text = (
            f"therapy begins with {plain(dose)} mcg/day after a program that gave none; tolerance may be lost"
        )
        if not old.delivers():
            text += (
                ", and no bridge is made: a stopped program does not tell which drug tubing and catheter hold"
            )
        return [Finding(Kind.SOFT, FIELD, dose, text)]
    told: dict[str, Finding] = {}
    for weekday, before, after in zip(WEEKDAYS, day_doses_mcg(old), day_doses_mcg(new), strict=True):
        for finding in judge_titration(before, after, group, hours_since_change):
            told.setdefault(finding.text, replace(finding, field=f"{weekday} {FIELD}"))
    before, after = most_in_a_day_mcg(old), most_in_a_day_mcg(new)
    if after > before:
        # The patient's own boluses are not in the days above, and may be given every day. What was found of the days
        # does not stand for them: a basal rate that falls can hide boluses that rise.
        kinds = {finding.kind for finding in told.values()}
        for finding in judge_titration(before, after, group):
            if new.patient_bolus is not None or finding.kind not in kinds:
                told.setdefault(finding.text, replace(finding, field="dose_mcg_in_24_h_with_patient_boluses"))
    return list(told.values())


def stop_warning(old: Program | None, new: Program) -> str:
    """What to say before a program that delivers nothing takes the place of one that does; empty for all others."""
    stops = not new.delivers() and old is not None and old.delivers()
    return "This ends delivery; a sudden stop means withdrawal. " if stops else ""


def _end_of_therapy(old: Program | None, new: Program) -> list[Finding]:
    """To the minimum rate, which takes a reason and is never refused. A stop takes none: an overdose is met with it,
    and whoever asks for consent says what it means."""
    if old is None or not gives_therapy(old) or not new.delivers():
        return []
    before, after = max(day_doses_mcg(old)), max(day_doses_mcg(new))
    text = (
        f"therapy ends: from {plain(before)} to {plain(after)} mcg/day. A sudden stop means withdrawal;"
        f" {DECREASE_SOURCE}"
    )
    return [Finding(Kind.SOFT, FIELD, after, text)]


def _interval_findings(new: Program) -> list[Finding]:
    found: list[Finding] = []
    for field, minutes in intervals_minutes(new).items():
        if field in _BETWEEN and minutes < SHORTEST_INTERVAL_MINUTES:
            text = (
                f"{plain(minutes)} minutes, allowed: {SHORTEST_INTERVAL_MINUTES} and more; a bolus begins to act"
                " after half an hour to an hour. Hours typed as minutes?"
            )
            found.append(Finding(Kind.RETYPE, field, minutes, text))
    return found
