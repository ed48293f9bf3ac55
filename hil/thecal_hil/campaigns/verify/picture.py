"""The picture of a verified stretch of therapy: rate, volume, and both errors against their limits.

Promises: everything drawn is measured or prescribed data; curves that are too dense for the paper are drawn as
their exact envelope, so no extreme disappears between two pixels. Floating point is good enough here: nothing
is judged from the picture.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.typing import RcKeyType
from numpy.typing import NDArray

from thecal_hil.contract.pump_clock import TICK_NS, Instants
from thecal_sim.units import NS_PER_S

Floats = NDArray[np.float64]

PRESCRIBED = "#9aa5b1"
DELIVERED = "#0b6e99"
MODEL = "#d1603d"
LIMIT = "#b3261e"
MARK = "#5b4b8a"
INK = "#22303c"
GRID = "#e3e8ed"


@dataclass(frozen=True)
class Mark:
    """An event to be marked in all panels."""

    wall_ns: int
    text: str


@dataclass(frozen=True)
class Picture:
    """The contents of the picture. Instants are wall time in nanoseconds, volumes nanolitres, rates nanolitres a
    day.

    rates: (from instant, rate) in order; the last holds until ``end_ns``. edge_error_ticks and disagreement_ticks
    have one entry for each step; volume_error_steps has two, just before a step and just after it.
    """

    title: str
    subtitle: str
    verdict: str
    start_ns: int
    end_ns: int
    offset_minutes: int
    rates: list[tuple[int, int]]
    steps_ns: Instants
    nl_per_step: float
    edge_error_ticks: Floats
    volume_error_steps: Floats
    disagreement_ticks: Floats
    edge_limit_ticks: float
    fill_nl: int
    low_reservoir_nl: int
    marks: list[Mark] = field(default_factory=list)
    days: list[Mark] = field(default_factory=list)
    """What is to be written where each day begins."""

    def local(self, wall_ns: int | Instants) -> NDArray[np.datetime64]:
        """Return local wall time as matplotlib takes it."""
        local_ns = np.asarray(wall_ns, np.int64) + self.offset_minutes * 60 * NS_PER_S
        return local_ns.astype("datetime64[ns]")


def draw(picture: Picture, path: Path) -> None:
    """Draw the picture into a PNG file."""
    style: dict[RcKeyType, Any] = {
        "font.size": 10,
        "axes.edgecolor": "#b8c2cc",
        "axes.labelcolor": INK,
        "text.color": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": GRID,
        "legend.frameon": False,
    }
    with mpl.rc_context(style):
        figure = Figure(figsize=(12, 11.5), dpi=130, layout="constrained")
        panels = figure.subplots(4, 1, sharex=True, gridspec_kw={"height_ratios": [2.2, 3, 2, 2]})
        _head(figure, picture)
        _draw_rate(panels[0], picture)
        _draw_volume(panels[1], picture)
        _draw_volume_error(panels[2], picture)
        _draw_edge_error(panels[3], picture)
        _draw_days(list(panels), picture)
        _draw_marks(list(panels), picture)
        panels[3].xaxis.set_major_formatter(ConciseDateFormatter(panels[3].xaxis.get_major_locator()))
        panels[3].set_xlabel("pump's local time")
        panels[3].set_xlim(picture.local(picture.start_ns), picture.local(picture.end_ns))  # type: ignore[arg-type]
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path)


def _head(figure: Figure, picture: Picture) -> None:
    passed = picture.verdict == "PASS"
    figure.suptitle(
        f"{picture.title}: {picture.verdict}\n",
        x=0.012,
        ha="left",
        fontsize=15,
        fontweight="bold",
        color=INK if passed else LIMIT,
    )
    figure.text(0.012, 0.965, picture.subtitle, ha="left", va="top", fontsize=9, color="#55636f")


def _draw_rate(panel: Axes, picture: Picture) -> None:
    starts = np.array([start for start, _ in picture.rates] + [picture.end_ns], np.int64)
    rates = np.array([rate for _, rate in picture.rates]) / 1_000
    panel.stairs(
        rates, picture.local(starts), color=PRESCRIBED, linewidth=5, label="prescribed", baseline=None
    )  # type: ignore[arg-type]
    bins = _bins(picture)
    counts, _ = np.histogram(picture.steps_ns, bins)
    seconds = np.diff(bins) / NS_PER_S
    measured = counts * picture.nl_per_step / seconds * 86_400 / 1_000
    panel.plot(
        picture.local((bins[:-1] + bins[1:]) // 2),
        measured,
        ".",
        color=DELIVERED,
        markersize=4,
        label=f"delivered, means over {seconds[0] / 60:g} min",
    )
    panel.set_ylabel("rate, uL/day")
    panel.set_ylim(bottom=0, top=1.3 * max(rates.max(), measured.max(initial=0)))
    panel.legend(loc="upper left", ncols=2)


def _bins(picture: Picture) -> Instants:
    """Return the equal spans of whole seconds, about a hundred of them."""
    span_s = (picture.end_ns - picture.start_ns) // NS_PER_S
    width_s = max(1, span_s // 96)
    return picture.start_ns + np.arange(0, span_s + 1, width_s, dtype=np.int64) * NS_PER_S


def _draw_volume(panel: Axes, picture: Picture) -> None:
    prescribed_at, prescribed_nl = _prescribed_curve(picture)
    delivered_nl = np.arange(1, len(picture.steps_ns) + 1) * picture.nl_per_step
    panel.plot(
        picture.local(prescribed_at), prescribed_nl / 1_000, color=PRESCRIBED, linewidth=5, label="prescribed"
    )
    panel.step(
        picture.local(picture.steps_ns),
        delivered_nl / 1_000,
        where="post",
        color=DELIVERED,
        linewidth=1.3,
        label=f"delivered: {len(picture.steps_ns):,} steps of {picture.nl_per_step:g} nL",
    )
    low_ul = (picture.fill_nl - picture.low_reservoir_nl) / 1_000
    if 0 < low_ul <= 1.05 * prescribed_nl[-1] / 1_000:
        panel.axhline(low_ul, color=MARK, linewidth=1, linestyle=(0, (6, 3)))
        panel.annotate(
            f"low reservoir: {picture.low_reservoir_nl / 1e6:g} mL left of {picture.fill_nl / 1e6:g} mL",
            (0.008, low_ul),
            xycoords=("axes fraction", "data"),
            xytext=(0, 3),
            textcoords="offset points",
            color=MARK,
            fontsize=9,
        )
    panel.set_ylabel("volume, uL")
    panel.set_ylim(bottom=0, top=1.08 * prescribed_nl[-1] / 1_000)
    panel.legend(loc="upper left")


def _prescribed_curve(picture: Picture) -> tuple[Instants, Floats]:
    instants = [start for start, _ in picture.rates] + [picture.end_ns]
    volumes = [0.0]
    for (start, rate), end in zip(picture.rates, instants[1:], strict=True):
        volumes.append(volumes[-1] + rate * (end - start) / NS_PER_S / 86_400)
    return np.array(instants, np.int64), np.array(volumes)


def _draw_volume_error(panel: Axes, picture: Picture) -> None:
    errors = picture.volume_error_steps
    _limits(panel, 1.0)
    _envelope(panel, picture, np.repeat(picture.steps_ns, 2), errors, DELIVERED)
    panel.set_ylabel("delivered less\nprescribed, microsteps")
    panel.set_ylim(-1.6, 1.6)
    if len(errors):
        _note(panel, f"extremes {errors.min():+.6f} and {errors.max():+.6f} microstep")


def _draw_edge_error(panel: Axes, picture: Picture) -> None:
    limit = picture.edge_limit_ticks
    _limits(panel, limit)
    _envelope(panel, picture, picture.steps_ns, picture.edge_error_ticks, DELIVERED, "against the oracle")
    _envelope(
        panel,
        picture,
        picture.steps_ns[: len(picture.disagreement_ticks)],
        picture.disagreement_ticks,
        MODEL,
        "against the model rig",
    )
    panel.set_ylabel(f"edge error, ticks\nof {TICK_NS // 1_000} us")
    panel.set_ylim(-1.6 * limit, 1.6 * limit)
    panel.legend(loc="upper right", ncols=2)
    if len(picture.edge_error_ticks):
        worst = np.abs(picture.edge_error_ticks).max()
        _note(panel, f"worst {worst:.4f} tick = {worst * TICK_NS / 1_000:.2f} us")


def _limits(panel: Axes, limit: float) -> None:
    for level in (-limit, limit):
        panel.axhline(level, color=LIMIT, linewidth=1.2, linestyle=(0, (5, 3)))
    panel.axhline(0, color="#c8d0d8", linewidth=0.8)


def _note(panel: Axes, text: str) -> None:
    panel.annotate(text, (0.008, 0.96), xycoords="axes fraction", va="top", fontsize=9)


def _envelope(
    panel: Axes, picture: Picture, at_ns: Instants, values: Floats, colour: str, label: str | None = None
) -> None:
    """Draw a curve as the band between its least and greatest value in each of many equal spans."""
    if not len(values):
        return
    columns = 1_200
    if len(values) <= 2 * columns:
        panel.plot(picture.local(at_ns), values, ".", markersize=2.5, color=colour, label=label)
        return
    column = (at_ns - picture.start_ns) * columns // max(1, picture.end_ns - picture.start_ns)
    column = np.clip(column, 0, columns - 1)
    least, most = np.full(columns, np.nan), np.full(columns, np.nan)
    np.fmin.at(least, column, values)
    np.fmax.at(most, column, values)
    width_ns = (picture.end_ns - picture.start_ns) // columns
    centres = picture.local(picture.start_ns + np.arange(columns, dtype=np.int64) * width_ns + width_ns // 2)
    panel.fill_between(centres, least, most, color=colour, alpha=0.3, linewidth=0)  # type: ignore[arg-type]
    panel.plot(centres, most, color=colour, linewidth=1, label=label)
    panel.plot(centres, least, color=colour, linewidth=1)


def _draw_days(panels: list[Axes], picture: Picture) -> None:
    for index, day in enumerate(picture.days):
        until_ns = picture.days[index + 1].wall_ns if index + 1 < len(picture.days) else picture.end_ns
        span = picture.local(day.wall_ns), picture.local(until_ns)
        if index % 2:
            for panel in panels:
                panel.axvspan(*span, color="#f3f0e8", zorder=0, linewidth=0)  # type: ignore[arg-type]
        panels[0].annotate(
            day.text,
            (span[0], 0.0),  # type: ignore[arg-type]
            xycoords=("data", "axes fraction"),
            xytext=(5, 5),
            textcoords="offset points",
            fontsize=9,
            color="#8a7f66",
        )


def _draw_marks(panels: list[Axes], picture: Picture) -> None:
    for mark in picture.marks:
        at = picture.local(mark.wall_ns)
        for panel in panels:
            panel.axvline(at, color=MARK, linewidth=1, alpha=0.8)  # type: ignore[arg-type]
        panels[0].annotate(
            mark.text,
            (at, 1.0),  # type: ignore[arg-type]
            xycoords=("data", "axes fraction"),
            xytext=(3, 2),
            textcoords="offset points",
            fontsize=8.5,
            color=MARK,
        )
