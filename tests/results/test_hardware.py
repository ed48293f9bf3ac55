"""The bench's file says what was measured with what, a record holds it, and an overdue instrument is reported."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from thecal_fw.version import COMMIT, VERSION
from thecal_hil.bench import check
from thecal_hil.bench.bench import BenchError
from thecal_hil.bench.bench_file import open_bench, open_boards
from thecal_hil.bench.check import findings
from thecal_hil.cli import long_work
from thecal_hil.cli.command import app
from thecal_hil.contract.image import FirmwareImage
from thecal_hil.rigs.model_pty import model_pty
from thecal_sim.model import ModelPump

BENCH = """
name = "left bench"

[pump]
port = "/dev/no-such-port"

[balance]
port = "/dev/no-such-balance"

[unit]
serial = "TP-0007"
head_lot = "H-22"

[[instrument]]
kind = "balance"
serial = "B123456"
calibration_due = 2026-12-01

[[instrument]]
kind = "probe"
serial = "E66118604B5A4E21"
"""


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    path = tmp_path / "bench.toml"
    path.write_text(BENCH, encoding="utf-8")
    return path


def test_the_file_says_unit_lots_and_calibrations(bench: Path) -> None:
    hardware = open_bench(bench).hardware
    told = hardware.told("left bench", date(2026, 12, 2))
    assert (told["unit"], told["head_lot"], told["tubing_lot"]) == ("TP-0007", "H-22", "")
    assert [(one["kind"], one["calibration_due"], one["overdue"]) for one in told["instruments"]] == [
        ("balance", "2026-12-01", True),
        ("probe", "", False),
    ]


def test_an_instrument_is_overdue_from_the_day_after(bench: Path) -> None:
    hardware = open_bench(bench).hardware
    assert hardware.overdue(date(2026, 12, 1)) == []
    assert hardware.overdue(date(2026, 12, 2)) == [
        "the calibration of the balance B123456 was due on 2026-12-01"
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("calibration_due = 2026-12-01", 'calibration_due = "soon"', "a day without quotes"),
        ('serial = "TP-0007"', "", "unit.serial is missing"),
        ('kind = "probe"', 'kinds = "probe"', "kind"),
        ('head_lot = "H-22"', 'head_lots = "H-22"', "did you mean head_lot"),
    ],
)
def test_what_is_wrong_with_it_is_told(bench: Path, old: str, new: str, said: str) -> None:
    bench.write_text(BENCH.replace(old, new), encoding="utf-8")
    with pytest.raises(BenchError, match=said):
        open_boards(bench)


def test_an_overdue_instrument_is_told_and_refused_under_strict(bench: Path, tmp_path: Path) -> None:
    bench.write_text(BENCH.replace("2026-12-01", "2020-01-01"), encoding="utf-8")
    command = ["run", "a-start-taken-back", "--rig", "board", "--bench", str(bench), "--out", str(tmp_path)]
    strict = CliRunner().invoke(app, [*command, "--strict"])
    assert strict.exit_code == 2
    assert "the calibration of the balance B123456 was due on 2020-01-01" in strict.stderr
    assert "--strict: nothing is measured" in strict.stderr
    lax = CliRunner().invoke(app, command)
    assert "was due on 2020-01-01" in lax.stderr
    assert "--strict" not in lax.stderr


def test_the_check_tells_of_each_part_what_is_wrong_with_it(bench: Path, capsys) -> None:
    found = {one.part: one for one in findings(open_bench(bench), Path("no-such.uf2"), date(2026, 12, 2))}
    assert set(found) == {"image", "pump", "balance", "calibration"}
    assert not any(one.good for one in found.values())
    assert "there is no port /dev/no-such-port" in found["pump"].words
    assert "no-such.uf2 is not there" in found["image"].words
    assert long_work.run("bench-check", [str(bench)]) == 1
    assert "FAIL" in capsys.readouterr().out


def test_a_file_that_can_not_be_used_is_bad_input(bench: Path, capsys) -> None:
    bench.write_text("", encoding="utf-8")
    assert long_work.run("bench-check", [str(bench)]) == 2
    assert "is empty" in capsys.readouterr().err


def test_a_pump_that_answers_and_runs_another_image_is_told_so(tmp_path: Path, monkeypatch) -> None:
    image = FirmwareImage(tmp_path / "thecal.uf2", VERSION, COMMIT, sha256="")
    monkeypatch.setattr(check, "image_under_test", lambda _path: image)
    with model_pty(ModelPump()) as pty:
        (tmp_path / "bench.toml").write_text(f'[pump]\nport = "{pty.path}"\n', encoding="utf-8")
        bench = open_bench(tmp_path / "bench.toml")
        assert [one.good for one in findings(bench, None, date.today())] == [True, True]
        monkeypatch.setattr(check, "image_under_test", lambda _path: replace(image, commit="0123456789"))
        _, pump = findings(bench, None, date.today())
    assert not pump.good
    assert f"runs {VERSION} of {COMMIT}" in pump.words
