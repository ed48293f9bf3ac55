"""Bridges an emulated Pico's USB serial port to a pseudo-terminal, for programs that open a port by its path.

Promises:

- `path` can be opened by any program as a serial port; bytes pass both ways unchanged.
- While the context is entered a thread owns the emulator: virtual time follows wall time (times `speed`), falling
  behind when the machine is slow and never catching up in a rush. `call` runs a function on the emulator in between.
- Leaving the context stops the thread, closes both ends and raises what went wrong in the thread, if anything did.

A pseudo-terminal does not carry DTR: the port counts as open, and DTR as set, from entry to exit. After a reset of the
device the port is opened again as soon as it has enumerated; to the program it is the same path all along.
"""

from __future__ import annotations

import contextlib
import os
import queue
import select
import threading
import time
import tty
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Final, TypeVar

from serial import SerialException

from .pico import EmulatedPico
from .units import NS_PER_MS, NS_PER_S

_SLICE_NS: Final = 1 * NS_PER_MS
_LONGEST_STEP_NS: Final = 20 * NS_PER_MS
_CHUNK_BYTES: Final = 4096

_T = TypeVar("_T")


class EmulatedPty:
    def __init__(self, pico: EmulatedPico, *, speed: float = 1.0) -> None:
        self._pico = pico
        self._speed = speed
        self._jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._failure: BaseException | None = None
        self._to_program = bytearray()
        self.path = ""

    def __enter__(self) -> EmulatedPty:
        self._master, self._slave = os.openpty()
        # Keeping the far end open keeps it raw, and spares the near end errors while no program has it open.
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.path = os.ttyname(self._slave)
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
        for descriptor in (self._master, self._slave, self._wake_read, self._wake_write):
            os.close(descriptor)
        if self._failure is not None and error is None:
            raise self._failure

    def call(self, action: Callable[[EmulatedPico], _T]) -> _T:
        """Run `action` on the emulator, between two slices of virtual time, and return its result."""
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
                self._open_port_if_gone()
                self._move_bytes()
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
        writable = [self._master] if self._to_program else []
        readable, _, _ = select.select([self._master, self._wake_read], writable, [], pause_s)
        if self._wake_read in readable:
            os.read(self._wake_read, _CHUNK_BYTES)

    def _run_jobs(self) -> None:
        while not self._jobs.empty():
            self._jobs.get()()

    def _open_port_if_gone(self) -> None:
        port = self._pico.serial
        try:
            _ = port.in_waiting
        except SerialException:
            port.open()

    def _has_input(self) -> bool:
        try:
            return self._pico.serial.in_waiting > 0
        except SerialException:
            return True

    def _move_bytes(self) -> None:
        port = self._pico.serial
        if port.in_waiting:
            self._to_program += port.read(port.in_waiting)
        # A program that does not read at present is offered the bytes again next time.
        with contextlib.suppress(BlockingIOError):
            while self._to_program:
                written = os.write(self._master, self._to_program[:_CHUNK_BYTES])
                del self._to_program[:written]
        with contextlib.suppress(BlockingIOError):
            port.write(os.read(self._master, _CHUNK_BYTES))
