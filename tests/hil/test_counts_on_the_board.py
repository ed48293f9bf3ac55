"""The emulated board counts beyond 32 bits: what 7.7 years at 24 mL/day come to."""

from __future__ import annotations

import pytest

from thecal_fw.core.flash_map import SECTOR_BYTES, STORAGE_AT
from thecal_hil.contract.gate import check_gate
from thecal_hil.contract.image import image_under_test
from thecal_hil.contract.rig import ResetCause
from thecal_hil.course.course import Course, local_second
from thecal_hil.course.drills import heap_bytes_per_pulse
from thecal_hil.course.therapy import continuous
from thecal_hil.rigs.foreign_journal import made_fuller, state_sectors
from thecal_hil.rigs.pico_rig import PicoRig

RATE_NL_PER_DAY = 2_000_000
"""Of which grants are rare enough to see what a pulse takes: 1.5 a second."""


def let_it_have_delivered(rig: PicoRig, steps: int) -> None:
    """Cut the power of a pump that has delivered so many microsteps more in its lives, and give power again."""
    flash = rig.board.chip.flash
    for sector in state_sectors():
        begin = STORAGE_AT + sector * SECTOR_BYTES
        flash[begin : begin + SECTOR_BYTES] = made_fuller(bytes(flash[begin : begin + SECTOR_BYTES]), steps)
    rig.reset(ResetCause.POWER_ON)


@pytest.mark.requirement("lifetime-counts", "lifetime-counts-over-resets", "steady-heap")
def test_the_board_counts_beyond_32_bits_over_resets_and_takes_nothing_from_the_heap_for_a_pulse() -> None:
    rig = PicoRig(image_under_test())
    course = Course(rig)
    course.set_time(local_second("2026-03-06 12:00"))
    course.prescribe(continuous(RATE_NL_PER_DAY))
    course.refill(18_000_000)
    course.start()
    rig.run_for(3)
    let_it_have_delivered(rig, 2**32 - 150)
    rig.run_for(5)
    below = rig.pump().interrogate()
    assert 2**32 - 150 < below.lifetime_steps < 2**32
    rig.run_for(90)
    beyond = rig.pump().interrogate()
    assert beyond.lifetime_steps > 2**32
    assert beyond.lifetime_steps - below.lifetime_steps == beyond.counted_steps - below.counted_steps
    assert beyond.steps_since_refill < 2_000
    assert heap_bytes_per_pulse(rig) == 0
    before = rig.pump().interrogate()
    rig.reset(ResetCause.WATCHDOG)
    rig.run_for(3)
    after = rig.pump().interrogate()
    bitten = after.lifetime_steps - after.counted_steps
    # It continued for the 8.3 s until the bite.
    assert before.lifetime_steps <= bitten <= before.lifetime_steps + 20 * 2
    assert after.uncertain_steps == before.uncertain_steps
    let_it_have_delivered(rig, 2**32)
    rig.run_for(3)
    assert rig.pump().interrogate().lifetime_steps > 2**33
    assert rig.pump().interrogate().rate_nl_per_day == RATE_NL_PER_DAY
    check_gate(rig)
    rig.close()
