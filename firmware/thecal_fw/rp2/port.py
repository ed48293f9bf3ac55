"""The serial link to the host: MicroPython's own USB port, one byte at a time in and whole frames out.

Promises: nothing here waits for the host; a frame that the host does not take is dropped as a whole, and what was
sent of it can never be taken for a part of the next one.
"""

import select
import sys

import micropython

_FRAME_END = b"\x00"
_OWN_BOARD = "Thecal"


class Port:
    """See ``thecal_fw.ports``."""

    def __init__(self):
        # Bytes of a frame may have any value, so none may interrupt the program.
        micropython.kbd_intr(-1)
        poll = select.poll()
        poll.register(sys.stdin, select.POLLIN)
        self._ipoll = poll.ipoll
        self._poll_output = select.poll()
        self._poll_output.register(sys.stdout, select.POLLOUT)
        self._readinto = sys.stdin.buffer.readinto
        self._write = sys.stdout.buffer.write
        self._byte = bytearray(1)
        self._was_cut = False
        # Our own build never waits in a write, but hands back how much there was room for. A stock one waits half a
        # second or more, except for a single byte when there is room.
        self._write_never_waits = _OWN_BOARD in sys.implementation._machine

    def any(self) -> bool:
        """Return True if a byte has arrived. Runs the USB stack, so it is right even with interrupts off."""
        for _ in self._ipoll(0):
            return True
        return False

    def read(self) -> int:
        for _ in self._ipoll(0):
            byte = self._byte
            self._readinto(byte)
            return byte[0]
        return -1

    def write(self, data: bytes) -> bool:
        if self._was_cut:
            if not self._send(_FRAME_END):
                return False
            self._was_cut = False
        if self._send(data):
            return True
        self._was_cut = True
        return False

    def _send(self, data):
        if self._write_never_waits:
            return self._write(data) == len(data)
        for offset in range(len(data)):
            for _ in self._poll_output.ipoll(0):
                break
            else:
                return False
            if not self._write(data, offset, 1):
                return False
        return True
