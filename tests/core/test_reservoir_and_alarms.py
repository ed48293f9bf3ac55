"""The reservoir's thresholds fall on exact pulses, and a table says what the pump does about alarms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.strategies import calibrations
from thecal.alarm_sets import bits_in, set_of
from thecal_fw.core import alarms as table
from thecal_fw.core.alarms import ALARM_NAMES, ALARMS, AT_PRIORITY, SILENCE_S, Alarms
from thecal_fw.core.annunciation import PATTERNS, Annunciation
from thecal_fw.core.calibration import BENCH_CALIBRATION, Calibration
from thecal_fw.core.instant import NEVER_S
from thecal_fw.core.reservoir import NEVER_STEP, Reservoir


@pytest.mark.requirement("low-reservoir")
@given(st.integers(2_000_001, 40_000_000), st.integers(1, 2_000_000), st.integers(0, 10**7), calibrations)
def test_the_low_threshold_falls_on_the_first_pulse_that_leaves_no_more_than_it(
    fill_nl, low_nl, counted, calibration
):
    reservoir = Reservoir(calibration)
    reservoir.set_low_threshold(low_nl)
    reservoir.refill(fill_nl, counted)
    steps = reservoir.low_step - counted

    def left_times_steps_per_rev(pulses):
        return fill_nl * calibration.microsteps_per_rev - pulses * calibration.nl_per_rev

    assert left_times_steps_per_rev(steps) <= low_nl * calibration.microsteps_per_rev
    assert left_times_steps_per_rev(steps - 1) > low_nl * calibration.microsteps_per_rev


@pytest.mark.requirement("reservoir-unknown")
def test_a_reservoir_never_filled_is_unknown_and_reaches_no_threshold():
    reservoir = Reservoir(BENCH_CALIBRATION)
    reservoir.set_low_threshold(2_000_000)
    assert not reservoir.is_known
    assert reservoir.low_step == reservoir.empty_step == NEVER_STEP


@pytest.mark.requirement("reservoir-not-below-zero")
def test_the_calculated_volume_ends_at_zero_and_not_below():
    reservoir = Reservoir(BENCH_CALIBRATION)
    reservoir.refill(20_000_000, 100)
    assert reservoir.residual_nl(100) == 20_000_000
    assert reservoir.residual_nl(100 + 3_200) == 19_950_000
    assert reservoir.residual_nl(reservoir.empty_step) == 0
    assert reservoir.residual_nl(reservoir.empty_step + 1_000) == 0


@pytest.mark.requirement("alarm-table", "alarm-sound")
def test_every_alarm_has_a_name_a_priority_a_response_and_a_way_to_clear():
    assert len(set(ALARM_NAMES)) == len(ALARMS)
    for _, name, priority, response, latches, clears in ALARMS:
        assert name
        assert clears
        assert priority in (table.PRIORITY_NON_CRITICAL, table.PRIORITY_CRITICAL)
        assert 0 <= response < len(table.RESPONSE_NAMES)
        assert isinstance(latches, bool)


@pytest.mark.requirement("most-restrictive")
def test_the_most_restrictive_response_of_all_active_alarms_wins():
    alarms = Alarms()
    alarms.set_cause(table.LOW_RESERVOIR, True)
    assert alarms.response() == table.RESPONSE_BLOCK_BOLUSES
    alarms.set_cause(table.PROGRAM_LOST, True)
    assert alarms.response() == table.RESPONSE_MINIMUM_RATE
    alarms.set_cause(table.EMPTY_RESERVOIR, True)
    assert alarms.response() == table.RESPONSE_STOP
    alarms.set_cause(table.EMPTY_RESERVOIR, False)
    assert alarms.response() == table.RESPONSE_MINIMUM_RATE


def test_low_reservoir_keeps_the_basal_rate():
    alarms = Alarms()
    alarms.set_cause(table.LOW_RESERVOIR, True)
    assert alarms.response() < table.RESPONSE_MEAN_RATE


@pytest.mark.requirement("alarm-latches")
def test_a_latched_alarm_outlives_its_cause_until_it_is_acknowledged():
    alarms = Alarms()
    alarms.set_cause(table.TIMING_FAULT, True)
    assert bits_in(alarms.acknowledge(set_of(1 << table.TIMING_FAULT), 0)) == 0
    assert not alarms.set_cause(table.TIMING_FAULT, False)
    assert alarms.is_active(table.TIMING_FAULT)
    assert bits_in(alarms.acknowledge(set_of(1 << table.TIMING_FAULT), 0)) == 1 << table.TIMING_FAULT
    assert not any(alarms.active)


@pytest.mark.requirement("silence-ends", "silence-ends-non-critical")
@pytest.mark.parametrize("alarm", range(len(ALARMS)))
def test_silence_never_lasts(alarm):
    alarms = Alarms()
    alarms.set_cause(alarm, True)
    alarms.acknowledge(set_of(1 << alarm), 1_000)
    assert alarms.audible_priority() == -1
    ends_s = alarms.next_unsilencing_s(NEVER_S)
    assert ends_s == 1_000 + SILENCE_S[ALARMS[alarm][AT_PRIORITY]]
    alarms.end_silences(ends_s - 1)
    assert alarms.audible_priority() == -1
    alarms.end_silences(ends_s)
    assert alarms.audible_priority() == ALARMS[alarm][AT_PRIORITY]


@pytest.mark.requirement("silence-of-one")
def test_acknowledging_one_alarm_silences_no_other():
    alarms = Alarms()
    alarms.set_cause(table.LOW_RESERVOIR, True)
    alarms.set_cause(table.PROGRAM_LOST, True)
    alarms.acknowledge(set_of(1 << table.PROGRAM_LOST), 0)
    assert alarms.audible_priority() == table.PRIORITY_NON_CRITICAL


def tone_edges(priority: int, until_s: int) -> list[tuple[int, bool]]:
    """Return (microseconds, level) at which the buzzer changes."""
    annunciation = Annunciation()
    edges, s, us, was_on = [], 10, 500_000, False
    while s < until_s:
        on = annunciation.update(s, us, priority)
        if on != was_on:
            edges.append((s * 1_000_000 + us - 10_500_000, on))
            was_on = on
        s, us = annunciation.next_s, annunciation.next_us
    return edges


@pytest.mark.requirement("alarm-tone-non-critical", "alarm-tone-repeat-non-critical")
def test_a_non_critical_alarm_sounds_one_second_at_once_and_every_hour():
    assert tone_edges(table.PRIORITY_NON_CRITICAL, 7_000) == [
        (0, True),
        (1_000_000, False),
        (3_600_000_000, True),
        (3_601_000_000, False),
    ]


@pytest.mark.requirement("alarm-tones", "alarm-tones-repeat")
def test_a_critical_alarm_sounds_six_short_tones_over_three_seconds_every_ten_minutes():
    edges = tone_edges(table.PRIORITY_CRITICAL, 700)
    assert [on for _, on in edges] == [True, False] * 12
    assert [at for at, _ in edges[:12]] == [250_000 * index for index in range(12)]
    assert edges[12] == (600_000_000, True)
    tones, tone_us, pause_us, _ = PATTERNS[table.PRIORITY_CRITICAL]
    assert tones * (tone_us + pause_us) == 3_000_000


def test_the_buzzer_falls_silent_when_the_alarm_does():
    annunciation = Annunciation()
    assert annunciation.update(1, 0, table.PRIORITY_NON_CRITICAL)
    assert not annunciation.update(1, 500_000, -1)
    assert annunciation.next_s == NEVER_S


def test_a_new_reservoir_has_no_volume_and_no_threshold():
    reservoir = Reservoir(BENCH_CALIBRATION)
    assert (reservoir.fill_nl, reservoir.low_reservoir_nl, reservoir.filled_at_step) == (0, 0, 0)
    assert reservoir.refilled_day == 0


def test_the_day_of_a_refill_is_kept_until_the_next_one_which_may_have_none():
    reservoir = Reservoir(BENCH_CALIBRATION)
    reservoir.refill(20_000_000, 0, 20_440)
    assert reservoir.refilled_day == 20_440
    reservoir.refill(20_000_000, 5)
    assert reservoir.refilled_day == 0


def test_thresholds_fall_on_the_nanolitre_and_follow_a_threshold_set_later():
    reservoir = Reservoir(Calibration(1, 1, 1))
    reservoir.refill(50, 1_000)
    assert (reservoir.low_step, reservoir.empty_step) == (1_050, 1_050)
    reservoir.set_low_threshold(20)
    assert (reservoir.low_step, reservoir.empty_step) == (1_030, 1_050)
    reservoir.set_low_threshold(60)
    assert reservoir.low_step == 1_000
