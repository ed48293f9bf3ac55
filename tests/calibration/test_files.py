"""The files of a calibration: the table of runs in any spreadsheet's way, the sheet, the record."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from calibration.bench import CHECKED, runs
from thecal.calibration.estimate import estimate
from thecal.calibration.judging import findings_of
from thecal.calibration.plan import plan_of
from thecal.calibration.record import read_calibration_record, record_of
from thecal.calibration.run_file import read_runs
from thecal.calibration.sheet import Procedure, Sheet, read_sheet
from thecal.calibration.verification import verified
from thecal.errors import BadInputError

SHEET = "[about]\n[room]\ncelsius = 21\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "runs.csv"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("turns,time (s),mass (g)\n20,600,0.9543\n0,600,-0.0021\n", id="plain"),
        pytest.param(
            "\ufeffmass [mg];turns;time (min)\n954,3;20;10\n-2,1;0;10,0\n", id="mark, decimal commas"
        ),
        pytest.param(
            "# mine\nrun\tturns\ttime_s\tmass_g\n\n1\t20\t600\t0.9543\n2\t0\t600\t-0.0021\n", id="tabs"
        ),
        pytest.param(
            "turns,minutes,before (g),after (g)\n20,10,3.0000,3.9543\n0,10,3.0000,2.9979\n", id="both"
        ),
        pytest.param(
            "microsteps;time (h);weight (kg)\n64000;0,1666667;0,0009543\n0;0,1666667;-0,0000021\n", id="steps"
        ),
    ],
)
def test_every_way_of_writing_the_same_runs_down_is_read(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8", newline="\r\n" if "# mine" in text else "\n")
    table = read_runs(file, 3_200)
    assert [run.turns for run in table.runs] == [20, 0]
    assert [run.seconds for run in table.runs] == pytest.approx([600, 600], rel=1e-6)
    assert [run.amount for run in table.runs] == pytest.approx([0.9543, -0.0021], abs=1e-9)
    assert table.runs[0].turns_per_min == pytest.approx(2.0, rel=1e-6)
    assert not table.reads_volume


def test_a_rate_a_direction_a_temperature_and_volumes_are_read(file: Path) -> None:
    file.write_text(
        "turns,time (s),rate (rpm),dir,temp (C),volume (mL)\n20,1200,2,rev,23.5,-0.96\n", encoding="utf-8"
    )
    table = read_runs(file)
    (run,) = table.runs
    assert (run.turns_per_min, run.direction, run.celsius, run.amount) == (2.0, -1, 23.5, -0.96)
    assert (table.reads_volume, table.digit) == (True, 0.01)
    assert (run.typed, run.place) == ("-0.96", "line 2")


@pytest.mark.requirement("calibration-runs-refused")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("turns,time (s),mass (g)\n20,600,NaN\n", "line 2: 'NaN' is no mass"),
        ("turns,time (s),mass (g)\n20,600,\n", "line 2: '' is no mass"),
        ("turns,time (s),mass (g)\n20,600,1\n20,600,0,95\n", "line 3: 4 cells, and the heading has 3"),
        ("turns,time (s),mass (g)\n20,0.5,1\n", "a run of 0.5 s is none"),
        ("turns,time (s),mass (g)\n-20,600,1\n", "which way they go is said by a column direction"),
        (
            "turns,time (s),mass (g),direction\n20,600,1,left\n",
            "direction 'left', allowed: forward, backward",
        ),
        ("turns,time (s),mass (g),rate\n20,600,1,0\n", "a rate of 0 turns a minute is none"),
        ("turns,time (s),mass (g),temp\n20,600,1,212\n", "212 degrees Celsius, allowed 0 to 40"),
        ("turns,time,mass (g)\n20,600,1\n", "'time' has no unit: write it like time (s)"),
        ("turns,time (s),mass\n20,600,1\n", "'mass' has no unit: write it like mass (g)"),
        ("time (s),mass (g)\n600,1\n", "no column of the heading is turns"),
        ("turns,mass (g)\n20,1\n", "no column of the heading is the time"),
        ("turns,time (s)\n20,600\n", "one column has to be mass (g), or volume (mL)"),
        (
            "turns,time (s),mass (g),volume (mL)\n20,600,1,1\n",
            "one column has to be mass (g), or volume (mL)",
        ),
        ("microsteps,time (s),mass (g)\n20,600,1\n", "give microsteps_per_turn in the sheet"),
        ("turns,time (s),mass (g)\n", "a heading and a line for each run are needed"),
    ],
)
def test_a_line_that_is_no_run_is_refused_and_never_passed_over(file: Path, text: str, message: str) -> None:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadInputError) as refused:
        read_runs(file)
    assert message in str(refused.value)


def sheet_of(tmp_path: Path, text: str) -> Sheet:
    file = tmp_path / "sheet.toml"
    file.write_text(text, encoding="utf-8")
    return read_sheet(file)


def test_a_sheet_says_what_it_says_and_the_file_of_the_runs_the_rest(tmp_path: Path) -> None:
    sheet = sheet_of(
        tmp_path,
        'reference_turns_per_min = 0.8\n[about]\nhead = "h"\nbalance_calibrated = 2026-01-12\n'
        "[room]\ncelsius = 23.5\nu_celsius = 0.2\nhpa = 950\n"
        "[liquid]\ng_per_ml = 1.004\ndensity_check = { volume_ml = 50, tolerance_ml = 0.06, mass_g = 50.1 }\n"
        "[balance]\nu_percent = 0.02\n[procedure]\nslowest_turns_per_min = 1\nfastest_turns_per_min = 4\n",
    )
    setting = sheet.for_amounts(False, 0.001).setting
    assert sheet.about == {"head": "h", "balance_calibrated": "2026-01-12"}
    assert (setting.air.celsius, setting.u_celsius, setting.air.hpa) == (23.5, 0.2, 950)
    assert (setting.liquid.g_per_ml, setting.liquid.u_relative) == (1.004, 0.001)
    assert (setting.scale.digit, setting.scale.noise, setting.scale.u_relative) == (0.001, 0.001, 0.0002)
    assert setting.reference_turns_per_min == 0.8
    assert sheet.procedure.rates == (1.0, 2.0, 4.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SHEET + "[balanse]\ndigit_mg = 0.1\n", "did you mean balance?"),
        (SHEET.replace("21", "50"), "room.celsius = 50, allowed 5 to 40"),
        ("[about]\n", "room is missing"),
        (SHEET + "[balance]\ndigit_mg = -1\n", "balance.digit_mg = -1"),
        ('[about]\nbalance_calibrated = "last May"\n[room]\ncelsius = 21\n', "is no date"),
        (SHEET + "[procedure]\nslowest_turns_per_min = 2\nfastest_turns_per_min = 1\n", "is below slowest"),
    ],
)
def test_what_is_wrong_with_a_sheet_is_told(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BadInputError) as refused:
        sheet_of(tmp_path, text)
    assert message in str(refused.value)


# --- the plan


@pytest.mark.requirement("calibration-foreseen")
def test_a_plan_says_how_long_it_takes_and_how_good_it_gets() -> None:
    sheet = Sheet(procedure=Procedure(50.0, (0.5, 1.0, 2.0), 20.0, repeats=4, blanks=2, scatter_percent=0.3))
    plan = plan_of(sheet)
    assert [task.turns for task in plan.tasks].count(0.0) == 2
    assert plan.tasks[0].turns == plan.tasks[-1].turns == 0.0
    assert (
        sorted(task.turns_per_min for task in plan.tasks if task.turns) == [0.5] * 4 + [1.0] * 4 + [2.0] * 4
    )
    # Half of the fastest runs stay as long as the slowest takes, and each run is handled for a minute.
    assert sum(task.stays for task in plan.tasks) == 2
    assert plan.seconds == 60 * (2 * 40 + 4 * (40 + 20) + 2 * 10 + 2 * 40 + 14)
    assert plan.grams == pytest.approx(12 * 0.997, rel=0.002)
    assert 0 < plan.least_percent < plan.expanded_percent < 0.5
    worse = plan_of(Sheet(procedure=Procedure(50.0, (0.5, 1.0, 2.0), 20.0, 4, 2, scatter_percent=1.2)))
    assert worse.expanded_percent > 2.5 * plan.expanded_percent
    assert worse.least_percent == plan.least_percent


def test_rates_go_there_and_back_so_that_time_and_rate_do_not_go_together() -> None:
    rates = [task.turns_per_min for task in plan_of(Sheet()).tasks if task.turns]
    assert rates[:6] == rates[:3] + rates[2::-1]


# --- the record


def test_a_record_comes_back_as_it_was_and_one_that_was_changed_is_found(tmp_path: Path) -> None:
    found = estimate(runs(), CHECKED)
    content = record_of(Sheet(setting=CHECKED), found, findings_of(found, CHECKED), date(2026, 3, 6))
    file = tmp_path / "head.json"
    file.write_text(json.dumps(content, indent=1), encoding="utf-8")
    assert read_calibration_record(file) == content
    assert content["may_be_applied"] is True
    assert content["result"]["nl_per_turn"] == found.nl_per_turn
    text = file.read_text("utf-8")
    for changed in (
        text.replace(f"{found.nl_per_turn!r}", f"{found.nl_per_turn + 1:.3f}"),
        text.replace('"may_be_applied": true', '"may_be_applied": false'),
        text.replace("line 3", "line 4", 1),
    ):
        assert changed != text
        file.write_text(changed, encoding="utf-8")
        with pytest.raises(BadInputError, match="has been changed since it was written"):
            read_calibration_record(file)


def test_what_is_no_record_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "head.json"
    for text in ("", "[]", '{"format": "another 1"}', "[" * 100_000):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(BadInputError, match="is no record of a calibration"):
            read_calibration_record(file)


@pytest.mark.requirement("calibration-verified")
def test_a_record_holds_for_the_head_it_is_of_and_not_for_another() -> None:
    found = estimate(runs(slope=-0.004), CHECKED)
    record = record_of(Sheet(setting=CHECKED), found, [], date(2026, 3, 6))
    same = verified(estimate(runs(rates=(1.0, 1.9), repeats=3, slope=-0.004), CHECKED), record)
    assert same.holds
    assert abs(same.off_percent) < 0.1
    worn = [replace(run, amount=run.amount * (0.996 if run.turns else 1.0)) for run in runs(slope=-0.004)]
    against = verified(estimate(worn, CHECKED), record)
    assert not against.holds
    assert against.off_percent == pytest.approx(-0.4, abs=0.02)
    assert "does not hold" in against.text


@pytest.mark.requirement("calibration-verified")
def test_the_rate_of_the_verification_counts_with_the_records_own_dependence_on_it() -> None:
    record = record_of(Sheet(setting=CHECKED), estimate(runs(slope=-0.02), CHECKED), [], date(2026, 3, 6))
    fast = verified(estimate(runs(rates=(2.0,), repeats=6, slope=-0.02), CHECKED), record)
    assert fast.expected_nl == pytest.approx(48_000 * 0.98, rel=0.001)
    assert fast.holds
    beyond = verified(estimate(runs(rates=(4.0,), repeats=6, slope=-0.02), CHECKED), record)
    assert abs(beyond.e_n) < 1
    assert not beyond.holds
    assert "knows nothing of 4 turns a minute" in beyond.text
