"""The effect of a patient's days on a plant: posture and temperature, as the draw has them.

The back pressure is that of lying for eight hours of each day and of being upright for the rest; the temperature
follows the hour of the day in steps. A course begins at noon.
"""

from __future__ import annotations

from functools import partial
from math import pi, sin

from thecal_hil.campaigns.weeks.tolerances import Drawn
from thecal_sim.plant import Plant
from thecal_sim.units import NS_PER_DAY, NS_PER_HOUR

LIES_DOWN_AT_H = 22
RISES_AT_H = 6
_BEGINS_AT_H = 12
_WARMEST_AT_H = 15
_STEP_H = 4


def let_days_pass(plant: Plant, drawn: Drawn, begins_ns: int, days: int) -> None:
    """Plan all disturbances of so many days from an instant on, which lies ahead or is now."""
    upright_kpa = drawn.lying_kpa + drawn.upright_rise_kpa
    for day in range(days):
        noon_ns = begins_ns + day * NS_PER_DAY
        for at_h, kpa in ((LIES_DOWN_AT_H, drawn.lying_kpa), (24 + RISES_AT_H, upright_kpa)):
            plant.at(noon_ns + (at_h - _BEGINS_AT_H) * NS_PER_HOUR, partial(plant.set_back_pressure, kpa))
        for after_h in range(0, 24, _STEP_H):
            celsius = celsius_at(drawn, _BEGINS_AT_H + after_h + _STEP_H / 2)
            plant.at(noon_ns + after_h * NS_PER_HOUR, partial(plant.set_temperature, celsius))


def celsius_at(drawn: Drawn, hour_of_day: float) -> float:
    """Return the temperature, a sine over the day."""
    from_warmest = 2 * pi * (hour_of_day - _WARMEST_AT_H) / 24
    return drawn.mean_celsius + drawn.daily_swing_kelvin * sin(from_warmest + pi / 2)
