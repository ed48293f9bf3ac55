"""Spikes on the pump's inputs: what a motor driver's chopping couples into a wire is no pulse, no turn and no press."""

from __future__ import annotations

import pytest

from thecal_fw.core import alarms
from thecal_hil.campaigns.changes import spikes
from thecal_hil.campaigns.changes.spikes import INPUTS, PER_SECOND, spiked_hour
from thecal_hil.contract.image import image_under_test
from thecal_hil.course.course import Course, local_second
from thecal_hil.course.therapy import continuous
from thecal_hil.rigs.pico_rig import PicoRig

_SEED = 20_261_201
_SECONDS = 40
"""A sample of the hour that `make changes` tries."""

_SM0_CLKDIV = 0x5020_00C8
_UNDIVIDED = 1 << 16


@pytest.mark.parametrize("nl_per_day", [424_000, 24_000_000])
@pytest.mark.parametrize("where", INPUTS)
@pytest.mark.requirement(
    "spikes-are-no-edges", "spikes-are-no-turns", "spikes-are-no-presses", "spikes-raise-no-alarm"
)
def test_spikes_of_half_a_microsecond_ten_times_a_second_change_nothing(where: str, nl_per_day: int) -> None:
    found = spiked_hour(image_under_test(), "ideal", where, nl_per_day, _SEED, _SECONDS)
    assert (found.spikes, found.wrong) == (_SECONDS * PER_SECOND, [])
    assert found.pulses > 10


@pytest.mark.requirement(
    "spikes-are-no-edges", "spikes-are-no-turns", "spikes-are-no-presses", "spikes-raise-no-alarm"
)
@pytest.mark.parametrize(("where", "lasts_ns"), [("sense", 2_000), ("button", 200_000_000)])
def test_what_is_long_enough_to_be_counted_is_noticed(where: str, lasts_ns: int, monkeypatch) -> None:
    turn_over = spikes.turn_over
    monkeypatch.setattr(spikes, "turn_over", lambda rig, where, _: turn_over(rig, where, lasts_ns))
    assert spiked_hour(image_under_test(), "ideal", where, 2_000_000, _SEED, 20).wrong


@pytest.mark.requirement(
    "spikes-are-no-edges", "spikes-are-no-turns", "spikes-are-no-presses", "spikes-raise-no-alarm"
)
def test_a_generator_whose_pulses_are_too_short_to_count_is_found_as_its_queue_runs_dry() -> None:
    rig = PicoRig(image_under_test())
    course = Course(rig)
    course.set_time(local_second("2026-03-06 12:00"))
    course.refill(20_000_000)
    course.prescribe(continuous(24_000_000))
    course.start()
    rig.run_for(5)
    rig.board.bus.write_uint32(_SM0_CLKDIV, _UNDIVIDED)
    rig.run_for(8)
    assert course.pump.interrogate().active_alarms >> alarms.TIMING_FAULT & 1
