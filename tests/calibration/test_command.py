"""``thecal calibrate`` as a person runs it: plan, guided runs with a balance, result, record, page, verification."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from calibration.bench import runs
from thecal.calibration.plan import Task
from thecal.calibration.run_file import read_runs
from thecal.calibration.runs import Run
from thecal.cli import run
from thecal.errors import BadInputError
from thecal_hil.instruments.simulated_balance import MtSics, SimulatedBalance
from thecal_hil.instruments.weighing.guided import balance_on, run_guided

REPOSITORY = Path(__file__).parents[2]
SHEET = (
    '[about]\npump = "three"\nhead = "<rollers>"\ntubing_lot = "L-7"\noperator = "B & C"\nbalance = "four decimals"\n'
    "balance_calibrated = 2026-01-12\n[room]\ncelsius = 22\nu_celsius = 0.3\n"
    "[liquid]\ndensity_check = { volume_ml = 50, tolerance_ml = 0.06, mass_g = 49.838 }\n"
    "[balance]\ndigit_mg = 0.1\nnoise_mg = 0.1\n"
)


def calibrated(*arguments: str | Path) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(["calibrate", *map(str, arguments)])
    return code, out.getvalue(), err.getvalue()


def written(file: Path, made: tuple[Run, ...]) -> Path:
    lines = ["turns,time (s),rate (turns/min),mass (g)"]
    lines += [f"{one.turns:g},{one.seconds:g},{one.turns_per_min or ''},{one.amount:.4f}" for one in made]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    file = tmp_path / "sheet.toml"
    file.write_text(SHEET, encoding="utf-8")
    return file


def test_the_example_says_beforehand_how_long_and_how_good() -> None:
    code, out, _ = calibrated(REPOSITORY / "examples/calibration/sheet.toml")
    assert code == 0
    assert re.search(r"It takes \d h \d+ min and [\d.]+ g in all", out)
    assert re.search(r"comes out to \+/- 0\.\d+ %", out)
    _, out, _ = calibrated(REPOSITORY / "examples/calibration/sheet.toml", "--json")
    assert json.loads(out)["expanded_percent"] < 0.5


def test_a_sound_head_is_told_and_its_record_and_page_stand_alone(sheet: Path, tmp_path: Path) -> None:
    record, page = tmp_path / "head.json", tmp_path / "head.html"
    file = written(tmp_path / "runs.csv", runs(evaporated_g_per_h=0.004, slope=-0.004))
    code, out, err = calibrated(sheet, file, "--record", record, "--page", page)
    assert (code, [line for line in err.splitlines() if line.startswith("finding")]) == (0, [])
    told = re.search(r"nanolitres a turn +([\d.]+) \+/- ([\d.]+) \(0\.\d+ %\)", out)
    assert told is not None
    assert abs(float(told[1]) - 48_000) < float(told[2])
    content = json.loads(record.read_text("utf-8"))
    assert content["result"]["nl_per_turn"] == pytest.approx(float(told[1]), rel=1e-6)
    assert content["about"]["tubing_lot"] == "L-7"
    text = page.read_text("utf-8")
    for said in (
        "&lt;rollers&gt;",
        "B &amp; C",
        "L-7",
        "2026-01-12",
        "three",
        content["digest"],
        "<svg",
        told[1],
    ):
        assert said in text
    assert not re.search(r"(src|href)=|url\(|<script", text)
    assert text.count("<circle") == 2 * 15


def test_a_finding_is_told_ends_with_three_and_is_in_the_record_as_not_to_be_applied(
    sheet: Path, tmp_path: Path
) -> None:
    record, page = tmp_path / "head.json", tmp_path / "head.html"
    file = written(tmp_path / "runs.csv", runs(drift=0.03))
    code, _, err = calibrated(sheet, file, "--record", record, "--page", page)
    assert code == 3
    assert "finding: drift: a turn delivers +3" in err
    assert json.loads(record.read_text("utf-8"))["may_be_applied"] is False
    assert "Not to be applied" in page.read_text("utf-8")


@pytest.mark.requirement("calibration-verified")
def test_a_verification_holds_for_the_same_head_and_not_for_a_worn_one(sheet: Path, tmp_path: Path) -> None:
    record = tmp_path / "head.json"
    calibrated(sheet, written(tmp_path / "runs.csv", runs()), "--record", record)
    same = written(tmp_path / "same.csv", runs(repeats=3))
    code, out, err = calibrated(sheet, same, "--verify", record)
    assert (code, "it holds" in out) == (0, True), err
    worn = tuple(
        Run(one.turns, one.seconds, 0.99 * one.amount, 1, one.turns_per_min) for one in runs(repeats=3)
    )
    code, out, _ = calibrated(sheet, written(tmp_path / "worn.csv", worn), "--verify", record, "--json")
    verification: dict[str, Any] = json.loads(out)["verification"]
    assert (code, verification["holds"]) == (3, False)
    assert verification["off_percent"] == pytest.approx(-1, abs=0.1)


def test_it_takes_nothing_but_what_the_pumps_own_commands_take(sheet: Path, tmp_path: Path) -> None:
    file = written(tmp_path / "runs.csv", runs())
    absent = "".join(f"sys.modules[{name!r}] = None; " for name in ("numpy", "scipy", "matplotlib", "simpy"))
    code = f"import sys; {absent}from thecal.cli import run; sys.exit(run(sys.argv[1:]))"
    ended = subprocess.run(
        [sys.executable, "-c", code, "calibrate", sheet, file, "--page", tmp_path / "page.html"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(part for part in sys.path if part)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "nanolitres a turn" in ended.stdout


def test_nothing_is_written_over_and_what_is_missing_is_told(sheet: Path, tmp_path: Path) -> None:
    file = written(tmp_path / "runs.csv", runs())
    mine = tmp_path / "mine"
    mine.write_text("mine", encoding="utf-8")
    for arguments, message in (
        ((sheet, file, "--record", mine), "is there already"),
        ((sheet, file, "--page", mine), "is there already"),
        ((sheet, file, "--guide", "--balance", tmp_path / "none"), "can't be opened"),
        ((sheet, "--record", tmp_path / "new"), "name the file of the runs"),
        ((sheet, file, "--verify", file), "is no record"),
        ((tmp_path / "none.toml", file), "can't be read"),
    ):
        code, _, err = calibrated(*arguments)
        assert code in (1, 2)
        assert message in err
        assert "Traceback" not in err
    assert mine.read_text("utf-8") == "mine"
    assert not (tmp_path / "new").exists()


# --- run by run


class Bench:
    """A head that delivers 50 uL a turn into a vessel on a balance that loses 1 mg an hour; time goes when it turns."""

    def __init__(self) -> None:
        self.now_s, self.mass_g, self.moves = 0.0, 30.0, []

    def reading_g(self, _t_ns: int) -> tuple[float, bool]:
        return self.mass_g, True

    def pass_s(self, seconds: float) -> None:
        self.now_s += seconds
        self.mass_g -= 0.001 * seconds / 3_600

    def move(self, turns: float, turns_per_min: float, direction: int) -> None:
        self.moves.append((turns, turns_per_min, direction))
        self.pass_s(turns / turns_per_min * 60)
        self.mass_g += direction * turns * 0.05


TASKS = (
    Task(0.0, 0.0, 1_200.0),
    Task(10.0, 0.5, 1_200.0),
    Task(10.0, 2.0, 1_200.0, stays=True),
    Task(10.0, 2.0, 300.0),
)


def test_guided_runs_are_turned_waited_for_weighed_and_written(tmp_path: Path) -> None:
    bench, file = Bench(), tmp_path / "runs.csv"
    with SimulatedBalance(MtSics(bench)) as balance, balance_on(balance.path, 9_600) as scale:
        run_guided(file, TASKS, bench, scale, now_s=lambda: bench.now_s, pause=bench.pass_s)
    made = read_runs(file).runs
    assert bench.moves == [(10.0, 0.5, 1), (10.0, 2.0, 1), (10.0, 2.0, 1)]
    assert [one.turns for one in made] == [0, 10, 10, 10]
    assert [one.seconds for one in made] == [1_200, 1_200, 1_200, 300]
    assert [one.turns_per_min for one in made] == [0, 0.5, 2, 2]
    assert [one.amount for one in made] == pytest.approx([-0.0003, 0.4997, 0.4997, 0.4999], abs=1.1e-4)


def test_what_was_done_is_in_the_file_when_the_session_ends_early(tmp_path: Path) -> None:
    class Torn(Bench):
        def move(self, turns: float, turns_per_min: float, direction: int) -> None:
            if len(self.moves) == 1:
                raise KeyboardInterrupt
            super().move(turns, turns_per_min, direction)

    bench, file = Torn(), tmp_path / "runs.csv"
    with SimulatedBalance(MtSics(bench)) as balance, balance_on(balance.path, 9_600) as scale:
        with pytest.raises(KeyboardInterrupt):
            run_guided(file, TASKS, bench, scale, now_s=lambda: bench.now_s, pause=bench.pass_s)
        assert [one.turns for one in read_runs(file).runs] == [0, 10]
        with pytest.raises(BadInputError, match="is there already"):
            run_guided(file, TASKS, bench, scale)
