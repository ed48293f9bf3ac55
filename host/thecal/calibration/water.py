"""The way from a mass that a balance shows to the volume that was put on it: density of water, buoyancy of air.

Promises: figures hold for 0 to 40 degrees Celsius and are refused outside of it. Sources are named where a formula
stands; the numbers in them are those of the sources.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

LEAST_C, MOST_C = 0.0, 40.0
WEIGHTS_G_PER_ML = 8.0
"""Density of the steel weights that balances are adjusted with, by convention (OIML D 28)."""


def water_g_per_ml(celsius: float) -> float:
    """Return the density of pure water free of air, at 101.325 kPa. Raise ValueError unless the water has 0 to 40
    degrees.

    M. Tanaka et al., Recommended table for the density of water between 0 C and 40 C based on recent experimental
    reports, Metrologia 38 (2001) 301-309, equation 1. Dissolved air takes off 2 to 5 millionths, which is left out.
    """
    if not LEAST_C <= celsius <= MOST_C:
        raise ValueError(f"celsius: {celsius:g}; the density of water is known here from 0 to 40 degrees")
    part = (celsius - 3.983035) ** 2 * (celsius + 301.797) / (522_528.9 * (celsius + 69.34881))
    return 0.999974950 * (1.0 - part)


def air_g_per_ml(celsius: float, hpa: float, humidity_percent: float) -> float:
    """Return the density of moist air, to 0.02 % between 900 and 1,100 hPa, 10 to 30 degrees and below 80 % humidity.

    OIML R 111-1 (2004), equation E.3-1, the approximate form of the CIPM's equation for the density of air.
    """
    moist = 0.009 * humidity_percent * exp(0.061 * celsius)
    return (0.34848 * hpa - moist) / (273.15 + celsius) / 1_000.0


@dataclass(frozen=True)
class Air:
    """The air of the room. u_: standard uncertainties; pressure and humidity default to what any inhabited room near
    sea level has, and their uncertainty to the spread of that."""

    celsius: float = 21.0
    hpa: float = 1_013.25
    humidity_percent: float = 50.0
    u_hpa: float = 15.0
    u_humidity_percent: float = 15.0


def ml_per_g(liquid_g_per_ml: float, air: Air) -> float:
    """Return the volume of each gram that the balance shows, the factor Z.

    ISO 4787 and ISO 8655-6: V = m (1 - air / weights) / (liquid - air). The vessel's expansion, which those add for
    glass that measures, has no place here: what is delivered is stated at the temperature that it was delivered at.
    """
    density = air_g_per_ml(air.celsius, air.hpa, air.humidity_percent)
    return (1.0 - density / WEIGHTS_G_PER_ML) / (liquid_g_per_ml - density)
