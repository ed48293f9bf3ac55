"""Rig time, time since reset and the pump's wall time are related exactly."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thecal.client import PumpTime
from thecal_hil.contract.image import image_under_test
from thecal_hil.contract.pump_clock import PumpClock, wall_ticks_at_boot
from thecal_hil.course.course import OFFSET_MINUTES, Course, local_second
from thecal_hil.course.therapy import flex
from thecal_hil.emulator.silicon import Silicon
from thecal_hil.rigs.pico_rig import PicoRig
from thecal_sim.units import NS_PER_S

READING = PumpTime(12, 345_678, 1_772_794_800, 120, time_source=1, offset_minutes=60)


def test_the_pumps_two_times_differ_by_whole_ticks() -> None:
    assert wall_ticks_at_boot(READING) == (1_772_794_800 - 12) * 100_000 + 12 - 34_567


@given(st.integers(0, 10**16), st.integers(0, 10**16))
def test_wall_time_is_found_back_to_the_nanosecond(origin_ns: int, rig_ns: int) -> None:
    clock = PumpClock(origin_ns, wall_ticks_at_boot(READING))
    assert clock.rig_ns_of_wall(clock.wall_ns(rig_ns)) == rig_ns


def test_time_since_reset_begins_at_the_reset() -> None:
    clock = PumpClock(5 * NS_PER_S)
    assert clock.rig_ns_of_boot(2, 7) == 7 * NS_PER_S + 7_000


def test_a_pump_that_does_not_know_the_time_has_no_wall_time() -> None:
    with pytest.raises(ValueError, match="does not know the time"):
        PumpClock(0).wall_ns(1)


@pytest.mark.requirement("clock-set")
@pytest.mark.skipif("THECAL_UF2" in os.environ, reason="a stock image is used: too slow for these")
def test_both_times_of_an_answer_are_of_one_instant_also_while_a_change_is_prepared():
    rig = PicoRig(image_under_test(), Silicon.read("P=66"))
    course = Course(rig)
    course.set_time(local_second("2026-03-06 12:00"))
    course.refill(20_000_000)
    course.prescribe(flex([("00:00", 2_000_000), ("12:30", 3_000_000)]))
    course.start()
    rig.run_for(3)
    course.pump.set_time(local_second("2026-03-06 12:40"), OFFSET_MINUTES)
    while_it_is_prepared = rig.clock()
    rig.run_for(5)
    assert while_it_is_prepared == rig.clock()
    rig.close()
