"""Resets of every kind on the emulated board: what the pump makes of each, of its time and of what memory has kept."""

from __future__ import annotations

import pytest

from hil.bites import lost_in_a_bite_ns
from thecal_fw.core.events import RESET_POWER_ON, RESET_WATCHDOG
from thecal_fw.core.journal_condition import BLANK, GOOD
from thecal_fw.core.pump_state import STATE_STOPPED
from thecal_fw.core.wall_clock import TIME_RESTORED, TIME_SET
from thecal_hil.contract.image import image_under_test
from thecal_hil.contract.rig import ResetCause as RigReset
from thecal_hil.contract.rig import Rig
from thecal_hil.course.course import Course, local_second
from thecal_hil.course.therapy import continuous
from thecal_hil.emulator.resets import ResetCause
from thecal_hil.emulator.silicon import FlashBefore, Silicon
from thecal_hil.rigs.pico_rig import PicoRig

_RESETS = Silicon(boot_rom=True, timer_from_zero=True)
_NS_PER_S = 1_000_000_000
_STAYS_S = [0, 20, 600, 8 * 3_600]


def delivering(silicon: Silicon = _RESETS) -> Course:
    course = Course(PicoRig(image_under_test(), silicon))
    course.set_time(local_second("2026-03-06 12:00"))
    course.refill(20_000_000)
    course.prescribe(continuous(2_000_000))
    course.start()
    course.rig.run_for(30)
    return course


def reset(rig: Rig, cause: ResetCause, held_s: float = 0) -> None:
    assert isinstance(rig, PicoRig)
    rig.restart(cause, held_ns=round(held_s * _NS_PER_S))
    rig.run_for(3)


@pytest.mark.requirement("reset-cause", "reset-not-believed", "reset-time-uncertain")
@pytest.mark.parametrize("held_s", _STAYS_S)
@pytest.mark.parametrize(
    "cause", [ResetCause.USB_BOOT, ResetCause.BOOTSEL, ResetCause.POWER_ON, ResetCause.BROWN_OUT]
)
def test_time_spent_away_from_the_program_is_not_taken_for_a_bite(cause: ResetCause, held_s: float) -> None:
    course = delivering()
    rig = course.rig
    before = rig.pump().interrogate()
    reset(rig, cause, held_s)
    after = rig.pump().interrogate()
    assert after.reset_cause == RESET_POWER_ON
    assert after.time_source == TIME_RESTORED
    assert after.rate_nl_per_day == 2_000_000
    # What may have come out since the last record counts as come, and no more than a quantum of it is uncertain.
    assert 0 < after.uncertain_steps <= before.quantum_steps


@pytest.mark.requirement("reset-cause", "reset-not-believed", "reset-time-uncertain")
@pytest.mark.parametrize("cause", [ResetCause.TOOL, ResetCause.RUN_PIN, ResetCause.DEBUGGER])
@pytest.mark.parametrize("after_a_bite", [False, True])
def test_a_reset_by_a_tool_a_person_or_a_debugger_is_no_bite_even_after_one(
    cause: ResetCause, after_a_bite: bool
) -> None:
    course = delivering()
    rig = course.rig
    if after_a_bite:
        rig.reset(RigReset.WATCHDOG)
        rig.run_for(30)
        assert rig.pump().interrogate().reset_cause == RESET_WATCHDOG
    reset(rig, cause)
    after = rig.pump().interrogate()
    assert (after.reset_cause, after.time_source) == (RESET_POWER_ON, TIME_RESTORED)


@pytest.mark.requirement("reset-cause")
@pytest.mark.parametrize("silicon", [_RESETS, Silicon()], ids=["with the boot ROM's part", "ideal"])
def test_a_bite_carries_time_and_count_over(silicon: Silicon) -> None:
    # 15 ms of a reset are the boot ROM's and the slow clock's: the chip counts no time meanwhile.
    lost_ns = lost_in_a_bite_ns(delivering(silicon).rig)
    assert 0 <= lost_ns <= 20_000_000


@pytest.mark.requirement("reset-cause")
def test_three_stays_in_the_boot_loader_within_ten_minutes_are_no_repeated_resets() -> None:
    course = delivering()
    for _ in range(3):
        reset(course.rig, ResetCause.USB_BOOT, 5)
        course.rig.run_for(20)
    assert course.rig.pump().interrogate().rate_nl_per_day == 2_000_000


@pytest.mark.requirement("never-programmed-delivers-nothing")
@pytest.mark.parametrize(
    "flash", [FlashBefore.BLANK, FlashBefore.FILES, FlashBefore.ZEROS, FlashBefore.RANDOM]
)
def test_a_board_that_was_never_programmed_delivers_nothing_whatever_its_flash_holds(
    flash: FlashBefore,
) -> None:
    rig = PicoRig(image_under_test(), Silicon(flash_before=flash))
    rig.run_for(600)
    status = rig.pump().interrogate()
    assert (status.journal_condition, status.state) == (BLANK, STATE_STOPPED)
    assert status.active_alarms == 0
    assert len(rig.step_times_ns) == 0
    rig.pump().set_time(1_772_409_600, 0, 0)
    assert rig.pump().interrogate().time_source == TIME_SET


@pytest.mark.requirement("never-programmed-delivers-nothing")
def test_a_board_with_a_journal_of_its_own_has_its_program_again() -> None:
    rig = PicoRig(image_under_test(), Silicon(flash_before=FlashBefore.OWN))
    rig.run_for(5)
    assert rig.pump().interrogate().journal_condition == GOOD


@pytest.mark.requirement("reset-cause")
def test_a_soft_reset_at_the_prompt_after_a_bite_is_no_second_bite() -> None:
    course = delivering()
    rig = course.rig
    course.stop()
    rig.reset(RigReset.WATCHDOG)
    rig.run_for(3)
    pump = rig.pump()
    assert pump.interrogate().reset_cause == RESET_WATCHDOG
    pump.prompt()
    rig.run_for(1)
    # Ctrl-B for the prompt that people type at, Ctrl-D for a soft reset, behind which the pump's program runs again.
    rig.port.write(b"\x02\x04")
    rig.run_for(3)
    after = rig.fresh_pump().interrogate()
    assert (after.reset_cause, after.time_source) == (RESET_POWER_ON, TIME_RESTORED)
