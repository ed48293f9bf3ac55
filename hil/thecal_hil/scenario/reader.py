"""Reads scenario files, strictly.

Promises: everything wrong with a file is reported at once, each line with the file, the field, its value and what is
allowed; a file that reads can be carried out: its prescriptions compile, its names are known, its steps are in order,
and each figure is declared with its unit and its limits before anything is run.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

from thecal.durations import LONGEST_NS, duration_text
from thecal.errors import BadInputError
from thecal.table import Table
from thecal.toml_file import read_toml
from thecal_fw.core.alarms import ALARM_NAMES
from thecal_hil.contract import gate
from thecal_hil.contract.faults import Fault
from thecal_hil.contract.rig import Capability
from thecal_hil.evidence.measurements import Measurement
from thecal_hil.scenario.actions import ACTIONS
from thecal_hil.scenario.cases import Case, cases_of, filled
from thecal_hil.scenario.check_faults import LIMITS, judge_limits, judge_window, lies_behind
from thecal_hil.scenario.document import (
    Check,
    PlantWanted,
    Prescribed,
    Quarantine,
    Scenario,
    ScenarioError,
    Setup,
    Step,
)
from thecal_hil.scenario.measures import MEASURES, Measure
from thecal_hil.scenario.params import Given, read_given
from thecal_sim.units import NL_PER_ML

LIBRARY = Path(__file__).parent / "library"
EXAMPLES = Path(__file__).parent / "examples"
"""In a checkout a link to the users' examples, in an installed package a copy that the wheel brought."""
_REQUIREMENT = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_MOST_LIMIT = Fraction(10**9)
_USUAL_OFFSET_MIN = 60
_LONGEST_QUARANTINE = timedelta(days=90)
"""Longer, nobody means to mend it."""


def library_files() -> list[Path]:
    """Return the scenarios of the library, in order of their names."""
    return sorted(LIBRARY.glob("*.toml"))


def scenario_named(name: str) -> list[Scenario]:
    """Return the scenarios that a command line names: of the library or a file, all its cases or the one after an @.

    Raise ScenarioError with all that is wrong with the file.
    """
    file, _, case = name.partition("@")
    path = Path(file) if file.endswith(".toml") else LIBRARY / f"{file}.toml"
    if not path.is_file():
        known = "" if file.endswith(".toml") else "; `thecal-hil list` shows those there are"
        raise ScenarioError([f"there is no scenario {file}{known}"])
    found = read_cases(path)
    if not case:
        return found
    if one := [scenario for scenario in found if scenario.case == case]:
        return one
    cases = ", ".join(scenario.case for scenario in found if scenario.case) or "none"
    raise ScenarioError([f"{path.name} has no case {case}; it has: {cases}"])


def argument_of(scenario: Scenario) -> str:
    """Return what names a scenario on a command line: of the library its name, of any other file its path as it was
    given."""
    if scenario.path.parent == LIBRARY:
        return shlex.quote(scenario.name)
    return shlex.quote(f"{scenario.path}@{scenario.case}" if scenario.case else str(scenario.path))


def read_scenario(path: Path, case: str = "") -> Scenario:
    """Return one scenario, or one case of a file with parameters; raise ScenarioError with all that is wrong."""
    found = [scenario for scenario in read_cases(path) if scenario.case == case]
    if not found:
        raise ScenarioError(
            [f"{path.name} has parameters: name a case, as {path.stem}@{read_cases(path)[0].case}"]
        )
    return found[0]


def read_cases(path: Path) -> list[Scenario]:
    """Return the scenarios of a file: one, or one for each case of its parameters. Raise ScenarioError as above."""
    try:
        content = read_toml(path)
    except BadInputError as error:
        raise ScenarioError(
            [problem.replace(str(path), path.name, 1) for problem in error.problems]
        ) from error
    fields = Table(content)
    cases = cases_of(path.stem, fields)
    contents = [(case, filled(content, case, fields)) for case in cases]
    if problems := list(dict.fromkeys(fields.found())):
        raise ScenarioError([f"{path.name}: {problem}" for problem in problems])
    if not cases:
        return [_Reader(path, content, None).read()]
    return [_Reader(path, of_case, case).read() for case, of_case in contents]


def read_library() -> list[Scenario]:
    """Return the whole library; raise ScenarioError with all that is wrong with any file of it."""
    scenarios: list[Scenario] = []
    problems: list[str] = []
    for path in library_files():
        try:
            scenarios += read_cases(path)
        except ScenarioError as error:
            problems += error.problems
    if problems:
        raise ScenarioError(problems)
    return scenarios


class _Reader:
    """One file."""

    def __init__(self, path: Path, content: dict[str, Any], case: Case | None) -> None:
        self._path = path
        self._case = case
        self._fields = Table(content)
        self._says_what_it_uses = True
        """Unless a field that may name a prescription can't be read."""

    def read(self) -> Scenario:
        fields = self._fields
        if not _NAME.fullmatch(self._path.stem):
            fields.complain("the file's name is to be small letters, digits and single hyphens")
        title = fields.prose("title", "what is shown, in one sentence")
        purpose = fields.prose("purpose", "one or two sentences")
        requirements = self._requirements(fields)
        declared_needs = fields.words("needs", (*Capability, *Fault))
        expects = fields.words("expects", gate.EXPECTABLE)
        # Where the end can't be read nothing lies behind it: one fault is reported once.
        duration_ns = fields.duration("duration") or LONGEST_NS + 1
        ideal_until_ns = self._ideal_until(duration_ns)
        is_long = fields.flag("long")
        alarms = fields.words("alarms", ALARM_NAMES)
        tags = self._tags(fields)
        quarantine = self._quarantine(fields)
        prescriptions = dict(self._prescriptions())
        # By their names: of one whose content is wrong that alone is reported.
        names = tuple(content) if isinstance(content := fields.peek("prescription"), dict) else ()
        setup = self._setup(names)
        course = tuple(self._course(names, duration_ns))
        has_checks, faults_before = fields.has("check"), len(fields.problems())
        checks = tuple(self._checks(names, duration_ns, ideal_until_ns))
        self._judge_prescriptions(prescriptions, setup, course)
        are_read = len(fields.problems()) == faults_before
        if has_checks and are_read and all(check.measurement.informative for check in checks):
            fields.complain(
                "check: none has a limit, so nothing could fail; give one least_, most_ or exactly_"
            )
        problems = fields.problems()
        if problems:
            case = "" if self._case is None else f"@{self._case.name}"
            raise ScenarioError([f"{self._path.name}{case}: {problem}" for problem in problems])
        needs = {*declared_needs}
        if setup.plant is not None:
            needs.add(Capability.PLANT)
        for step in course:
            needs |= ACTIONS[step.do].needs(step.given)
        for check in checks:
            needs |= MEASURES[check.measure].needs
        return Scenario(
            self._path.stem if self._case is None else f"{self._path.stem}@{self._case.name}",
            self._path,
            title or "",
            purpose or "",
            requirements,
            frozenset(str(need) for need in needs),
            expects,
            prescriptions,
            setup,
            course,
            checks,
            duration_ns,
            ideal_until_ns,
            is_long,
            alarms,
            tags,
            quarantine,
            "" if self._case is None else self._case.name,
            None if self._case is None else self._case.seed,
        )

    def _requirements(self, fields: Table) -> tuple[str, ...]:
        ids = fields.words("requirements")
        for one in ids:
            if not _REQUIREMENT.fullmatch(one):
                fields.complain(f"{fields.name('requirements')} = {one!r} is no id of docs/requirements.toml")
        return ids

    def _tags(self, fields: Table) -> tuple[str, ...]:
        tags = fields.words("tags")
        for one in tags:
            if not _NAME.fullmatch(one):
                fields.complain(f"{fields.name('tags')} = {one!r}: small letters, digits and single hyphens")
        return tags

    def _quarantine(self, fields: Table) -> Quarantine | None:
        if not fields.has("quarantine") or (part := fields.part("quarantine")) is None:
            return None
        since, until = (self._day(part, key) for key in ("since", "until"))
        reason = part.sentence("reason", "why its failure is excused")
        if since is None or until is None or reason is None:
            return None
        if not since <= until <= since + _LONGEST_QUARANTINE:
            part.complain(
                f"{part.name('until')} = {until} has to lie within {_LONGEST_QUARANTINE.days} days of since = {since}"
            )
        return Quarantine(since, until, reason)

    def _day(self, part: Table, key: str) -> date | None:
        value = part.value(key, "a day such as 2026-12-03")
        if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
            return value
        part.complain(f"{part.name(key)} = {value!s}, allowed: a day without quotes, such as 2026-12-03")
        return None

    def _ideal_until(self, duration_ns: int) -> int | None:
        if not self._fields.has("ideal_until"):
            return None
        ideal_until_ns = self._fields.duration("ideal_until")
        if ideal_until_ns is not None and not 0 < ideal_until_ns <= duration_ns:
            self._fields.complain(
                f"ideal_until = {duration_text(ideal_until_ns)!r} has to lie after the zero and no later than the end,"
                f" duration = {duration_text(duration_ns)!r}"
            )
        return ideal_until_ns

    # --- prescriptions and set-up

    def _prescriptions(self) -> Iterator[tuple[str, Prescribed]]:
        for name, table in self._fields.raw("prescription").items():
            if not isinstance(table, dict):
                self._fields.complain(
                    f"prescription.{name} = {table!r}: write [prescription.{name}] before its fields"
                )
            elif "file" in table:
                content = self._prescription_file(name, table)
                if content is not None:
                    yield name, Prescribed(name, content)
            else:
                yield name, Prescribed(name, table)

    def _prescription_file(self, name: str, table: dict[str, Any]) -> dict[str, Any] | None:
        fields = self._fields
        if set(table) != {"file"} or not isinstance(table["file"], str):
            fields.complain(
                f"prescription.{name}: beside file, which is the name of a file, nothing is known here"
            )
            return None
        places = (self._path.parent / table["file"], EXAMPLES / table["file"])
        for place in places:
            if place.is_file():
                try:
                    return read_toml(place)
                except BadInputError as error:
                    fields.complain(f"prescription.{name}.file: {error}")
                    return None
        fields.complain(
            f"prescription.{name}.file = {table['file']!r} is neither beside the scenario nor in {EXAMPLES}"
        )
        return None

    def _setup(self, prescriptions: Collection[str]) -> Setup:
        part = self._fields.part("setup")
        if part is None:
            self._says_what_it_uses = False
            return Setup(None, None, _USUAL_OFFSET_MIN, None)
        prescription = None
        if part.has("prescription"):
            prescription = part.word("prescription", prescriptions)
            self._says_what_it_uses &= prescription is not None
        clock = part.local_time("clock_local") if part.has("clock_local") else None
        offset_min = part.whole("utc_offset_min", -840, 840) if part.has("utc_offset_min") else None
        fill_ml = part.number("fill_ml", Fraction(0), Fraction(40)) if part.has("fill_ml") else None
        plant = None
        if part.has("plant") and (of_plant := part.part("plant")) is not None:
            delivers = of_plant.number("delivers_percent", Fraction(50), Fraction(150))
            plant = PlantWanted(delivers or Fraction(100), of_plant.flag("wears"))
        return Setup(
            prescription,
            clock,
            _USUAL_OFFSET_MIN if offset_min is None else offset_min,
            None if fill_ml is None else round(fill_ml * NL_PER_ML),
            plant,
        )

    def _judge_prescriptions(
        self, prescriptions: dict[str, Prescribed], setup: Setup, course: tuple[Step, ...]
    ) -> None:
        """Judge the prescriptions: those that are to be refused may have faults; all others have to compile."""
        to_be_refused = {step.given.get("prescription") for step in course if step.refused_with is not None}
        used = {setup.prescription} | {step.given.get("prescription") for step in course}
        for name, prescribed in prescriptions.items():
            if name not in used and self._says_what_it_uses:
                self._fields.complain(f"prescription.{name} is used by nothing; remove it")
            if name not in to_be_refused or name == setup.prescription:
                for fault in prescribed.faults():
                    self._fields.complain(f"prescription.{name}: {fault}")

    # --- course

    def _course(self, prescriptions: Collection[str], duration_ns: int) -> Iterator[Step]:
        latest_ns = 0
        for entry in self._fields.entries("course"):
            at_ns = entry.duration("at")
            do = entry.word("do", ACTIONS)
            if at_ns is None:
                at_ns = latest_ns
            if at_ns < latest_ns:
                entry.complain(
                    f"{entry.name('at')} = {duration_text(at_ns)!r} lies before the step above it,"
                    f" at {duration_text(latest_ns)!r}; put steps in order"
                )
            if at_ns > duration_ns:
                lies_behind(entry, "at", at_ns, duration_ns)
            latest_ns = max(latest_ns, at_ns)
            if do is None:
                self._says_what_it_uses = False
                entry.take_the_rest_as_it_is()
                continue
            action = ACTIONS[do]
            given = read_given(action.params, entry)
            refused_with = None
            if action.asks and entry.has("refused_with"):
                refused_with = entry.sentence("refused_with", "words of the refusal")
            self._must_be_prescribed(entry, given, prescriptions)
            every_ns = entry.duration("again_every") if entry.has("again_every") else None
            last_ns = (entry.duration("last") or 0) if every_ns else at_ns
            if every_ns is not None and not (every_ns and at_ns < last_ns <= duration_ns):
                entry.complain(
                    f"{entry.name('again_every')}: give a time above 0, and last, by when it is done last"
                )
                every_ns = None
            for again_ns in range(at_ns, last_ns + 1, every_ns) if every_ns else (at_ns,):
                yield Step(again_ns, do, given, refused_with)

    def _must_be_prescribed(self, entry: Table, given: Given, prescriptions: Collection[str]) -> None:
        name = given.get("prescription")
        self._says_what_it_uses &= "prescription" not in given or name in prescriptions
        if name is not None and name not in prescriptions:
            allowed = ", ".join(f'"{known}"' for known in prescriptions) or "none is given"
            entry.complain(f"{entry.name('prescription')} = {name!r}, allowed: {allowed}")

    # --- checks

    def _checks(
        self, prescriptions: Collection[str], duration_ns: int, ideal_until_ns: int | None
    ) -> Iterator[Check]:
        keys: set[str] = set()
        for entry in self._fields.entries("check"):
            name = entry.word("measure", MEASURES)
            if name is None:
                entry.take_the_rest_as_it_is()
                continue
            measure = MEASURES[name]
            given = read_given(measure.params, entry)
            self._must_be_prescribed(entry, given, prescriptions)
            judge_window(entry, measure, given, duration_ns, ideal_until_ns)
            measurement = self._measurement(entry, name, measure, given, keys)
            keys.add(measurement.key)
            yield Check(name, given, measurement)

    def _measurement(
        self, entry: Table, name: str, measure: Measure, given: Given, keys: set[str]
    ) -> Measurement:
        limits = {
            kind: entry.number(key, -_MOST_LIMIT, _MOST_LIMIT)
            for kind in LIMITS
            if entry.has(key := f"{kind}_{measure.unit_key}")
        }
        if "exactly" in limits:
            if len(limits) > 1:
                entry.complain(f"{entry.name(name)}: give exactly_{measure.unit_key} alone")
            limits = {"least": limits["exactly"], "most": limits["exactly"]}
        requirements = self._requirements(entry)
        judge_limits(entry, name, measure, limits, requirements)
        title = entry.prose("title", "what is measured") if entry.has("title") else None
        key = entry.sentence("key", "what names the figure in results") if entry.has("key") else None
        if key in keys:
            entry.complain(f"{entry.name('key')} = {key!r} names another figure as well")
        return Measurement(
            key=key or _key(name, keys),
            title=title or measure.text(given),
            unit=measure.unit,
            least=_float(limits.get("least")),
            most=_float(limits.get("most")),
            requirements=requirements,
        )


def _key(name: str, keys: set[str]) -> str:
    """Return the key that names a figure within its scenario."""
    stem = name.replace(" ", "_")
    number = 1
    while (key := stem if number == 1 else f"{stem}_{number}") in keys:
        number += 1
    return key


def _float(value: Fraction | None) -> float | None:
    return None if value is None else float(value)
