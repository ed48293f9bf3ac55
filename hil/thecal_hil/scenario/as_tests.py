"""Scenarios as tests of pytest: each a parameter with the marks that the plugin goes by.

Promises: a scenario is skipped, with the reason, on a rig that lacks what it needs; its requirements are marked as
those of any test are; one that takes long is part of a campaign, and so is one on a rig for which it was not chosen.

    @pytest.mark.parametrize("scenario", as_params(read_library()))
    def test_a_scenario_of_the_library_holds(rig: Rig, scenario: Scenario) -> None:
        must_pass(scenario, rig)
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any

import pytest

from thecal_hil.contract.rig import Rig
from thecal_hil.scenario.document import Scenario
from thecal_hil.scenario.record import ScenarioRecord, Status
from thecal_hil.scenario.runner import run
from thecal_hil.scenario.telling import what_is_wrong


def as_params(scenarios: Iterable[Scenario], on_pico: Collection[str] | None = None) -> list[Any]:
    """Return the scenarios as parameters. on_pico: the names of those that every run of the tests tries on the
    emulated board; all, if left out."""
    found = []
    for scenario in scenarios:
        marks = marks_of(scenario)
        if on_pico is not None and scenario.name not in on_pico:
            marks.append(pytest.mark.campaign_on("pico"))
        found.append(pytest.param(scenario, id=scenario.name, marks=marks))
    return found


def marks_of(scenario: Scenario) -> list[pytest.MarkDecorator]:
    """Return what the plugin has to know of a scenario."""
    marks = [pytest.mark.needs(*sorted(scenario.needs)), pytest.mark.expects(*scenario.expects)]
    if requirements := scenario.all_requirements():
        marks.append(pytest.mark.requirement(*requirements))
    if scenario.quarantine is not None and scenario.quarantine.excuses(date.today()):
        marks.append(pytest.mark.xfail(reason=scenario.quarantine.told(), strict=False))
    if scenario.is_long:
        marks.append(pytest.mark.campaign)
    return marks


def must_pass(scenario: Scenario, rig: Rig) -> ScenarioRecord:
    """Carry out a scenario; AssertionError with all that is wrong unless it passes."""
    record = run(scenario, rig)
    assert record.status is Status.PASSED, "\n".join(what_is_wrong(record))
    return record
