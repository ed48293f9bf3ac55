"""Start-up and trumpet curves of a scenario, worked out by ``thecal_sim.metrics`` and drawn.

What was due is taken from the pulses themselves: each of them is known to lie so many ticks from its due instant. So
both curves are drawn only where every pulse has such an instant; a course with pulses lost or given at a rate that an
alarm sets has none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thecal_hil.course import MICROSTEPS_PER_NL
from thecal_hil.pump_clock import NS_PER_S, TICK_NS
from thecal_hil.report.small_plots import SMALL_HEIGHT_PX, SMALL_WIDTH_PX, small_panel
from thecal_hil.report.svg import Floats, drawing, round_up, staircase, ticks, time_ticks, time_unit
from thecal_hil.scenario.record import ScenarioRecord
from thecal_sim.metrics.start_up import start_up_curve
from thecal_sim.metrics.trumpet import AMBULATORY, STANDARD, TrumpetCurve, WindowSet, trumpet
from thecal_sim.metrics.volume import even_instants, from_pulses

_NL_PER_MICROSTEP = float(1 / MICROSTEPS_PER_NL)
_FEWEST_PULSES = 60
_SAMPLES = 60
_LONGEST_START_S = 7_200
_FIRST_STEPS = 16
"""Pulses that an interval of the start-up curve holds at least on average: fewer, and it shows single pulses."""


@dataclass(frozen=True)
class Trumpet:
    """A curve and what it was taken over."""

    curve: TrumpetCurve
    windows: WindowSet
    stabilised_s: float


def due_ns(record: ScenarioRecord) -> Floats | None:
    """When each pulse was due, in nanoseconds; None where that is not known of every pulse."""
    times, errors = record.step_times_ns, record.edge_errors_ticks
    if len(times) != len(errors) or len(times) < _FEWEST_PULSES or not np.isfinite(errors).all():
        return None
    due = times - errors * TICK_NS
    return due if (np.diff(due) > 0).all() else None


def trumpet_of(record: ScenarioRecord) -> Trumpet | None:
    """The trumpet curve with the widest set of windows that fits; None where there is none to be had.

    A course shorter than the hour of stabilising that the method asks for is taken from its first pulse on.
    """
    due = due_ns(record)
    if due is None:
        return None
    spans_s = float(record.step_times_ns[-1] - record.step_times_ns[0]) / NS_PER_S
    for windows in (AMBULATORY, STANDARD):
        if spans_s >= windows.stabilise_s + windows.analyse_s:
            return _taken(record, due, windows, windows.stabilise_s, windows.analyse_s)
    whole_s = spans_s // STANDARD.sample_s * STANDARD.sample_s
    return _taken(record, due, STANDARD, 0.0, whole_s)


def _taken(
    record: ScenarioRecord, due: Floats, windows: WindowSet, stabilise_s: float, analyse_s: float
) -> Trumpet | None:
    lengths = [one for one in windows.windows_s if one <= analyse_s]
    begin_ns = int(record.step_times_ns[0]) + round(stabilise_s * NS_PER_S)
    at_ns = even_instants(begin_ns, windows.sample_s, round(analyse_s / windows.sample_s))
    if len(lengths) < 2:
        return None
    delivered = from_pulses(record.step_times_ns, _NL_PER_MICROSTEP, at_ns)
    prescribed = _due_volume(due, at_ns.astype(np.float64))
    try:
        return Trumpet(trumpet(delivered, prescribed, windows.sample_s, lengths), windows, stabilise_s)
    except ValueError:  # in some window nothing is prescribed: a stop, or a pause
        return None


def _due_volume(due: Floats, at_ns: Floats) -> Floats:
    """Prescribed volume between the instants at which pulses are due, since the first sample."""
    volume = np.interp(at_ns, due, _NL_PER_MICROSTEP * np.arange(len(due)))
    return volume - volume[0]


def draw_trumpet(record: ScenarioRecord, name: str) -> str:
    """Largest and smallest error against the length of the window, with the overall error."""
    found = trumpet_of(record)
    if found is None:
        return ""
    curve = found.curve
    minutes = curve.windows_s / 60
    reach = round_up(1.05 * float(np.abs([curve.most_percent, curve.least_percent]).max()) or 1.0)
    panel = small_panel((0.0, float(minutes[-1]) * 1.04), (-reach, reach))
    panel.height_axis(ticks(-reach, reach, 4), "error, %")
    panel.level(curve.overall_percent, "overall")
    for values in (curve.most_percent, curve.least_percent):
        panel.curve(minutes, values, "delivered")
        panel.dots(minutes, values, "dot")
    panel.width_axis([float(one) for one in _apart(minutes)], "observation window, min")
    panel.legend([("delivered", "extremes"), ("overall", "overall")])
    pairs = zip(minutes, curve.most_percent, curve.least_percent, strict=True)
    description = f"Overall error {curve.overall_percent:+.4f} %; " + "; ".join(
        f"{window:g} min: {least:+.3f} to {most:+.3f} %" for window, most, least in pairs
    )
    return drawing(
        name, SMALL_WIDTH_PX, SMALL_HEIGHT_PX, f"Trumpet curve of {record.identity}", description, panel.parts
    )


def _apart(minutes: Floats) -> list[float]:
    """Of the windows, those whose figures do not run into one another along the axis."""
    shown: list[float] = []
    for one in minutes:
        if not shown or one - shown[-1] > 0.06 * minutes[-1]:
            shown.append(float(one))
    return shown


def trumpet_caption(record: ScenarioRecord) -> str:
    """What the trumpet curve was taken over."""
    found = trumpet_of(record)
    if found is None:
        return ""
    stabilised = (
        f"after {found.stabilised_s / 3_600:g} h"
        if found.stabilised_s
        else "from the first pulse, nothing left out"
    )
    return (
        f"Method after IEC 60601-2-24, {found.windows.name} windows, samples of {found.windows.sample_s:g} s, "
        f"{stabilised}. Overall error {found.curve.overall_percent:+.4f} %."
    )


def draw_start_up(record: ScenarioRecord, name: str) -> str:
    """Flow in even intervals from the first instant of the course, delivered and due."""
    due = due_ns(record)
    if due is None:
        return ""
    first_ns, last_ns = int(record.step_times_ns[0]), int(record.step_times_ns[-1])
    span_s = min((last_ns - first_ns) / NS_PER_S, _LONGEST_START_S)
    pulses = int(np.searchsorted(record.step_times_ns, first_ns + span_s * NS_PER_S))
    samples = min(_SAMPLES, pulses // _FIRST_STEPS)
    if samples < 4:
        return ""
    sample_s = span_s / samples
    at_ns = even_instants(first_ns, sample_s, samples)
    delivered = start_up_curve(from_pulses(record.step_times_ns, _NL_PER_MICROSTEP, at_ns), sample_s)
    prescribed = start_up_curve(_due_volume(due, at_ns.astype(np.float64)), sample_s)
    unit = time_unit(span_s)
    most = round_up(
        1.02 * float(max(delivered.flow_nl_per_day.max(), prescribed.flow_nl_per_day.max())) / 1_000
    )
    panel = small_panel((0.0, span_s / unit.seconds), (0.0, most))
    panel.height_axis(ticks(0.0, most, 4), "flow, µL/day")
    for kind, curve in (("prescribed", prescribed), ("delivered", delivered)):
        begins = np.append(0.0, curve.t_s) / unit.seconds
        flows = np.append(curve.flow_nl_per_day, curve.flow_nl_per_day[-1]) / 1_000
        panel.curve(*staircase(begins, flows), kind)
    panel.width_axis(time_ticks(unit, 0.0, span_s / unit.seconds, 7), f"from the first pulse, {unit.name}")
    panel.legend([("prescribed", "due"), ("delivered", "delivered")])
    description = (
        f"Flow in intervals of {sample_s:.1f} s; first {delivered.flow_nl_per_day[0] / 1_000:.1f}, "
        f"last {delivered.flow_nl_per_day[-1] / 1_000:.1f} µL/day"
    )
    return drawing(
        name, SMALL_WIDTH_PX, SMALL_HEIGHT_PX, f"Start-up of {record.identity}", description, panel.parts
    )
