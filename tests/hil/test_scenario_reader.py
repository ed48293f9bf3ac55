"""A scenario file is read strictly: what is wrong is reported with file, field, value and what is allowed, all at
once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thecal.durations import LONGEST_NS, duration_ns, duration_text
from thecal_hil.scenario.document import ScenarioError
from thecal_hil.scenario.reader import read_scenario

GOOD = """
title = "An hour"
purpose = "Shows an hour."
requirements = ["pulse-timing"]
duration = "1h"

[prescription.usual]
file = "simple_continuous.toml"

[setup]
prescription = "usual"
clock_local = 2026-03-06 12:00:00
fill_ml = 18

[[course]]
at = "0s"
do = "start"

[[course]]
at = "30m"
do = "bolus"
kind = "clinician"
dose_mcg = 2.5
over = "2m"
refused_with = "limit"

[[check]]
measure = "worst edge"
most_ticks = 1
requirements = ["half-a-tick"]

[[check]]
measure = "rate told"
at = "10m"
exactly_ul_per_day = 423.8
"""


def problems(folder: Path, text: str, name: str = "an-hour.toml") -> list[str]:
    (folder / name).write_text(text, encoding="utf-8")
    try:
        read_scenario(folder / name)
    except ScenarioError as error:
        return error.problems
    return []


def test_a_scenario_is_read_with_its_units_requirements_and_needs(tmp_path: Path) -> None:
    (tmp_path / "an-hour.toml").write_text(GOOD, encoding="utf-8")
    scenario = read_scenario(tmp_path / "an-hour.toml")
    assert (scenario.name, scenario.duration_ns) == ("an-hour", 3_600_000_000_000)
    assert scenario.setup.fill_nl == 18_000_000
    assert [step.do for step in scenario.course] == ["start", "bolus"]
    assert scenario.course[1].refused_with == "limit"
    edge, rate = (check.measurement for check in scenario.checks)
    assert (edge.key, edge.unit, edge.least, edge.most) == ("worst_edge", "ticks", None, 1)
    assert (rate.least, rate.most) == (423.8, 423.8)
    assert scenario.all_requirements() == ("pulse-timing", "half-a-tick")
    assert scenario.needs == {"exact edges"}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('title = "An hour"\n', "", "an-hour.toml: title is missing"),
        ('duration = "1h"', 'duration = "1 hour"', "duration = '1 hour', allowed: a duration such as"),
        ('duration = "1h"', 'durations = "1h"', "durations is not known; did you mean duration?"),
        ("fill_ml = 18", "fill_ml = 41", "setup.fill_ml = 41, allowed 0 to 40"),
        ("fill_ml = 18", "fill_ul = 18", "setup.fill_ul is not known; did you mean fill_ml?"),
        ("12:00:00\n", "12:00:00Z\n", "allowed: whole seconds of local time without quotes or zone"),
        ('file = "simple', 'file = "double', "double_continuous.toml' is neither beside the scenario nor in"),
        ('do = "start"', 'do = "begin"', "course 1: do = 'begin', allowed: \"start\""),
        ('at = "30m"', 'at = "2h"', "course 2: at = '2h' lies behind the end, duration = '1h'"),
        ('at = "0s"', 'at = "40m"', "course 2: at = '30m' lies before the step above it, at '40m'"),
        ("dose_mcg = 2.5", "dose_mg = 2.5", "course 2: dose_mg is not known; did you mean dose_mcg?"),
        ('kind = "clinician"', 'kind = "nurse"', "course 2: kind = 'nurse', allowed:"),
        ("most_ticks = 1", "most_ms = 1", "check 1: most_ms is not known; did you mean most_ticks?"),
        ("most_ticks = 1", 'most_ticks = "1"', "check 1: most_ticks = '1' is not a number"),
        ('measure = "rate told"', 'measure = "rates"', "check 2: measure = 'rates', allowed:"),
        ('at = "10m"', 'at = "61m"', "check 2: at = '1h1m' lies behind the end, duration = '1h'"),
        ('requirements = ["half-a-tick"]', 'requirements = ["Half"]', "'Half' is no id"),
        ('requirements = ["pulse', 'needs = ["magic"]\nrequirements = ["pulse', "needs = 'magic', allowed:"),
        (
            'requirements = ["pulse',
            'expects = ["luck"]\nrequirements = ["pulse',
            "expects = 'luck', allowed:",
        ),
        ('prescription = "usual"', 'prescription = "odd"', "setup.prescription = 'odd', allowed: \"usual\""),
        (
            'at = "30m"',
            'at = "30m"\nagain_every = "1m"',
            "again_every: give a time above 0, and last, by when",
        ),
        (
            "day = 423.8",
            'day = 423.8\nkey = "worst_edge"',
            "check 2: key = 'worst_edge' names another figure",
        ),
        (
            'requirements = ["pulse',
            'alarms = ["a fire"]\nrequirements = ["pulse',
            "alarms = 'a fire', allowed:",
        ),
    ],
)
def test_each_fault_is_told_with_its_field_its_value_and_what_is_allowed(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    assert old in GOOD
    found = problems(tmp_path, GOOD.replace(old, new, 1))
    assert any(told in problem for problem in found), found
    assert all(problem.startswith("an-hour.toml: ") for problem in found)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('duration = "1h"', 'duration = "4 minutes"', "duration = '4 minutes', allowed: a duration"),
        ('duration = "1h"\n', "", "duration is missing"),
        ('at = "30m"', 'at = "half an hour"', "course 2: at = 'half an hour', allowed: a duration"),
        ('at = "30m"', "at = 30", "course 2: at = 30, allowed: a duration"),
        ('do = "bolus"', 'do = "bolos"', "course 2: do = 'bolos', allowed:"),
        ('measure = "rate told"', 'measure = "rates"', "check 2: measure = 'rates', allowed:"),
        ('at = "10m"', 'at = "ten"', "check 2: at = 'ten', allowed: a duration"),
        ('prescription = "usual"', 'prescription = "odd"', "setup.prescription = 'odd', allowed:"),
        ('file = "simple', 'file = "double', "is neither beside the scenario nor in"),
    ],
)
def test_one_fault_is_told_once_and_nothing_is_concluded_from_it(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    assert old in GOOD
    (found,) = problems(
        tmp_path, GOOD.replace(old, new, 1).replace('[[course]]\nat = "0s"', '[[course]]\nat = "1m"')
    )
    assert told in found


@pytest.mark.parametrize("limit", ["most_ticks = true", "most_metres = 1"])
def test_a_limit_that_can_not_be_read_is_not_told_as_one_that_is_not_there(
    tmp_path: Path, limit: str
) -> None:
    only = GOOD[: GOOD.index("[[check]]")] + f'[[check]]\nmeasure = "worst edge"\n{limit}\n'
    assert not [one for one in problems(tmp_path, only) if "none has a limit" in one]


NOTHING_COUNTED = 'measure = "pulses"\nexactly_pulses = 0\n'


@pytest.mark.requirement("gate")
@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("most_ticks = 1", 'most_ticks = 1\nuntil = "0s"', "has to lie after the window's beginning, '0s'"),
        ("most_ticks = 1\n", "", "is to be evidence for half-a-tick, and has no limit; give least_"),
        ("most_ticks = 1", "least_ticks = 2\nmost_ticks = 1", "nothing is at least 2 and at most 1"),
        (
            'duration = "1h"',
            'duration = "1h"\nideal_until = "0s"',
            "ideal_until = '0s' has to lie after the zero",
        ),
        (
            'duration = "1h"',
            'duration = "1h"\nideal_until = "2h"',
            "and no later than the end, duration = '1h'",
        ),
        (
            "most_ticks = 1",
            f'most_ticks = 1\n\n[[check]]\n{NOTHING_COUNTED}begins = "20m"\nuntil = "10m"',
            "check 2: until = '10m' has to lie after the window's beginning, '20m'",
        ),
        (
            "most_ticks = 1",
            f'most_ticks = 1\n\n[[check]]\n{NOTHING_COUNTED}begins = "1h"',
            "check 2: begins = '1h' lies behind the end",
        ),
        (
            'measure = "worst edge"\nmost_ticks = 1',
            'measure = "unintended bolus"\nafter = "1h"\nmost_ul = 1',
            "check 1: after = '1h' lies behind the end",
        ),
    ],
)
def test_a_check_that_could_never_fail_is_refused(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in GOOD
    found = problems(tmp_path, GOOD.replace(old, new, 1))
    assert any(told in problem for problem in found), found


def test_a_check_beyond_what_is_held_against_the_prescription_is_refused(tmp_path: Path) -> None:
    text = GOOD.replace('duration = "1h"', 'duration = "1h"\nideal_until = "5m"')
    found = problems(tmp_path, text.replace("most_ticks = 1", 'most_ticks = 1\nuntil = "10m"'))
    assert found == [
        "an-hour.toml: check 1: until = '10m' lies behind ideal_until = '5m', so that far nothing is held against"
        " the prescription"
    ]


@pytest.mark.parametrize("checks", ["", '[[check]]\nmeasure = "pulses"\n'])
def test_a_scenario_in_which_nothing_has_a_limit_is_refused(tmp_path: Path, checks: str) -> None:
    text = GOOD[: GOOD.index("[[check]]")]
    text = text + checks if checks else "check = []\n" + text
    assert "none has a limit, so nothing could fail" in problems(tmp_path, text)[0]


def test_all_faults_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace('do = "start"', 'do = "begin"').replace("fill_ml = 18", "fill_ml = -1")
    assert len(problems(tmp_path, text.replace("most_ticks", "most_inches"))) == 3


def test_a_prescription_that_nothing_is_to_refuse_has_to_compile(tmp_path: Path) -> None:
    inline = 'mode = "simple continuous"\ndrug = "baclofen"\nconcentration_mcg_per_ml = 9000\n'
    found = problems(tmp_path, GOOD.replace('file = "simple_continuous.toml"\n', inline))
    assert any(
        "prescription.usual: concentration_mcg_per_ml = 9000, allowed 1 to 4000" in one for one in found
    )


def test_a_file_that_is_no_toml_or_is_not_there_is_told_as_such(tmp_path: Path) -> None:
    assert "is not valid TOML" in problems(tmp_path, "title = ")[0]
    with pytest.raises(ScenarioError, match="can't be read"):
        read_scenario(tmp_path / "nothing.toml")


@settings(deadline=None, derandomize=True, database=None)
@given(st.integers(0, LONGEST_NS // 1_000_000))
def test_a_duration_is_read_back_as_it_is_told(ms: int) -> None:
    assert duration_ns(duration_text(ms * 1_000_000)) == ms * 1_000_000
