"""A change of drug or concentration is bridged at the old rate for as long as tubing and catheter hold the old drug."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.conftest import EXAMPLES, Bench
from thecal.bridge import bridged
from thecal.errors import BadInputError
from thecal.prescription import load_prescription
from thecal_fw.core.calibration import BENCH_CALIBRATION
from thecal_fw.core.dead_volume import PUMP_TUBING_NL
from thecal_fw.core.program import Program, decode
from thecal_fw.core.validation import BENCH_LIMITS, validate

OLD = load_prescription(EXAMPLES / "simple_continuous.toml").program
PERIODIC = load_prescription(EXAMPLES / "periodic_bolus.toml").program


def stronger(catheter_nl: int = 180_000) -> Program:
    program = decode(OLD.encode())
    program.concentration_ng_per_ml = 2_000_000
    program.catheter_nl = catheter_nl
    return program


@pytest.mark.requirement("bridge")
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
    bench.ok("program", str(EXAMPLES / "periodic_bolus.toml"), "--yes")
    told = bench.ok("program", str(changed), "--yes")
    assert "* bridge" in told
    assert "0.34 mL/day" in told
    assert bench.json("program", str(changed), "--yes")["changed"] is False
    assert bench.json("bolus", "status")["bridge_left_s"] > 0
    bench.ok("program", str(EXAMPLES / "periodic_bolus.toml"), "--yes", "--no-bridge")
    assert bench.json("bolus", "status")["bridge_left_s"] == 0
