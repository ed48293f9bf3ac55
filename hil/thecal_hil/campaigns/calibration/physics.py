"""Density of water and buoyancy for the simulated heads, by other formulas than those that calibrations are worked out
with.

Promise: nothing of ``thecal`` is used here, so that a mistake in its formulas shows as heads that are not found.
"""

from __future__ import annotations

from math import exp

_STEEL_G_PER_ML = 8.0


def water_g_per_ml(celsius: float) -> float:
    """Return the density after G. S. Kell, Density, thermal expansivity, and compressibility of liquid water, J.
    Chem. Eng. Data 20 (1975) 97-105, equation 16; within 10 millionths of later measurements between 5 and 40
    degrees."""
    t = celsius
    above = 999.83952 + t * (
        16.945176 + t * (-7.9870401e-3 + t * (-46.170461e-6 + t * (105.56302e-9 - 280.54253e-12 * t)))
    )
    return above / (1.0 + 16.879850e-3 * t) / 1_000.0


def air_g_per_ml(celsius: float, hpa: float, humidity_percent: float) -> float:
    """Return the density as of an ideal gas of dry air and vapour; vapour pressure by Magnus' formula."""
    kelvin = celsius + 273.15
    vapour_pa = humidity_percent / 100.0 * 611.2 * exp(17.62 * celsius / (243.12 + celsius))
    dry_pa = 100.0 * hpa - vapour_pa
    return (dry_pa / (287.05 * kelvin) + vapour_pa / (461.5 * kelvin)) / 1_000.0


def shown_g_per_ml(liquid_g_per_ml: float, air: float) -> float:
    """Return what a balance adjusted with steel shows of each millilitre: the liquid displaces air, and the weights
    did."""
    return (liquid_g_per_ml - air) / (1.0 - air / _STEEL_G_PER_ML)
