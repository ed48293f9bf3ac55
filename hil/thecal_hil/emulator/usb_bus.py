"""The bus that the emulated USB controller is on: frames of a millisecond, suspension, resumption.

rp2040py gives a device no frames and can't suspend it. Promises:

- While frames run, SOF_RD shows the number of the present one, and DEV_SOF is raised by each until SOF_RD is read
  (RP2040 datasheet 4.1.4, registers SOF_RD and INTR). They cost nothing while no interrupt of theirs is enabled: the
  number is worked out from the time when it is read.
- A bus without frames is suspended after 3 ms (USB 2.0, 7.1.7.6), of which the device is informed once.
"""

from __future__ import annotations

from typing import Any, Final

from rp2040py.peripherals import usb

from thecal_sim.units import NS_PER_MS

from .units import on_cycle_ns

_FRAME_NS: Final = NS_PER_MS
_FRAME_NUMBER_BITS: Final = 0x7FF
_IDLE_UNTIL_SUSPENDED_NS: Final = 3 * NS_PER_MS


class UsbBus(usb.RPUSBController):
    """The emulator's controller with a bus that can begin and end frames."""

    has_frames = False
    """Whether the host sends frames at all: switched once, before the chip runs."""
    _frames_began_ns: int | None = None
    _frames_before = 0
    _frames_seen = 0
    _frame_alarm: Any
    _suspend_alarm: Any

    def begin_frames(self) -> None:
        """Begin the first frame now: the host has reset the bus, or resumes it."""
        self._suspend_alarm.cancel()
        if self.has_frames and self._frames_began_ns is None:
            self._frames_began_ns = self._now_ns
            self._await_frame()

    def end_frames(self) -> None:
        """End the frames: the host suspends the bus, or is gone, and the bus is idle from now on."""
        self._stop_counting()
        self._suspend_alarm.schedule(_IDLE_UNTIL_SUSPENDED_NS)

    def resume(self) -> None:
        """Resume: the host wakes the device."""
        self._sie_status |= usb.SIE_RESUME
        self._sie_status_updated()
        self.begin_frames()

    @property
    def frames(self) -> int:
        """Return frames that have begun since the controller was reset."""
        if self._frames_began_ns is None:
            return self._frames_before
        return self._frames_before + (self._now_ns - self._frames_began_ns) // _FRAME_NS + 1

    @property
    def int_status(self) -> int:
        raw = self._int_raw | (usb.INTR_DEV_SOF if self.frames > self._frames_seen else 0)
        return (raw & self._int_enable) | self._int_force

    def read_uint32(self, offset: int) -> int:
        if offset == usb.SOF_RD:
            self._frames_seen = self.frames
            self.check_interrupts()
            return max(0, self._frames_seen - 1) & _FRAME_NUMBER_BITS
        if offset == usb.INTR:
            return self._int_raw | (usb.INTR_DEV_SOF if self.frames > self._frames_seen else 0)
        return super().read_uint32(offset)

    def write_uint32(self, offset: int, value: int) -> None:
        if offset == usb.SIE_STATUS:
            # Write 1 to clear, as the other events of this register, which the emulator knows.
            self._sie_status &= ~(self.raw_write_value & usb.SIE_SUSPENDED)
        super().write_uint32(offset, value)
        if offset == usb.INTE:
            self._await_frame()

    def reset(self) -> None:
        self._stop_counting()
        self._suspend_alarm.cancel()
        self._frames_before = self._frames_seen = 0
        super().reset()

    @property
    def _now_ns(self) -> int:
        return int(self.rp2040.clock.nanos)

    def _stop_counting(self) -> None:
        self._frames_before, self._frames_began_ns = self.frames, None
        self._frame_alarm.cancel()

    def _await_frame(self) -> None:
        """Have the next frame interrupt, if anybody listens."""
        self._frame_alarm.cancel()
        if self._frames_began_ns is not None and self._int_enable & usb.INTR_DEV_SOF:
            into_frame_ns = (self._now_ns - self._frames_began_ns) % _FRAME_NS
            self._frame_alarm.schedule(on_cycle_ns(_FRAME_NS - into_frame_ns))

    def _frame_began(self) -> None:
        self.check_interrupts()
        self._await_frame()

    def _suspended(self) -> None:
        self._sie_status |= usb.SIE_SUSPENDED
        self._sie_status_updated()


def install(chip: Any, *, has_frames: bool) -> None:
    controller = chip.usb_ctrl
    controller.__class__ = UsbBus
    controller.has_frames = has_frames
    controller._frame_alarm = chip.clock.create_alarm(controller._frame_began)
    controller._suspend_alarm = chip.clock.create_alarm(controller._suspended)
