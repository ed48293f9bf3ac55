"""The course of a scenario as a drawing: volume prescribed and delivered, their difference, alarms, further curves.

Promise: everything is drawn along one axis of time that begins with the course, so that what was done, what came out
and what the pump said can be read off beneath one another.
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree.ElementTree import Element

import numpy as np

from thecal.reports.svg import Scale, as_text, drawing, line, rect, round_up, text, ticks
from thecal_fw.core.alarms import ALARM_NAMES, ALARMS, AT_PRIORITY, PRIORITY_CRITICAL
from thecal_hil.course.course import MICROSTEPS_PER_NL
from thecal_hil.report.curves import Floats, TimeUnit, time_ticks, time_unit
from thecal_hil.report.panels import Panel, across, up
from thecal_hil.scenario.record import AlarmSpan, Curve, ScenarioRecord
from thecal_sim.units import NS_PER_S

_WIDTH_PX = 860
_GAP_PX = 34
_VOLUME_PX, _DIFFERENCE_PX, _FURTHER_PX, _LANE_PX = 170, 78, 90, 24
_HEAD_PX, _FOOT_PX = 42, 36
_MICROSTEPS_PER_UL = float(MICROSTEPS_PER_NL) * 1_000
_PROMISED_MICROSTEPS = 1.0
_LABEL_EVERY_PX = 13
PRESCRIBED, DELIVERED = "prescribed", "delivered"


@dataclass
class _Sheet:
    """The sheet that the panels share. ``y_px`` is where the next one begins."""

    record: ScenarioRecord
    unit: TimeUnit
    time: Scale
    y_px: float
    parts: list[Element]

    def at(self, t_ns: int) -> float:
        return float(self.unit.of_ns(np.array([t_ns - self.record.begins_ns], np.int64))[0])

    def times(self, curve: Curve) -> Floats:
        return self.unit.of_ns(curve.t_ns - self.record.begins_ns)

    def panel(self, least: float, most: float, height_px: float) -> Panel:
        made = Panel(self.time, up(least, most, self.y_px, height_px), self.parts)
        self.y_px += height_px + _GAP_PX
        return made


def draw_course(record: ScenarioRecord, name: str) -> str:
    """Return the drawing as SVG; empty if the record holds nothing to draw."""
    curves = {curve.name: curve for curve in record.curves}
    if record.ends_ns <= record.begins_ns or not (curves or record.alarms):
        return ""
    unit = time_unit((record.ends_ns - record.begins_ns) / NS_PER_S)
    last = (record.ends_ns - record.begins_ns) / (unit.seconds * NS_PER_S)
    sheet = _Sheet(record, unit, across(0.0, last, _WIDTH_PX), _HEAD_PX, [])
    bottom: Panel | None = None
    if DELIVERED in curves:
        bottom = _draw_volume(sheet, curves)
    if DELIVERED in curves and PRESCRIBED in curves:
        bottom = _draw_difference(sheet, curves[PRESCRIBED], curves[DELIVERED]) or bottom
    for group in _by_unit([curve for curve in record.curves if curve.name not in (PRESCRIBED, DELIVERED)]):
        bottom = _draw_further(sheet, group)
    if record.alarms:
        bottom = _draw_alarms(sheet)
    assert bottom is not None
    bottom.width_axis(time_ticks(unit, 0.0, last), f"time of the course, {unit.name}")
    _draw_happenings(sheet, bottom.bottom_px)
    height = bottom.bottom_px + _FOOT_PX
    title = f"Course of {record.identity}"
    return as_text(drawing(_WIDTH_PX, height, title, sheet.parts, _in_words(record, curves), name))


def _draw_volume(sheet: _Sheet, curves: dict[str, Curve]) -> Panel:
    shown = [curves[name] for name in (PRESCRIBED, DELIVERED) if name in curves]
    most = round_up(max((float(curve.values.max(initial=0)) for curve in shown), default=1.0))
    panel = sheet.panel(0.0, most, _VOLUME_PX)
    panel.height_axis(ticks(0.0, most), "volume, µL")
    for curve in shown:
        panel.curve(sheet.times(curve), curve.values, curve.name)
    panel.legend([(curve.name, curve.name) for curve in shown])
    return panel


def _draw_difference(sheet: _Sheet, prescribed: Curve, delivered: Curve) -> Panel | None:
    """Draw delivered less prescribed where both are known, with the promise of one microstep."""
    common, of_prescribed, of_delivered = np.intersect1d(
        prescribed.t_ns, delivered.t_ns, assume_unique=True, return_indices=True
    )
    if not len(common):
        return None
    off = (delivered.values[of_delivered] - prescribed.values[of_prescribed]) * _MICROSTEPS_PER_UL
    reach = max(1.5, round_up(float(np.abs(off).max())))
    panel = sheet.panel(-reach, reach, _DIFFERENCE_PX)
    panel.height_axis(ticks(-reach, reach, 3), "delivered less prescribed, microsteps")
    for limit in (-_PROMISED_MICROSTEPS, _PROMISED_MICROSTEPS):
        panel.level(limit, "limit")
    panel.curve(sheet.unit.of_ns(common - sheet.record.begins_ns), off, "delivered thin")
    panel.legend([("limit", "one microstep")])
    return panel


def _by_unit(curves: list[Curve]) -> list[list[Curve]]:
    units = dict.fromkeys(curve.unit for curve in curves)
    return [[curve for curve in curves if curve.unit == unit] for unit in units]


def _draw_further(sheet: _Sheet, curves: list[Curve]) -> Panel:
    """Draw curves of one unit, in a panel of their own."""
    least = min(0.0, *(float(curve.values.min(initial=0)) for curve in curves))
    most = max(float(curve.values.max(initial=0)) for curve in curves)
    most = round_up(most) if most > 0 or least == 0 else 0.0
    panel = sheet.panel(least, most, _FURTHER_PX)
    panel.height_axis(ticks(least, most, 4), curves[0].unit)
    for number, curve in enumerate(curves):
        panel.curve(sheet.times(curve), curve.values, f"series{number % 4}")
    panel.legend([(f"series{number % 4}", curve.name) for number, curve in enumerate(curves)])
    return panel


def _draw_alarms(sheet: _Sheet) -> Panel:
    """Draw one lane an alarm, its bar from being raised to being cleared; an open end is drawn to the edge."""
    names = list(dict.fromkeys(span.alarm for span in sheet.record.alarms))
    panel = sheet.panel(0.0, 1.0, _LANE_PX * len(names))
    panel.parts.append(text(panel.across.start_px, panel.top_px - 7, "alarms", "axis"))
    for lane, alarm in enumerate(names):
        y_px = panel.top_px + _LANE_PX * lane
        spans = [span for span in sheet.record.alarms if span.alarm == alarm]
        for span in spans:
            left, right = _ends_px(sheet, span)
            kind = "alarm critical" if ALARMS[alarm][AT_PRIORITY] == PRIORITY_CRITICAL else "alarm"
            panel.parts.append(rect(left, y_px + 15, max(right - left, 1.5), 6, kind))
        first_px = _ends_px(sheet, spans[0])[0]
        late = first_px > sheet.time.start_px + 0.7 * (sheet.time.end_px - sheet.time.start_px)
        panel.parts.append(
            text(
                sheet.time.end_px if late else first_px,
                y_px + 11,
                ALARM_NAMES[alarm],
                "",
                "end" if late else "start",
            )
        )
    return panel


def _ends_px(sheet: _Sheet, span: AlarmSpan) -> tuple[float, float]:
    end_ns = sheet.record.ends_ns if span.end_ns is None else span.end_ns
    left, right = (sheet.time.px(sheet.at(t_ns)) for t_ns in (span.begin_ns, end_ns))
    return max(left, sheet.time.start_px), min(right, sheet.time.end_px)


def _draw_happenings(sheet: _Sheet, bottom_px: float) -> None:
    """Draw a line down at each thing that was done, with its number in the list beside the drawing."""
    free_px = 0.0
    top_px = _HEAD_PX - 22
    for number, happening in enumerate(sheet.record.happenings, 1):
        place = sheet.at(happening.t_ns)
        if not sheet.time.covers(place):
            continue
        x_px = sheet.time.px(place)
        sheet.parts.insert(0, line(x_px, top_px, x_px, bottom_px, "happening"))
        if x_px >= free_px:
            sheet.parts.append(text(x_px, top_px - 4, str(number), "number", "middle"))
            free_px = x_px + _LABEL_EVERY_PX


def _in_words(record: ScenarioRecord, curves: dict[str, Curve]) -> str:
    parts = [
        f"{curve.name}: from {curve.values[0]:g} to {curve.values[-1]:g} {curve.unit}"
        for curve in curves.values()
        if len(curve.values)
    ]
    parts += [
        f"alarm {ALARM_NAMES[span.alarm]} from {(span.begin_ns - record.begins_ns) / NS_PER_S:.3f} s "
        + ("on" if span.end_ns is None else f"to {(span.end_ns - record.begins_ns) / NS_PER_S:.3f} s")
        for span in record.alarms
    ]
    return "; ".join(parts)
