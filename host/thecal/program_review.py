"""Everything that is checked of a new program before it is sent: library, titration, magnitude, intervals.

A dose is held against the one that was last delivered, a first one against what is published for the first day.
Takes two programs and gives findings; it asks nobody and changes nothing. The pump's own validation comes on top.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from thecal.amounts import dose_mcg, plain
from thecal.clocks import duration_text
from thecal.dose_history import DoseHistory, LastDose
from thecal.drug_library import Entry, Library
from thecal.judgement import Finding, Kind
from thecal.magnitude import Pair, judge_magnitudes
from thecal.prescription import WEEKDAYS
from thecal.program_figures import (
    bolus_doses_mcg,
    day_doses_mcg,
    figure_pairs,
    gives_therapy,
    intervals_minutes,
    most_by_clock_mcg,
    most_in_a_day_mcg,
)
from thecal.starting_dose import judge_first_dose
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
    history: DoseHistory | None = None,
) -> list[Finding]:
    """Return every finding about making ``new`` the program of a pump that has ``old``, the gravest first.

    history: what the pump reports of the doses it gave; without one, ``old`` is what it delivers.
    """
    history = history or DoseHistory()
    if not gives_therapy(new):
        return _end_of_therapy(old, new) if history.was_delivered else []
    given = old if gives_therapy(old) and history.was_delivered else None
    found = judge_magnitudes(figure_pairs(old, new))
    found += _concentration_findings(old, new, found)
    found += _library_findings(given, new, library) if library is not None else []
    found += _left_library(old, new)
    found += (
        _titration_findings(given, new, group, history.hours_since_change)
        if given is not None
        else _begin_findings(old, new, group, history)
    )
    found += _interval_findings(new)
    order = [Kind.HARD, Kind.RETYPE, Kind.SOFT]
    return sorted(found, key=lambda finding: order.index(finding.kind))


def of_library(program: Program, library: Library) -> Program:
    """Return the same program with the library's digest, and with its stability and accuracy where the program names
    none."""
    if not gives_therapy(program):
        return program
    entry = library.entry(program.drug, program.concentration_ng_per_ml)
    fields = dict(vars(program))
    fields["library_digest"] = library.digest()
    fields["stability_days"] = program.stability_days or int(entry["stability_days"])
    # The wider band of the two: both are bounds on what the pump may do, and dates err to the early side.
    fields["accuracy_permille"] = max(program.accuracy_permille, int(entry["accuracy_permille"]))
    return Program(**fields)


def _concentration_findings(old: Program | None, new: Program, found: list[Finding]) -> list[Finding]:
    """Return the findings about another concentration, which is typed twice, as it stands on the vial: a wrong one
    makes every dose wrong by its ratio, and two on sale differ by less than what looks like a slip."""
    field, value = "concentration_mcg_per_ml", Fraction(new.concentration_ng_per_ml, 1_000)
    if old is None or not old.delivers() or old.concentration_ng_per_ml == new.concentration_ng_per_ml:
        return []
    if any(finding.field == field for finding in found):
        return []
    before = plain(Fraction(old.concentration_ng_per_ml, 1_000))
    text = f"{plain(value)} mcg/mL in place of {before}; read it off the vial"
    return [Finding(Kind.RETYPE, field, value, text)]


def _left_library(old: Program | None, new: Program) -> list[Finding]:
    """Return a finding where a pump that was programmed with a library is not programmed with it again, unless there
    is a reason. A program that gives nothing names no library, so after one it is not known."""
    if old is None or not any(old.library_digest) or old.library_digest == new.library_digest:
        return []
    text = (
        f"the pump's program was checked against drug library {old.library_digest.hex()}, this one"
        + (f" against {new.library_digest.hex()}" if any(new.library_digest) else " against none")
        + "; give that one with --library"
    )
    return [Finding(Kind.SOFT, "library", Fraction(0), text)]


def _may_give_findings(new: Program, entry: Entry) -> list[Finding]:
    """Return the findings about what the pump may give beside its program: on demand up to its limits. Limits are
    rounded up on the way to the pump, by less than this."""
    rounding_nl = 3
    found: list[Finding] = []
    if new.most_nl_per_bolus:
        most = dose_mcg(new.most_nl_per_bolus - rounding_nl, new.concentration_ng_per_ml)
        found += entry.judge_bolus(most, "limits.most_mcg_per_bolus")
    most = dose_mcg(new.most_nl_per_day - rounding_nl, new.concentration_ng_per_ml)
    return found + entry.judge_most_in_a_day(most, "limits.most_mcg_per_day")


def _once_each(found: list[Finding]) -> list[Finding]:
    """Return each value beyond the same limit once, by the name of the first."""
    told: dict[tuple[Kind, str, Fraction], Finding] = {}
    for finding in found:
        told.setdefault((finding.kind, finding.text, finding.value), finding)
    return list(told.values())


def _library_findings(old: Program | None, new: Program, library: Library) -> list[Finding]:
    entry = library.entry(new.drug, new.concentration_ng_per_ml)
    found = entry.judge_daily_dose(min(day_doses_mcg(new)), most_in_a_day_mcg(new))
    for field, dose in bolus_doses_mcg(new).items():
        found += entry.judge_bolus(dose, field)
    found += _may_give_findings(new, entry)
    if old is not None:
        befores, afters = day_doses_mcg(old), day_doses_mcg(new)
        changes = [entry.judge_change(before, after) for before, after in zip(befores, afters, strict=True)]
        found += max(changes, key=lambda one: one[0].value if one else Fraction(0))
    return _once_each(found)


def _begin_findings(old: Program | None, new: Program, group: str, history: DoseHistory) -> list[Finding]:
    """Return the findings about a therapy that begins: for the first time, or again after a program that gave none or
    was never started."""
    doses = day_doses_mcg(new)
    if history.last is None:
        found = judge_first_dose(min(doses), max(doses))
        if history.has_given:
            text = "the pump has given something and knows of no dose: this one could not be held against it"
            found.append(Finding(Kind.SOFT, FIELD, max(doses), text))
        return found
    text = f"therapy begins with {plain(max(doses))} mcg/day after a program that gave none; tolerance may be lost"
    if old is not None and not old.delivers():
        text += ", and no bridge is made: a stopped program does not say which drug tubing and catheter hold"
    last = history.last
    text += f". Last delivered: {plain(last.mcg_per_day)} mcg/day, {_when(last)}"
    pairs = (
        (FIELD, last.mcg_per_day, sum(doses, Fraction(0)) / len(doses)),
        ("dose_mcg_in_24_h", last.most_mcg_in_day, most_by_clock_mcg(new)),
    )
    found = judge_magnitudes([Pair(*pair, "the dose last delivered") for pair in pairs])
    for field, before, after in pairs:
        if after > before and not any(one.kind is Kind.HARD for one in found):
            found += judge_titration(before, after, group, field=field)
    return [*found, Finding(Kind.SOFT, FIELD, max(doses), text)]


def _when(last: LastDose) -> str:
    """Return how long ago the last dose ended, by the pump's running time."""
    if last.ended_ago_s is None:
        return "and still given"
    return f"until {duration_text(last.ended_ago_s)} ago by the pump's running time"


def _titration_findings(
    old: Program, new: Program, group: str, hours_since_change: Fraction | None
) -> list[Finding]:
    """Return the findings day by day, since a mean hides a day that is changed much; the same finding of several days
    is reported once."""
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
    """Return what to say before a program that delivers nothing takes the place of one that does; empty for all
    others."""
    stops = not new.delivers() and old is not None and old.delivers()
    return "This ends delivery; a sudden stop means withdrawal. " if stops else ""


def _end_of_therapy(old: Program | None, new: Program) -> list[Finding]:
    """Return the finding about a change to the minimum rate, which takes a reason and is never refused. A stop takes
    none: an overdose is met with it, and whoever asks for consent says what it means."""
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
