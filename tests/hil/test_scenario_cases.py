"""A file with parameters is a scenario for each combination, each with a name and a seed; a quarantine has an end."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from thecal_hil.cli.command import app
from thecal_hil.scenario.as_tests import marks_of
from thecal_hil.scenario.document import Quarantine, ScenarioError
from thecal_hil.scenario.reader import argument_of, read_cases, read_scenario

FILE = """
title = "{dose} mcg a day"
purpose = "Shows a dose."
duration = "$lasts"
tags = ["doses", "quick"]

[parameters]
dose = [100.5, 211]
lasts = ["2m", "3m"]

[prescription.usual]
drug = "baclofen"
concentration_mcg_per_ml = 500
mode = "simple continuous"
dose_mcg_per_day = "$dose"

[prescription.usual.reservoir]
capacity_ml = 20
low_alarm_ml = 2

[prescription.usual.limits]
most_mcg_per_hour = 10
most_mcg_per_day = 230

[setup]
prescription = "usual"
clock_local = 2026-03-06 12:00:00
fill_ml = 18

[[course]]
at = "0s"
do = "start"

[[check]]
measure = "worst edge"
most_ticks = 1
"""
QUARANTINE = """
[quarantine]
since = 2026-12-01
until = 2026-12-20
reason = "the driver of the new board is late"
"""


def written(folder: Path, text: str = FILE) -> Path:
    path = folder / "a-dose.toml"
    path.write_text(text, encoding="utf-8")
    return path


def complaint(folder: Path, old: str, new: str) -> str:
    assert old in FILE
    with pytest.raises(ScenarioError) as found:
        read_cases(written(folder, FILE.replace(old, new)))
    return "\n".join(found.value.problems)


def test_each_combination_is_a_scenario_of_its_own(tmp_path: Path) -> None:
    cases = read_cases(written(tmp_path))
    assert [one.name for one in cases] == [
        "a-dose@dose=100.5,lasts=2m",
        "a-dose@dose=100.5,lasts=3m",
        "a-dose@dose=211,lasts=2m",
        "a-dose@dose=211,lasts=3m",
    ]
    assert [one.title for one in cases[::2]] == ["100.5 mcg a day", "211 mcg a day"]
    assert [one.duration_ns // 60_000_000_000 for one in cases] == [2, 3, 2, 3]
    assert len({one.seed for one in cases}) == 4


def test_a_case_keeps_its_seed_whatever_other_cases_there_are(tmp_path: Path) -> None:
    before = {one.case: one.seed for one in read_cases(written(tmp_path))}
    after = {
        one.case: one.seed for one in read_cases(written(tmp_path, FILE.replace("[100.5, 211]", "[50, 211]")))
    }
    shared = before.keys() & after.keys()
    assert len(shared) == 2
    assert {case: before[case] for case in shared} == {case: after[case] for case in shared}


def test_a_range_has_both_its_ends(tmp_path: Path) -> None:
    text = FILE.replace("[100.5, 211]", "{ from = 50, to = 51, step = 0.25 }")
    doses = [one.case.split(",")[0] for one in read_cases(written(tmp_path, text))[::2]]
    assert doses == ["dose=50", "dose=50.25", "dose=50.5", "dose=50.75", "dose=51"]


def test_a_file_without_parameters_is_one_scenario(tmp_path: Path) -> None:
    (one,) = read_cases(Path(__file__).parents[2] / "hil/thecal_hil/scenario/library/a-start-taken-back.toml")
    assert (one.name, one.case, one.seed) == ("a-start-taken-back", "", None)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"{dose} mcg', '"{dosis} mcg', "{dosis} is no parameter; known here: dose, lasts, seed"),
        ('lasts = ["2m", "3m"]', 'lasts = ["2m", "3m"]\nmore = [1]', "parameters.more is used by nothing"),
        ("[100.5, 211]", "[]", "parameters.dose is no list of values that differ"),
        ("[100.5, 211]", "[211, 211]", "parameters.dose is no list of values that differ"),
        ("[100.5, 211]", '["../x"]', "parameters.dose = '../x': a value is"),
        ("[100.5, 211]", "{ from = 5, to = 1, step = 1 }", "lies behind"),
        ("[100.5, 211]", "{ from = 1, to = 5, step = 1, by = 2 }", "parameters.dose.by is not known"),
        ("[100.5, 211]", "{ from = 1, to = 5000, step = 1 }", "1,000 is the most"),
        ("[100.5, 211]", "[100.5, 5000]", "a-dose.toml@dose=5000,lasts=2m: prescription.usual"),
        ('tags = ["doses", "quick"]', 'tags = ["All Doses"]', "small letters"),
    ],
)
def test_what_is_wrong_with_parameters_is_told(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert said in complaint(tmp_path, old, new)


def test_a_case_is_run_by_its_name_and_all_cases_by_the_files(tmp_path: Path) -> None:
    path = written(tmp_path)
    case = read_scenario(path, "dose=211,lasts=2m")
    assert argument_of(case) == f"{path}@dose=211,lasts=2m"
    one = CliRunner().invoke(app, ["run", argument_of(case), "--out", str(tmp_path)])
    assert one.exit_code == 0, one.output
    assert "1 passed" in one.output
    every = CliRunner().invoke(app, ["run", str(path), "--out", str(tmp_path), "--jobs", "2"])
    assert "4 passed" in every.output
    assert "a-dose@dose=100.5,lasts=3m[model]" in every.output
    unknown = CliRunner().invoke(app, ["run", f"{path}@dose=1"])
    assert unknown.exit_code == 2
    assert "has no case dose=1; it has: dose=100.5,lasts=2m" in unknown.stderr


def test_only_those_with_a_tag_are_run(tmp_path: Path) -> None:
    path = str(written(tmp_path))
    names = ["a-start-taken-back", path]
    ran = CliRunner().invoke(app, ["run", *names, "--tag", "doses", "--out", str(tmp_path)])
    assert "4 passed" in ran.output
    none = CliRunner().invoke(app, ["run", *names, "--tag", "dose"])
    assert none.exit_code == 2
    assert "there are: doses, quick" in none.stderr


def test_a_failure_in_quarantine_is_told_and_does_not_count_until_its_last_day(
    tmp_path: Path, monkeypatch
) -> None:
    failing = FILE.replace("most_ticks = 1", "least_ticks = 100").replace("[100.5, 211]", "[211]")
    path = written(tmp_path, failing.replace('["2m", "3m"]', '["2m"]') + QUARANTINE)

    class Today(date):
        day_of_test = date(2026, 12, 20)

        @classmethod
        def today(cls) -> date:
            return cls.day_of_test

    for module in ("thecal_hil.scenario.campaign.date", "thecal_hil.scenario.as_tests.date"):
        monkeypatch.setattr(module, Today)
    ran = CliRunner().invoke(app, ["run", str(path), "--out", str(tmp_path)])
    assert ran.exit_code == 0, ran.output
    assert "1 failed, 1 of them excused" in ran.output
    assert "the driver of the new board is late" in ran.output
    assert "xfail" in {mark.name for mark in marks_of(read_cases(path)[0])}
    Today.day_of_test = date(2026, 12, 21)
    assert CliRunner().invoke(app, ["run", str(path), "--out", str(tmp_path)]).exit_code == 1
    assert "xfail" not in {mark.name for mark in marks_of(read_cases(path)[0])}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("until = 2026-12-20", "until = 2027-12-20", "within 90 days"),
        ("until = 2026-12-20", "until = 2026-11-20", "within 90 days"),
        ("since = 2026-12-01", 'since = "2026-12-01"', "a day without quotes"),
        ('reason = "the driver of the new board is late"', "", "reason is missing"),
    ],
)
def test_a_quarantine_has_days_and_a_reason(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(ScenarioError, match=said):
        read_cases(written(tmp_path, FILE + QUARANTINE.replace(old, new)))


def test_a_quarantine_excuses_from_its_first_day_to_its_last() -> None:
    quarantine = Quarantine(date(2026, 12, 1), date(2026, 12, 20), "why")
    days = [date(2026, 11, 30), date(2026, 12, 1), date(2026, 12, 20), date(2026, 12, 21)]
    assert [quarantine.excuses(day) for day in days] == [False, True, True, False]
