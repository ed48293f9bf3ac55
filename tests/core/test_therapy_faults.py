"""Faults of a program's therapy in full: every one with its place, its value and what would be allowed."""

import pytest

from core.test_boluses import a_flex_program, a_program, faults_of
from thecal_fw.core.calibration import BENCH_CALIBRATION
from thecal_fw.core.limits import BENCH_LIMITS
from thecal_fw.core.modes import MODE_FLEX, MODE_MINIMUM_RATE, MODE_STOPPED
from thecal_fw.core.program import Bridge, PatientBolus, PeriodicBolus
from thecal_fw.core.validation import validate


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        (
            {"periodic_bolus": PeriodicBolus(0, 60, 1, 1_440)},
            ["interval_minutes is 60, allowed 1440 to 1440"],
        ),
        ({"periodic_bolus": PeriodicBolus(0, 1, 2_880, 1)}, []),
        ({"patient_bolus": PatientBolus(2_880_000, 5, 15, 12), "most_nl_per_day": 4_000_000}, []),
        ({"bridge": Bridge(1, 424_000), "dead_volume_id": 1}, []),
        (
            {"bridge": Bridge(2_592_001, 6_000), "dead_volume_id": 1, "catheter_nl": 180_000},
            ["bridge_seconds is 2592001, allowed 1 to 2592000"],
        ),
    ],
)
def test_the_least_that_is_allowed_is_allowed(changes, faults):
    assert faults_of(a_program(**changes)) == faults


def test_a_periodic_bolus_without_time_or_interval_has_every_fault_named():
    faults = faults_of(a_program(periodic_bolus=PeriodicBolus(1, 0, 2_880_000, 0)))
    assert faults == [
        "bolus_minutes is 0, allowed 1 to 1440",
        "bolus_volume_nl is 0, allowed 1 to 200000",
        "interval_minutes is 0, allowed 1 to 1440",
        "bolus_start_minute is 1, allowed 0 to 0",
    ]


@pytest.mark.parametrize(
    ("mode", "kind", "part", "fault"),
    [
        (
            MODE_MINIMUM_RATE,
            "periodic_bolus",
            PeriodicBolus(0, 60, 1, 0),
            "periodic_bolus is 60, allowed 0 to 0",
        ),
        (MODE_FLEX, "periodic_bolus", PeriodicBolus(0, 60, 1, 0), "periodic_bolus is 60, allowed 0 to 0"),
        (MODE_MINIMUM_RATE, "patient_bolus", PatientBolus(7, 0, 0, 0), "patient_bolus is 7, allowed 0 to 0"),
        (MODE_STOPPED, "bridge", Bridge(60, 1), "bridge_seconds is 60, allowed 0 to 0"),
        # One of zeros is there as well: nothing may be worked out with it.
        (MODE_FLEX, "periodic_bolus", PeriodicBolus(0, 0, 0, 0), "periodic_bolus is 1, allowed 0 to 0"),
        (MODE_MINIMUM_RATE, "patient_bolus", PatientBolus(0, 0, 0, 0), "patient_bolus is 1, allowed 0 to 0"),
        (MODE_STOPPED, "bridge", Bridge(0, 0), "bridge_seconds is 1, allowed 0 to 0"),
    ],
)
def test_a_part_that_a_mode_has_no_use_for_is_one_fault(mode, kind, part, fault):
    program = a_flex_program([[]]) if mode == MODE_FLEX else a_program(rate_nl_per_day=0)
    program.mode = mode
    setattr(program, kind, part)
    if kind == "bridge":
        program.dead_volume_id = 1
    assert fault in faults_of(program)
    assert not any(text.startswith("bolus_") or "bridge_rate" in text for text in faults_of(program))


def test_a_program_without_day_patterns_has_no_scheduled_boluses():
    program = a_program()
    program.boluses = [[(0, 2_880_000, 5)]]
    assert faults_of(program) == ["boluses is 1, allowed 0 to 0"]


def test_a_day_has_no_more_boluses_than_hours():
    day = [(60 * hour, 2_880, 5) for hour in range(24)]
    assert faults_of(a_flex_program([day])) == []
    assert faults_of(a_flex_program([[*day, (1_439, 2_880, 1)]]))[0] == (
        "boluses in pattern 0 is 25, allowed 0 to 24"
    )


def test_the_slowest_bolus_is_a_nanolitre_a_day():
    assert not any("rate" in text for text in faults_of(a_flex_program([[(0, 1, 1_440)]])))


def test_a_bolus_past_midnight_meets_those_of_the_following_day_and_of_no_other():
    late, early = [(1_430, 2_880_000, 20)], [(5, 2_880_000, 1)]
    # On Wednesday the late one runs to ten past midnight.
    after_it = a_flex_program([[], late, early], weekdays=(0, 0, 1, 2, 0, 0, 0))
    assert faults_of(after_it) == ["bolus_start_minute in pattern 2, step 0 is 5, allowed 10 to 1439"]
    for weekdays in ((0, 2, 1, 0, 2, 0, 0), (2, 0, 1, 0, 0, 0, 2)):
        assert faults_of(a_flex_program([[], late, early], weekdays=weekdays)) == []
    around_the_week = a_flex_program([[], late, early], weekdays=(2, 0, 0, 0, 0, 0, 1))
    assert faults_of(around_the_week) == ["bolus_start_minute in pattern 2, step 0 is 5, allowed 10 to 1439"]


def test_a_fault_without_a_place_has_none():
    fault = validate(a_program(accuracy_permille=301), BENCH_LIMITS, BENCH_CALIBRATION)[0]
    assert (fault.pattern, fault.step) == (-1, -1)
    fault = validate(a_program(patient_bolus=PatientBolus(0, 5, 60, 4)), BENCH_LIMITS, BENCH_CALIBRATION)[0]
    assert (fault.pattern, fault.step) == (-1, -1)
