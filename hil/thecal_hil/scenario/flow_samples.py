"""At which instants the flow of a course is sampled for its trumpet and start-up curves.

Promise: the instants follow from the pulses alone, so whoever weighs and whoever counts pulses do so at the same ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thecal_hil.contract.pump_clock import Instants
from thecal_sim.metrics.trumpet import AMBULATORY, STANDARD, WindowSet
from thecal_sim.metrics.volume import even_instants
from thecal_sim.units import NS_PER_S

FEWEST_PULSES = 60
_START_SAMPLES = 60
_FEWEST_START_SAMPLES = 4
_LONGEST_START_S = 7_200
_FIRST_STEPS = 16
"""Pulses that an interval of the start-up curve holds at least on average: fewer, and it shows single pulses."""


@dataclass(frozen=True)
class TrumpetSamples:
    """windows_s: those of the set that the stretch is long enough for. at_ns: even, ``windows.sample_s`` apart."""

    windows: WindowSet
    windows_s: tuple[float, ...]
    stabilised_s: float
    at_ns: Instants


@dataclass(frozen=True)
class StartSamples:
    """at_ns: even, ``sample_s`` apart, the first at the first pulse."""

    sample_s: float
    at_ns: Instants


def trumpet_samples(step_times_ns: Instants) -> TrumpetSamples | None:
    """Return the samples of the trumpet curve, with the widest set of windows that fits; None where there is too
    little of a course.

    A course shorter than the hour of stabilising that the method asks for is taken from its first pulse on.
    """
    if len(step_times_ns) < FEWEST_PULSES:
        return None
    spans_s = float(step_times_ns[-1] - step_times_ns[0]) / NS_PER_S
    windows, stabilise_s = STANDARD, 0.0
    analyse_s = spans_s // STANDARD.sample_s * STANDARD.sample_s
    for wanted in (AMBULATORY, STANDARD):
        if spans_s >= wanted.stabilise_s + wanted.analyse_s:
            windows, stabilise_s, analyse_s = wanted, wanted.stabilise_s, wanted.analyse_s
            break
    lengths_s = tuple(one for one in windows.windows_s if one <= analyse_s)
    if len(lengths_s) < 2:
        return None
    begin_ns = int(step_times_ns[0]) + round(stabilise_s * NS_PER_S)
    at_ns = even_instants(begin_ns, windows.sample_s, round(analyse_s / windows.sample_s))
    return TrumpetSamples(windows, lengths_s, stabilise_s, at_ns)


def start_samples(step_times_ns: Instants) -> StartSamples | None:
    """Return the samples of the first two hours at most; None where there are too few pulses for a curve."""
    if len(step_times_ns) < FEWEST_PULSES:
        return None
    first_ns, last_ns = int(step_times_ns[0]), int(step_times_ns[-1])
    span_s = min((last_ns - first_ns) / NS_PER_S, _LONGEST_START_S)
    pulses = int(np.searchsorted(step_times_ns, first_ns + span_s * NS_PER_S))
    samples = min(_START_SAMPLES, pulses // _FIRST_STEPS)
    if samples < _FEWEST_START_SAMPLES:
        return None
    sample_s = span_s / samples
    return StartSamples(sample_s, even_instants(first_ns, sample_s, samples))


def weighed_instants(step_times_ns: Instants) -> Instants:
    """Return those of both curves, in order, each once."""
    found = (trumpet_samples(step_times_ns), start_samples(step_times_ns))
    return np.unique(np.concatenate([np.array([], np.int64), *(one.at_ns for one in found if one)]))
