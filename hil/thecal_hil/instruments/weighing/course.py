"""The way from a balance's record to the volume that came out: in order, without what the balance or a hand did to
it.

Promises: whatever is left out or put right is reported as a finding, with where and how much; nothing is put right
that was not found in the record. What came out while the balance was set to zero is not known and is taken to have
continued as around it; a gap is crossed straight, and its length is reported.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thecal.errors import BadInputError
from thecal_hil.instruments.weighing.record_file import MassRecord

Floats = NDArray[np.float64]

_GAP_INTERVALS = 5.0
_GAP_LONG_INTERVALS = 3.0
"""A reading leaves a gap that comes later after the one before it than so many usual intervals, and than so many of
those that 95 in 100 are no longer than: uneven times alone are no gaps."""
_JUMP_NOISES = 12.0
"""A change from one reading to the next of more than so many usual ones, by its size, is no delivery."""
_JUMP_FLOWS = 20.0
"""Nor is one of more than so many times what comes in such a time; a bolus that is named is."""
_FALL_FLOWS = 1.0
"""A fall is none if it is of more than so many times what comes in such a time."""
_LEAST_JUMP_DIGITS = 5.0
_TOLD = 3
"""So many places of a kind are named, and the others counted."""


@dataclass(frozen=True)
class Span:
    begin_s: float
    end_s: float


@dataclass(frozen=True)
class Course:
    """time_s: since the first reading. mass_g: what has come out by then, since the first reading, as weighed.
    gaps: where nothing is known in between. interval_s, coarse_s: from one reading to the next, at the median and
    95 times in 100. digit_g: the last digit of the balance; 0 if it never changed."""

    time_s: Floats
    mass_g: Floats
    gaps: tuple[Span, ...]
    findings: tuple[str, ...]
    interval_s: float
    coarse_s: float
    digit_g: float


def course_of(record: MassRecord, expected: tuple[Span, ...] = (), *, from_reservoir: bool = False) -> Course:
    """Return the course of what came out. expected: when more than the usual flow is to come, as a bolus does, in
    seconds since the first reading. from_reservoir: what is weighed is what the pump takes from, so that its mass
    falls. Raises BadInputError."""
    findings = _said_of(record)
    time_s, mass_g = np.array(record.time_s), np.array(record.mass_g)
    known = np.isfinite(mass_g)
    if not known.all():
        findings.append(f"{_count(int((~known).sum()), 'reading')} without a mass left out")
    time_s, mass_g = time_s[known], mass_g[known]
    if len(time_s) < 2:
        raise BadInputError(["two readings with a mass are needed"])
    time_s, mass_g = _in_order(time_s, mass_g, findings)
    time_s = time_s - time_s[0]
    if len(time_s) < 3 or time_s[-1] <= 0:
        raise BadInputError(["three readings at different times are needed"])
    mass_g = mass_g[0] - mass_g if from_reservoir else mass_g - mass_g[0]
    intervals = np.diff(time_s)
    interval_s, coarse_s = float(np.median(intervals)), float(np.percentile(intervals, 95))
    gap_at = np.flatnonzero(intervals > max(_GAP_INTERVALS * interval_s, _GAP_LONG_INTERVALS * coarse_s))
    gaps = tuple(Span(float(time_s[at]), float(time_s[at + 1])) for at in gap_at)
    for gap in gaps[:_TOLD]:
        findings.append(
            f"no reading from {at_text(gap.begin_s)} to {at_text(gap.end_s)}: taken to have continued evenly"
        )
    if len(gaps) > _TOLD:
        findings.append(f"{_count(len(gaps) - _TOLD, 'more gap')} of the kind")
    digit_g = _digit_g(np.array(record.mass_g)[np.isfinite(record.mass_g)])
    mass_g = _without_jumps(time_s, mass_g, digit_g, expected, findings)
    if mass_g[-1] <= 0:
        changes, advice = (
            ("rises", "leave --reservoir out where what comes out was weighed")
            if from_reservoir
            else ("falls", "if it is the reservoir that was weighed, add --reservoir")
        )
        raise BadInputError([f"the mass {changes} by {-mass_g[-1]:.6g} g in all: {advice}"])
    return Course(time_s, mass_g, gaps, tuple(findings), interval_s, coarse_s, digit_g)


def at_text(seconds: float) -> str:
    """Return an instant since the first reading, as people write it."""
    hours, rest = divmod(round(seconds), 3_600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _said_of(record: MassRecord) -> list[str]:
    findings: list[str] = []
    if record.took_units_for_granted:
        findings.append(
            f"units not all named in the file: taken to be {record.units[0]} and {record.units[1]}; --time-unit and"
            " --mass-unit say otherwise"
        )
    if record.unread:
        findings.append(f"{_count(len(record.unread), 'line')} not read: {'; '.join(record.unread[:_TOLD])}")
    return findings


def _in_order(time_s: Floats, mass_g: Floats, findings: list[str]) -> tuple[Floats, Floats]:
    """Return the readings in rising order of time, with one for each instant: the last one."""
    backward = int((np.diff(time_s) < 0).sum())
    if backward:
        findings.append(f"time goes back {_count(backward, 'time')}: readings put in order of time")
        order = np.argsort(time_s, kind="stable")
        time_s, mass_g = time_s[order], mass_g[order]
    last = np.append(np.diff(time_s) > 0, True)
    if not last.all():
        findings.append(f"{_count(int((~last).sum()), 'reading')} at the instant of another left out")
    return time_s[last], mass_g[last]


def _digit_g(mass_g: Floats) -> float:
    steps = np.abs(np.diff(mass_g))
    steps = steps[steps > 1e-9]
    return float(steps.min()) if len(steps) else 0.0


def _without_jumps(
    time_s: Floats, mass_g: Floats, digit_g: float, expected: tuple[Span, ...], findings: list[str]
) -> Floats:
    """Return the mass as it would have been had nobody touched the balance: set to zero, emptied, or put something
    on."""
    steps, intervals = np.diff(mass_g), np.diff(time_s)
    usual_g_per_s = float(np.median(steps / intervals))
    beyond = steps - usual_g_per_s * intervals
    noise_g = 1.4826 * float(np.median(np.abs(beyond - np.median(beyond))))
    # Nothing that is delivered takes mass off: a fall is bounded by what may evaporate meanwhile, which is as much as a
    # slow pump delivers. In a gap a rise may be much, and a fall is none of it.
    flows = np.where(steps < 0, _FALL_FLOWS, _JUMP_FLOWS) * abs(usual_g_per_s) * intervals
    changed = np.where(steps < 0, steps, beyond)
    bound = np.maximum(max(_JUMP_NOISES * noise_g, _LEAST_JUMP_DIGITS * digit_g), flows)
    is_expected = np.zeros(len(steps), np.bool_)
    for span in expected:
        is_expected |= (time_s[1:] > span.begin_s) & (time_s[:-1] < span.end_s + 60.0)
    jumps = np.flatnonzero((np.abs(changed) > bound) & ~(is_expected & (beyond > 0)))
    if not len(jumps):
        return mass_g
    for at in jumps[:_TOLD]:
        what = "falls" if steps[at] < 0 else "rises"
        findings.append(
            f"at {at_text(float(time_s[at + 1]))} the mass {what} by {abs(steps[at]):.6g} g at once: taken for"
            f" {'a balance set to zero' if steps[at] < 0 else 'something put on it'}, not for delivery"
            + ("; a bolus is named with --bolus" if steps[at] > 0 else "")
        )
    if len(jumps) > _TOLD:
        findings.append(f"{_count(len(jumps) - _TOLD, 'more jump')} of the kind")
    kept = steps.copy()
    # The mean of the rest: the median of steps of few digits is a digit, or none.
    rest = ~is_expected
    rest[jumps] = False
    if rest.any():
        usual_g_per_s = float(steps[rest].sum() / intervals[rest].sum())
    kept[jumps] = usual_g_per_s * intervals[jumps]
    return np.concatenate(([mass_g[0]], mass_g[0] + np.cumsum(kept)))
