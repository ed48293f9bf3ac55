"""Start-up and trumpet curves of a scenario, drawn: from pulses, and by mass where a plant was on the shaft."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from thecal.reports.svg import round_up, ticks
from thecal_hil.report.curves import Floats, staircase, time_ticks, time_unit
from thecal_hil.report.flow import StartUp, Trumpet, start_up_of, trumpet_of
from thecal_hil.report.panels import Panel
from thecal_hil.report.small_plots import drawn_small, small_panel
from thecal_hil.scenario.record import ScenarioRecord
from thecal_sim.metrics.start_up import StartUpCurve
from thecal_sim.metrics.trumpet import TrumpetCurve

_START_CAPTION = "Flow from the first pulse, in even intervals, from pulses."
_START_BY_MASS_CAPTION = "Flow by mass, from a balance under the tip, in the same intervals."
_DELIVERED, _WITH_TOTAL, _OVERALL = "delivered", "series2", "overall"


def flow_drawings(record: ScenarioRecord, name: str) -> list[tuple[str, str]]:
    """Return the drawings that the record has data for, each with its caption. name: that of the run within the
    page."""
    identity, drawn = record.identity, []
    start_up, found = start_up_of(record), trumpet_of(record)
    if start_up is not None:
        drawn.append((draw_start_up(start_up, identity, f"{name}-start"), _START_CAPTION))
        by_mass = draw_weighed_start_up(start_up, identity, f"{name}-start-mass")
        drawn.append((by_mass, _START_BY_MASS_CAPTION))
    if found is not None:
        drawn.append((draw_trumpet(found, identity, f"{name}-trumpet"), trumpet_caption(found)))
        by_mass = draw_weighed_trumpet(found, identity, f"{name}-trumpet-mass")
        drawn.append((by_mass, weighed_caption(found)))
    return [(svg, caption) for svg, caption in drawn if svg]


def draw_trumpet(found: Trumpet, identity: str, name: str) -> str:
    """Draw the largest and smallest error of the pulses against the length of the window, with the overall error."""
    curve = found.curve
    panel, minutes = _trumpet_panel([curve])
    panel.level(curve.overall_percent, _OVERALL)
    _extremes(panel, minutes, curve, _DELIVERED)
    panel.legend([(_DELIVERED, "extremes"), (_OVERALL, "overall")])
    return _drawn(panel, name, f"Trumpet curve of {identity}, from pulses", _told(curve))


def draw_weighed_trumpet(found: Trumpet, identity: str, name: str) -> str:
    """Draw the same by mass, with the pulses' course that is given the mass's total; empty if nothing was weighed."""
    weighed = found.weighed
    if weighed is None:
        return ""
    panel, minutes = _trumpet_panel([weighed.by_mass, weighed.by_both])
    panel.level(weighed.overall_percent, _OVERALL)
    _extremes(panel, minutes, weighed.by_both, _WITH_TOTAL)
    _extremes(panel, minutes, weighed.by_mass, _DELIVERED)
    panel.legend([(_DELIVERED, "by mass"), (_WITH_TOTAL, "both"), (_OVERALL, "total mass")])
    description = f"By mass: {_told(weighed.by_mass)}. From pulses and mass: {_told(weighed.by_both)}"
    return _drawn(panel, name, f"Trumpet curve of {identity}, by mass", description)


def _trumpet_panel(curves: Sequence[TrumpetCurve]) -> tuple[Panel, Floats]:
    """Return the panel that holds all of the curves, and the windows in minutes."""
    minutes = curves[0].windows_s / 60
    begin, end = _about_zero_or_not(np.array([[one.most_percent, one.least_percent] for one in curves]))
    panel = small_panel((0.0, float(minutes[-1]) * 1.04), (begin, end))
    panel.height_axis(ticks(begin, end, 4), "error, %")
    panel.width_axis([float(one) for one in _apart(minutes)], "observation window, min")
    return panel, minutes


def _about_zero_or_not(percent: Floats) -> tuple[float, float]:
    """Return the ends of an axis: as far to both sides, save where all errors lie to one side, whose curve would
    shrink to a line."""
    least, most = float(percent.min()), float(percent.max())
    if least > 0 or most < 0:
        pad = 0.15 * (most - least) or 1.0
        return least - pad, most + pad
    reach = round_up(1.05 * max(most, -least) or 1.0)
    return -reach, reach


def _extremes(panel: Panel, minutes: Floats, curve: TrumpetCurve, kind: str) -> None:
    for values in (curve.most_percent, curve.least_percent):
        panel.curve(minutes, values, kind)
        if kind == _DELIVERED:
            panel.dots(minutes, values, "dot")


def _told(curve: TrumpetCurve) -> str:
    rows = zip(curve.windows_s / 60, curve.most_percent, curve.least_percent, strict=True)
    return f"overall error {curve.overall_percent:+.4f} %; " + "; ".join(
        f"{window:g} min: {least:+.3f} to {most:+.3f} %" for window, most, least in rows
    )


def _drawn(panel: Panel, name: str, title: str, description: str) -> str:
    words = description[0].upper() + description[1:]
    return drawn_small(panel, title, words, name)


def _apart(minutes: Floats) -> list[float]:
    """Return those of the windows whose figures do not run into one another along the axis."""
    shown: list[float] = []
    for one in minutes:
        if not shown or one - shown[-1] > 0.06 * minutes[-1]:
            shown.append(float(one))
    return shown


def trumpet_caption(found: Trumpet) -> str:
    """Return what the trumpet curve was taken over."""
    samples = found.samples
    stabilised = (
        f"after {samples.stabilised_s / 3_600:g} h"
        if samples.stabilised_s
        else "from the first pulse, nothing left out"
    )
    return (
        f"Trumpet from pulses: method after IEC 60601-2-24, {samples.windows.name} windows, samples of "
        f"{samples.windows.sample_s:g} s, {stabilised}. Overall error {found.curve.overall_percent:+.4f} %."
    )


def weighed_caption(found: Trumpet) -> str:
    """Return what was weighed in all, beside the count and what really left the tip."""
    weighed = found.weighed
    if weighed is None:
        return ""
    return (
        "Trumpet by mass, from a balance under the tip at the same instants; dotted, from both: the pulses' course "
        f"with the total that was weighed. Overall error from the total mass {weighed.overall_percent:+.4f} % "
        f"(from pulses {found.curve.overall_percent:+.4f} %, of what left the tip {weighed.left_tip_percent:+.4f} %)."
    )


def draw_start_up(found: StartUp, identity: str, name: str) -> str:
    """Draw the flow in even intervals from the first instant of the course, from pulses and due."""
    title = f"Start-up of {identity}, from pulses"
    return _start_drawn(found, found.by_pulses, "delivered", title, name)


def draw_weighed_start_up(found: StartUp, identity: str, name: str) -> str:
    """Draw the same by mass; empty if nothing was weighed."""
    if found.by_mass is None:
        return ""
    return _start_drawn(found, found.by_mass, "by mass", f"Start-up of {identity}, by mass", name)


def _start_drawn(found: StartUp, delivered: StartUpCurve, words: str, title: str, name: str) -> str:
    span_s = found.samples.sample_s * len(delivered.t_s)
    unit = time_unit(span_s)
    flows = np.concatenate([delivered.flow_nl_per_day, found.due.flow_nl_per_day]) / 1_000
    most, least = round_up(1.02 * float(flows.max())), float(flows.min())
    panel = small_panel((0.0, span_s / unit.seconds), (-round_up(-1.02 * least) if least < 0 else 0.0, most))
    panel.height_axis(ticks(panel.up.least, most, 4), "flow, µL/day")
    for kind, curve in (("prescribed", found.due), ("delivered", delivered)):
        begins = np.append(0.0, curve.t_s) / unit.seconds
        levels = np.append(curve.flow_nl_per_day, curve.flow_nl_per_day[-1]) / 1_000
        panel.curve(*staircase(begins, levels), kind)
    panel.width_axis(time_ticks(unit, 0.0, span_s / unit.seconds, 7), f"from the first pulse, {unit.name}")
    panel.legend([("prescribed", "due"), ("delivered", words)])
    first, last = delivered.flow_nl_per_day[[0, -1]] / 1_000
    description = (
        f"flow in intervals of {found.samples.sample_s:.1f} s; first {first:.1f}, last {last:.1f} µL/day"
    )
    return _drawn(panel, name, title, description)
