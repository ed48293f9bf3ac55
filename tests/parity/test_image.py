"""The shipped image on both paths of the emulator, for some million instructions of boot and of delivery."""

from __future__ import annotations

import pytest

from thecal_hil.campaigns.parity.lockstep import Lockstep, digest
from thecal_hil.contract.image import image_under_test
from thecal_hil.course.course import Course, local_second
from thecal_hil.course.therapy import RESERVOIR_NL, continuous
from thecal_hil.emulator.silicon import IDEAL
from thecal_hil.rigs.pico_rig import PicoRig, bench_board
from thecal_sim.units import NS_PER_MS

BOOT_NS = 40 * NS_PER_MS
BOOT_INSTRUCTIONS = 2_000_000
DELIVERY_INSTRUCTIONS = 1_000_000


@pytest.mark.requirement("emulator-parity", "emulator-parity-record")
def test_the_image_boots_the_same_on_both_paths() -> None:
    image = image_under_test(None)
    slow, fast = (bench_board(image, IDEAL, compiled=compiled) for compiled in (False, True))
    lockstep = Lockstep(slow, fast)
    lockstep.drive(lambda _, board: board.run_until(BOOT_NS))
    assert lockstep.totals.instructions > BOOT_INSTRUCTIONS
    assert digest(slow) == digest(fast)
    assert slow.edges == fast.edges


@pytest.mark.requirement("emulator-parity")
def test_the_slow_path_that_leads_is_the_one_that_runs_without_a_compiler() -> None:
    image = image_under_test(None)
    leading, following, alone = (
        bench_board(image, IDEAL, compiled=compiled) for compiled in (False, True, False)
    )
    Lockstep(leading, following).drive(lambda _, board: board.run_until(BOOT_NS))
    alone.run_until(BOOT_NS)
    assert digest(alone) == digest(leading)
    assert alone.edges == leading.edges


@pytest.mark.requirement("emulator-parity", "emulator-parity-record")
def test_the_image_delivers_the_same_on_both_paths() -> None:
    image = image_under_test(None)
    # Both boot and are programmed on the compiled path, which is quick; from then on the first is led by the emulator.
    rigs = [PicoRig(image, board=bench_board(image, IDEAL, compiled=True)) for _ in range(2)]
    for rig in rigs:
        course = Course(rig)
        course.set_time(local_second("2026-03-06 12:00"))
        course.prescribe(continuous(24_000_000))
        course.refill(RESERVOIR_NL)
        course.start()
    lockstep = Lockstep(rigs[0].board, rigs[1].board)

    def go_on(side: int, _: object) -> int:
        rigs[side].run_for(1)
        return rigs[side].pump().interrogate().counted_steps

    counted, other = lockstep.drive(go_on)
    assert lockstep.totals.instructions > DELIVERY_INSTRUCTIONS
    assert counted == other > 0
    assert rigs[0].board.edges == rigs[1].board.edges
