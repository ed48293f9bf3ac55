"""Changes of level of some signals in order of time, nine bytes each: what a probe writes and a rig hands out.

Promises: it is a sequence of ``Edge``, and nothing that is asked of it makes an object of every edge. What is asked of
one signal looks only at the edges since it was last asked and at those of that signal. An edge stays once it is in.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

_MOST_SIGNALS = 128
"""The signal and the level of an edge share a byte."""
_ONE = np.uint8(1)


class Edge(NamedTuple):
    """A change of level of one signal at an instant, by the clock of whoever saw it."""

    t_ns: int
    signal: str
    level: int


class EdgeRecord(Sequence[Edge]):
    """Grows by ``add``. Equal to any sequence of the same edges."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, edges: Iterable[Edge] = ()) -> None:
        self._t_ns = array("q")
        # Twice the number of the signal, and the level.
        self._codes = array("B")
        self._signals: list[str] = []
        self._code_of: dict[str, int] = {}
        # Where the edges of a signal are among those looked at so far, for the signals that were asked about.
        self._places: dict[str, tuple[array[int], int]] = {}
        for t_ns, signal, level in edges:
            self.add(t_ns, signal, level)

    @classmethod
    def of_columns(
        cls,
        signals: Sequence[str],
        t_ns: NDArray[np.int64],
        numbers: NDArray[np.uint8],
        levels: NDArray[np.uint8],
    ) -> EdgeRecord:
        """Return a record from its columns, in order; ``numbers`` are those of the signals."""
        record = cls()
        for signal in signals:
            record._code(signal)
        record._t_ns.frombytes(np.ascontiguousarray(t_ns, np.int64).tobytes())
        record._codes.frombytes((2 * numbers + levels).astype(np.uint8).tobytes())
        return record

    def add(self, t_ns: int, signal: str, level: int) -> None:
        """Add an edge that comes no sooner than the latest one. Called for every edge of a run, so kept short."""
        code = self._code_of.get(signal)
        if code is None:
            code = self._code(signal)
        self._t_ns.append(t_ns)
        self._codes.append(code | level)

    def clear(self) -> None:
        """Forget all edges so far."""
        del self._t_ns[:], self._codes[:]
        self._places.clear()

    def _code(self, signal: str) -> int:
        if len(self._signals) == _MOST_SIGNALS:
            raise ValueError(f"a record holds {_MOST_SIGNALS} signals at most")
        self._signals.append(signal)
        code = self._code_of[signal] = 2 * (len(self._signals) - 1)
        return code

    # --- as a sequence

    def __len__(self) -> int:
        return len(self._t_ns)

    @overload
    def __getitem__(self, place: int) -> Edge: ...
    @overload
    def __getitem__(self, place: slice) -> list[Edge]: ...
    def __getitem__(self, place: int | slice) -> Edge | list[Edge]:
        if isinstance(place, slice):
            return list(map(self._edge, self._t_ns[place], self._codes[place]))
        return self._edge(self._t_ns[place], self._codes[place])

    def __iter__(self) -> Iterator[Edge]:
        return map(self._edge, self._t_ns, self._codes)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(
            ours == theirs for ours, theirs in zip(self, other, strict=True)
        )

    def __repr__(self) -> str:
        return f"EdgeRecord({list(self)!r})"

    def _edge(self, t_ns: int, code: int) -> Edge:
        return Edge(t_ns, self._signals[code >> 1], code & 1)

    def between(self, from_ns: int, until_ns: int) -> list[Edge]:
        """Return edges from an instant up to and including another."""
        t_ns = np.array(self._t_ns, np.int64)
        return [self[place] for place in np.flatnonzero((t_ns >= from_ns) & (t_ns <= until_ns)).tolist()]

    # --- by the column

    @property
    def signals(self) -> tuple[str, ...]:
        """Return names of the signals, in the order of their numbers."""
        return tuple(self._signals)

    def columns(
        self, first: int = 0, last: int | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.uint8]]:
        """Return instants, numbers of the signals, and levels, of the edges from one place up to before another."""
        codes = np.array(self._codes[first:last], np.uint8)
        return np.array(self._t_ns[first:last], np.int64), codes >> _ONE, codes & _ONE

    def levels_of(self, signal: str) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """Return instants of the edges of one signal, and the level from each on."""
        places = self._places_of(signal)
        # A view keeps an array from growing, so none outlives this.
        t_ns = np.frombuffer(self._t_ns, np.int64)[places]
        levels = np.frombuffer(self._codes, np.uint8)[places] & _ONE
        return t_ns, levels

    def _places_of(self, signal: str) -> NDArray[np.int32]:
        places, looked_at = self._places.get(signal, (array("i"), 0))
        if looked_at < len(self) and signal in self._code_of:
            new = np.frombuffer(self._codes, np.uint8)[looked_at:] & 0xFE == self._code_of[signal]
            places.frombytes((np.flatnonzero(new) + looked_at).astype(np.int32).tobytes())
            self._places[signal] = places, len(self)
        return np.array(places, np.int32)
