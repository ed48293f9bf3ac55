"""The oracle: holds the pulses that came out against the ideal delivery, pulse by pulse and exactly.

``read_prescription`` gives what a prescription file asks for, ``IdealDelivery`` lays it along a history of starts,
stops, changes and clock settings, and ``check_pulses`` says how far from that a record of pulses is. Everything is
whole numbers over a common denominator: nothing is rounded, and nothing of the firmware's arithmetic is used.

The time of a pulse is measured along the time in which something is prescribed: one that rounding moves across a
stop is as late as the stretch after the stop makes it, not by the length of the pause.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from thecal_sim.ideal import STEP_DUE_AT, Epoch, IdealDelivery, Regimen
from thecal_sim.instants import Instants, whole_numbers
from thecal_sim.prescription import Prescription, read_prescription
from thecal_sim.stretches import Stretches
from thecal_sim.units import NS_PER_MINUTE, TICK_NS

__all__ = [
    "Divergence",
    "EdgeError",
    "Epoch",
    "IdealDelivery",
    "Prescription",
    "PulseCheck",
    "Regimen",
    "VolumeError",
    "check_pulses",
    "read_prescription",
]

_NEIGHBOURS = 3
"""Pulses shown on either side of a divergence."""


@dataclass(frozen=True)
class EdgeError:
    """The distance of a pulse from its ideal instant: positive when late."""

    ticks: Fraction
    pulse: int
    t_ns: int


@dataclass(frozen=True)
class VolumeError:
    """Delivered less prescribed, in microsteps: positive when too much. ``pulse`` is the latest pulse out by then."""

    steps: Fraction
    pulse: int
    t_ns: int


@dataclass(frozen=True)
class Divergence:
    """The first pulse that is out of place, and those around it as (pulse, instant, ideal instant) in nanoseconds."""

    pulse: int
    what: str
    around: tuple[tuple[int, int | None, int | None], ...]

    def __str__(self) -> str:
        lines = [f"{self.what}, first at pulse {self.pulse}:"]
        lines += [f"  pulse {number}: came at {came}, ideal {ideal}" for number, came, ideal in self.around]
        return "\n".join(lines)


@dataclass(frozen=True)
class PulseCheck:
    """The verdict on a record of pulses.

    expected: pulses due by the end. missing, extra: pulses without a counterpart within the tolerance.
    while_stopped: pulses that came while nothing was prescribed, later than the tolerance after it ended.
    worst_edge: of all pulses that are due at all; None if there are none.
    worst_volume: over every instant from the beginning to the end, just before and just after each pulse.
    final_volume: at the end.
    """

    pulses: int
    expected: int
    missing: int
    extra: int
    while_stopped: int
    worst_edge: EdgeError | None
    earliest_edge: EdgeError | None
    latest_edge: EdgeError | None
    worst_volume: VolumeError
    most_volume: VolumeError
    least_volume: VolumeError
    final_volume: VolumeError
    divergence: Divergence | None

    @property
    def worst_edge_ticks(self) -> Fraction:
        """Return the worst distance of a pulse from its ideal instant, without its sign."""
        return abs(self.worst_edge.ticks) if self.worst_edge else Fraction(0)

    @property
    def worst_volume_steps(self) -> Fraction:
        return abs(self.worst_volume.steps)


def check_pulses(
    ideal: IdealDelivery, pulses_ns: Instants, end_ns: int, tolerance_ticks: int = 1
) -> PulseCheck:
    """Hold every pulse up to ``end_ns`` (in the history's time base) against the ideal delivery.

    Pulses are matched by number: the n-th pulse of the record against the instant of the n-th microstep.
    """
    times = whole_numbers(pulses_ns)
    del times[bisect_right(times, end_ns) :]
    horizon_ns = end_ns + NS_PER_MINUTE
    stretches = Stretches(ideal, horizon_ns)
    edges = list(_edge_errors(stretches, times))
    final = VolumeError(len(times) - ideal.steps_at(end_ns), len(times), end_ns)
    volumes = [final, *_volume_errors(stretches, times)]
    ahead = _ahead_of_a_last_stop(ideal, times, horizon_ns, tolerance_ticks)
    if ahead is not None:
        edges.append(ahead)
        times.pop()
    earliest = min(edges, key=lambda error: error.ticks, default=None)
    latest = max(edges, key=lambda error: error.ticks, default=None)
    least, most = min(volumes, key=lambda error: error.steps), max(volumes, key=lambda error: error.steps)
    tolerance_ns = tolerance_ticks * TICK_NS
    while_stopped = _pulses_while_stopped(stretches, times, tolerance_ns)
    due_surely = ideal.steps_due_by(end_ns - tolerance_ns)
    due_at_most = ideal.steps_due_by(end_ns + tolerance_ns)
    missing, extra, divergence = 0, 0, None
    in_place = all(abs(error.ticks) <= tolerance_ticks for error in (earliest, latest) if error)
    if not in_place or not due_surely <= len(times) <= due_at_most:
        came_ns = stretches.active_instants(times)
        due_ns = stretches.active_instants(list(stretches.due_instants(due_at_most)))
        missing, extra = _unmatched(came_ns, due_ns, due_surely, tolerance_ns)
        index = _first_apart(came_ns, due_ns, due_surely, tolerance_ns)
        if index is not None:
            due = list(stretches.due_instants(index + _NEIGHBOURS + 1))
            divergence = _divergence(index, times, due)
    elif while_stopped:
        divergence = Divergence(0, f"{while_stopped} pulses came while nothing was prescribed", ())
    return PulseCheck(
        pulses=final.pulse,
        expected=ideal.steps_due_by(end_ns),
        missing=missing,
        extra=extra,
        while_stopped=while_stopped,
        worst_edge=_worst_edge(earliest, latest),
        earliest_edge=earliest,
        latest_edge=latest,
        worst_volume=max((least, most), key=lambda error: abs(error.steps)),
        most_volume=most,
        least_volume=least,
        final_volume=final,
        divergence=divergence,
    )


def _ahead_of_a_last_stop(
    ideal: IdealDelivery, times: list[int], horizon_ns: int, tolerance_ticks: int
) -> EdgeError | None:
    """Return the last pulse if it came in time although a stop just after it put off its ideal instant for ever."""
    if not times or len(times) != ideal.steps_due_by(horizon_ns) + 1:
        return None
    t_ns = times[-1]
    rate = (
        ideal.segments_until(t_ns - 1)[-1].steps_per_ns if t_ns > ideal.history[0].start_ns else Fraction(0)
    )
    ahead_steps = len(times) - 1 + STEP_DUE_AT - ideal.steps_at(t_ns)
    if not rate or ahead_steps > rate * tolerance_ticks * TICK_NS:
        return None
    return EdgeError(-ahead_steps / rate / TICK_NS, len(times), t_ns)


def _worst_edge(earliest: EdgeError | None, latest: EdgeError | None) -> EdgeError | None:
    if earliest is None or latest is None:
        return None
    return earliest if abs(earliest.ticks) > abs(latest.ticks) else latest


def _edge_errors(stretches: Stretches, times: list[int]) -> Iterator[EdgeError]:
    """Yield the earliest and latest pulse of each stretch, by the stretch in which its ideal instant lies."""
    for stretch in stretches:
        first_pulse = stretch.first_due
        of_stretch = times[first_pulse - 1 : stretch.last_due]
        if not of_stretch or not stretch.gained:
            continue
        surpluses = stretch.surpluses(stretches.straightened(stretch, of_stretch), first_pulse)
        for surplus in (min(surpluses), max(surpluses)):
            index = surpluses.index(surplus)
            late_ns = Fraction(surplus, stretch.gained)
            yield EdgeError(late_ns / TICK_NS, first_pulse + index, of_stretch[index])


def _volume_errors(stretches: Stretches, times: list[int]) -> Iterator[VolumeError]:
    """Yield the greatest and least volume error of each stretch, by the stretch in which the pulses came out."""
    at = bisect_right(times, stretches.begin_ns - 1)
    for index in range(at):
        yield VolumeError(Fraction(index + 1), index + 1, times[index])
    for stretch in stretches:
        until = bisect_right(times, stretch.end_ns, lo=at)
        of_stretch = times[at:until]
        if of_stretch:
            deficits = stretch.deficits(of_stretch, at + 1)
            least, most = min(deficits), max(deficits)
            index = deficits.index(least)
            yield VolumeError(Fraction(-least, stretch.whole), at + index + 1, of_stretch[index])
            index = deficits.index(most)
            yield VolumeError(Fraction(-most, stretch.whole) - 1, at + index, of_stretch[index])
        at = until


def _pulses_while_stopped(stretches: Stretches, times: list[int], tolerance_ns: int) -> int:
    return sum(
        max(
            0,
            bisect_left(times, idle.end_ns - tolerance_ns)
            - bisect_right(times, idle.start_ns + tolerance_ns),
        )
        for idle in stretches
        if not idle.gained
    )


def _unmatched(came_ns: list[int], due_ns: list[int], due_surely: int, tolerance_ns: int) -> tuple[int, int]:
    """Return the ideal instants without a pulse, and pulses without an ideal instant, each in order."""
    missing = extra = came = due = 0
    while came < len(came_ns) and due < len(due_ns):
        off_ns = came_ns[came] - due_ns[due]
        if off_ns < -tolerance_ns:
            extra += 1
            came += 1
        elif off_ns > tolerance_ns:
            missing += 1
            due += 1
        else:
            came += 1
            due += 1
    return missing + max(0, due_surely - due), extra + len(came_ns) - came


def _first_apart(came_ns: list[int], due_ns: list[int], due_surely: int, tolerance_ns: int) -> int | None:
    """Return the index of the first pulse that is out of place, or is in one of the lists only."""
    for index in range(max(len(came_ns), due_surely)):
        if index >= len(came_ns) or index >= len(due_ns):
            return index
        if abs(came_ns[index] - due_ns[index]) > tolerance_ns:
            return index
    return None


def _divergence(index: int, times: list[int], due: list[int]) -> Divergence:
    came_ns, due_ns = _at(times, index), _at(due, index)
    if came_ns is None:
        what = "a pulse never came"
    elif due_ns is None:
        what = "a pulse came that was never due"
    else:
        what = f"a pulse came {abs(came_ns - due_ns)} ns too {'late' if came_ns > due_ns else 'early'}"
    around = range(max(0, index - _NEIGHBOURS), index + _NEIGHBOURS + 1)
    return Divergence(index + 1, what, tuple((at + 1, _at(times, at), _at(due, at)) for at in around))


def _at(values: list[int], index: int) -> int | None:
    return values[index] if index < len(values) else None
