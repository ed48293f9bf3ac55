"""Waveforms as Value Change Dump, for GTKWave and PulseView: every line of the pump, and every alarm as a line.

GTKWave keeps changes and takes any length at a nanosecond. PulseView and sigrok keep samples: at a nanosecond an hour
would be 3.6e12 of them. So there are two files for each record: the whole course at a nanosecond, and a close-up at a
microsecond of what is worth looking at, short enough for either.

Promise: an edge is never moved in the whole file, and by less than a microsecond in the close-up; no date is in either.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from vcd import VCDWriter
from vcd.common import VarType

from thecal_fw.core.alarms import ALARM_NAMES
from thecal_hil.contract.pump_clock import Instants
from thecal_hil.report.divergence import first_divergence
from thecal_hil.scenario.record import AlarmSpan, ScenarioRecord
from thecal_sim.units import NS_PER_S, NS_PER_US

CLOSE_NS = 10 * NS_PER_S
_BEFORE_NS = 2 * NS_PER_S
_PUMP, _ALARMS = "pump", "alarms"


@dataclass(frozen=True)
class _Line:
    """A line to be written: its level at the beginning, and each change in order."""

    scope: str
    name: str
    resting: int
    t_ns: Instants
    levels: NDArray[np.uint8]

    def between(self, begin_ns: int, end_ns: int) -> _Line:
        first, last = np.searchsorted(self.t_ns, (begin_ns, end_ns), side="right")
        resting = int(self.levels[first - 1]) if first else self.resting
        return _Line(self.scope, self.name, resting, self.t_ns[first:last], self.levels[first:last])


def write_wave(record: ScenarioRecord, path: Path) -> None:
    """Write the whole record at a nanosecond, from the rig's beginning on."""
    _write(record, _lines(record), path, 0, 1, record.ends_ns)


def write_close_wave(record: ScenarioRecord, path: Path) -> None:
    """Write ten seconds at a microsecond around what is worth looking at, beginning with zero."""
    begin_ns = worth_looking_ns(record)
    end_ns = begin_ns + CLOSE_NS
    lines = [line.between(begin_ns, end_ns) for line in _lines(record)]
    _write(record, lines, path, begin_ns, NS_PER_US, end_ns)


def worth_looking_ns(record: ScenarioRecord) -> int:
    """Return where the close-up begins: before the first divergence, else the first alarm, else the first step."""
    divergence = first_divergence(record)
    if divergence is not None:
        return max(0, divergence.t_ns - _BEFORE_NS)
    raised = [span.begin_ns for span in record.alarms if span.begin_ns >= record.begins_ns]
    if raised:
        return max(0, min(raised) - _BEFORE_NS)
    steps = record.step_times_ns[record.step_times_ns >= record.begins_ns]
    return max(0, int(steps[0]) - _BEFORE_NS) if len(steps) else record.begins_ns


def _write(
    record: ScenarioRecord, lines: Sequence[_Line], path: Path, begin_ns: int, unit_ns: int, end_ns: int
) -> None:
    comment = f"{record.identity}: {record.title}. Zero is {begin_ns} ns of the rig's time.".replace("$", "")
    timescale = f"1 {'ns' if unit_ns == 1 else 'us'}"
    with (
        path.open("w", encoding="utf-8", newline="\n") as file,
        VCDWriter(file, timescale=timescale, date="", comment=comment, version="thecal") as writer,
    ):
        variables = [
            writer.register_var(line.scope, line.name, VarType.wire, size=1, init=line.resting)
            for line in lines
        ]
        for t_ns, index, level in _in_order(lines):
            writer.change(variables[index], (t_ns - begin_ns) // unit_ns, level)
        writer.close(max(0, (end_ns - begin_ns) // unit_ns))


def _in_order(lines: Sequence[_Line]) -> Iterator[tuple[int, int, int]]:
    """Yield every change of every line by time; at one instant in the order of the lines."""
    t_ns = np.concatenate([np.array([], np.int64), *(line.t_ns for line in lines)])
    levels = np.concatenate([np.array([], np.uint8), *(line.levels for line in lines)])
    which = np.repeat(np.arange(len(lines)), [len(line.t_ns) for line in lines])
    order = np.argsort(t_ns, kind="stable")
    yield from zip(t_ns[order].tolist(), which[order].tolist(), levels[order].tolist(), strict=True)


def _lines(record: ScenarioRecord) -> list[_Line]:
    lines = [
        _Line(_PUMP, signal.name, signal.resting, signal.t_ns, signal.levels) for signal in record.signals
    ]
    for alarm in sorted({span.alarm for span in record.alarms}):
        lines.append(_alarm_line(alarm, [span for span in record.alarms if span.alarm == alarm]))
    return lines


def _alarm_line(alarm: int, spans: Sequence[AlarmSpan]) -> _Line:
    """Return the line of an alarm, high while it is active. One that is raised again on the instant it cleared stays
    high."""
    instants: list[int] = []
    levels: list[int] = []
    for span, later in pairwise([*spans, None]):
        assert span is not None
        if not levels or not levels[-1]:
            instants.append(max(0, span.begin_ns))
            levels.append(1)
        if span.end_ns is not None and (later is None or later.begin_ns > span.end_ns):
            instants.append(span.end_ns)
            levels.append(0)
    name = ALARM_NAMES[alarm].replace(" ", "_").replace("'", "")
    return _Line(_ALARMS, name, 0, np.array(instants, np.int64), np.array(levels, np.uint8))
