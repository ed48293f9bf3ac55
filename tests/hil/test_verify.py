"""``thecal-hil verify``: the main job end to end on the model rig, what it leaves behind, and what bad input gets."""

import copy
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from unittest.mock import ANY

import pytest
from typer import BadParameter
from typer.testing import CliRunner, Result

from thecal.errors import ThecalError
from thecal_hil.cli.command import app
from thecal_hil.report.verify import DAY, PRESCRIPTION, day_of, deliver, length_ns, line_of
from thecal_hil.rigs.opening import open_rig
from thecal_hil.scenario.document import Scenario
from thecal_hil.scenario.reader import read_scenario
from thecal_hil.scenario.record import Status
from thecal_hil.scenario.runner import run, twin_of

HOUR_NS = 3_600 * 10**9
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
    assert figures["low_reservoir_pulse_error"] == 0
    page = (tmp_path / "verify.html").read_text(encoding="utf-8")
    assert page.count("<svg") >= 2
    assert result.output.splitlines()[-1] in page


def test_a_run_that_breaks_off_leaves_no_verdict_of_an_earlier_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "verify.json").write_text('{"verdict": "PASS"}')

    def break_off(*_: object) -> None:
        raise ThecalError("the pump is gone")

    monkeypatch.setattr("thecal_hil.scenario.runner.carry_out", break_off)
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
    texts = ("24h", "20m", "1h30m", "300s", "1.5h")
    assert [length_ns(text) / HOUR_NS for text in texts] == [24, 1 / 3, 1.5, 1 / 12, 1.5]
    with pytest.raises(BadParameter):
        length_ns("4m")


def prescribed_more(length: int) -> Scenario:
    """Return the day, with a little more asked for than the example does."""
    day = day_of(PRESCRIPTION, length)
    child = day.prescriptions["child"]
    fields = copy.deepcopy(child.fields)
    fields["pattern"]["school day"][0]["dose_mcg_per_day"] += 1
    return replace(day, prescriptions={**day.prescriptions, "child": replace(child, fields=fields)})


def test_the_example_crosses_midnight_the_weekend_and_low_reservoir_whatever_its_length() -> None:
    for hours in (24, 1, 48):
        day = day_of(PRESCRIPTION, hours * HOUR_NS)
        assert day.setup.clock_local is not None
        middle = day.setup.clock_local + timedelta(hours=hours) / 2
        assert (middle.weekday(), middle.hour, middle.minute) == (5, 0, 0)
        assert day.ideal_until_ns == hours * HOUR_NS
        program = day.prescriptions["child"].therapy().program
        assert program.weekdays == (0, 0, 0, 0, 0, 1, 1)
        assert program.patterns[0] != program.patterns[1]
        looks_ns = [step.at_ns for step in day.course if step.do == "look"]
        assert len(looks_ns) == 24
        assert looks_ns[-1] < hours * HOUR_NS
    assert day_of(PRESCRIPTION, 24 * HOUR_NS) == replace(read_scenario(DAY), prescriptions=ANY)


def test_a_record_that_is_not_what_the_model_delivers_fails() -> None:
    scenario = day_of(PRESCRIPTION, HOUR_NS)
    passed, _ = deliver(scenario, open_rig("model"))
    assert line_of(passed, 1).startswith("verify: PASS 1 h on the model rig")
    record = run(scenario, open_rig("model"), lambda: twin_of(prescribed_more(HOUR_NS)))
    assert record.status is Status.FAILED
    assert line_of(record, 1).startswith("verify: FAIL")
    assert "rig against model" in line_of(record, 1)
