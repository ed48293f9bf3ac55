"""The progress of each of several runs, reported by whatever process does it to the one that shows the line.

Promises: a run is known by its place; a copy of this process and a new one report alike, through a file that is gone
when the runs are over. A report that comes late changes the line and nothing else.
"""

from __future__ import annotations

import os
import struct
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from thecal_hil.groundwork.progress import repeated

_SHARE = struct.Struct("<d")


@dataclass(frozen=True)
class Place:
    """The place where one run reports: a file, and which of its entries."""

    path: str
    number: int

    @contextmanager
    def reporting(self, share: Callable[[], float]) -> Iterator[None]:
        """Report the share done, 0 to 1, until the end of the block, and then the whole."""
        descriptor = os.open(self.path, os.O_WRONLY)

        def report(done: float) -> None:
            os.pwrite(descriptor, _SHARE.pack(done), self.number * _SHARE.size)

        try:
            with repeated(lambda: report(share())):
                yield
            report(1.0)
        finally:
            os.close(descriptor)


class Runs:
    """Several runs as one piece of work; weights: how long each is, in any unit."""

    def __init__(self, weights: Sequence[float]) -> None:
        self._weights = tuple(weights)
        self._descriptor, self._path = tempfile.mkstemp(prefix="thecal-progress-")
        os.write(self._descriptor, bytes(_SHARE.size * len(self._weights)))

    def places(self) -> list[Place]:
        return [Place(self._path, number) for number in range(len(self._weights))]

    def share(self) -> float:
        shares = self._shares()
        done = sum(share * weight for share, weight in zip(shares, self._weights, strict=True))
        return done / sum(self._weights) if self._weights else 1.0

    def words(self) -> str:
        if len(self._weights) == 1:
            return ""
        over = sum(share >= 1 for share in self._shares())
        return f"{over:,} of {len(self._weights):,} runs"

    def close(self) -> None:
        os.close(self._descriptor)
        Path(self._path).unlink()

    def _shares(self) -> list[float]:
        said = os.pread(self._descriptor, _SHARE.size * len(self._weights), 0)
        return [min(1.0, max(0.0, share)) for (share,) in _SHARE.iter_unpack(said)]


@contextmanager
def runs_of(weights: Sequence[float]) -> Iterator[Runs]:
    """Yield the runs, while they are done."""
    runs = Runs(weights)
    try:
        yield runs
    finally:
        runs.close()
