"""The first start on a board as slow as silicon is believed to be, and at twice that: the pump delivers."""

from __future__ import annotations

import pytest

from thecal_hil.contract.image import image_under_test
from thecal_hil.course.course import Course, local_second
from thecal_hil.course.therapy import continuous
from thecal_hil.emulator.silicon import Silicon
from thecal_hil.rigs.pico_rig import PicoRig

_BOARDS = ["P=0", "P=40", "P=66", "P=66,replace=random", "P=50,fill=half", "P=132", "silicon,flash=blank"]


@pytest.mark.requirement("leads-from-measured-times")
@pytest.mark.parametrize("silicon", _BOARDS)
def test_the_pump_delivers_at_every_price_of_a_cache_miss(silicon: str) -> None:
    rig = PicoRig(image_under_test(), Silicon.read(silicon))
    course = Course(rig)
    course.set_time(local_second("2026-03-06 12:00"))
    course.refill(20_000_000)
    course.prescribe(continuous(2_000_000))
    course.start()
    rig.run_for(10)
    assert rig.pump().interrogate().active_alarms == 0
    assert course.must_be_ideal().pulses >= 10
