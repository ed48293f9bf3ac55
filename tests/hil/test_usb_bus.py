"""Frames, suspension and resumption of the emulated USB bus, by the controller's registers and with the firmware."""

from __future__ import annotations

from pathlib import Path

import pytest
from serial import SerialException

from thecal_fw.link import messages
from thecal_hil.contract.image import image_under_test
from thecal_hil.course.raw_link import RawLink
from thecal_hil.emulator import EmulatedPico
from thecal_hil.emulator.bare_metal import SLEEP_FOREVER, write_uf2
from thecal_hil.emulator.silicon import IDEAL, Silicon
from thecal_hil.rigs.pico_rig import PicoRig
from thecal_sim.units import NS_PER_MS, NS_PER_S

USB = 0x5011_0000
MAIN_CTRL, SOF_RD, SIE_STATUS, INTR, INTE = 0x40, 0x48, 0x50, 0x8C, 0x90
CONTROLLER_EN = 1
BUS_RESET, RESUMED, SUSPENDED = 1 << 19, 1 << 11, 1 << 4
DEV_SOF, DEV_RESUME, DEV_SUSPEND = 1 << 17, 1 << 15, 1 << 14
USBCTRL_IRQ = 1 << 5
HOST_RESETS_BUS_NS = 10 * NS_PER_MS
FRAMES = Silicon(usb_frames=True)


def on_a_bus(folder: Path, silicon: Silicon) -> EmulatedPico:
    """Return a board at a host that has just reset the bus; its first frame begins now."""
    pico = EmulatedPico(write_uf2(folder / "bare.uf2", SLEEP_FOREVER), silicon=silicon)
    pico.bus.write_uint32(USB + MAIN_CTRL, CONTROLLER_EN)
    pico.run_for(HOST_RESETS_BUS_NS + 1_000)
    pico.bus.write_uint32(USB + SIE_STATUS, BUS_RESET)
    return pico


def reads(pico: EmulatedPico, register: int) -> int:
    return pico.bus.read_uint32(USB + register)


def interrupts(pico: EmulatedPico) -> bool:
    return bool(pico.chip.core.pending_interrupts & USBCTRL_IRQ)


def test_the_frame_number_counts_milliseconds_and_wraps_at_eleven_bits(tmp_path):
    pico = on_a_bus(tmp_path, FRAMES)
    numbers = []
    for pause_ms in (0, 1, 1, 5, 2_041):
        pico.run_for(pause_ms * NS_PER_MS)
        numbers.append(reads(pico, SOF_RD))
    assert numbers == [0, 1, 2, 7, 0]


def test_frames_that_nobody_listens_to_cost_no_alarm(tmp_path):
    pico = on_a_bus(tmp_path, FRAMES)
    assert not pico.chip.clock.has_scheduled_alarm
    pico.bus.write_uint32(USB + INTE, DEV_SOF)
    assert pico.chip.clock.has_scheduled_alarm
    pico.bus.write_uint32(USB + INTE, 0)
    assert not pico.chip.clock.has_scheduled_alarm


def test_an_enabled_frame_interrupt_comes_at_each_frame_and_goes_when_the_number_is_read(tmp_path):
    pico = on_a_bus(tmp_path, FRAMES)
    first_ns = pico.now_ns
    reads(pico, SOF_RD)
    pico.run_for(400_000)
    pico.bus.write_uint32(USB + INTE, DEV_SOF)
    for frame in range(1, 4):
        pico.run_until(first_ns + frame * NS_PER_MS - 8)
        assert not interrupts(pico)
        pico.run_until(first_ns + frame * NS_PER_MS)
        assert interrupts(pico)
        assert reads(pico, SOF_RD) == frame
        assert not interrupts(pico)


def test_a_frame_since_the_number_was_read_interrupts_as_soon_as_it_is_enabled(tmp_path):
    pico = on_a_bus(tmp_path, FRAMES)
    pico.run_for(NS_PER_MS)
    assert reads(pico, INTR) & DEV_SOF
    assert not interrupts(pico)
    pico.bus.write_uint32(USB + INTE, DEV_SOF)
    assert interrupts(pico)


def test_a_board_that_no_frames_are_imposed_on_sees_none(tmp_path):
    pico = on_a_bus(tmp_path, IDEAL)
    pico.bus.write_uint32(USB + INTE, DEV_SOF)
    pico.run_for(10 * NS_PER_MS)
    assert (reads(pico, SOF_RD), reads(pico, INTR) & DEV_SOF) == (0, 0)
    assert not interrupts(pico)


def test_a_bus_without_frames_is_suspended_after_three_milliseconds_and_resumed_by_the_host(tmp_path):
    pico = on_a_bus(tmp_path, FRAMES)
    pico.bus.write_uint32(USB + INTE, DEV_SOF)
    pico.usb_host.suspend()
    number = reads(pico, SOF_RD)
    pico.run_for(3 * NS_PER_MS - 8)
    assert not reads(pico, SIE_STATUS) & SUSPENDED
    pico.run_for(8)
    assert reads(pico, INTR) & DEV_SUSPEND
    pico.bus.write_uint32(USB + SIE_STATUS, SUSPENDED)
    pico.run_for(NS_PER_S)
    assert not reads(pico, INTR) & (DEV_SUSPEND | DEV_SOF), "it is reported once, and there are no frames"
    assert reads(pico, SOF_RD) == number
    pico.usb_host.resume()
    assert reads(pico, INTR) & DEV_RESUME
    pico.bus.write_uint32(USB + SIE_STATUS, RESUMED)
    assert not reads(pico, INTR) & DEV_RESUME
    pico.run_for(NS_PER_MS)
    assert interrupts(pico)


def test_a_reset_of_the_board_ends_its_frames(tmp_path):
    pico = on_a_bus(tmp_path, FRAMES)
    pico.bus.write_uint32(USB + INTE, DEV_SOF)
    pico.run_for(5 * NS_PER_MS)
    pico.reset()
    pico.run_for(20 * NS_PER_MS)
    assert (reads(pico, SOF_RD), reads(pico, INTR) & DEV_SOF) == (0, 0)
    assert not pico.chip.clock.has_scheduled_alarm


# --- with the firmware


def awake_share(pump: PicoRig, seconds: int) -> float:
    before = pump.board.busy_cycles
    pump.board.run_for(seconds * NS_PER_S)
    return (pump.board.busy_cycles - before) * 8 / (seconds * NS_PER_S)


@pytest.fixture(scope="module")
def at_a_host() -> PicoRig:
    return PicoRig(image_under_test(), FRAMES)


def test_the_pump_answers_over_a_bus_with_frames_and_sleeps_between_requests(at_a_host):
    for _ in range(20):
        at_a_host.pump().interrogate()
    at_a_host.board.run_for(NS_PER_S)
    assert awake_share(at_a_host, 20) < 0.001


def test_a_reply_that_nobody_reads_wakes_the_processor_at_every_frame_until_the_firmware_lets_frames_be(
    at_a_host,
):
    """Erratum RP2040-E15 as TinyUSB works around it: frame interrupts stay on while a bulk packet waits."""
    link = RawLink(at_a_host.port)
    at_a_host.leave_unread(True)
    link.send(link.frame(messages.INTERROGATE))
    at_a_host.board.run_for(50 * NS_PER_MS)
    assert reads(at_a_host.board, INTE) & DEV_SOF
    at_a_host.board.run_for(NS_PER_S)
    assert not reads(at_a_host.board, INTE) & DEV_SOF
    waiting = awake_share(at_a_host, 20)
    at_a_host.leave_unread(False)
    at_a_host.board.run_for(NS_PER_S)
    assert waiting < 0.001
    assert awake_share(at_a_host, 20) < 0.001


def test_the_port_of_an_unplugged_pump_is_gone_and_comes_back_with_the_cable(at_a_host):
    at_a_host.board.usb_host.unplug()
    with pytest.raises(SerialException):
        at_a_host.port.write(b"\0")
    assert awake_share(at_a_host, 20) < 0.001
    at_a_host.board.usb_host.plug_in()
    at_a_host.recover()
    assert at_a_host.pump().interrogate().active_alarms == 0
