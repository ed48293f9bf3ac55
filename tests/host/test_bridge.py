"""A change of drug or concentration is bridged at the old rate for as long as tubing and catheter hold the old drug."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.conftest import EXAMPLES, Bench
from thecal.bridge import bridged
from thecal.dose_history import DoseHistory, LastDose
from thecal.errors import BadInputError
from thecal.judgement import Kind
from thecal.prescription import load_prescription
from thecal.program_review import review
from thecal_fw.core.calibration import BENCH_CALIBRATION
from thecal_fw.core.dead_volume import PUMP_TUBING_NL
from thecal_fw.core.limits import BENCH_LIMITS
from thecal_fw.core.program import Program, decode
from thecal_fw.core.validation import validate

NS = 1_000_000_000
AT_500 = ("--again", "concentration_mcg_per_ml=500", "--reason", "a test")
AT_1000 = ("--again", "concentration_mcg_per_ml=1000", "--reason", "a test")
AT_2000 = ("--again", "concentration_mcg_per_ml=2000", "--reason", "a test")
OLD = load_prescription(EXAMPLES / "simple_continuous.toml").program
PERIODIC = load_prescription(EXAMPLES / "periodic_bolus.toml").program


def stronger(catheter_nl: int = 180_000) -> Program:
    program = decode(OLD.encode())
    program.concentration_ng_per_ml = 2_000_000
    program.catheter_nl = catheter_nl
    return program


@pytest.mark.requirement("bridge-exact")
@given(st.integers(1, 500_000))
def test_the_bridge_gives_the_dead_volume_at_the_old_rate_to_a_microstep(catheter_nl: int):
    bridge = bridged(OLD, stronger(catheter_nl)).bridge
    assert bridge is not None
    assert bridge.rate_nl_per_day == OLD.rate_nl_per_day
    given_nl = bridge.rate_nl_per_day * bridge.seconds / 86_400
    assert abs(given_nl - PUMP_TUBING_NL - catheter_nl) <= 15.625


@pytest.mark.requirement("bridge")
def test_a_bridged_program_may_be_committed_and_its_boluses_count_in_the_old_rate():
    assert validate(bridged(OLD, stronger()), BENCH_LIMITS, BENCH_CALIBRATION) == []
    new = decode(PERIODIC.encode())
    new.concentration_ng_per_ml = 1_000_000
    bridge = bridged(PERIODIC, new).bridge
    assert bridge is not None
    assert bridge.rate_nl_per_day == 240_000 + 4 * 25_000


@pytest.mark.requirement("bridge")
def test_the_same_drug_needs_no_bridge_and_neither_does_a_pump_without_a_program():
    assert bridged(OLD, PERIODIC).bridge is None
    assert bridged(None, stronger()).bridge is None


@pytest.mark.requirement("bridge")
def test_a_bridge_under_way_is_left_alone_by_the_same_prescription_again():
    running = bridged(OLD, stronger())
    assert bridged(running, stronger()) is running


@pytest.mark.requirement("bridge")
def test_without_the_catheters_volume_another_concentration_is_refused():
    with pytest.raises(BadInputError, match=r"500 mcg/mL.*2000 mcg/mL.*catheter_ul"):
        bridged(OLD, stronger(0))


@pytest.mark.requirement("bridge")
def test_programming_another_concentration_shows_the_bridge_before_it_asks(bench: Bench, tmp_path):
    text = (EXAMPLES / "periodic_bolus.toml").read_text(encoding="utf-8")
    changed = tmp_path / "stronger.toml"
    changed.write_text(
        text.replace("concentration_mcg_per_ml = 500", "concentration_mcg_per_ml = 1000"), encoding="utf-8"
    )
    bench.ok("program", str(EXAMPLES / "periodic_bolus.toml"), "--yes", "--reason", "a test")
    told = bench.ok("program", str(changed), "--yes", *AT_1000)
    assert "* bridge" in told
    assert "0.34 mL/day" in told
    assert bench.json("program", str(changed), "--yes", *AT_1000)["changed"] is False
    assert bench.json("bolus", "status")["bridge_left_s"] > 0
    bench.ok("program", str(EXAMPLES / "periodic_bolus.toml"), "--yes", "--no-bridge", *AT_500)
    assert bench.json("bolus", "status")["bridge_left_s"] == 0


def another_dose(rate_nl_per_day: int = 110_000) -> Program:
    program = stronger()
    program.rate_nl_per_day = rate_nl_per_day
    return program


@pytest.mark.requirement("bridge")
@given(st.integers(1, 65_000))
def test_a_change_of_dose_while_a_bridge_is_under_way_brings_the_rest_of_it_along(left_s: int):
    running = bridged(OLD, stronger())
    assert running.bridge is not None
    changed = bridged(running, another_dose(), left_s)
    assert changed.bridge is not None
    assert (changed.bridge.rate_nl_per_day, changed.bridge.seconds) == (OLD.rate_nl_per_day, left_s)
    assert changed.rate_nl_per_day == 110_000
    assert validate(changed, BENCH_LIMITS, BENCH_CALIBRATION) == []


@pytest.mark.requirement("bridge")
def test_a_bridge_that_is_over_or_a_therapy_that_ends_brings_nothing_along():
    running = bridged(OLD, stronger())
    assert bridged(running, another_dose(), 0).bridge is None
    stopped = load_prescription(EXAMPLES / "stopped.toml").program
    assert bridged(running, stopped, 60_000).bridge is None


@pytest.mark.requirement("bridge")
def test_a_third_concentration_while_a_bridge_is_under_way_is_refused():
    third = stronger()
    third.concentration_ng_per_ml = 1_000_000
    with pytest.raises(BadInputError, match=r"1000 minutes are left.*1000 mcg/mL.*--no-bridge"):
        bridged(bridged(OLD, stronger()), third, 60_000)


@pytest.mark.requirement("bridge")
@pytest.mark.parametrize("command", [("program",), ("visit", "--program")])
def test_the_old_drug_is_used_up_at_its_rate_though_the_dose_is_changed_meanwhile(
    bench: Bench, tmp_path, command
):
    """The whole dead volume flows at the old rate: 320 uL at 423.8 uL a day."""
    text = (EXAMPLES / "simple_continuous.toml").read_text(encoding="utf-8")
    text = text.replace("per_ml = 500", "per_ml = 2000\ncatheter_ul = 180")
    strong, adjusted = tmp_path / "strong.toml", tmp_path / "adjusted.toml"
    strong.write_text(text, encoding="utf-8")
    adjusted.write_text(text.replace("211.9", "220"), encoding="utf-8")
    bench.ok("time", "--to", "2026-03-06T12:00")
    bench.ok("program", str(EXAMPLES / "simple_continuous.toml"), "--yes", "--reason", "a test")
    bench.ok("refill", "20", "--yes")
    bench.ok("start")
    bench.ok("program", str(strong), "--yes", *AT_2000)
    bench.do(lambda model: model.run_for(10_000 * NS))
    left_s = bench.json("bolus", "status")["bridge_left_s"]
    done = bench.thecal(*command, str(adjusted), "--yes", "--reason", "spasms at night")
    assert (done.returncode, "* bridge" in done.stdout) == (0, True), done.stderr
    now = bench.json("bolus", "status")["bridge_left_s"]
    assert left_s - 60 <= now <= left_s + 2
    bench.do(lambda model: model.run_for((now + 2) * NS))
    status = bench.json("interrogate")
    assert status["rate_nl_per_day"] == 110_000
    assert abs(status["steps_since_refill"] * 15.625 - 320_000) <= 60 * 423_800 / 86_400


@pytest.mark.requirement("bridge")
def test_a_visit_may_leave_the_bridge_out_as_its_message_says(bench: Bench, tmp_path):
    text = (EXAMPLES / "simple_continuous.toml").read_text(encoding="utf-8")
    strong = tmp_path / "strong.toml"
    strong.write_text(text.replace("per_ml = 500", "per_ml = 2000"), encoding="utf-8")
    bench.ok("program", str(EXAMPLES / "simple_continuous.toml"), "--yes", "--reason", "a test")
    refused = bench.thecal("visit", "--program", str(strong), "--yes", *AT_2000)
    assert (refused.returncode, "add --no-bridge" in refused.stderr) == (2, True)
    assert bench.thecal("visit", "--program", str(strong), "--yes", "--no-bridge", *AT_2000).returncode == 3
    assert bench.json("bolus", "status")["bridge_left_s"] == 0


@pytest.mark.requirement("bridge")
def test_the_dose_of_a_bridge_is_told_as_a_volume_of_the_drug_before(bench: Bench, tmp_path):
    """By the new concentration it would read as 847.6 mcg a day, four times what is given."""
    text = (EXAMPLES / "simple_continuous.toml").read_text(encoding="utf-8")
    strong = tmp_path / "strong.toml"
    strong.write_text(text.replace("per_ml = 500", "per_ml = 2000\ncatheter_ul = 180"), encoding="utf-8")
    bench.ok("program", str(EXAMPLES / "simple_continuous.toml"), "--yes", "--reason", "a test")
    bench.ok("start")
    bench.ok("program", str(strong), "--yes", *AT_2000)
    bench.do(lambda model: model.run_for(10 * NS))
    clinic, handout = tmp_path / "clinic.html", tmp_path / "handout.html"
    pages = ("--clinic", str(clinic), "--handout", str(handout))
    bench.ok("report", *pages, "--no-telephone", "--reason", "a test")
    for told in (bench.ok("interrogate"), bench.ok("watch", "--count", "1"), clinic.read_text()):
        assert "0.4238 mL/day of the drug before: bridge, 18 h" in told
        assert "847.6" not in told
    assert "Drug from before" in handout.read_text()
    document = bench.json("interrogate")
    assert (document["dose_mcg_per_day"], document["bridge_left_s"] > 60_000) == (None, True)


@pytest.mark.requirement("bridge")
def test_no_therapy_waits_for_weeks_behind_a_bridge_at_the_minimum_rate():
    """140 and 40 uL at 6 uL a day."""
    minimum = load_prescription(EXAMPLES / "minimum_rate.toml").program
    with pytest.raises(BadInputError, match=r"takes 30 days.*--no-bridge"):
        bridged(minimum, stronger(40_000))


@pytest.mark.requirement("bridge")
def test_after_a_stopped_program_it_is_told_that_there_is_no_bridge():
    stopped = load_prescription(EXAMPLES / "stopped.toml").program
    assert bridged(stopped, stronger()).bridge is None
    history = DoseHistory(True, LastDose(0, 400_000, 400_000, 500_000, 0, 60), has_given=True)
    found = review(stopped, stronger(), "child", None, history)
    finding = next(one for one in found if one.kind is Kind.SOFT)
    assert "does not say which drug tubing and catheter hold" in finding.text
