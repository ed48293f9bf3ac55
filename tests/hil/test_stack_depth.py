"""The retained memory lies at the low end of the processor's stack: nothing the pump does may come near it."""

from __future__ import annotations

import pytest

from thecal_fw.core.program import MOST_STEPS_PER_DAY
from thecal_hil.contract.rig import Rig
from thecal_hil.course.course import Course, local_second
from thecal_hil.course.therapy import flex
from thecal_hil.rigs.pico_rig import PicoRig

STACK = range(0x2004_0000, 0x2004_2000)
RETAINED_END = STACK.start + 624
PAINT = 0xA5
# Above this the stack is in use as soon as the program runs.
PAINTED_END = STACK.start + 0x1600
LEAST_FREE_BYTES = 1_024


@pytest.mark.requirement("watchdog-carry-over")
@pytest.mark.needs("power cut")
def test_the_stack_never_comes_within_a_kilobyte_of_the_retained_memory(rig: Rig) -> None:
    if not isinstance(rig, PicoRig):
        pytest.skip("only the emulated chip has a stack to look at")
    # What serves the link is loaded after the self-test, and goes deeper than a program that sleeps.
    rig.run_for(2)
    painted = PAINTED_END - RETAINED_END
    rig.board.write_sram(RETAINED_END, bytes([PAINT]) * painted)
    course = Course(rig)
    course.set_time(local_second("2026-03-06 12:00"))
    # Checking a schedule with as many steps as there can be goes deepest.
    times = [f"{step // 2:02}:{step % 2 * 30:02}" for step in range(MOST_STEPS_PER_DAY)]
    day = [(time, 1_000_000 + 100_000 * (step % 2)) for step, time in enumerate(times)]
    course.prescribe(flex(day, day))
    course.refill(18_000_000)
    course.start()
    rig.run_for(20)
    course.pump.log()
    stack = rig.board.read_sram(RETAINED_END, painted)
    free = next((at for at, byte in enumerate(stack) if byte != PAINT), painted)
    assert free >= LEAST_FREE_BYTES
    assert free < painted
