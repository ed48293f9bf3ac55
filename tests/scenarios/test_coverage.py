"""Each promise of the design, alarm of the table and recall has a scenario, or a reason for having none."""

from __future__ import annotations

from pathlib import Path

import pytest

from thecal_fw.core.alarms import ALARM_NAMES
from thecal_hil.evidence.trace.catalogue import Catalogue, read_catalogue
from thecal_hil.scenario.coverage import Covered, coverage_of
from thecal_hil.scenario.document import Scenario
from thecal_hil.scenario.reader import read_library

REQUIREMENTS = Path(__file__).resolve().parents[2] / "docs/requirements.toml"
PROMISES = 10
LEAST_SCENARIOS = 40


@pytest.fixture(scope="module")
def library() -> dict[str, Scenario]:
    return {scenario.name: scenario for scenario in read_library()}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return read_catalogue(REQUIREMENTS)


def rows(kind: str) -> list[Covered]:
    return [row for row in coverage_of(read_library()) if row.kind == kind]


def test_the_library_holds_as_many_scenarios_as_were_promised(library: dict[str, Scenario]) -> None:
    assert len(library) >= LEAST_SCENARIOS


def test_every_scenario_of_the_table_is_in_the_library(library: dict[str, Scenario]) -> None:
    named = {name for row in coverage_of(list(library.values())) for name in row.scenarios}
    assert not named - set(library)


def test_every_promise_of_the_design_has_a_row() -> None:
    assert [row.name for row in rows("promise")] == [str(number + 1) for number in range(PROMISES)]


def test_every_alarm_has_a_scenario_that_measures_when_it_is_raised(library: dict[str, Scenario]) -> None:
    assert [row.name for row in rows("alarm")] == list(ALARM_NAMES)
    for row in rows("alarm"):
        assert row.scenarios, f"{row.name}: {row.otherwise}"


def test_an_alarm_that_no_scenario_measures_is_told_as_such(library: dict[str, Scenario]) -> None:
    without = [one for one in library.values() if one.name != "reservoir-never-filled"]
    row = next(row for row in coverage_of(without) if row.name == "reservoir volume unknown")
    assert (row.scenarios, row.otherwise) == ((), "no scenario measures when it is raised")


def test_every_recall_has_a_scenario_whose_requirements_answer_it(
    library: dict[str, Scenario], catalogue: Catalogue
) -> None:
    answers = {requirement.id: requirement.answers for requirement in catalogue.requirements}
    recalls = [number for source in catalogue.sources if source.section == "3.5" for number in source.numbers]
    assert set(recalls) <= {row.name for row in rows("lesson")}
    for row in rows("lesson"):
        for name in row.scenarios:
            answered = {number for one in library[name].all_requirements() for number in answers[one]}
            assert row.name in answered, f"{name} names no requirement that answers {row.name}"


def test_every_requirement_that_a_scenario_names_is_in_the_catalogue(
    library: dict[str, Scenario], catalogue: Catalogue
) -> None:
    known = {requirement.id for requirement in catalogue.requirements}
    for scenario in library.values():
        assert set(scenario.all_requirements()) <= known, scenario.name


def test_every_scenario_has_a_limit_that_it_could_fail(library: dict[str, Scenario]) -> None:
    for scenario in library.values():
        assert any(not check.measurement.informative for check in scenario.checks), scenario.name
