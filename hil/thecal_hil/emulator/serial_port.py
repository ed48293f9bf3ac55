"""The emulated board's USB serial port as a host program sees it, in virtual time.

Promise: the subset of pyserial's `Serial` the host library uses behaves as on Linux, except that waiting advances the
emulator: `read` returns when enough bytes have arrived or `timeout` *virtual* seconds have passed.

- Opening waits for the device to enumerate, then raises DTR and RTS; closing drops them and stops reading.
- A port that is closed, or `paused` (held open by a host that never reads), leaves the device's packets unread.
- When the device resets, the port is gone: every operation raises `serial.SerialException` until it is opened again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from serial import PortNotOpenError, SerialException, SerialTimeoutException

from thecal_sim.units import NS_PER_MS, NS_PER_S

from .usb_host import UsbHost

_ENUMERATION_NS = 5 * NS_PER_S
_CONTROL_REQUEST_NS = 100 * NS_PER_MS
_FOREVER_NS = 3600 * NS_PER_S  # a blocking call that waits longer than this has found a hang


class VirtualTime(Protocol):
    @property
    def now_ns(self) -> int: ...
    def run_until(self, t_ns: int, stop_when: Callable[[], bool] | None = None) -> bool: ...
    def poke(self) -> None: ...


class EmulatedUsbSerial:
    def __init__(self, host: UsbHost, time: VirtualTime, name: str = "emulated-pico") -> None:
        self._host = host
        self._time = time
        self._inbox = bytearray()
        self._gone = False
        self._dtr = self._rts = True
        self._paused = False
        self.port = self.name = name
        self.baudrate = 115200
        self.timeout: float | None = None
        self.write_timeout: float | None = None
        self.is_open = False
        host.set_reading(False)
        host.on_data = self._receive
        host.on_configured = time.poke
        host.on_sent = time.poke
        host.on_gone = self._device_gone

    def wait_with(self, time: VirtualTime) -> None:
        """Have waiting advance more than the one board: a bench of several that are wired together."""
        self._time = time

    # --- opening and closing -----------------------------------------------------------------

    def open(self) -> None:
        """Wait for the device (at most 5 virtual seconds), then raise DTR and RTS. Raise SerialException if it is
        open already or does not come."""
        if self.is_open and not self._gone:
            raise SerialException("Port is already open.")
        self._gone = False
        if not self._wait(lambda: self._host.configured, _ENUMERATION_NS):
            raise SerialException(f"could not open port {self.name}: the device did not enumerate")
        self.is_open = True
        self._inbox.clear()
        self._dtr = self._rts = True
        self._update_reading()
        self._update_lines()

    def close(self) -> None:
        if self.is_open:
            self.is_open = False
            self._host.discard_unsent()
            self._update_reading()
            self._update_lines()

    @property
    def is_attached(self) -> bool:
        """Return True if the device has enumerated, so that the port can be opened without waiting."""
        return self._host.configured

    def __enter__(self) -> EmulatedUsbSerial:
        if not self.is_open:
            self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def paused(self) -> bool:
        """Return True for a host that holds the port open and never reads."""
        return self._paused

    @paused.setter
    def paused(self, paused: bool) -> None:
        self._paused = paused
        self._update_reading()

    @property
    def dtr(self) -> bool:
        return self._dtr

    @dtr.setter
    def dtr(self, level: bool) -> None:
        self._dtr = level
        self._update_lines()

    @property
    def rts(self) -> bool:
        return self._rts

    @rts.setter
    def rts(self, level: bool) -> None:
        self._rts = level
        self._update_lines()

    # --- data --------------------------------------------------------------------------------

    @property
    def in_waiting(self) -> int:
        self._check_usable()
        return len(self._inbox)

    @property
    def out_waiting(self) -> int:
        self._check_usable()
        return self._host.unsent

    def read(self, size: int = 1) -> bytes:
        """Return up to `size` bytes; fewer only when `timeout` virtual seconds pass first."""
        self._check_usable()
        if len(self._inbox) < size:
            self._wait(lambda: len(self._inbox) >= size or self._gone, self._duration_ns(self.timeout))
        if self._gone and not self._inbox:
            self._check_usable()
        data = bytes(self._inbox[:size])
        del self._inbox[:size]
        return data

    def read_until(self, expected: bytes = b"\n", size: int | None = None) -> bytes:
        line = bytearray()
        while not line.endswith(expected) and (size is None or len(line) < size):
            byte = self.read(1)
            if not byte:
                break
            line += byte
        return bytes(line)

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Hand bytes to the host's USB stack; with a `write_timeout`, wait until the device has taken them. Raise
        SerialTimeoutException if it has not in time."""
        self._check_usable()
        self._host.send(bytes(data))
        if self.write_timeout is not None and not self._wait(
            lambda: not self._host.unsent or self._gone, self._duration_ns(self.write_timeout)
        ):
            raise SerialTimeoutException("Write timeout")
        self._check_usable()
        return len(data)

    def flush(self) -> None:
        self._check_usable()
        self._wait(lambda: not self._host.unsent or self._gone, _FOREVER_NS)

    def reset_input_buffer(self) -> None:
        self._check_usable()
        self._inbox.clear()

    def reset_output_buffer(self) -> None:
        self._check_usable()
        self._host.discard_unsent()

    # --- inner workings ----------------------------------------------------------------------

    def _check_usable(self) -> None:
        if not self.is_open:
            raise PortNotOpenError
        if self._gone:
            raise SerialException(
                "device reports readiness to read but returned no data (device disconnected?)"
            )

    def _duration_ns(self, seconds: float | None) -> int:
        return _FOREVER_NS if seconds is None else round(seconds * NS_PER_S)

    def _wait(self, condition: Callable[[], bool], duration_ns: int) -> bool:
        if not condition() and duration_ns > 0:
            self._time.run_until(self._time.now_ns + duration_ns, condition)
        return condition()

    def _update_reading(self) -> None:
        self._host.set_reading(self.is_open and not self._paused)

    def _update_lines(self) -> None:
        open_now = self.is_open and not self._gone
        self._host.set_lines(dtr=open_now and self._dtr, rts=open_now and self._rts)
        if self._host.configured:
            self._wait(lambda: self._host.lines_settled or not self._host.configured, _CONTROL_REQUEST_NS)

    def _receive(self, data: bytes) -> None:
        self._inbox += data
        self._time.poke()

    def _device_gone(self) -> None:
        if self.is_open:
            self._gone = True
        self._host.set_lines(dtr=False, rts=False)
        self._time.poke()
