"""The time of a sensor's next sample: the slower the pump, the longer it may sleep."""

from thecal_fw.core.fluid.thresholds import (
    BLOCK_NL,
    CLOSED_PA,
    LEAST_BLOCK_S,
    LEAST_PERIOD_MS,
    MOST_PERIOD_MS,
    MOST_STORED_NL,
    PERMILLE_OF_TIME,
)

_MS_PER_DAY_AND_PERMILLE = 86_400
"""Milliseconds of a day, times a thousandth."""


def pressure_period_ms(rate_nl_per_day: int, least_nl_per_kpa: int) -> int:
    """Return the time between two samples of line pressure: at most 2 % of the time that a line of this compliance
    takes to a threshold."""
    to_threshold_nl = min(MOST_STORED_NL, CLOSED_PA // 1_000 * least_nl_per_kpa)
    return _within(to_threshold_nl, rate_nl_per_day)


def block_samples(rate_nl_per_day: int, period_ms: int) -> int:
    """Return samples of pressure in a block that is compared with another."""
    block_s = LEAST_BLOCK_S
    if rate_nl_per_day > 0:
        block_s = max(block_s, BLOCK_NL * 864 // (rate_nl_per_day // 100 or 1))
    return max(2, block_s * 1_000 // period_ms)


def _within(volume_nl: int, rate_nl_per_day: int) -> int:
    if rate_nl_per_day <= 0:
        return MOST_PERIOD_MS
    # Milliseconds are volume * 86,400 * permille / rate. Few bits: a number beyond 30 of them lies on the heap.
    ms = volume_nl * PERMILLE_OF_TIME // 10 * 864 // (rate_nl_per_day // 1_000 or 1)
    return max(LEAST_PERIOD_MS, min(MOST_PERIOD_MS, ms))
