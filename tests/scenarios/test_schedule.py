"""The day's schedule: rates change on their exact minute, over midnight and into the weekend."""

import pytest

from thecal_fw.core import alarms
from thecal_hil.course.course import Course, local_second
from thecal_hil.course.therapy import flex

FULL_NL = 18_000_000
SCHOOL_DAY = [
    ("00:00", 300_000),
    ("05:30", 420_000),
    ("07:00", 2_400_000),
    ("09:00", 400_000),
    ("12:30", 500_000),
    ("18:00", 650_000),
    ("21:30", 1_200_000),
]
WEEKEND = [("00:00", 3_000_000), ("08:30", 650_000), ("22:00", 330_000)]


def begun(course: Course, local: str) -> None:
    course.set_time(local_second(local))
    course.prescribe(flex(SCHOOL_DAY, WEEKEND))
    course.refill(FULL_NL)
    course.start()


@pytest.mark.requirement("exact-minute")
@pytest.mark.needs("exact edges")
def test_the_rate_changes_on_its_exact_minute(course: Course) -> None:
    begun(course, "2026-03-05 06:59:10")
    course.rig.run_for(45)
    assert course.pump.interrogate().rate_nl_per_day == 420_000
    course.rig.run_for(45)
    assert course.pump.interrogate().rate_nl_per_day == 2_400_000
    course.must_be_ideal()


@pytest.mark.requirement("exact-minute-at-midnight")
@pytest.mark.needs("exact edges")
def test_the_weekend_begins_at_midnight_and_ends_at_midnight(course: Course) -> None:
    begun(course, "2026-03-06 23:58:30")
    course.rig.run_for(180)
    assert course.pump.interrogate().rate_nl_per_day == 3_000_000
    course.set_time(local_second("2026-03-08 23:59:00"))
    course.rig.run_for(120)
    assert course.pump.interrogate().rate_nl_per_day == 300_000
    course.must_be_ideal()


@pytest.mark.requirement("clock-set", "exact-minute", "clock-set-loses-nothing")
@pytest.mark.needs("exact edges")
def test_setting_the_clock_moves_the_schedule_from_the_instant_the_pump_names(course: Course) -> None:
    begun(course, "2026-03-04 03:00:00")
    course.rig.run_for(90)
    course.set_time(local_second("2026-03-04 21:29:30"))
    course.rig.run_for(90)
    course.must_be_ideal()


@pytest.mark.requirement("time-unknown")
@pytest.mark.needs("exact edges")
def test_without_the_time_the_mean_rate_is_delivered_until_somebody_sets_it(course: Course) -> None:
    course.prescribe(flex([("00:00", 1_000_000), ("12:00", 3_000_000)]))
    course.refill(FULL_NL)
    course.start()
    course.rig.run_for(60)
    assert course.pump.interrogate().active_alarms == 1 << alarms.TIME_UNKNOWN
    assert course.pump.interrogate().rate_nl_per_day == 2_000_000
    course.set_time(local_second("2026-03-04 13:00:00"))
    course.rig.run_for(60)
    assert course.pump.interrogate().active_alarms == 0
    assert course.pump.interrogate().rate_nl_per_day == 3_000_000
    course.must_be_ideal()
