"""A dose gate that has no room for another grant: the sense wire is cut, and the gate counts at that wire."""

from __future__ import annotations

import pytest

from thecal_hil.contract.faults import Fault
from thecal_hil.contract.image import image_under_test
from thecal_hil.course.course import Course, local_second
from thecal_hil.course.therapy import continuous
from thecal_hil.rigs.pico_rig import PicoRig
from thecal_sim.units import NS_PER_S

NL_PER_DAY = 8_000_000
CYCLES_PER_S = 125_000_000
DELIVERED_S = 120
"""Some fifteen grants."""


@pytest.mark.requirement("gate-grants-kept")
def test_delivery_goes_on_and_the_processor_sleeps_while_the_gate_has_no_room() -> None:
    rig = PicoRig(image_under_test())
    course = Course(rig)
    course.set_time(local_second("2026-03-06 12:00"))
    course.prescribe(continuous(NL_PER_DAY))
    course.refill(18_000_000)
    course.start()
    rig.run_for(5)
    rig.faults.inject(Fault.SENSE_CUT)
    before, cycles = len(rig.step_times_ns), rig.board.busy_cycles
    rig.run_for(DELIVERED_S)
    came = len(rig.step_times_ns) - before
    assert came == pytest.approx(NL_PER_DAY / 86_400 / 15.625 * DELIVERED_S, abs=2)
    assert rig.step_times_ns[-1] > rig.now_ns - NS_PER_S
    assert rig.board.busy_cycles - cycles < CYCLES_PER_S * DELIVERED_S / 50
    assert not rig.has_lost_words()
    rig.close()
