"""The serial port of what is simulated, as programs open it: a pseudo-terminal where there are such, else a socket.

Promises: bytes pass both ways unchanged and in order; nothing here waits. A program that does not read keeps nothing
from happening: what it has not taken lies here until it has, and is dropped when it leaves.
"""

from __future__ import annotations

import os
import socket
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import Any

_CHUNK_BYTES = 4_096
_MOST_UNREAD_BYTES = 1 << 20


class End(ABC):
    """device: what a program opens."""

    device: str

    def __init__(self) -> None:
        self._unread = bytearray()

    @abstractmethod
    def waits_for(self) -> list[Any]:
        """Return what to have ``select`` watch, for something to be there to be read."""

    @abstractmethod
    def read(self) -> bytes:
        """Return what a program has sent since the last time."""

    @abstractmethod
    def _send(self, data: bytes) -> int:
        """Send what can be sent at once; how many bytes that were."""

    def write(self, data: bytes) -> None:
        self._unread += data
        if len(self._unread) > _MOST_UNREAD_BYTES:
            self._unread.clear()
        while self._unread:
            sent = self._send(bytes(self._unread[:_CHUNK_BYTES]))
            if not sent:
                return
            del self._unread[:sent]

    @property
    def has_unread(self) -> bool:
        return bool(self._unread)

    @abstractmethod
    def close(self) -> None: ...


class PtyEnd(End):
    """A pseudo-terminal."""

    def __init__(self) -> None:
        import tty

        super().__init__()
        self._near, self._far = os.openpty()
        # Keeping the far end open keeps it raw, and spares the near end errors while no program has it open.
        tty.setraw(self._far)
        os.set_blocking(self._near, False)
        self.device = os.ttyname(self._far)

    def waits_for(self) -> list[Any]:
        return [self._near]

    def read(self) -> bytes:
        try:
            return os.read(self._near, _CHUNK_BYTES)
        except BlockingIOError:
            return b""

    def _send(self, data: bytes) -> int:
        try:
            return os.write(self._near, data)
        except BlockingIOError:
            return 0

    def close(self) -> None:
        os.close(self._near)
        os.close(self._far)


class SocketEnd(End):
    """A socket of this computer alone. One program has it at a time, as with a port; another one is turned away."""

    def __init__(self, port: int = 0) -> None:
        """port: its number; 0 takes any that is free."""
        super().__init__()
        self._listening = socket.create_server(("127.0.0.1", port))
        self._listening.setblocking(False)
        self._program: socket.socket | None = None
        self.device = f"socket://127.0.0.1:{self._listening.getsockname()[1]}"

    def waits_for(self) -> list[Any]:
        return [self._listening] if self._program is None else [self._listening, self._program]

    def read(self) -> bytes:
        self._admit()
        if self._program is None:
            return b""
        try:
            data = self._program.recv(_CHUNK_BYTES)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            self._dismiss()
        return data

    def _admit(self) -> None:
        with suppress(BlockingIOError):
            program, _ = self._listening.accept()
            if self._program is not None:
                program.close()
                return
            program.setblocking(False)
            program.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._program = program

    def _dismiss(self) -> None:
        if self._program is not None:
            self._program.close()
            self._program = None
        self._unread.clear()

    def _send(self, data: bytes) -> int:
        if self._program is None:
            return len(data)
        try:
            return self._program.send(data)
        except BlockingIOError:
            return 0
        except OSError:
            self._dismiss()
            return len(data)

    def close(self) -> None:
        self._dismiss()
        self._listening.close()


def best_end(port: int | None) -> End:
    """Return a pseudo-terminal, or a socket where there is none or a port number is asked for."""
    return PtyEnd() if port is None and hasattr(os, "openpty") else SocketEnd(port or 0)
