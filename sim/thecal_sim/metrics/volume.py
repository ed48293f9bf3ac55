"""Delivered volume at even instants: from pulses, from a balance, and from both together.

Promises: volumes are nanolitres since the first sample; instants are whole nanoseconds and compared exactly.

A balance that resolves 0.1 mg sees 100 nL: at a child's rate that is a quarter of an hour of therapy. Pulses show when
volume came and not how much each was; the balance shows how much over a day and not when. ``from_both`` takes the
course from the pulses and the amount from the balance.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from thecal_sim.units import NL_PER_ML, NS_PER_S

Volumes = NDArray[np.float64]
Instants = NDArray[np.int64]

WATER_G_PER_ML = 0.998
"""Density of water near 21 degrees Celsius, the figure that trumpet curves are usually worked out with."""
MOST_FALL_G = 0.002
"""From one reading to the next: twenty digits of a balance that resolves 0.1 mg. More is no noise: it was zeroed, or
something was taken off it."""
_ROUNDING = 1e-9


def even_instants(begin_ns: int, sample_s: float, samples: int) -> Instants:
    """Return ``samples`` intervals of ``sample_s`` from ``begin_ns`` on: ``samples`` + 1 instants."""
    return begin_ns + np.rint(np.arange(samples + 1) * (sample_s * NS_PER_S)).astype(np.int64)


def from_pulses(step_times_ns: Instants, nl_per_step: float, at_ns: Instants) -> Volumes:
    """Return the volume of the pulses up to and at each instant, since the first of the instants. Raise ValueError if
    either do not come in order."""
    need_order("step_times_ns", step_times_ns)
    need_order("at_ns", at_ns)
    count = np.searchsorted(step_times_ns, at_ns, side="right")
    return (count - count[0]) * nl_per_step


def from_mass(mass_g: NDArray[np.float64], g_per_ml: float = WATER_G_PER_ML, loss_g: float = 0.0) -> Volumes:
    """Return the volume on a balance since its first reading. loss_g: what evaporates from one reading to the next.

    Raises ValueError at a reading that has fallen by more than ``MOST_FALL_G`` beyond that: what came before is lost.
    """
    falls = np.flatnonzero(np.diff(mass_g) < -(MOST_FALL_G + loss_g))
    if len(falls):
        place = int(falls[0])
        raise ValueError(
            f"mass_g: {mass_g[place]:g} g and then {mass_g[place + 1]:g} g at reading {place + 1}: "
            "the balance was zeroed, or something was taken off it"
        )
    kept_g = mass_g - mass_g[0] + loss_g * np.arange(float(len(mass_g)))
    return kept_g / g_per_ml * NL_PER_ML


def volume_per_step(step_volume_nl: Volumes, weighed_nl: Volumes) -> float:
    """Return how much more was weighed than the pulses say, over the whole stretch: a factor, 1 if they agree.

    Raises ValueError if there was no pulse: nothing can be said about how much each delivers.
    """
    counted_nl = step_volume_nl[-1] - step_volume_nl[0]
    if counted_nl <= 0:
        raise ValueError("step_volume_nl: no pulse between the first and the last sample")
    return float((weighed_nl[-1] - weighed_nl[0]) / counted_nl)


def from_both(step_volume_nl: Volumes, weighed_nl: Volumes) -> Volumes:
    """Return the course of the pulses, with the total that was weighed."""
    return step_volume_nl * volume_per_step(step_volume_nl, weighed_nl)


def at_constant_rate(rate_nl_per_day: float, sample_s: float, samples: int) -> Volumes:
    """Return what one rate prescribes by each of ``samples`` + 1 even instants."""
    return rate_nl_per_day / 86_400 * sample_s * np.arange(samples + 1.0)


def between(t_ns: Instants, course: Volumes, begin_ns: int, end_ns: int) -> float:
    """Return by how much a course has risen from one instant to another, straight between its points.

    Raises ValueError if the course does not reach from the one to the other: what lies beyond it nobody has seen. Also
    if its instants do not come in order.
    """
    need_order("t_ns", t_ns)
    if not (len(t_ns) and t_ns[0] <= begin_ns <= end_ns <= t_ns[-1]):
        raise ValueError(f"t_ns: {begin_ns} to {end_ns} ns is not within what was recorded")
    return float(np.interp(end_ns, t_ns, course) - np.interp(begin_ns, t_ns, course))


def need_order(name: str, instants: Instants) -> None:
    """Raise ValueError naming the argument if an instant is earlier than the one before it."""
    earlier = np.flatnonzero(instants[1:] < instants[:-1])
    if len(earlier):
        raise ValueError(f"{name}: instant {int(earlier[0]) + 1} is earlier than the one before it")


def need_whole(volume_nl: Volumes, prescribed_nl: Volumes, sample_s: float) -> None:
    """Raise ValueError naming what keeps volume at even instants from being judged: a gap, or no interval."""
    if not 0 < sample_s < float("inf"):
        raise ValueError(f"sample_s: {sample_s:g} s is no interval")
    for name, course in (("volume_nl", volume_nl), ("prescribed_nl", prescribed_nl)):
        gaps = np.flatnonzero(~np.isfinite(course))
        if len(gaps):
            raise ValueError(f"{name}: sample {int(gaps[0])} is no number")


def is_within(off: NDArray[np.float64], bound: float) -> NDArray[np.bool_]:
    """Return for each deviation whether it is no larger than a bound, which counts as within also where it was worked
    out and rounding has put it a billionth beyond. What is not a number is within nothing."""
    return np.abs(off) <= bound * (1.0 + _ROUNDING)
