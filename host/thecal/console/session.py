"""The one owner of the link to the pump: a thread that polls it, and does what is asked of it, one thing after another.

Promises: no two requests are ever under way at once; a console that only looks sends nothing that changes the pump,
whatever its page asks for; a pump that is gone is known to be at the first request that fails, everything that waits is
informed, and the link is made anew as soon as the same pump is back. Another pump, or one that another program has
taken, is left alone until a person says to continue.
"""

from __future__ import annotations

import queue
import struct
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from thecal.changes import Changes
from thecal.console.seen import Link, Seen, clocks_seen
from thecal.errors import (
    BadAnswerError,
    NoAnswerError,
    NotAPumpError,
    PortError,
    PumpRefusedError,
    SessionEndedError,
    StaleSessionError,
    ThecalError,
    VersionMismatchError,
    WrongPumpError,
)
from thecal_fw.link.messages import ERROR_IN_PROGRESS

if TYPE_CHECKING:
    from thecal.client import Event, Pump

T = TypeVar("T")

POLL_S = 0.15
"""A value on the page is to be no older than 0.3 s."""
_RETRY_S = 1.0
_OUTLOOK_EVERY_S = 5.0
_SERVICE_EVERY_S = 60.0
_CLOSES_WITHIN_S = 12.0
"""A change under way gets its answer, three tries of a second each at most, and once more to find out."""
_LINK_ERRORS = (
    OSError,
    PortError,
    NoAnswerError,
    NotAPumpError,
    BadAnswerError,
    SessionEndedError,
    StaleSessionError,
    VersionMismatchError,
    WrongPumpError,
)
"""After one of these nothing further is asked over this link."""
_GARBAGE = (ArithmeticError, LookupError, TypeError, ValueError, struct.error)


class LookOnlyError(ThecalError):
    """The console was started to look only."""

    def __init__(self) -> None:
        super().__init__(
            "this console only looks: nothing was changed. `thecal console --changes` starts one that may"
        )


class ClosedError(ThecalError):
    """The console has been asked to end."""


class ConsoleChanges(Changes):
    """The record of what the console changed. may_change: whether anything that changes the pump may leave at all."""

    def __init__(self, *, may_change: bool) -> None:
        super().__init__()
        self.may_change = may_change
        self.is_closing = False

    def may_go_on(self) -> None:
        """Raise ClosedError once the console has ended."""
        if self.is_closing:
            raise ClosedError("the console has ended; nothing further was asked of the pump")

    def begin(self, request: str) -> None:
        """Note that a request is about to leave; raise LookOnlyError if the console only looks."""
        if not self.may_change:
            raise LookOnlyError
        super().begin(request)


@dataclass(frozen=True)
class Attached:
    """A pump that has been opened, and the ports there were."""

    pump: Pump
    port: str
    is_practice: bool
    boards_attached: int


class PumpSession:
    """attach: opens the pump. on_change: called from the session's thread whenever something is seen anew."""

    def __init__(
        self,
        attach: Callable[[ConsoleChanges], Attached],
        on_change: Callable[[], None],
        *,
        may_change: bool,
        poll_s: float = POLL_S,
    ) -> None:
        self.changes = ConsoleChanges(may_change=may_change)
        self.link = Link.LOOKING
        self.why = ""
        self.seen: Seen | None = None
        self.requests_lost = 0
        self._attach = attach
        self._on_change = on_change
        self._poll_s = poll_s
        self._jobs: queue.Queue[tuple[Callable[[Pump], Any], Future[Any]]] = queue.Queue()
        self._attached: Attached | None = None
        self._go_on = threading.Event()
        self._ends = threading.Event()
        self._next_outlook_s = self._next_service_s = 0.0
        self._log: list[Event] = []
        self._thread = threading.Thread(target=self._run, name="thecal pump session", daemon=True)

    # --- called from anywhere

    def open(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """End in order: a change under way gets its answer, nothing further is asked."""
        self.changes.is_closing = True
        self._ends.set()
        self._go_on.set()
        if self._thread.is_alive():
            self._thread.join(_CLOSES_WITHIN_S)

    @property
    def is_closing(self) -> bool:
        return self._ends.is_set()

    def ask(self, job: Callable[[Pump], T]) -> Future[T]:
        """Have something done with the pump, after what is asked for already."""
        future: Future[T] = Future()
        if self.link is not Link.LIVE or self._ends.is_set():
            future.set_exception(PortError(self.why or str(self.link)))
            return future
        self._jobs.put((job, future))
        return future

    def go_on(self) -> None:
        """Talk to the pump that is there now, as a person has said to."""
        self._go_on.set()

    # --- called from a job, in the session's own thread

    def serve_until(self, is_over: Callable[[], bool]) -> None:
        """Keep looking and doing what is asked for while a longer job waits for a person."""
        pump = self._pump()
        while not is_over():
            self.changes.may_go_on()
            self._serve_once(pump)

    @contextmanager
    def lease(self) -> Iterator[Pump]:
        """Yield the pump for a longer job. Where the link was lost in an earlier lease, it is made anew."""
        if self._attached is None:
            self._open()
        try:
            yield self._pump()
        except _LINK_ERRORS as error:
            self._lose(error)
            raise

    # --- the thread

    def _pump(self) -> Pump:
        if self._attached is None:
            raise PortError(self.why or "the pump is gone")
        return self._attached.pump

    def _run(self) -> None:
        while not self._ends.is_set():
            try:
                if self._attached is None:
                    self._open()
                self._serve_once(self._pump())
            except (ThecalError, OSError, *_GARBAGE) as error:
                self._lose(error)
                if self.link in (Link.OTHER_HOST, Link.OTHER_PUMP):
                    self._go_on.wait()
                    self._go_on.clear()
                else:
                    self._ends.wait(_RETRY_S)
        self._fail_all(ClosedError("the console has ended"))
        if self._attached is not None:
            with suppress(ThecalError, OSError):
                self._attached.pump.close()

    def _open(self) -> None:
        known = self.seen.serial if self.seen is not None else None
        attached = self._attach(self.changes)
        serial = attached.pump.serial
        if known is not None and serial != known and self.link is not Link.OTHER_PUMP:
            with suppress(ThecalError, OSError):
                attached.pump.close()
            raise _OtherPumpError(
                f"pump {known} was here, and now pump {serial} is attached: nothing was asked of it"
            )
        self._attached = attached
        self._log.clear()
        self._next_outlook_s = self._next_service_s = 0.0
        self.seen = None
        self._look(attached.pump)
        self.link, self.why = Link.LIVE, ""
        self._on_change()

    def _serve_once(self, pump: Pump) -> None:
        """Do what is asked for until it is time to look again; then look."""
        look_s = time.monotonic() + self._poll_s
        while (left_s := look_s - time.monotonic()) > 0 and not self._ends.is_set():
            try:
                job, future = self._jobs.get(timeout=left_s)
            except queue.Empty:
                break
            self._do(pump, job, future)
            if self._attached is None or self._attached.pump is not pump:
                return
            look_s = min(look_s, time.monotonic())
        self._look(pump)
        self._on_change()

    def _do(self, pump: Pump, job: Callable[[Pump], Any], future: Future[Any]) -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(job(pump))
        except _LINK_ERRORS as error:
            future.set_exception(error)
            raise
        except Exception as error:
            # Whatever a job does, the session continues; whether the link still stands shows at the next look.
            future.set_exception(error)

    def _look(self, pump: Pump) -> None:
        attached = self._attached
        assert attached is not None
        before, now_s = self.seen, time.monotonic()
        status = pump.interrogate()
        boluses = pump.boluses()
        is_new = before is None or before.status.program_digest != status.program_digest
        seen = Seen(
            attached.port,
            pump.board,
            pump.serial,
            pump.version,
            pump.commit,
            attached.is_practice,
            attached.boards_attached,
            now_s,
            time.time_ns() // 1_000_000,
            status,
            boluses,
            pump.read_program() if is_new or before is None else before.program,
            clocks_seen(status, () if before is None else before.log),
            None if before is None else before.outlook,
            None if before is None else before.service,
            None if before is None else before.access,
            None if before is None else before.last_dose,
            () if before is None else before.log,
            before is not None and before.is_log_whole,
        )
        if before is not None:
            seen = self._look_further(pump, before, seen, now_s)
        self.seen = seen

    def _look_further(self, pump: Pump, before: Seen, seen: Seen, now_s: float) -> Seen:
        """Return what changes seldom, or is long; not before the first picture is there."""
        something_happened = before.status.latest_event != seen.status.latest_event
        try:
            if something_happened or not seen.is_log_whole:
                first = self._log[-1].sequence + 1 if self._log else 0
                self._log += pump.log(first)
                seen = replace(
                    seen,
                    log=tuple(self._log),
                    is_log_whole=True,
                    access=pump.access(),
                    last_dose=pump.last_dose(),
                )
            if something_happened or now_s >= self._next_outlook_s:
                self._next_outlook_s = now_s + _OUTLOOK_EVERY_S
                seen = replace(seen, outlook=pump.outlook())
            elif now_s >= self._next_service_s:
                self._next_service_s = now_s + _SERVICE_EVERY_S
                seen = replace(seen, service=pump.service_life())
        except PumpRefusedError as refusal:
            # What it is still working out it reports the next time.
            if refusal.code != ERROR_IN_PROGRESS:
                raise
        return seen

    def _lose(self, error: Exception) -> None:
        self.why = str(error)
        if isinstance(error, _OtherPumpError):
            self.link = Link.OTHER_PUMP
        elif isinstance(error, StaleSessionError):
            self.link = Link.OTHER_HOST
        elif self.seen is not None:
            self.link = Link.GONE
        else:
            self.link = Link.LOOKING
        if self._attached is not None:
            with suppress(ThecalError, OSError):
                self._attached.pump.close()
            self._attached = None
        self._fail_all(error)
        self._on_change()

    def _fail_all(self, error: Exception) -> None:
        with suppress(queue.Empty):
            while True:
                _, future = self._jobs.get_nowait()
                future.set_exception(PortError(f"the pump is gone: {error}. Nothing was asked of it"))


class _OtherPumpError(ThecalError):
    """Another pump is at the port than before."""
