"""The small drawings of a scenario: edge errors as a histogram, wear of the flash, edges around a divergence."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np

from thecal.reports.svg import as_text, drawing, label_of, line, path, round_up, text, ticks
from thecal_hil.contract.pump_clock import TICK_NS
from thecal_hil.report.panels import LEFT_PX, Panel, across, up
from thecal_hil.scenario.record import Divergence, ScenarioRecord
from thecal_sim.units import NS_PER_MS

SMALL_WIDTH_PX = 420
_TOP_PX, _HEIGHT_PX, _FOOT_PX = 30, 132, 38
SMALL_HEIGHT_PX = _TOP_PX + _HEIGHT_PX + _FOOT_PX
_BINS = 80
_LIMIT_TICKS = 1.0
_EDGES_WIDTH_PX = 860
_LANE_PX = 26


def small_panel(x: tuple[float, float], y: tuple[float, float]) -> Panel:
    """Return an empty small panel for ranges of both quantities."""
    return Panel(across(*x, SMALL_WIDTH_PX), up(*y, _TOP_PX, _HEIGHT_PX))


def drawn_small(panel: Panel, title: str, description: str, name: str) -> str:
    """Return the drawing that a small panel makes."""
    return as_text(drawing(SMALL_WIDTH_PX, SMALL_HEIGHT_PX, title, panel.parts, description, name))


def draw_edge_errors(record: ScenarioRecord, name: str) -> str:
    """Draw how many edges lay how far from their due instants, on a logarithmic scale so that a single one shows."""
    errors = record.edge_errors_ticks
    if not len(errors):
        return ""
    worst = float(np.abs(errors).max())
    reach = 1.2 if worst <= _LIMIT_TICKS else round_up(worst)
    counts, bounds = np.histogram(errors, _BINS, (-reach, reach))
    decades = max(1, ceil(np.log10(counts.max()) + 0.01))
    panel = small_panel((-reach, reach), (-0.3, decades))
    panel.height_axis([], "edges, logarithmic")
    for decade in range(decades + 1):
        panel.level(decade, "grid")
        panel.parts.append(text(LEFT_PX - 6, panel.up.px(decade) + 3.5, label_of(10**decade), "", "end"))
    for count, begin, end in zip(counts, bounds[:-1], bounds[1:], strict=True):
        if count:
            panel.bar(begin, end, float(np.log10(count)), "bar")
    for limit in (-_LIMIT_TICKS, _LIMIT_TICKS):
        x_px = panel.across.px(limit)
        panel.parts.append(line(x_px, panel.top_px, x_px, panel.bottom_px, "limit"))
    panel.width_axis(ticks(-reach, reach), f"edge error, ticks of {TICK_NS // 1_000} µs")
    panel.legend([("limit", "limit")])
    description = f"{len(errors):,} edges; the worst is off by {worst:.4f} ticks, limit {_LIMIT_TICKS:g}"
    return drawn_small(panel, f"Edge errors of {record.identity}", description, name)


def draw_wear(record: ScenarioRecord, name: str) -> str:
    """Draw the erases of each sector of the journal."""
    return draw_erases(record.sector_erases, name, f"Flash wear of {record.identity}")


def draw_erases(erases: Sequence[int], name: str, title: str) -> str:
    """Draw erases by sector, as bars; empty if none was counted."""
    if not any(erases):
        return ""
    most = round_up(max(2, max(erases)))
    panel = small_panel((-0.5, len(erases) - 0.5), (0, most))
    panel.height_axis([tick for tick in ticks(0, most, 4) if float(tick).is_integer()], "erases")
    for sector, count in enumerate(erases):
        if count:
            panel.bar(sector - 0.4, sector + 0.4, count, "bar")
    panel.width_axis(ticks(0, len(erases) - 1, 8), "sector of the journal")
    description = f"{sum(erases)} erases over {len(erases)} sectors; the most worn has {max(erases)}"
    return drawn_small(panel, title, description, name)


def draw_edges_around(divergence: Divergence, title: str, name: str) -> str:
    """Draw the lines around the first divergence as waveforms; what came before the first edge shown is not drawn."""
    if not divergence.edges:
        return ""
    at_ms = [(edge.t_ns - divergence.t_ns) / NS_PER_MS for edge in divergence.edges]
    least, most = min(0.0, *at_ms), max(0.0, *at_ms)
    pad = max(0.05 * (most - least), 0.001)
    names = list(dict.fromkeys(edge.signal for edge in divergence.edges))
    panel = Panel(across(least - pad, most + pad, _EDGES_WIDTH_PX), up(0, 1, 20, _LANE_PX * len(names)))
    for lane, signal in enumerate(names):
        low_px = panel.top_px + _LANE_PX * (lane + 1) - 5
        panel.parts.append(text(LEFT_PX - 8, low_px - 3, signal, "", "end"))
        seen = [(t, e.level) for t, e in zip(at_ms, divergence.edges, strict=True) if e.signal == signal]
        panel.parts.append(path(_wave(panel, seen, low_px), "wave"))
    zero_px = panel.across.px(0.0)
    panel.parts.append(line(zero_px, 10, zero_px, panel.bottom_px, "limit"))
    panel.width_axis(ticks(least - pad, most + pad, 8), "ms from the first divergence")
    description = f"{len(divergence.edges)} edges of {', '.join(names)} around the first divergence"
    height_px = panel.bottom_px + _FOOT_PX
    return as_text(drawing(_EDGES_WIDTH_PX, height_px, title, panel.parts, description, name))


def _wave(panel: Panel, seen: Sequence[tuple[float, int]], low_px: float) -> str:
    """Return the path of one line: its level before each edge, the edge, and its level to the end."""

    def height(level: int) -> float:
        return low_px - (_LANE_PX - 11) * bool(level)

    level = 1 - seen[0][1]
    data = f"M{panel.across.start_px:.1f} {height(level):.1f}"
    for at_ms, level in seen:
        data += f"H{panel.across.px(at_ms):.2f}V{height(level):.1f}"
    return data + f"H{panel.across.end_px:.1f}"
