"""Courses of microsteps for the plant's tests, and what a plant can be made to do in between."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from thecal_sim.plant import Plant

S = 1_000_000_000


def even(count: int, interval_ns: int, from_ns: int = 0) -> NDArray[np.int64]:
    """Return so many microsteps, the first an interval after an instant."""
    return from_ns + interval_ns * np.arange(1, count + 1, dtype=np.int64)


@dataclass(frozen=True)
class Disturbance:
    """A disturbance of a plant at an instant, by the name of its method."""

    t_ns: int
    what: str
    amount: tuple[float, ...]

    def plan(self, plant: Plant) -> None:
        plant.at(self.t_ns, lambda: getattr(plant, self.what)(*self.amount))


intervals_ns = st.one_of(
    st.integers(2 * S, 30 * S), st.integers(5_000_000, 60_000_000), st.integers(150_000, 900_000)
)
"""Of basal rates, of a prime, and of a generator that runs wild."""


@st.composite
def courses(draw: st.DrawFn) -> NDArray[np.int64]:
    """Return up to two thousand or so microsteps at several rates, one after the other."""
    times = np.array([], np.int64)
    for _ in range(draw(st.integers(1, 3))):
        from_ns = int(times[-1]) if len(times) else 0
        times = np.append(times, even(draw(st.integers(1, 900)), draw(intervals_ns), from_ns))
    return times


_KINDS = st.one_of(
    st.tuples(st.sampled_from(["occlude", "release", "break_line", "mend_line"]), st.just(())),
    st.tuples(st.just("set_back_pressure"), st.tuples(st.floats(-5, 60))),
    st.tuples(st.just("set_temperature"), st.tuples(st.floats(15, 40))),
    st.tuples(st.just("set_wear_factor"), st.tuples(st.floats(0.8, 1.1))),
    st.tuples(st.just("set_load"), st.tuples(st.floats(0, 4))),
    st.tuples(st.just("siphon"), st.tuples(st.floats(0, 500))),
    st.tuples(st.just("refill"), st.tuples(st.floats(10, 21_000_000), st.sampled_from([0.05, 0.5, 2.0]))),
)


@st.composite
def disturbances(draw: st.DrawFn, until_ns: int) -> list[Disturbance]:
    """Return a few of them, in order."""
    instants = sorted(draw(st.sets(st.integers(1, until_ns), max_size=6)))
    return [Disturbance(t_ns, *draw(_KINDS)) for t_ns in instants]
