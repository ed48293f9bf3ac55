"""The same image on a real Pico, over its real serial port.

Promises: nothing is written to any port but the one named; waiting is done by the pump's own clock, so a
stretch of therapy lasts as long as the pump says it did and not as long as this machine slept. There is no probe on
the pins: the rig records no edges and says so in its capabilities. It can't reset the board either. For a bench with a
probe see ``probed_rig``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import cast

import serial

from thecal_hil.bench.board_lock import BoardLock, board_at
from thecal_hil.contract.gate import COUNTERS
from thecal_hil.contract.image import FirmwareImage
from thecal_hil.contract.rig import Capability, ResetCause, Rig, SerialPort
from thecal_sim.edge_record import EdgeRecord
from thecal_sim.units import NS_PER_S, NS_PER_US

_TIMEOUT_S = 1.0
LONGEST_SLEEP_S = 5.0

OpenPort = Callable[[], SerialPort]
Sleep = Callable[[float], None]


def open_serial(port_name: str) -> SerialPort:
    """Return a port for this process alone."""
    port = serial.Serial(port_name, timeout=_TIMEOUT_S, write_timeout=_TIMEOUT_S, exclusive=True)
    # pyserial declares its time-outs as properties, which no protocol's attributes match.
    return cast(SerialPort, port)


class BoardRig(Rig):
    """A board on a serial port. The rig's time is the pump's time since reset."""

    name = "board"
    capabilities = frozenset[Capability]()

    def __init__(
        self,
        image: FirmwareImage,
        port: str | OpenPort,
        *,
        lock: BoardLock | None = None,
        sleep: Sleep = time.sleep,
    ) -> None:
        """``port``: a device, or what opens the board's port, each time anew. ``lock``: that of the board, if the
        caller has taken it; ``sleep``: has seconds of the rig's time pass."""
        super().__init__((image.version, image.commit))
        self._lock = BoardLock(board_at(port)) if lock is None and isinstance(port, str) else lock
        self._sleep = sleep
        self._open_port: OpenPort = (lambda: open_serial(port)) if isinstance(port, str) else port
        try:
            self._port = self._open_port()
            self._take_over()
        except BaseException:
            self.close()
            raise

    def _take_over(self) -> None:
        """Note what the pump's counters show, and have it at rest: whatever ran before may have left it delivering."""
        pump = self.pump()
        status = pump.interrogate()
        if status.state:
            pump.stop()
            status = pump.interrogate()
        self.counters_before = {attribute: getattr(status, attribute) for attribute in COUNTERS.values()}
        self.counters_before["counted_steps"] = status.counted_steps

    @property
    def port(self) -> SerialPort:
        return self._port

    @property
    def now_ns(self) -> int:
        reading = self.pump().time()
        return reading.boot_s * NS_PER_S + reading.boot_us * NS_PER_US

    @property
    def boot_origin_ns(self) -> int:
        return 0

    @property
    def edges(self) -> EdgeRecord:
        return EdgeRecord()

    def run_until(self, t_ns: int) -> None:
        while (left_ns := t_ns - self.now_ns) > 0:
            self._sleep(min(left_ns / NS_PER_S, LONGEST_SLEEP_S))

    def reset(self, cause: ResetCause) -> None:
        raise NotImplementedError(f"the board rig can't cause a {cause} reset")

    def close(self) -> None:
        if hasattr(self, "_port"):
            self._port.close()
        if self._lock is not None:
            self._lock.release()
