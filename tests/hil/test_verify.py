"""``thecal-hil verify``: the main job end to end on the model rig, what it leaves behind, and what bad input gets."""

import json
from pathlib import Path

import pytest
from typer import BadParameter
from typer.testing import CliRunner, Result

from thecal_hil.campaigns.verify.day import Record, carry_out, plan_around_midnight
from thecal_hil.campaigns.verify.verdict import judge, measurements
from thecal_hil.campaigns.verify.verify import PRESCRIPTION, duration_s
from thecal_hil.cli.command import app
from thecal_hil.contract.gate import GateError
from thecal_hil.course.therapy import flex, prescribed_in
from thecal_hil.evidence.measurements import Evidence
from thecal_hil.rigs.opening import open_rig

KEYS_PROMISED = {
    "rig",
    "hours",
    "pulses",
    "worst_edge_ticks",
    "worst_volume_error_steps",
    "agreement_ticks",
    "speed_x",
    "uf2_sha256",
}


def verify(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["verify", *arguments])


def test_a_verified_stretch_leaves_figures_and_a_picture_and_ends_in_one_line(tmp_path: Path) -> None:
    result = verify("--rig", "model", "--duration", "20m", "--out", str(tmp_path))
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1].startswith("verify: PASS 0.333")
    figures = json.loads((tmp_path / "verify.json").read_text())
    assert figures.keys() >= KEYS_PROMISED
    assert figures["worst_volume_error_steps"] <= 1
    assert figures["low_reservoir_pulse"] == figures["low_reservoir_pulse_expected"] > 0
    assert (tmp_path / "verify.png").read_bytes().startswith(b"\x89PNG")


def test_a_run_that_breaks_off_leaves_no_verdict_of_an_earlier_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "verify.json").write_text('{"verdict": "PASS"}')

    def break_off(*_: object) -> None:
        raise GateError("the model rig does not pass the gate")

    monkeypatch.setattr("thecal_hil.campaigns.verify.verify._deliver", break_off)
    assert verify("--rig", "model", "--duration", "5m", "--out", str(tmp_path)).exit_code == 1
    assert not (tmp_path / "verify.json").exists()


def test_json_goes_to_standard_output_alone(tmp_path: Path) -> None:
    result = verify("--rig", "model", "--duration", "5m", "--out", str(tmp_path), "--json")
    assert json.loads(result.stdout)["verdict"] == "PASS"
    assert result.stderr.splitlines()[-1].startswith("verify: PASS")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--duration", "soon"], "is not a duration"),
        (["--duration", "10s"], "is out of range"),
        (["--rig", "abacus"], "choose of pico, model"),
        (["--prescription", "nowhere.toml"], "is not there"),
        (["--prescription", __file__], "is not valid TOML"),
        (["--uf2", "nowhere.uf2"], "build it with `make uf2`"),
    ],
)
def test_bad_input_gets_a_message_and_exit_code_2(arguments: list[str], message: str, tmp_path: Path) -> None:
    result = verify("--out", str(tmp_path), *arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.output.replace("│", " ").split())
    assert not list(tmp_path.iterdir())


def test_durations_are_written_as_people_write_them() -> None:
    assert [duration_s(text) for text in ("24h", "20m", "1h30m", "300s")] == [86_400, 1_200, 5_400, 300]
    with pytest.raises(BadParameter):
        duration_s("1.5h")


@pytest.fixture(scope="module")
def day() -> tuple[Record, Record]:
    """Provide the example's day, and a day of which the prescription asks for a little more, both on the model."""
    as_prescribed = plan_around_midnight(prescribed_in(PRESCRIPTION), 3_600)
    more = plan_around_midnight(flex([("00:00", 361_000)], [("00:00", 373_000)]), 3_600)
    return carry_out(as_prescribed, open_rig("model")), carry_out(more, open_rig("model"))


def test_the_example_crosses_midnight_the_weekend_and_low_reservoir() -> None:
    plan = plan_around_midnight(prescribed_in(PRESCRIPTION), 86_400)
    school_day, weekend = plan.therapy.program.patterns
    assert len(school_day) >= 7
    assert school_day != weekend
    assert plan.therapy.program.weekdays == (0, 0, 0, 0, 0, 1, 1)
    assert plan.low_reservoir_pulse() > 0


def test_a_record_that_is_not_what_the_model_delivers_fails(day: tuple[Record, Record]) -> None:
    record, other = day
    plan = plan_around_midnight(prescribed_in(PRESCRIPTION), 3_600)
    assert judge(plan, Evidence(measurements()), record, record, "").passed
    verdict = judge(plan, Evidence(measurements()), record, other, "")
    assert not verdict.passed
    assert verdict.line().startswith("verify: FAIL")
    assert "rig against model" in verdict.line()


def test_two_runs_of_one_plan_leave_the_same_record(day: tuple[Record, Record]) -> None:
    again = carry_out(plan_around_midnight(prescribed_in(PRESCRIPTION), 3_600), open_rig("model"))
    assert again.edges_sha256 == day[0].edges_sha256
    assert day[1].edges_sha256 != day[0].edges_sha256
