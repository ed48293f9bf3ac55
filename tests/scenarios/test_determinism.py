"""The same scenario twice gives byte-identical records."""

import pytest

from thecal_hil.contract.edge_digest import digest_of
from thecal_hil.contract.rig import Rig
from thecal_hil.course.course import Course, local_second
from thecal_hil.course.therapy import continuous, flex

GARBAGE = bytes(range(1, 200)) + b"\0"


def scenario(rig: Rig) -> str:
    """Do a bit of everything; return the digest of every edge it made."""
    course = Course(rig)
    course.set_time(local_second("2026-03-06 23:59:30"))
    course.prescribe(flex([("00:00", 3_000_000)], [("00:00", 8_000_000)]))
    course.refill(2_010_000)
    course.start()
    rig.run_for(45)
    rig.port.write(GARBAGE)
    rig.run_for(0.5)
    course.prescribe(continuous(24_000_000))
    rig.run_for(10)
    course.stop()
    return digest_of(rig.edges)


@pytest.mark.requirement("deterministic-rig")
@pytest.mark.needs("virtual time")
@pytest.mark.expects("garbled frames")
def test_the_same_scenario_twice_gives_the_same_record(rig: Rig, another_rig: Rig) -> None:
    assert scenario(rig) == scenario(another_rig)
