"""The workers that do the batches: processes of this machine, or the workers of a Dask cluster, behind one small
interface.

Promises: each batch handed in comes out once, in any order; no more batches are out than keep everybody busy, so that
little is undone when the campaign is stopped. Processes of this machine end with the one that started them, however
that ends. A request to stop never leaves a lock of the pool held, wherever in the pool's code it comes.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future as LocalFuture
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from queue import SimpleQueue
from types import FrameType
from typing import Protocol

from thecal_hil.campaigns.weeks.week import Row

_OUT_PER_WORKER = 2
"""Batches: one in work, and one to continue with at once."""


@dataclass(frozen=True)
class Batch:
    """Runs that are done one after the other and handed back together."""

    number: int
    seeds: range
    days: int


@dataclass(frozen=True)
class Done:
    """The rows of a batch. worker, cpu_s: who did it, and what it took of a processor."""

    number: int
    rows: tuple[Row, ...]
    worker: str
    cpu_s: float


Do = Callable[[Batch], Done]


class Workers(Protocol):
    """Does batches; ``close`` it in the end."""

    @property
    def name(self) -> str: ...
    def all_done(self, batches: Sequence[Batch], do: Do) -> Iterator[Done]: ...
    def close(self) -> None: ...


class LocalWorkers:
    """Processes of this machine."""

    def __init__(self, processes: int) -> None:
        self.name = f"{processes} local processes"
        self._processes = processes
        self._pool = ProcessPoolExecutor(
            processes, multiprocessing.get_context("spawn"), initializer=_live_with_parent
        )

    def all_done(self, batches: Sequence[Batch], do: Do) -> Iterator[Done]:
        """Yield results. On a request to stop, hand back what is in work already, then raise KeyboardInterrupt. A
        second request raises it at once."""
        ahead = iter(batches)
        out: set[LocalFuture[Done]] = set()
        is_stopped = False
        ended: SimpleQueue[LocalFuture[Done] | None] = SimpleQueue()
        with _requests_to_stop(ended):
            while True:
                while not is_stopped and len(out) < self._processes * _OUT_PER_WORKER:
                    if (batch := next(ahead, None)) is None:
                        break
                    future = self._pool.submit(do, batch)
                    out.add(future)
                    future.add_done_callback(ended.put)
                if not out:
                    break
                future = ended.get()
                if future is None:
                    is_stopped = True
                    out = {future for future in out if not future.cancel()}
                elif future in out:
                    out.remove(future)
                    yield future.result()
        # A request that came after the last batch is still in the queue.
        if is_stopped or not ended.empty():
            raise KeyboardInterrupt

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _requests_to_stop(asked: SimpleQueue[LocalFuture[Done] | None]) -> Iterator[None]:
    """Put None into the queue on the first request to stop in place of raising an exception, within the block.

    The pool takes locks in Python code, where an exception at the wrong instruction leaves one held for ever; a
    SimpleQueue may be put to from a signal handler. The second request does what requests did before the block.
    """
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def ask(number: int, frame: FrameType | None) -> None:
        restore()
        asked.put(None)

    for number in before:
        signal.signal(number, ask)
    try:
        yield
    finally:
        restore()


def _live_with_parent() -> None:
    """Leave interrupts from the keyboard to the parent, and end when it does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent.join,), daemon=True).start()


def _end_after(parent_ends: Callable[[], object]) -> None:
    parent_ends()
    os._exit(1)


class DaskWorkers:
    """Workers of the cluster whose scheduler is at an address. They need this package installed."""

    def __init__(self, address: str) -> None:
        # Imported late: it takes a second, and most campaigns do without.
        from distributed import Client

        self._client = Client(address, set_as_default=False)
        self.name = f"Dask cluster at {address}"

    def all_done(self, batches: Sequence[Batch], do: Do) -> Iterator[Done]:
        from distributed import as_completed

        ahead = iter(batches)
        threads: dict[str, int] = self._client.nthreads()  # pyright: ignore[reportAssignmentType] (not awaited)
        slots = max(1, sum(threads.values())) * _OUT_PER_WORKER
        # pure=False: a batch that was done before, in another campaign, is not what is asked for.
        first = [self._client.submit(do, batch, pure=False) for batch in islice(ahead, slots)]
        ready = as_completed(first, loop=self._client.loop)
        for future in ready:
            yield future.result()
            future.release()
            if (batch := next(ahead, None)) is not None:
                ready.add(self._client.submit(do, batch, pure=False))

    def close(self) -> None:
        self._client.close()
