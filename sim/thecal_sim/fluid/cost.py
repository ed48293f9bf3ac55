"""The samples a day that the sensors ask of a pump, and what each may take."""

from __future__ import annotations

from thecal_fw.core.fluid.thresholds import WEIGHT_PERIOD_MS
from thecal_sim.fluid.figures import Figure
from thecal_sim.fluid.rigging import RATES_NL_PER_DAY, period_ns
from thecal_sim.units import NS_PER_DAY, NS_PER_MS

_MOST_AWAKE = 0.000_5
_MS_PER_DAY = NS_PER_DAY // NS_PER_MS


def costs() -> list[Figure]:
    """Return the costs, which are reported only: how long a sample takes a board is measured on one."""
    figures = []
    most_ms = _MS_PER_DAY * _MOST_AWAKE
    for rate in RATES_NL_PER_DAY:
        samples = NS_PER_DAY // period_ns(rate) + _MS_PER_DAY // WEIGHT_PERIOD_MS
        figures.append(
            Figure(
                f"samples at {rate / 1_000:g} uL/day",
                f"one of pressure each {period_ns(rate) / 1e9:.1f} s, {samples:,} a day with those of the weight; to be"
                f" awake for {_MOST_AWAKE:.2%} of the day each may take {most_ms * 1_000 / samples:.0f} us",
                "",
                None,
            )
        )
    return figures
