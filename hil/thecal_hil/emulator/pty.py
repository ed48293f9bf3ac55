"""Bridges an emulated Pico's USB serial port to a pseudo-terminal, for programs that open a port by its path.

Promises:

- `path` can be opened by any program as a serial port; bytes pass both ways unchanged.
- While the context is entered a thread owns the emulator: virtual time follows wall time (times `speed`), falling
  behind when the machine is slow and never catching up in a rush. `call` runs a function on the emulator in between.
- Leaving the context stops the thread, closes both ends and raises what went wrong in the thread, if anything did.

Boards that are wired together have one time and so one thread: the others' ports are given with ``also``, and ``paths``
has a pseudo-terminal for each.

A pseudo-terminal does not carry DTR: the port counts as open, and DTR as set, from entry to exit. After a reset of the
device the port is opened again as soon as it has enumerated; to the program it is the same path all along.
"""

from __future__ import annotations

import os
import queue
import select
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Final, TypeVar

from serial import SerialException

from thecal_sim.units import NS_PER_MS, NS_PER_S
from thecal_sim.virtual_port import PtyEnd

from .pico import EmulatedPico
from .serial_port import EmulatedUsbSerial

_SLICE_NS: Final = 1 * NS_PER_MS
_LONGEST_STEP_NS: Final = 20 * NS_PER_MS
_CHUNK_BYTES: Final = 4096

_T = TypeVar("_T")


class _End:
    """A pseudo-terminal that leads to one emulated port."""

    def __init__(self, port: EmulatedUsbSerial) -> None:
        self.port = port
        self.was_usable = False
        self.end = PtyEnd()

    @property
    def is_usable(self) -> bool:
        try:
            return self.port.in_waiting >= 0
        except SerialException:
            return False

    def open_port_if_gone(self) -> None:
        """Open the port if it is gone. A board that is held in reset or boots does not wait to be opened; it is
        looked at again."""
        if not self.is_usable and self.port.is_attached:
            self.port.open()

    def has_input(self) -> bool:
        return self.is_usable and self.port.in_waiting > 0

    def move_bytes(self) -> None:
        port = self.port
        if not self.is_usable:
            # What is sent to a board that has gone is lost. What is sent before it has ever been there waits.
            if self.was_usable:
                self.end.read()
            return
        self.was_usable = True
        # A program that does not read at present is offered the bytes again next time.
        self.end.write(port.read(port.in_waiting) if port.in_waiting else b"")
        if data := self.end.read():
            port.write(data)


class EmulatedPty:
    def __init__(
        self, pico: EmulatedPico, *, speed: float = 1.0, also: Sequence[EmulatedUsbSerial] = ()
    ) -> None:
        self._pico = pico
        self._ports = (pico.serial, *also)
        self._speed = speed
        self._jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._failure: BaseException | None = None
        self._ends: list[_End] = []
        self.path = ""
        self.paths: list[str] = []

    def __enter__(self) -> EmulatedPty:
        self._ends = [_End(port) for port in self._ports]
        self.paths = [one.end.device for one in self._ends]
        self.path = self.paths[0]
        self._wake_read, self._wake_write = os.pipe()
        self._thread = threading.Thread(target=self._pump, name="emulated-pty", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._wake()
        self._thread.join()
        for one in self._ends:
            one.end.close()
        os.close(self._wake_read)
        os.close(self._wake_write)
        if self._failure is not None and error is None:
            raise self._failure

    def call(self, action: Callable[[EmulatedPico], _T]) -> _T:
        """Run `action` on the emulator, between two slices of virtual time, and return its result. Raise
        RuntimeError if the emulator has stopped."""
        future: Future[_T] = Future()

        def job() -> None:
            try:
                future.set_result(action(self._pico))
            except BaseException as error:
                future.set_exception(error)

        self._jobs.put(job)
        self._wake()
        while not self._stopping.is_set():
            try:
                return future.result(timeout=0.2)
            except TimeoutError:
                if future.done():
                    raise
        raise RuntimeError("the emulator's thread has stopped") from self._failure

    def _wake(self) -> None:
        os.write(self._wake_write, b"!")

    def _pump(self) -> None:
        try:
            last_s = time.monotonic()
            while not self._stopping.is_set():
                self._run_jobs()
                for end in self._ends:
                    end.open_port_if_gone()
                    end.move_bytes()
                now_s = time.monotonic()
                step_ns = min(round((now_s - last_s) * self._speed * NS_PER_S), _LONGEST_STEP_NS)
                last_s = now_s
                self._pico.run_for(max(step_ns, _SLICE_NS), self._has_input)
                self._sleep_until_due(last_s)
        except BaseException as error:
            self._failure = error
        finally:
            self._stopping.set()

    def _sleep_until_due(self, since_s: float) -> None:
        pause_s = max(0.0, since_s + _SLICE_NS / NS_PER_S / self._speed - time.monotonic())
        ends = [one.end for one in self._ends]
        writable = [near for end in ends if end.has_unread for near in end.waits_for()]
        watched = [*(near for end in ends for near in end.waits_for()), self._wake_read]
        readable, _, _ = select.select(watched, writable, [], pause_s)
        if self._wake_read in readable:
            os.read(self._wake_read, _CHUNK_BYTES)

    def _run_jobs(self) -> None:
        while not self._jobs.empty():
            self._jobs.get()()

    def _has_input(self) -> bool:
        return any(end.has_input() for end in self._ends)
