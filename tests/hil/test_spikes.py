"""Spikes on the pump's inputs: what a motor driver's chopping couples into a wire is no pulse, no turn and no press."""

from __future__ import annotations

import os
import random

import pytest

from thecal_fw.core import alarms
from thecal_fw.rp2 import pins
from thecal_hil.course import Course, local_second
from thecal_hil.image import image_under_test
from thecal_hil.pico_rig import PicoRig
from thecal_hil.therapy import continuous

_SEED = 20_261_201
_SECONDS = int(os.environ.get("THECAL_SPIKE_SECONDS", "40"))
_PER_SECOND = 10
_SHORTEST_NS, _LONGEST_NS = 20, 500
_NS_PER_S = 1_000_000_000


_SM0_CLKDIV = 0x5020_00C8
_UNDIVIDED = 1 << 16


def _spike(rig: PicoRig, signal: str, lasts_ns: int) -> None:
    """Turn an input's level over for so long, whatever it is at."""
    board, gpio = rig.board, rig.board.chip.gpio
    wire = next(wire for wire in board.wires if wire.target == pins.SENSE)
    if signal == "sense":
        wire.stuck = 1 - int(gpio[pins.SENSE].input_value)
        board.call_at(board.now_ns + lasts_ns, lambda: setattr(wire, "stuck", None))
    elif signal == "motion":
        gpio[pins.MOTION].set_input_value(not gpio[pins.MOTION].input_value)
        board.call_at(board.now_ns + lasts_ns, rig.motor.refresh)
    else:
        rig.hold_button(True)
        board.call_at(board.now_ns + lasts_ns, lambda: rig.hold_button(False))


@pytest.mark.parametrize("nl_per_day", [424_000, 24_000_000])
@pytest.mark.parametrize("signal", ["sense", "motion", "button"])
@pytest.mark.requirement(
    "spikes-are-no-edges", "spikes-are-no-turns", "spikes-are-no-presses", "spikes-raise-no-alarm"
)
def test_spikes_of_half_a_microsecond_ten_times_a_second_change_nothing(signal: str, nl_per_day: int) -> None:
    draw = random.Random(f"{_SEED} {signal} {nl_per_day}")
    rig = PicoRig(image_under_test())
    course = Course(rig)
    course.set_time(local_second("2026-03-06 12:00"))
    course.refill(20_000_000)
    course.prescribe(continuous(nl_per_day))
    course.start()
    rig.run_for(5)
    begin_ns = rig.now_ns
    for _ in range(_SECONDS * _PER_SECOND):
        lasts_ns = draw.randint(_SHORTEST_NS, _LONGEST_NS)
        t_ns = begin_ns + draw.randrange(_SECONDS * _NS_PER_S)
        rig.board.call_at(t_ns, lambda lasts_ns=lasts_ns: _spike(rig, signal, lasts_ns))
    rig.run_for(_SECONDS + 10)
    status = course.pump.interrogate()
    rig.close()
    assert status.active_alarms == 0
    assert status.rate_nl_per_day == nl_per_day
    asked_ns = rig.boot_origin_ns + status.boot_s * _NS_PER_S + status.boot_us * 1_000
    seen = int((rig.steps_since_boot_ns() <= asked_ns).sum())
    # A pulse that rises just then is counted 0.6 us later.
    assert abs(status.counted_steps - seen) <= 1
    course.must_be_ideal()


@pytest.mark.requirement("spikes-are-no-edges")
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
