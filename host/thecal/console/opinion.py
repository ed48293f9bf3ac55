"""The library's opinion of a draft: what is wrong with it, what it would change, and each finding with its field.

Every word and every limit is the library's; here they are only put beside the fields that they are about.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from thecal.bridge import bridged
from thecal.console.draft import NUMBER_OF, Draft, Place, fields_of_draft, minute_of, value_at
from thecal.dose_history import dose_history
from thecal.drug_library import Library
from thecal.errors import BadInputError
from thecal.judgement import Finding
from thecal.prescription import WEEKDAYS, Compiled, compile_prescription
from thecal.program_review import of_library, review
from thecal.refill_dates import protection_warning
from thecal.typed import NUMBER
from thecal.words import Row, comparison

if TYPE_CHECKING:
    from thecal.dose_history import LastDose
    from thecal.status import Status
    from thecal_fw.core.program import Program

_IN_A_LIST = re.compile(r'^(pattern|bolus) "(.*?)", (?:step|bolus) (\d+): (\w+)')
_OF_A_DAY = re.compile(r'^(pattern|bolus) "(.*?)"')
_BOLUS_FIELD = re.compile(r"^bolus (\w{3}) (\d\d:\d\d) dose_mcg$")
_RATE_FIELD = re.compile(r"^(\w{3}) (\d\d:\d\d) dose_mcg_per_day$")
_DAY_FIELD = re.compile(r"^(\w{3}) dose_mcg_per_day$")
_NUMBER_HABIT = "write numbers with digits and, before decimals, a point, like 12.5"


@dataclass(frozen=True)
class Beside:
    """Something to show beside a field. place: of the field in the draft, shorter where it is about more than one."""

    place: Place
    text: str
    finding: Finding | None = None


@dataclass(frozen=True)
class Opinion:
    """compiled: None while something is wrong. remarks: in the order they were found. changes: None where the pump has
    this program already."""

    compiled: Compiled | None = None
    problems: tuple[str, ...] = ()
    remarks: tuple[Beside, ...] = ()
    findings: tuple[Finding, ...] = ()
    rows: tuple[Row, ...] = field(default=())
    is_running_already: bool = False
    warning: str = ""

    def beside(self, place: Place) -> list[Beside]:
        return [remark for remark in self.remarks if remark.place == place]

    @property
    def elsewhere(self) -> list[Beside]:
        """Return what belongs beside no single field."""
        return [remark for remark in self.remarks if not remark.place]


def opinion_of(
    draft: Draft,
    running: Program | None,
    status: Status | None,
    last: LastDose | None,
    group: str,
    library: Library | None,
    *,
    no_bridge: bool = False,
    bridge_left_s: int = 0,
) -> Opinion:
    try:
        compiled = compiled_draft(draft, library)
        program = compiled.program if no_bridge else bridged(running, compiled.program, bridge_left_s)
    except BadInputError as error:
        problems = tuple(error.problems)
        return Opinion(None, problems, tuple(_problem_beside(draft, problem) for problem in problems))
    history = dose_history(status, last) if status is not None else None
    is_same = running is not None and running.digest() == program.digest()
    try:
        findings = [] if is_same else review(running, program, group, library, history)
    except BadInputError as error:
        return Opinion(None, tuple(error.problems), tuple(Beside((), text) for text in error.problems))
    remarks = tuple(
        Beside(place_of_finding(draft, finding.field), finding.text, finding) for finding in findings
    )
    return Opinion(
        compiled,
        (),
        remarks,
        tuple(findings),
        tuple(comparison(running, program)),
        is_same,
        protection_warning(program),
    )


def compiled_draft(draft: Draft, library: Library | None) -> Compiled:
    """Return the draft as a program; raise BadInputError with everything that is wrong with it."""
    compiled = compile_prescription(fields_of_draft(draft))
    if library is None:
        return compiled
    return Compiled(of_library(compiled.program, library), compiled.pattern_names, compiled.roundings)


def _problem_beside(draft: Draft, problem: str) -> Beside:
    place = place_of_problem(draft, problem)
    value = value_at(draft, place)
    if value and re.search(r"\d", value) and not NUMBER.fullmatch(value) and " is not a number" in problem:
        problem = f"{value} is not taken for a number: {_NUMBER_HABIT}"
    return Beside(place, problem)


def place_of_problem(draft: Draft, problem: str) -> Place:
    """Return where a problem of the reader's belongs, by the name that it begins with or names; () if nowhere."""
    match = _IN_A_LIST.match(problem)
    if match is not None:
        kind, name, index, key = match[1], match[2], int(match[3]) - 1, match[4]
        entries = draft.get(kind, {}).get(name, [])
        if key == "to":
            # A step ends where the next one begins.
            key, index = "from", (index + 1) % max(1, len(entries))
        return (kind, name, entries[index][NUMBER_OF], key) if index < len(entries) else ()
    match = _OF_A_DAY.match(problem)
    if match is not None:
        return (match[1], match[2])
    return next(
        (place for name, place in _named(draft) if re.search(rf"(^|\W){re.escape(name)}\b", problem)), ()
    )


def _named(draft: Draft) -> list[tuple[str, Place]]:
    """Return every field that has a name of its own, the longest names first."""
    names: list[tuple[str, Place]] = []
    for part in ("reservoir", "limits", "patient_bolus", "periodic_bolus", "week"):
        keys = {
            "reservoir": ("capacity_ml", "low_alarm_ml", "accuracy_percent", "stability_days"),
            "limits": ("most_mcg_per_bolus", "most_mcg_per_hour", "most_mcg_per_day"),
            "week": WEEKDAYS,
        }.get(part, tuple(draft.get(part, {})))
        names += [(f"{part}.{key}", (part, key)) for key in keys]
    names += [
        (key, (key,))
        for key in (
            "concentration_mcg_per_ml",
            "dose_mcg_per_day",
            "catheter_ul",
            "patient_id",
            "drug",
            "mode",
        )
    ]
    return sorted(names, key=lambda one: -len(one[0]))


def place_of_finding(draft: Draft, name: str) -> Place:
    """Return where a finding of the review belongs, by its field."""
    match = _BOLUS_FIELD.match(name)
    if match is not None:
        pattern = draft.get("week", {}).get(match[1], "")
        for entry in draft.get("bolus", {}).get(pattern, []):
            if entry.get("at") == match[2]:
                return ("bolus", pattern, entry[NUMBER_OF], "dose_mcg")
    match = _RATE_FIELD.match(name)
    if match is not None:
        return _place_of_rate(draft, match[1], match[2])
    match = _DAY_FIELD.match(name)
    if match is not None and match[1] in WEEKDAYS:
        pattern = draft.get("week", {}).get(match[1], "")
        return ("pattern", pattern) if pattern else ("dose_mcg_per_day",)
    if name == "periodic_bolus.every_minutes":
        return ("periodic_bolus", "every_hours")
    return next((place for known, place in _named(draft) if known == name), ())


def _place_of_rate(draft: Draft, day: str, begin: str) -> Place:
    """Return the step that gives the rate of this time of day; of a program without patterns, its dose."""
    pattern = draft.get("week", {}).get(day, "")
    steps, at = draft.get("pattern", {}).get(pattern, []), minute_of(begin)
    begun = [
        step
        for step in steps
        if at is not None and (first := minute_of(step["from"])) is not None and first <= at
    ]
    if not steps:
        return ("dose_mcg_per_day",)
    step = begun[-1] if begun else steps[-1]
    return ("pattern", pattern, step[NUMBER_OF], "dose_mcg_per_day")
