"""Starts twice as slow as believed: the pump makes of each reset what it is, and is late by no more than it took."""

from __future__ import annotations

import pytest

from hil.bites import lost_in_a_bite_ns
from thecal_fw.core.events import RESET_POWER_ON
from thecal_fw.core.wall_clock import TIME_RESTORED
from thecal_hil.contract.image import image_under_test
from thecal_hil.contract.rig import ResetCause
from thecal_hil.course.course import Course, local_second
from thecal_hil.course.therapy import continuous
from thecal_hil.emulator import ResetCause as EmulatedReset
from thecal_hil.emulator import start_up
from thecal_hil.emulator.silicon import Silicon
from thecal_hil.rigs.pico_rig import PicoRig

_NS_PER_MS = 1_000_000
_MOST_LATE_MS = 45
"""A start takes 10 ms after a bite with a quick flash, 36 with the slowest ring oscillator, and at twice each 20 and
the crystal's 12."""

SLOWER = {
    "boot ROM": {"BOOT_ROM_CYCLES": 2 * start_up.BOOT_ROM_CYCLES},
    "ring oscillator": {"RING_HZ": start_up.RING_HZ // 2},
    "ring oscillator at its slowest": {"RING_HZ": 1_800_000},
    "crystal": {"CRYSTAL_DELAY_CYCLES": 2 * start_up.CRYSTAL_DELAY_CYCLES},
    "crystal after a bite too": {"STARTS_CRYSTAL": start_up.STARTS_CRYSTAL | {EmulatedReset.WATCHDOG}},
    "all of it": {
        "BOOT_ROM_CYCLES": 2 * start_up.BOOT_ROM_CYCLES,
        "RING_HZ": start_up.RING_HZ // 2,
        "CRYSTAL_DELAY_CYCLES": 2 * start_up.CRYSTAL_DELAY_CYCLES,
        "STARTS_CRYSTAL": start_up.STARTS_CRYSTAL | {EmulatedReset.WATCHDOG},
    },
}


@pytest.fixture(params=SLOWER)
def course(request, monkeypatch) -> Course:
    """Provide a pump that delivers, on a board that starts more slowly."""
    for name, value in SLOWER[request.param].items():
        monkeypatch.setattr(start_up, name, value)
    course = Course(PicoRig(image_under_test(), Silicon.read("rom=on,zero=on,frames=on")))
    course.set_time(local_second("2026-03-06 12:00"))
    course.refill(20_000_000)
    course.prescribe(continuous(2_000_000))
    course.start()
    course.rig.run_for(20)
    return course


@pytest.mark.requirement("reset-cause")
def test_a_bite_carries_time_and_count_over_and_costs_what_the_start_took(course: Course) -> None:
    lost_ns = lost_in_a_bite_ns(course.rig)
    assert 0 <= lost_ns <= _MOST_LATE_MS * _NS_PER_MS


@pytest.mark.requirement("reset-cause")
def test_a_cold_start_is_no_bite_and_delivery_goes_on(course: Course) -> None:
    rig = course.rig
    rig.reset(ResetCause.POWER_ON)
    rig.run_for(3)
    after = rig.pump().interrogate()
    assert (after.reset_cause, after.time_source) == (RESET_POWER_ON, TIME_RESTORED)
    assert after.rate_nl_per_day == 2_000_000
