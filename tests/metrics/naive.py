"""The trumpet curve once more, as its formulas stand: flows, errors of flow, sums over windows. Slow on purpose."""

from __future__ import annotations

from collections.abc import Sequence

S_PER_DAY = 86_400.0


def flow_errors(volume_nl: Sequence[float], rate_nl_per_day: float, sample_s: float) -> list[float]:
    """Return the errors e_i = 100 (Q_i - r) / r with Q_i = (V_i - V_(i-1)) / S."""
    errors = []
    for index in range(1, len(volume_nl)):
        flow = (volume_nl[index] - volume_nl[index - 1]) / sample_s * S_PER_DAY
        errors.append(100.0 * (flow - rate_nl_per_day) / rate_nl_per_day)
    return errors


def trumpet(
    volume_nl: Sequence[float], rate_nl_per_day: float, sample_s: float, windows_s: Sequence[float]
) -> tuple[list[float], list[float], float]:
    """Return the ep(max) and Ep(min) of each window, and the overall error from the total."""
    errors = flow_errors(volume_nl, rate_nl_per_day, sample_s)
    most, least = [], []
    for window_s in windows_s:
        span = round(window_s / sample_s)
        windows = round((len(errors) * sample_s - window_s) / sample_s) + 1
        means = []
        for begin in range(windows):
            total = 0.0
            for error in errors[begin : begin + span]:
                total += error
            means.append(sample_s / window_s * total)
        most.append(max(means))
        least.append(min(means))
    seconds = len(errors) * sample_s
    flow = (volume_nl[-1] - volume_nl[0]) / seconds * S_PER_DAY
    return most, least, 100.0 * (flow - rate_nl_per_day) / rate_nl_per_day
