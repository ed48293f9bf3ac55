"""The figures of a weighed record, by the metrics that the evidence uses: start-up, trumpet, overall error, boluses.

Promises: a figure is worked out from stretches without a gap, or not at all; what is too short, too coarse or without a
rate to hold it against is reported and has no figure. Errors are against the rate given, or against the record's own
mean, which then says nothing about how much is given and is named so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil, isfinite

import numpy as np

from thecal_hil.instruments.weighing.course import Course, Floats, Span, at_text
from thecal_sim.metrics.start_up import settled_after_s, start_up_curve
from thecal_sim.metrics.trumpet import AMBULATORY, STANDARD, TrumpetCurve, WindowSet, trumpet
from thecal_sim.metrics.volume import WATER_G_PER_ML, at_constant_rate

WINDOW_SETS = {found.name: found for found in (STANDARD, AMBULATORY)}
SETTLED_WITHIN_PERCENT = 15.0
_NL_PER_ML = 1_000_000.0
_DAY_S = 86_400.0
_HOUR_S = 3_600.0
_START_UP_SAMPLES = 48


@dataclass(frozen=True)
class BolusAsked:
    """volume_nl: what it was to give. span: over which time, in seconds since the first reading."""

    volume_nl: float
    span: Span


@dataclass(frozen=True)
class Wish:
    """The facts that are known of how the record came about. rate_nl_per_day: the basal rate prescribed; None if not
    known."""

    rate_nl_per_day: float | None = None
    boluses: Sequence[BolusAsked] = ()
    windows: WindowSet | None = None
    g_per_ml: float = WATER_G_PER_ML
    evaporates_mg_per_hour: float = 0.0


@dataclass
class Figures:
    """notes: what has no figure, and why. bolus_interval_percent: 90/90."""

    mean_nl_per_day: float
    reference_nl_per_day: float
    is_own_mean: bool
    overall_percent: float | None = None
    windows: str = ""
    stretch: Span = field(default_factory=lambda: Span(0.0, 0.0))
    curve: TrumpetCurve | None = None
    settled_s: float | None = None
    start_up: list[tuple[float, float]] = field(default_factory=list)
    boluses_percent: list[float] = field(default_factory=list)
    bolus_interval_percent: tuple[float, float] | None = None
    notes: list[str] = field(default_factory=list)


def figures_of(course: Course, wish: Wish) -> Figures:
    """Return all that can be said of a record."""
    volume_nl = _volume_nl(course, wish)
    asked_nl = sum(bolus.volume_nl for bolus in wish.boluses)
    span_s = float(course.time_s[-1])
    mean = (float(volume_nl[-1]) - asked_nl) / span_s * _DAY_S
    own = wish.rate_nl_per_day is None
    found = Figures(
        float(volume_nl[-1]) / span_s * _DAY_S,
        mean if wish.rate_nl_per_day is None else wish.rate_nl_per_day,
        own,
    )
    if wish.rate_nl_per_day is not None:
        due_nl = wish.rate_nl_per_day / _DAY_S * span_s + asked_nl
        found.overall_percent = 100.0 * (float(volume_nl[-1]) / due_nl - 1.0)
    elif found.reference_nl_per_day <= 0:
        found.notes.append(
            "less came out than the boluses alone were to give: there is no rate to hold it against"
        )
        return found
    else:
        found.notes.append("no rate given (--ml-per-day): errors are against the record's own mean rate")
    _take_trumpet(found, course, volume_nl, wish)
    _take_start_up(found, course, volume_nl)
    _take_boluses(found, course, volume_nl, wish)
    return found


def _volume_nl(course: Course, wish: Wish) -> Floats:
    kept_g = course.mass_g + course.time_s / _HOUR_S * wish.evaporates_mg_per_hour / 1_000.0
    return kept_g / wish.g_per_ml * _NL_PER_ML


def _due_nl(time_s: Floats, wish: Wish, rate_nl_per_day: float) -> Floats:
    """Return what was prescribed by each instant: the rate, and each bolus evenly over its time."""
    due = rate_nl_per_day / _DAY_S * time_s
    for bolus in wish.boluses:
        due = due + np.interp(time_s, [bolus.span.begin_s, bolus.span.end_s], [0.0, bolus.volume_nl])
    return due


def _take_trumpet(found: Figures, course: Course, volume_nl: Floats, wish: Wish) -> None:
    stretch = _longest_without_gap(course)
    length_s = stretch.end_s - stretch.begin_s
    fitting = [one for one in (AMBULATORY, STANDARD) if length_s >= one.stabilise_s + min(one.windows_s) * 2]
    chosen = wish.windows or (fitting[0] if fitting else STANDARD)
    sample_s = chosen.sample_s * max(1, ceil(course.coarse_s / chosen.sample_s - 1e-9))
    begin_s = stretch.begin_s + (chosen.stabilise_s if stretch.begin_s < chosen.stabilise_s else 0.0)
    if begin_s > stretch.begin_s and length_s < chosen.stabilise_s + 2 * sample_s:
        found.notes.append(
            f"no trumpet curve: the longest stretch without a gap is {at_text(length_s)}, and the"
            f" {chosen.name} windows begin after {at_text(chosen.stabilise_s)}"
        )
        return
    samples = int(min(stretch.end_s - begin_s, chosen.analyse_s) / sample_s + 1e-9)
    windows_s = [
        w
        for w in chosen.windows_s
        if w <= samples * sample_s and abs(w / sample_s - round(w / sample_s)) < 1e-6
    ]
    windows_s = [w for w in windows_s if w >= sample_s]
    if not windows_s:
        found.notes.append(
            f"no trumpet curve: {at_text(samples * sample_s)} in samples of {sample_s:g} s hold none of the"
            f" {chosen.name} windows"
        )
        return
    left_out = len(chosen.windows_s) - len(windows_s)
    if left_out:
        found.notes.append(f"{left_out} windows left out: longer than the stretch, or no whole samples")
    at_s = begin_s + sample_s * np.arange(samples + 1.0)
    delivered = np.interp(at_s, course.time_s, volume_nl)
    prescribed = _due_nl(at_s, wish, found.reference_nl_per_day)
    if not wish.boluses:
        prescribed = at_constant_rate(found.reference_nl_per_day, sample_s, samples)
    found.windows, found.stretch = chosen.name, Span(begin_s, float(at_s[-1]))
    found.curve = trumpet(delivered - delivered[0], prescribed - prescribed[0], sample_s, windows_s)
    if course.digit_g:
        least_nl = found.reference_nl_per_day / _DAY_S * min(windows_s)
        digit = 100.0 * course.digit_g / wish.g_per_ml * _NL_PER_ML / least_nl
        found.notes.append(f"the balance's last digit is {digit:.2g} % of the shortest window")


def _longest_without_gap(course: Course) -> Span:
    edges = [
        0.0,
        *(edge for gap in course.gaps for edge in (gap.begin_s, gap.end_s)),
        float(course.time_s[-1]),
    ]
    stretches = [Span(begin, end) for begin, end in zip(edges[::2], edges[1::2], strict=True)]
    return max(stretches, key=lambda one: one.end_s - one.begin_s)


def _take_start_up(found: Figures, course: Course, volume_nl: Floats) -> None:
    """Take the start-up over the first stretch, in even intervals no shorter than two readings."""
    end_s = course.gaps[0].begin_s if course.gaps else float(course.time_s[-1])
    sample_s = max(end_s / _START_UP_SAMPLES, 2.0 * course.coarse_s)
    samples = int(end_s / sample_s + 1e-9)
    if samples < 2:
        found.notes.append("no start-up curve: too few readings before the first gap")
        return
    at_s = sample_s * np.arange(samples + 1.0)
    curve = start_up_curve(np.interp(at_s, course.time_s, volume_nl), sample_s)
    settled_s = settled_after_s(curve, found.reference_nl_per_day, SETTLED_WITHIN_PERCENT)
    found.settled_s = settled_s if isfinite(settled_s) else None
    found.start_up = list(zip(curve.t_s.tolist(), curve.flow_nl_per_day.tolist(), strict=True))


def _take_boluses(found: Figures, course: Course, volume_nl: Floats, wish: Wish) -> None:
    if not wish.boluses:
        return
    from thecal_sim.metrics.boluses import bolus_accuracy

    delivered, asked = [], []
    for bolus in wish.boluses:
        span = bolus.span
        inside = [gap for gap in course.gaps if gap.begin_s < span.end_s and gap.end_s > span.begin_s]
        if span.end_s > course.time_s[-1] or inside:
            found.notes.append(
                f"the bolus at {at_text(span.begin_s)} has no figure: not weighed from end to end"
            )
            continue
        came = np.interp([span.begin_s, span.end_s], course.time_s, volume_nl)
        basal_nl = found.reference_nl_per_day / _DAY_S * (span.end_s - span.begin_s)
        delivered.append(float(came[1] - came[0]) - basal_nl)
        asked.append(bolus.volume_nl)
    if asked:
        accuracy = bolus_accuracy(np.array(delivered), np.array(asked))
        found.boluses_percent = accuracy.errors_percent.tolist()
        if accuracy.interval_percent is not None:
            found.bolus_interval_percent = (accuracy.interval_percent.least, accuracy.interval_percent.most)
