"""A request that changes nothing moves no pulse, and the log has no change of therapy."""

from __future__ import annotations

from random import Random

import pytest

from thecal_fw.core.events import EVENT_PROGRAM_EFFECTIVE
from thecal_hil.course.course import Course, local_second
from thecal_hil.course.therapy import Therapy, continuous, flex

NOON = local_second("2026-03-06 12:00")
DAY = flex([("00:00", 84_000), ("12:30", 478_000), ("20:21", 328_000)])


def delivering(course: Course, therapy: Therapy) -> Course:
    course.set_time(NOON)
    course.prescribe(therapy)
    course.refill(18_000_000)
    course.start()
    course.rig.run_for(2)
    return course


def changes_logged(course: Course) -> int:
    return sum(event.code == EVENT_PROGRAM_EFFECTIVE for event in course.pump.log())


@pytest.mark.requirement("change-without-effect", "no-change-not-logged")
@pytest.mark.needs("exact edges", "virtual time")
def test_cancelling_what_is_not_under_way_at_any_instant_changes_nothing(course: Course) -> None:
    delivering(course, DAY)
    draw = Random(1)
    for _ in range(6):
        course.rig.run_for(round(draw.uniform(2, 4), 3))
        course.pump.interrogate()
        course.pump.cancel_bolus(is_temporary_rate=draw.random() < 0.5)
    course.rig.run_for(2)
    assert changes_logged(course) == 1
    assert course.pump.interrogate().rate_nl_per_day == 84_000
    course.must_be_ideal()


@pytest.mark.requirement("change-without-effect", "same-program-moves-nothing")
@pytest.mark.needs("exact edges", "virtual time")
def test_the_same_program_again_and_the_clock_of_a_constant_rate_change_nothing(course: Course) -> None:
    delivering(course, continuous(8_000_000))
    course.prescribe(continuous(8_000_000))
    course.rig.run_for(2)
    course.pump.set_time(NOON + 7_200, 120)
    course.rig.run_for(2)
    assert changes_logged(course) == 1
    course.must_be_ideal()
