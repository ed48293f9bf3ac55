"""Calibrations made up by hand, of nothing but arithmetic: a head without chance, and what is done to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from thecal.calibration.runs import DensityCheck, Liquid, Run, Scale, Setting
from thecal.calibration.water import Air

NL_PER_TURN = 48_000.0
ML_PER_G = 1.003
RATES = (0.5, 1.0, 2.0)
TURNS = 20.0
SLOWEST_S = TURNS / 0.5 * 60
# Runs alike scatter by these parts; their mean is zero, and they go with neither rate nor order.
SCATTER = (0.001, -0.001, -0.001, 0.001, 0.0005, -0.0005, -0.0005, 0.0005)

# A liquid whose grams are a known volume whatever the room: 1.003 mL each, as nearly as buoyancy lets it.
PLAIN = Setting(air=Air(22.0), u_celsius=0.3, scale=Scale(digit=0.0001, noise=0.0001, u_relative=0.0001))
CHECKED = replace(PLAIN, liquid=Liquid(check=DensityCheck(50.0, 0.06, 50.0 / PLAIN.ml_per_unit())))


def runs(
    setting: Setting = PLAIN,
    *,
    slope: float = 0.0,
    evaporated_g_per_h: float = 0.0,
    blanks: bool = True,
    blanks_g_per_h: float | None = None,
    drift: float = 0.0,
    rates: Sequence[float] = RATES,
    repeats: int = 5,
    scatter: float = 1.0,
    lost_turns: float = 0.0,
    both_ways: bool = False,
    stays: bool = True,
) -> tuple[Run, ...]:
    """Return runs in the order of a plan, their amounts worked out forwards."""
    found: list[Run] = []
    blank_loss = evaporated_g_per_h if blanks_g_per_h is None else blanks_g_per_h
    count, last = repeats * len(rates), 0
    number = 0
    for repeat in range(repeats):
        direction = -1 if both_ways and repeat % 2 else 1
        for rate in rates if repeat % 2 == 0 else tuple(rates)[::-1]:
            seconds = SLOWEST_S if stays and repeat % 2 and rate == max(rates) else TURNS / rate * 60
            part = 1 + slope * (rate - 1.0) + drift * ((number + 0.5) / count - 0.5)
            part += scatter * SCATTER[number % len(SCATTER)]
            lost = lost_turns if last and direction != last else 0.0
            ml = direction * (TURNS - lost) * NL_PER_TURN * 1e-6 * part
            amount = ml / setting.ml_per_unit() - evaporated_g_per_h * seconds / 3_600
            found.append(
                Run(TURNS, seconds, amount, direction, rate, None, f"{amount:.4f}", f"line {number + 2}")
            )
            last, number = direction, number + 1
    if blanks:
        for place, off_g in ((0, 0.00005), (7, -0.0001), (len(found) + 2, 0.00005)):
            found.insert(place, Run(0.0, SLOWEST_S, off_g - blank_loss * SLOWEST_S / 3_600))
    return tuple(found)
