"""A gear, a fine microstep or a missing encoder changes some numbers of the firmware and leaves the others."""

from fractions import Fraction
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thecal.pumps.description import MOST_LINE_MICROSTEPS
from thecal_fw.core import described
from thecal_fw.core.calibration import BENCH_CALIBRATION, Calibration
from thecal_fw.core.dead_volume import MOST_CATHETER_NL, PUMP_TUBING_NL
from thecal_fw.core.ledger import Ledger
from thecal_fw.core.metering import step_weight
from thecal_fw.pump.bridging import Bridging
from thecal_fw.pump.infusion import _first_block_pulses
from thecal_fw.pump.motor import Motor

GEARED = Calibration(2, 405 * 40_000, 32 * 8 * 25_792, 405)
LINE_NL = PUMP_TUBING_NL + MOST_CATHETER_NL


@given(st.integers(0, 10**13))
def test_turns_of_a_geared_head_are_whole_ones_of_the_exact_ratio(steps):
    assert GEARED.turns_of(steps) == steps // Fraction(32 * 8 * 25_792, 405)


@given(st.integers(0, 10**6))
def test_the_volume_of_turns_is_that_of_the_head(turns):
    assert GEARED.volume_of_turns_nl(turns) == 40_000 * turns


def test_the_journal_has_the_reference_s_ratio_itself_and_tells_geared_ones_apart():
    assert (BENCH_CALIBRATION.kept_nl, BENCH_CALIBRATION.kept_microsteps) == (50_000, 3_200)
    others = [Calibration(2, 405 * nl, 32 * 8 * 25_792, 405) for nl in range(40_000, 40_100)]
    assert {other.kept_microsteps for other in others} == {0}
    assert len({other.kept_nl for other in others}) == len(others)
    assert all(0 <= other.kept_nl < 1 << 32 for other in others)


def bridge_of(calibration: Calibration, base_steps: int):
    """Return the bridge of a pump with so many microsteps behind it, and whether a record is wanted."""
    noted = []
    ledger = Ledger()
    ledger.go_on_after(base_steps)
    orders = SimpleNamespace(program=SimpleNamespace(bridge=object()))
    changes = SimpleNamespace(note=lambda: noted.append(True))
    return Bridging(None, ledger, calibration, orders, None, changes), noted  # type: ignore[arg-type]


@pytest.mark.parametrize("nl", [50_000, 1_000, 100])
@given(share=st.fractions(Fraction(1, 1_000), 1), base_steps=st.integers(0, 1 << 43))
def test_the_end_of_a_bridge_outlasts_a_power_cut_to_a_unit_of_what_16_bits_hold_of_the_line(
    nl, share, base_steps
):
    calibration = Calibration(1, nl, 3_200)
    line_steps = calibration.steps_reaching(LINE_NL)
    assert line_steps <= MOST_LINE_MICROSTEPS
    left = max(1, int(line_steps * share))
    before, _ = bridge_of(calibration, base_steps)
    before.end = left * step_weight(calibration)
    after, noted = bridge_of(calibration, base_steps)
    after.restore(before.to_store())
    unit = max(1, -(-line_steps // 0xF000) * 2)
    assert not noted
    assert after.end is not None
    restored = after.end // step_weight(calibration)
    # Never sooner: the old drug is used up for certain before the new program begins.
    assert left <= restored <= left + unit
    if nl == 50_000:
        assert restored == left or base_steps + left & 0xFFFF == 0


def test_a_motor_without_an_encoder_follows_whatever_its_line_says(monkeypatch):
    monkeypatch.setattr(described, "HAS_ENCODER", 0)
    ledger = Ledger()
    line = SimpleNamespace(count=lambda: 7)
    motor = Motor(line, ledger, SimpleNamespace(), SimpleNamespace())  # type: ignore[arg-type]
    assert not motor.may_have_moved()
    motor.watch()
    for counted in range(0, 500, 50):
        ledger.note_counted(counted)
        assert motor.follows()
        motor.check(0, 0)
    assert not motor.is_stalled()
    assert motor.lost_steps() == 0


def test_the_first_block_of_a_faster_pump_is_longer_and_that_of_the_reference_has_64_pulses():
    assert _first_block_pulses(BENCH_CALIBRATION, 512) == 64
    # Ten times as many microsteps for the same volume: 711 a second at the highest rate, 640 in 0.9 s.
    finer = Calibration(2, 5_000, 3_200)
    assert _first_block_pulses(finer, 2_048) == 1_024
    assert _first_block_pulses(finer, 512) == 512
