"""An hour of spikes on one input of a board that delivers: what a motor driver's chopping couples into a wire.

Promises: spikes of 20 to 500 ns, ten a second at random instants, turn the input over from whatever level it has; every
pulse is held against the ideal, and the pump's own count against the pulses that were seen. The same seed gives the
same hour.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Final

from thecal_fw.rp2 import pins
from thecal_hil.contract.image import FirmwareImage
from thecal_hil.contract.rig import BUZZER
from thecal_hil.course.course import Course, local_second
from thecal_hil.course.therapy import continuous
from thecal_hil.emulator.silicon import Silicon
from thecal_hil.rigs.pico_rig import PicoRig
from thecal_sim.units import NS_PER_S, NS_PER_US

SENSE, MOTION, BUTTON = "sense", "motion", "button"
INPUTS: Final = (SENSE, MOTION, BUTTON)
HOUR_S: Final = 3_600
PER_SECOND: Final = 10
_SHORTEST_NS, _LONGEST_NS = 20, 500
_SETTLES_S: Final = 10
_REFILL_NL: Final = 20_000_000


@dataclass
class SpikedHour:
    """The outcome of an hour with spikes. stops: 1 if the pump does not deliver as before or has an alarm.
    miscounted: pulses by which the pump's count is off."""

    spikes: int = 0
    pulses: int = 0
    stops: int = 0
    miscounted: int = 0
    wrong: list[str] = field(default_factory=list)


def spiked_hour(
    image: FirmwareImage, board: str, where: str, nl_per_day: int, seed: int = 0, seconds: int = HOUR_S
) -> SpikedHour:
    """Spike one of INPUTS of a board while it delivers a rate."""
    rig = PicoRig(image, Silicon.read(board))
    try:
        return _spiked(rig, where, nl_per_day, Random(f"spikes {where} {nl_per_day} {seed}"), seconds)
    finally:
        rig.close()


def _spiked(rig: PicoRig, where: str, nl_per_day: int, draw: Random, seconds: int) -> SpikedHour:
    course = Course(rig)
    course.set_time(local_second("2026-03-06 12:00"))
    course.refill(_REFILL_NL)
    course.prescribe(continuous(nl_per_day))
    course.start()
    rig.run_for(5)
    found, begins_ns = SpikedHour(), rig.now_ns
    end_ns = begins_ns + seconds * NS_PER_S
    instants = iter(sorted(draw.randrange(begins_ns, end_ns) for _ in range(seconds * PER_SECOND)))
    _spike_next(rig, where, draw, instants, found)
    rig.run_for(seconds + _SETTLES_S)
    _judge(course, nl_per_day, begins_ns, found)
    return found


def _spike_next(rig: PicoRig, where: str, draw: Random, instants: Iterator[int], found: SpikedHour) -> None:
    """Have the next spike come at its instant, and the one after it be arranged then."""
    t_ns = next(instants, None)
    if t_ns is None:
        return

    def come() -> None:
        turn_over(rig, where, draw.randint(_SHORTEST_NS, _LONGEST_NS))
        found.spikes += 1
        _spike_next(rig, where, draw, instants, found)

    rig.board.call_at(max(t_ns, rig.board.now_ns), come)


def turn_over(rig: PicoRig, where: str, lasts_ns: int) -> None:
    """Turn an input's level over for so long, whatever it is at."""
    board, gpio = rig.board, rig.board.chip.gpio
    if where == SENSE:
        wire = next(wire for wire in board.wires if wire.target == pins.SENSE)
        wire.stuck = 1 - int(gpio[pins.SENSE].input_value)
        board.call_at(board.now_ns + lasts_ns, lambda: setattr(wire, "stuck", None))
    elif where == MOTION:
        gpio[pins.MOTION].set_input_value(not gpio[pins.MOTION].input_value)
        board.call_at(board.now_ns + lasts_ns, rig.motor.refresh)
    else:
        rig.hold_button(True)
        board.call_at(board.now_ns + lasts_ns, lambda: rig.hold_button(False))


def _judge(course: Course, nl_per_day: int, begins_ns: int, found: SpikedHour) -> None:
    rig = course.rig
    sounded = int((rig.rising_ns(BUZZER) >= begins_ns).sum())
    if sounded:
        found.wrong.append(f"the buzzer answered a press {sounded} times")
    status = course.pump.interrogate()
    found.stops = int(status.rate_nl_per_day != nl_per_day or status.active_alarms != 0)
    if found.stops:
        found.wrong.append(f"{status.rate_nl_per_day} nL/day, alarms {', '.join(status.alarm_names)}")
    asked_ns = rig.boot_origin_ns + status.boot_s * NS_PER_S + status.boot_us * NS_PER_US
    seen = int((rig.steps_since_boot_ns() <= asked_ns).sum())
    # A pulse that rises just then is counted 0.6 us later.
    found.miscounted = max(0, abs(status.counted_steps - seen) - 1)
    if found.miscounted:
        found.wrong.append(f"{status.counted_steps} pulses are counted, {seen} were seen")
    try:
        found.pulses = course.must_be_ideal().pulses
    except AssertionError as error:
        found.wrong.append(str(error))
