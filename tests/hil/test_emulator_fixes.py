"""Deviations of the emulated chip that are corrected from outside, and the processor's sleep."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rp2040py import sio

from thecal_hil.emulator import EmulatedPico, ResetCause
from thecal_hil.emulator.bare_metal import MASK_AND_COUNT_WAKES, SLEEP_FOREVER, write_uf2
from thecal_hil.emulator.fixes import QuickDivider

pytestmark = pytest.mark.usefixtures("either_path")

TIMER = 0x4005_4000
ALARM0, TIMERAWL, INTR, INTE = 0x10, 0x28, 0x34, 0x38
NVIC_ISER = 0xE000_E100
NVIC_ICER = 0xE000_E180
DMA = 0x5000_0000
DMA_COUNT, DMA_CTRL_TRIG = 0x08, 0x0C
DMA_BUSY = 1 << 24
PWM_SLICE_0 = 0x4005_0000
WATCHDOG = 0x4005_8000
SRAM = 0x2000_0000
SETTLE_NS = 10_000


def board(folder: Path, program: Sequence[int]) -> EmulatedPico:
    pico = EmulatedPico(write_uf2(folder / "bare.uf2", program))
    pico.run_for(SETTLE_NS)
    assert pico.sleeping
    return pico


def wakes(pico: EmulatedPico) -> int:
    return int(pico.chip.core.registers[0])


def arm(pico: EmulatedPico, alarm: int, delay_us: int) -> int:
    """Arm a timer alarm by its registers, as the firmware does; returns when it is due."""
    target_us = pico.device_time_us + delay_us
    pico.bus.write_uint32(TIMER + INTE, 1 << alarm)
    pico.bus.write_uint32(TIMER + ALARM0 + 4 * alarm, target_us & 0xFFFF_FFFF)
    return target_us * 1_000


def test_a_masked_interrupt_wakes_the_processor_and_is_not_taken(tmp_path: Path) -> None:
    pico = board(tmp_path, MASK_AND_COUNT_WAKES)
    for alarm in range(4):
        pico.bus.write_uint32(NVIC_ISER, 1 << alarm)
        due_ns = arm(pico, alarm, 1_000)
        before = wakes(pico)
        pico.run_until(due_ns - 8)
        assert wakes(pico) == before
        pico.run_until(due_ns + 100)
        assert wakes(pico) > before
        assert int(pico.chip.core.ipsr) == 0
        pico.bus.write_uint32(NVIC_ICER, 1 << alarm)
        pico.bus.write_uint32(TIMER + INTR, 1 << alarm)
        pico.run_for(SETTLE_NS)
        assert pico.sleeping


def test_an_interrupt_not_enabled_in_the_nvic_does_not_wake(tmp_path: Path) -> None:
    pico = board(tmp_path, MASK_AND_COUNT_WAKES)
    due_ns = arm(pico, 1, 1_000)
    pico.run_until(due_ns + 1_000_000)
    assert wakes(pico) == 0
    assert pico.bus.read_uint32(TIMER + INTR) == 1 << 1, "the raw flag is there all the same"
    pico.bus.write_uint32(NVIC_ISER, 1 << 1)
    pico.run_for(100)
    assert wakes(pico) > 0, "enabling it while it is pending wakes"


def test_sleep_is_refused_while_an_enabled_interrupt_is_pending(tmp_path: Path) -> None:
    pico = board(tmp_path, MASK_AND_COUNT_WAKES)
    pico.bus.write_uint32(NVIC_ISER, 1)
    pico.run_until(arm(pico, 0, 1_000) + 10_000)
    assert wakes(pico) > 100, "it must go round and round, not sleep through"
    pico.bus.write_uint32(TIMER + INTR, 1)
    pico.run_for(SETTLE_NS)
    asleep_at = wakes(pico)
    pico.run_for(1_000_000)
    assert wakes(pico) == asleep_at


def test_an_alarm_fires_when_the_counter_reaches_it_and_not_before(tmp_path: Path) -> None:
    pico = board(tmp_path, SLEEP_FOREVER)
    pico.run_for(1_000_000 - pico.now_ns % 1_000 + 504)
    due_ns = arm(pico, 2, 50)
    pico.run_until(due_ns - 8)
    assert pico.bus.read_uint32(TIMER + INTR) == 0
    pico.run_until(due_ns)
    assert pico.bus.read_uint32(TIMER + INTR) == 1 << 2
    assert pico.bus.read_uint32(TIMER + TIMERAWL) == due_ns // 1_000


def test_an_alarm_wraps_with_the_low_word_of_the_counter(tmp_path: Path) -> None:
    pico = board(tmp_path, SLEEP_FOREVER)
    wrap_ns = (1 << 32) * 1_000
    pico.run_until(wrap_ns - 5_000_000)
    due_ns = arm(pico, 0, 10_000)
    assert due_ns > wrap_ns
    pico.run_until(due_ns - 8)
    assert pico.bus.read_uint32(TIMER + INTR) == 0
    pico.run_until(due_ns)
    assert pico.bus.read_uint32(TIMER + INTR) == 1


def test_idle_stops_at_the_very_instant(tmp_path: Path) -> None:
    pico = board(tmp_path, SLEEP_FOREVER)
    for t_ns in (123_456_784, 10**12, 10**15):
        pico.run_until(t_ns)
        assert pico.now_ns == t_ns
    pico.run_until(10**15 + 3)
    assert pico.now_ns == 10**15 + 8, "rounded up to a whole clock cycle"


def test_a_day_asleep_takes_a_handful_of_steps(tmp_path: Path) -> None:
    pico = board(tmp_path, SLEEP_FOREVER)
    before = pico.busy_cycles
    pico.run_for(86_400_000_000_000)
    assert pico.busy_cycles == before


def test_pwm_alarms_fall_on_whole_clock_cycles(tmp_path: Path) -> None:
    pico = board(tmp_path, SLEEP_FOREVER)
    pico.bus.write_uint32(PWM_SLICE_0 + 0x04, (7 << 4) | 3)
    pico.bus.write_uint32(PWM_SLICE_0 + 0x10, 1_000)
    pico.bus.write_uint32(PWM_SLICE_0 + 0x00, 1)
    for _ in range(20):
        pico.run_for(100_000)
        assert float(pico.chip.clock.nanos) % 8 == 0


def test_a_reset_ends_dma_so_that_the_channel_can_be_used_again(tmp_path: Path) -> None:
    pico = board(tmp_path, SLEEP_FOREVER)
    write, read = pico.bus.write_uint32, pico.bus.read_uint32
    paced_by_a_fifo_that_never_asks = 16 << 15 | 2 << 2 | 1
    write(DMA + DMA_COUNT, 10)
    write(DMA + DMA_CTRL_TRIG, paced_by_a_fifo_that_never_asks)
    assert read(DMA + DMA_CTRL_TRIG) & DMA_BUSY
    pico.reset(ResetCause.RUN_PIN)
    assert read(DMA + DMA_CTRL_TRIG) & DMA_BUSY == 0
    assert read(DMA + DMA_COUNT) == 0


def test_power_on_scrambles_memory_and_keeps_flash(tmp_path: Path) -> None:
    pico = board(tmp_path, SLEEP_FOREVER)
    pico.write_sram(SRAM, b"remember me")
    pico.chip.flash[0x10_0000:0x10_0003] = b"log"
    pico.reset(ResetCause.RUN_PIN)
    assert pico.read_sram(SRAM, 11) == b"remember me"
    now_ns = pico.now_ns
    pico.reset(ResetCause.POWER_ON, held_ns=1_000_000)
    assert pico.read_sram(SRAM, 11) != b"remember me"
    assert pico.flash_image[0x10_0000:0x10_0003] == b"log"
    assert pico.now_ns == now_ns + 1_000_000, "time does not go back"
    assert pico.device_time_us == 1_000, "the chip's own timer starts again"
    assert [reset.cause for reset in pico.resets] == ["power_on", "run_pin", "power_on"]
    again = board(tmp_path, SLEEP_FOREVER)
    assert again.read_sram(SRAM, 1_000) != bytes(1_000), "memory is not clean at power-on"


def test_a_watchdog_reset_is_recorded_and_keeps_its_scratch_registers(tmp_path: Path) -> None:
    pico = board(tmp_path, SLEEP_FOREVER)
    write, read = pico.bus.write_uint32, pico.bus.read_uint32
    write(0x4001_0008, 0x1_FFFC)
    write(WATCHDOG + 0x0C, 0x1234)
    write(WATCHDOG + 0x04, 2 * 1_000_000)
    write(WATCHDOG + 0x00, 1 << 30)
    started_ns = pico.now_ns
    pico.run_for(3_000_000_000)
    assert [(reset.cause, reset.t_ns - started_ns) for reset in pico.resets[1:]] == [
        ("watchdog", 1_000_000_000)
    ]
    assert read(WATCHDOG + 0x0C) == 0x1234
    assert read(WATCHDOG + 0x08) == 1, "reason: timer"
    pico.run_for(3_600_000_000_000)
    assert len(pico.resets) == 2, "it does not bite again by itself"


def test_call_at_acts_at_the_very_instant(tmp_path: Path) -> None:
    pico = board(tmp_path, SLEEP_FOREVER)
    seen: list[int] = []
    pico.call_at(5_000_000, lambda: seen.append(pico.now_ns))
    pico.run_until(6_000_000)
    assert seen == [5_000_000]


def test_a_callback_can_cut_the_power_at_an_instant_and_time_goes_on(tmp_path: Path) -> None:
    pico = board(tmp_path, SLEEP_FOREVER)
    pico.call_at(5_000_000, lambda: pico.reset(ResetCause.POWER_ON, held_ns=2_000_000))
    pico.run_until(6_000_000)
    assert pico.now_ns == 6_000_000
    cycles = pico.busy_cycles
    pico.run_until(6_999_992)
    assert pico.busy_cycles == cycles, "nothing runs while the chip is held"
    pico.run_until(8_000_000)
    assert pico.busy_cycles > cycles
    assert pico.resets[-1] == (5_000_000, ResetCause.POWER_ON)


WORDS = st.one_of(st.integers(0, 0xFFFF_FFFF), st.sampled_from([0, 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF]))


def divider() -> QuickDivider:
    return QuickDivider(None)  # type: ignore[arg-type]


def signed(word: int) -> int:
    return word - (1 << 32) if word & 0x8000_0000 else word


@given(dividend=WORDS, divisor=WORDS)
def test_the_divider_gives_quotient_and_remainder_without_signs(dividend: int, divisor: int) -> None:
    unit = divider()
    unit.write_uint32(sio.DIV_UDIVIDEND, dividend)
    unit.write_uint32(sio.DIV_UDIVISOR, divisor)
    expected = divmod(dividend, divisor) if divisor else (0xFFFF_FFFF, dividend)
    remainder = unit.read_uint32(sio.DIV_REMAINDER)
    assert (unit.read_uint32(sio.DIV_QUOTIENT), remainder) == expected


@given(dividend=WORDS, divisor=WORDS)
def test_the_divider_rounds_towards_zero_with_signs(dividend: int, divisor: int) -> None:
    unit = divider()
    # The order does not matter, and either operand may stay from before.
    unit.write_uint32(sio.DIV_SDIVISOR, divisor)
    unit.write_uint32(sio.DIV_SDIVIDEND, dividend)
    quotient = signed(int(unit.read_uint32(sio.DIV_QUOTIENT)))
    remainder = signed(int(unit.read_uint32(sio.DIV_REMAINDER)))
    if not divisor:
        assert (quotient, remainder) == (1 if dividend & 0x8000_0000 else -1, signed(dividend))
    elif (signed(dividend), signed(divisor)) == (-(1 << 31), -1):
        assert (quotient, remainder) == (-(1 << 31), 0)
    else:
        assert quotient * signed(divisor) + remainder == signed(dividend)
        assert abs(remainder) < abs(signed(divisor))
        assert remainder == 0 or (remainder < 0) == (signed(dividend) < 0)


def test_an_interrupt_that_divides_puts_back_what_it_found() -> None:
    unit = divider()
    unit.write_uint32(sio.DIV_UDIVIDEND, 100)
    unit.write_uint32(sio.DIV_UDIVISOR, 7)
    assert unit.read_uint32(sio.DIV_CSR) == 0b11
    found = [unit.read_uint32(register) for register in (sio.DIV_UDIVIDEND, sio.DIV_UDIVISOR)]
    results = [unit.read_uint32(register) for register in (sio.DIV_REMAINDER, sio.DIV_QUOTIENT)]
    assert unit.read_uint32(sio.DIV_CSR) == 0b01
    unit.write_uint32(sio.DIV_UDIVIDEND, 5)
    unit.write_uint32(sio.DIV_UDIVISOR, 2)
    assert unit.read_uint32(sio.DIV_QUOTIENT) == 2
    for register, word in zip((sio.DIV_UDIVIDEND, sio.DIV_UDIVISOR), found, strict=True):
        unit.write_uint32(register, int(word))
    for register, word in zip((sio.DIV_REMAINDER, sio.DIV_QUOTIENT), results, strict=True):
        unit.write_uint32(register, int(word))
    assert unit.read_uint32(sio.DIV_CSR) == 0b11
    assert (unit.read_uint32(sio.DIV_QUOTIENT), unit.read_uint32(sio.DIV_REMAINDER)) == (14, 2)
