"""Who does the batches: processes of this machine, or the workers of a Dask cluster, behind one small interface.

Promises: each batch handed in comes out once, in any order; no more batches are out than keep everybody busy, so that
little is undone when the campaign is stopped. Processes of this machine end with the one that started them, however
that ends.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures import Future as LocalFuture
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from thecal_hil.campaign.week import Row

_OUT_PER_WORKER = 2
"""Batches: one in work, and one to go on with at once."""


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
        ahead = iter(batches)
        out: set[LocalFuture[Done]] = set()
        while True:
            while len(out) < self._processes * _OUT_PER_WORKER and (batch := next(ahead, None)) is not None:
                out.add(self._pool.submit(do, batch))
            if not out:
                return
            try:
                ready, out = wait(out, return_when=FIRST_COMPLETED)
            except KeyboardInterrupt:
                yield from self._what_is_begun(out)
                raise
            for future in ready:
                yield future.result()

    def _what_is_begun(self, out: set[LocalFuture[Done]]) -> Iterator[Done]:
        """What is in work already is not thrown away; a second interrupt does that."""
        for future in [future for future in out if not future.cancel()]:
            yield future.result()

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)


def _live_with_parent() -> None:
    """In a new worker: leave interrupts from the keyboard to the parent, and end when it does."""
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
