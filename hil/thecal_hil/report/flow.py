"""Flow of a scenario in figures, worked out by ``thecal_sim.metrics``: from pulses, from mass, and from both.

What was due is taken from the pulses themselves: each of them is known to lie so many ticks from its due instant. So
there are curves only where every pulse has such an instant; a course with pulses lost or given at a rate that an
alarm sets has none. Mass is what a balance under the plant's tip shows, with what is known to evaporate put back.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thecal_hil.contract.pump_clock import TICK_NS, Instants
from thecal_hil.course.course import MICROSTEPS_PER_NL
from thecal_hil.report.curves import Floats
from thecal_hil.scenario.flow_samples import (
    FEWEST_PULSES,
    StartSamples,
    TrumpetSamples,
    start_samples,
    trumpet_samples,
)
from thecal_hil.scenario.record import Collected, ScenarioRecord
from thecal_sim.metrics.start_up import StartUpCurve, start_up_curve
from thecal_sim.metrics.trumpet import TrumpetCurve, trumpet
from thecal_sim.metrics.volume import from_both, from_mass, from_pulses

_NL_PER_MICROSTEP = float(1 / MICROSTEPS_PER_NL)
_S_PER_H = 3_600.0


@dataclass(frozen=True)
class Weighed:
    """The trumpet curve by mass, and the one of the pulses' course with the mass's total.

    overall_percent: from the total mass. left_tip_percent: the same of what really left the tip.
    """

    by_mass: TrumpetCurve
    by_both: TrumpetCurve
    left_tip_percent: float

    @property
    def overall_percent(self) -> float:
        return self.by_mass.overall_percent


@dataclass(frozen=True)
class Trumpet:
    """The curve from pulses, with what was weighed at the same instants where something was."""

    curve: TrumpetCurve
    samples: TrumpetSamples
    weighed: Weighed | None


@dataclass(frozen=True)
class StartUp:
    """Flow from the first pulse on: due, from pulses, and by mass where something was weighed."""

    samples: StartSamples
    due: StartUpCurve
    by_pulses: StartUpCurve
    by_mass: StartUpCurve | None


def due_ns(record: ScenarioRecord) -> Floats | None:
    """Return when each pulse was due, in nanoseconds; None where that is not known of every pulse."""
    times, errors = record.step_times_ns, record.edge_errors_ticks
    if len(times) != len(errors) or len(times) < FEWEST_PULSES or not np.isfinite(errors).all():
        return None
    due = times - errors * TICK_NS
    return due if (np.diff(due) > 0).all() else None


def trumpet_of(record: ScenarioRecord) -> Trumpet | None:
    """Return the trumpet; none where what was due is not known, or where in some window nothing was: a stop, or a
    pause."""
    due, samples = due_ns(record), trumpet_samples(record.step_times_ns)
    if due is None or samples is None:
        return None
    counted_nl = from_pulses(record.step_times_ns, _NL_PER_MICROSTEP, samples.at_ns)
    due_nl = _due_volume(due, samples.at_ns)
    try:
        curve = _trumpet(counted_nl, due_nl, samples)
    except ValueError:  # nothing is prescribed in some window
        return None
    return Trumpet(curve, samples, _weighed(record.collected, counted_nl, due_nl, samples))


def _trumpet(volume_nl: Floats, due_nl: Floats, samples: TrumpetSamples) -> TrumpetCurve:
    return trumpet(volume_nl, due_nl, samples.windows.sample_s, samples.windows_s)


def _weighed(
    collected: Collected | None, counted_nl: Floats, due_nl: Floats, samples: TrumpetSamples
) -> Weighed | None:
    places = _places(collected, samples.at_ns)
    if collected is None or places is None:
        return None
    mass_nl = _mass_volume(collected, places, samples.windows.sample_s)
    if mass_nl is None:
        return None
    out_nl = collected.out_nl[places]
    return Weighed(
        _trumpet(mass_nl, due_nl, samples),
        _trumpet(from_both(counted_nl, mass_nl), due_nl, samples),
        100.0 * float((out_nl[-1] - out_nl[0]) / due_nl[-1] - 1.0),
    )


def start_up_of(record: ScenarioRecord) -> StartUp | None:
    """Return the start-up; none where what was due is not known, or where there are too few pulses."""
    due, samples = due_ns(record), start_samples(record.step_times_ns)
    if due is None or samples is None:
        return None
    sample_s, collected = samples.sample_s, record.collected
    places, by_mass = _places(collected, samples.at_ns), None
    if collected is not None and places is not None:
        mass_nl = _mass_volume(collected, places, sample_s)
        by_mass = None if mass_nl is None else start_up_curve(mass_nl, sample_s)
    return StartUp(
        samples,
        start_up_curve(_due_volume(due, samples.at_ns), sample_s),
        start_up_curve(from_pulses(record.step_times_ns, _NL_PER_MICROSTEP, samples.at_ns), sample_s),
        by_mass,
    )


def _due_volume(due: Floats, at_ns: Instants) -> Floats:
    """Return the prescribed volume between the instants at which pulses are due, since the first sample."""
    volume = np.interp(at_ns.astype(np.float64), due, _NL_PER_MICROSTEP * np.arange(len(due)))
    return volume - volume[0]


def _places(collected: Collected | None, at_ns: Instants) -> Instants | None:
    """Return where in what was collected these instants stand; None where one of them is not there."""
    if collected is None or not np.isin(at_ns, collected.t_ns).all():
        return None
    return np.searchsorted(collected.t_ns, at_ns).astype(np.int64)


def _mass_volume(collected: Collected, places: Instants, sample_s: float) -> Floats | None:
    """Return the volume by mass; none where the balance was zeroed in between, or missed a reading."""
    loss_g = collected.evaporates_g_per_h * sample_s / _S_PER_H
    try:
        volume_nl = from_mass(collected.shown_g[places], collected.g_per_ml, loss_g)
    except ValueError:
        return None
    return volume_nl if np.isfinite(volume_nl).all() else None
