"""The serial link between pump and host, in virtual time: the pump's end and the host's.

The host's end behaves as the part of pyserial's ``Serial`` that host programs use, except that waiting lets virtual
time pass: ``read`` returns when enough bytes have come or ``timeout`` virtual seconds are over. It is for code that
runs outside the simulation. When the pump resets, the port is gone until it is opened again, as USB ports are.
"""

from __future__ import annotations

from collections.abc import Callable

from serial import PortNotOpenError, SerialException, SerialTimeoutException
from simpy import Event

from thecal_sim.processor import Processor
from thecal_sim.units import NS_PER_S
from thecal_sim.virtual_time import VirtualTime

_PUMP_RECEIVES_BYTES = 512
"""What the pump's own buffer takes before the host has to wait."""
_PUMP_SENDS_BYTES = 512
"""What waits in the pump for a host that does not read."""
_FOREVER_NS = 3_600 * NS_PER_S
"""A host that waits longer than this for ever has found a hang."""


class SimulatedPort:
    """Implements ``Port``: the pump's end of the link."""

    def __init__(self, processor: Processor) -> None:
        self._processor = processor
        self.received = bytearray()
        self.on_arrival: Callable[[], None] = lambda: None
        self.host: HostPort | None = None

    def read(self) -> int:
        if not self.received:
            return -1
        if self.host is not None and len(self.received) == _PUMP_RECEIVES_BYTES + 1:
            self.host.wake()
        return self.received.pop(0)

    def write(self, data: bytes) -> bool:
        host = self.host
        if host is None or not host.takes(len(data)):
            return False
        sent = bytes(data)
        host.announce(len(sent))
        self._processor.when_reached(lambda: host.receive(sent))
        return True

    def arrive(self, data: bytes) -> None:
        self.received += data
        self.on_arrival()

    def reset(self) -> None:
        """Reset the port with the pump: what was on its way is lost, and the host's port is gone."""
        self.received.clear()
        if self.host is not None:
            self.host.vanish()


class HostPort:
    """The host's end, open from the beginning. Time-outs are seconds of virtual time."""

    def __init__(self, env: VirtualTime, pump: SimulatedPort, name: str = "model") -> None:
        self._env = env
        self._pump = pump
        self._inbox = bytearray()
        self._waiting_in_pump = bytearray()
        self._announced = 0
        self._is_gone = False
        self._paused = False
        self._awaited: tuple[Callable[[], bool], Event] | None = None
        self.port = self.name = name
        self.baudrate = 115_200
        self.timeout: float | None = None
        self.write_timeout: float | None = None
        self.dtr = self.rts = True
        self.is_open = True
        self.is_attached = True
        pump.host = self

    # --- what a host program calls

    def open(self) -> None:
        """Open the port; raise SerialException if it is open already."""
        if self.is_open and not self._is_gone:
            raise SerialException("Port is already open.")
        self._is_gone = False
        self.is_open = True
        self._inbox.clear()

    def close(self) -> None:
        self.is_open = False
        self._waiting_in_pump.clear()

    def __enter__(self) -> HostPort:
        if not self.is_open:
            self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def in_waiting(self) -> int:
        self._check_usable()
        return len(self._inbox)

    def read(self, size: int = 1) -> bytes:
        self._check_usable()
        self._wait(lambda: len(self._inbox) >= size or self._is_gone, self.timeout)
        if self._is_gone and not self._inbox:
            self._check_usable()
        data = bytes(self._inbox[:size])
        del self._inbox[:size]
        return data

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Send bytes; with a ``write_timeout``, wait until the pump's buffer has room for them. Raise
        SerialTimeoutException if it has none in time."""
        self._check_usable()
        self._pump.arrive(bytes(data))
        if self.write_timeout is not None and not self._wait(
            lambda: len(self._pump.received) <= _PUMP_RECEIVES_BYTES or self._is_gone, self.write_timeout
        ):
            raise SerialTimeoutException("Write timeout")
        self._check_usable()
        return len(data)

    def flush(self) -> None:
        self._check_usable()
        self._wait(lambda: not self._pump.received or self._is_gone, None)

    def reset_input_buffer(self) -> None:
        self._check_usable()
        self._inbox.clear()

    def reset_output_buffer(self) -> None:
        self._check_usable()
        del self._pump.received[_PUMP_RECEIVES_BYTES:]

    @property
    def paused(self) -> bool:
        """Return True for a host that holds the port open and never reads."""
        return self._paused

    @paused.setter
    def paused(self, paused: bool) -> None:
        self._paused = paused
        if not paused:
            waiting = bytes(self._waiting_in_pump)
            self._waiting_in_pump.clear()
            self._inbox += waiting
            self.wake()

    # --- what the pump's end calls

    def takes(self, size: int) -> bool:
        """Return True if a frame of that many bytes finds room."""
        if not self.is_open or self._is_gone:
            return False
        return not self._paused or len(self._waiting_in_pump) + self._announced + size <= _PUMP_SENDS_BYTES

    def announce(self, size: int) -> None:
        """Note that so many bytes are on their way."""
        self._announced += size

    def receive(self, data: bytes) -> None:
        self._announced -= len(data)
        if self._is_gone or not self.is_open:
            return
        if self._paused:
            self._waiting_in_pump += data
        else:
            self._inbox += data
            self.wake()

    def vanish(self) -> None:
        self._announced = 0
        self._waiting_in_pump.clear()
        if self.is_open:
            self._is_gone = True
        self.wake()

    def wake(self) -> None:
        """Wake a host program that may be waiting for what has just happened."""
        if self._awaited is not None and self._awaited[0]() and not self._awaited[1].triggered:
            self._awaited[1].succeed()

    # --- inner workings

    def _check_usable(self) -> None:
        if not self.is_open:
            raise PortNotOpenError
        if self._is_gone:
            raise SerialException("device disconnected: the pump was reset; open the port again")

    def _wait(self, condition: Callable[[], bool], seconds: float | None) -> bool:
        duration_ns = _FOREVER_NS if seconds is None else round(seconds * NS_PER_S)
        if condition() or duration_ns <= 0:
            return condition()
        stop = self._env.event()

        def time_is_over(_: Event) -> None:
            if not stop.triggered:
                stop.succeed()

        self._env.timeout(duration_ns).callbacks.append(time_is_over)
        self._awaited = condition, stop
        try:
            self._env.run(until=stop)
        finally:
            self._awaited = None
        return condition()
