"""Numbers that are kept in flash, cross the link or stand for a fact: a pump of one version reads what another wrote,
so none of them may change unnoticed."""

import pytest

from thecal_fw.core import (
    alarms,
    bolus,
    bolus_validation,
    calibration,
    dead_volume,
    events,
    flash_map,
    instant,
    ledger,
    press,
    program,
    pump_state,
    schedule,
    self_test,
    service_life,
    slowdown,
    wall_clock,
)
from thecal_fw.store import state


@pytest.mark.parametrize(
    ("names", "numbers"),
    [
        (
            bolus.KIND_NAMES,
            (
                bolus.KIND_SCHEDULED,
                bolus.KIND_PATIENT,
                bolus.KIND_CLINICIAN,
                bolus.KIND_PRIME,
                bolus.KIND_TEMPORARY,
            ),
        ),
        (
            pump_state.STATE_NAMES,
            (pump_state.STATE_STOPPED, pump_state.STATE_STARTING, pump_state.STATE_DELIVERING),
        ),
        (
            wall_clock.TIME_SOURCE_NAMES,
            (
                wall_clock.TIME_UNKNOWN,
                wall_clock.TIME_SET,
                wall_clock.TIME_CARRIED_OVER,
                wall_clock.TIME_RESTORED,
            ),
        ),
        (events.RESET_NAMES, (events.RESET_POWER_ON, events.RESET_WATCHDOG)),
        (service_life.PART_NAMES, (service_life.PART_TUBING, service_life.PART_PUMP, service_life.PART_LINE)),
        (alarms.PRIORITY_NAMES, (alarms.PRIORITY_NON_CRITICAL, alarms.PRIORITY_CRITICAL)),
    ],
)
def test_every_number_is_the_place_of_its_name(names, numbers):
    assert numbers == tuple(range(len(names)))


def test_the_self_tests_are_told_one_bit_each():
    assert (
        self_test.TEST_IMAGE,
        self_test.TEST_MEMORY,
        self_test.TEST_CLOCK,
        self_test.TEST_SENSE,
        self_test.TEST_FLASH,
        self_test.TEST_BUZZER,
    ) == (1, 2, 4, 8, 16, 32)


def test_a_tick_is_ten_microseconds_and_all_longer_times_follow_from_it():
    assert instant.TICK_US == 10
    assert instant.TICKS_PER_SECOND == 100_000
    assert instant.TICKS_PER_MINUTE == 6_000_000
    assert instant.SECONDS_PER_DAY == 86_400
    assert instant.TICKS_PER_DAY == 8_640_000_000
    assert (program.MINUTES_PER_DAY, program.DAYS_PER_WEEK, schedule.MINUTES_PER_WEEK) == (1_440, 7, 10_080)
    assert wall_clock.MOST_OFFSET_MINUTES == 840


def test_the_second_that_never_comes_is_the_largest_that_needs_no_heap():
    assert instant.NEVER_S == 2**30 - 1


def test_stalls_are_counted_up_to_what_four_bits_hold():
    assert ledger.MOST_STALLS == 15


def test_the_facts_about_the_pumps_own_tubing_and_its_bench_head():
    assert dead_volume.DEAD_VOLUME_ID == 1
    assert dead_volume.PUMP_TUBING_NL == 140_000
    assert dead_volume.MOST_CATHETER_NL == 500_000
    assert bolus_validation.MOST_BRIDGE_S == 2_592_000
    bench = calibration.BENCH_CALIBRATION
    assert (bench.calibration_id, bench.nl_per_rev, bench.microsteps_per_rev) == (1, 50_000, 3_200)


def test_wrong_keys_are_slowed_from_a_second_to_a_quarter_of_an_hour():
    assert (slowdown.LEAST_WAIT_S, slowdown.MOST_WAIT_S) == (1, 900)


def test_the_button_is_looked_at_every_30_ms_and_stuck_after_a_minute():
    assert (press.LOOK_US, press.SETTLED_US, press.LONGEST_PRESS_US) == (30_000, 50_000, 2_000_000)
    assert (press.STUCK_S, press.REST_S, press.NO_PRESS) == (60, 10, -1)


def test_a_program_has_room_for_a_step_every_half_hour_and_a_bolus_every_hour_of_every_day():
    assert program.PROGRAM_LAYOUT_VERSION == 3
    assert (program.MOST_STEPS_PER_DAY, program.MOST_BOLUSES_PER_DAY, program.MOST_PATTERNS) == (48, 24, 7)
    assert (program.DRUG_NAME_BYTES, program.PATIENT_BYTES, program.LIBRARY_DIGEST_BYTES) == (16, 16, 8)
    assert program.USUAL_ACCURACY_PERMILLE == 145


def test_events_carry_their_facts_in_the_bits_that_every_version_knows():
    assert (events.WAS_DELIVERING_SHIFT, events.KIND_SHIFT, events.WAS_CUT_SHORT) == (8, 28, 1)
    assert events.CAPACITY == 64


def test_the_sizes_and_marks_of_what_lies_in_flash():
    assert (flash_map.STATE_BYTES, flash_map.EVENT_BYTES) == (128, 32)
    assert (flash_map.PAIRS, flash_map.COPIES, flash_map.KEY_SECTORS) == (2, 2, 2)
    assert (state.MAGIC, state.LAYOUT_VERSION, state.NO_PAIR, state.NOT_MIRRORED) == (0xB5, 5, 0xFF, 0xFF)
    assert state.NEVER == 0xFFFFFFFF
    assert (state.SINCE_MIRRORED_OFFSET, state.SEQUENCE_OFFSET, state.CRC_OFFSET) == (2, 4, 124)
    assert state.offset_of("program_pair") == 3
    assert (state.OTHER_PAIR_ERASED_OFFSET, state.GRANT_OFFSET) == (21, 96)
    assert state.offset_of("active_alarms") == 32


def test_a_bolus_gives_nothing_before_it_begins_and_all_of_it_once_it_has_ended():
    huge = 1 << 40
    one = bolus.Bolus(bolus.KIND_PATIENT, 1_000, 500, huge)
    whole = huge * 500 / instant.TICKS_PER_DAY
    assert [one.given_nl(tick) for tick in (0, 998, 999, 1_000)] == [0, 0, 0, 0]
    assert one.given_nl(1_001) == round(huge / instant.TICKS_PER_DAY)
    assert one.given_nl(1_500) == one.given_nl(1_501) == one.given_nl(10_000) == round(whole)
