"""The same image on a real Pico, over its real serial port.

Promises: nothing is written to any port but the one named; waiting is done by the pump's own clock, so a
stretch of therapy lasts as long as the pump says it did and not as long as this machine slept. There is no probe on
the pins: the rig records no edges and says so in its capabilities. It can't reset the board either.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import cast

import serial

from thecal_hil.gate import COUNTERS
from thecal_hil.image import FirmwareImage
from thecal_hil.pump_clock import NS_PER_S, NS_PER_US
from thecal_hil.rig import Capability, EdgeSeen, ResetCause, Rig, SerialPort

_TIMEOUT_S = 1.0
_LONGEST_SLEEP_S = 5.0


class BoardRig(Rig):
    """A board on a serial port. The rig's time is the pump's time since reset."""

    name = "board"
    capabilities = frozenset[Capability]()

    def __init__(self, image: FirmwareImage, port_name: str) -> None:
        super().__init__((image.version, image.commit))
        self._port = serial.Serial(port_name, timeout=_TIMEOUT_S, write_timeout=_TIMEOUT_S, exclusive=True)
        pump = self.pump()
        status = pump.interrogate()
        self.counters_before = {attribute: getattr(status, attribute) for attribute in COUNTERS.values()}
        if status.state:
            # Left delivering by whatever ran before: a scenario begins with a pump at rest.
            pump.stop()

    @property
    def port(self) -> SerialPort:
        # pyserial declares its time-outs as properties, which no protocol's attributes match.
        return cast(SerialPort, self._port)

    @property
    def now_ns(self) -> int:
        reading = self.pump().time()
        return reading.boot_s * NS_PER_S + reading.boot_us * NS_PER_US

    @property
    def boot_origin_ns(self) -> int:
        return 0

    @property
    def edges(self) -> Sequence[EdgeSeen]:
        return ()

    def run_until(self, t_ns: int) -> None:
        while (left_ns := t_ns - self.now_ns) > 0:
            time.sleep(min(left_ns / NS_PER_S, _LONGEST_SLEEP_S))

    def reset(self, cause: ResetCause) -> None:
        raise NotImplementedError(f"the board rig can't cause a {cause} reset")

    def close(self) -> None:
        self._port.close()
