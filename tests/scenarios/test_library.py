"""Every scenario of the library, on every rig: a sample on the emulated board each time, all of them in a campaign."""

from __future__ import annotations

import pytest

from thecal_hil.contract.rig import Rig
from thecal_hil.scenario.as_tests import as_params, must_pass
from thecal_hil.scenario.document import Scenario
from thecal_hil.scenario.reader import read_library

ON_PICO_EACH_TIME = (
    "a-rate-step-on-its-minute",
    "programs-change-while-delivering",
    "a-power-cut-at-a-rate-step",
    "a-host-dies-while-programming",
    "requests-damaged",
)


@pytest.mark.parametrize("scenario", as_params(read_library(), ON_PICO_EACH_TIME))
def test_a_scenario_of_the_library_holds(rig: Rig, scenario: Scenario) -> None:
    must_pass(scenario, rig)
