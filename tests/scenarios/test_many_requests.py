"""A visit's many requests, some seconds apart: each has a record written, and none costs a pulse then or later."""

from __future__ import annotations

import pytest

from thecal_fw.link import messages
from thecal_hil.course.course import Course, local_second
from thecal_hil.course.raw_link import RawLink
from thecal_hil.course.therapy import continuous

FULL_NL = 18_000_000
QUANTUM_STEPS = 64
"""A grant at this rate is a microlitre."""


@pytest.mark.requirement("gate-grants-kept")
@pytest.mark.needs("exact edges")
@pytest.mark.parametrize("requests", [4, 48])
def test_delivery_outlasts_any_number_of_records_within_one_quantum(course: Course, requests: int) -> None:
    course.set_time(local_second("2026-03-06 12:00"))
    course.prescribe(continuous(2_000_000))
    course.refill(FULL_NL)
    course.start()
    course.rig.run_for(2)
    link = RawLink(course.rig.port)
    for number in range(requests):
        # A pulse comes every 0.675 s, so each record grants a step or two more.
        link.ask(messages.REFILL, FULL_NL + number)
        course.rig.run_for(0.9)
    course.rig.run_for(2 * 0.7 * QUANTUM_STEPS)
    course.must_be_ideal()
