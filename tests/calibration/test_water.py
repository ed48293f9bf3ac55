"""Density and buoyancy against published tables and against other formulas for the same."""

from __future__ import annotations

import pytest

from thecal.calibration.water import Air, air_g_per_ml, ml_per_g, water_g_per_ml
from thecal_hil.campaigns.calibration import physics


@pytest.mark.requirement("calibration-volume")
@pytest.mark.parametrize(
    ("celsius", "g_per_ml"),
    [
        (4, 0.999975),
        (10, 0.999703),
        (15, 0.999103),
        (20, 0.998207),
        (25, 0.997047),
        (30, 0.995649),
    ],
)
def test_the_density_of_water_is_that_of_the_published_table(celsius: float, g_per_ml: float) -> None:
    assert water_g_per_ml(celsius) == pytest.approx(g_per_ml, abs=1.5e-6)


@pytest.mark.requirement("calibration-volume")
@pytest.mark.parametrize(("celsius", "factor"), [(15, 1.0020), (20, 1.0029), (25, 1.0040), (30, 1.0054)])
def test_the_factor_from_mass_to_volume_is_that_of_the_published_table(celsius: float, factor: float) -> None:
    assert ml_per_g(water_g_per_ml(celsius), Air(celsius, 1_013.0)) == pytest.approx(factor, abs=5e-5)


@pytest.mark.parametrize("celsius", range(6, 40, 3))
def test_another_formula_for_water_and_for_air_says_the_same(celsius: int) -> None:
    assert water_g_per_ml(celsius) == pytest.approx(physics.water_g_per_ml(celsius), abs=1.5e-5)
    if celsius <= 30:
        other = physics.air_g_per_ml(celsius, 980.0, 60.0)
        # Of a volume, buoyancy is a thousandth: so this is a few millionths of it.
        assert air_g_per_ml(celsius, 980.0, 60.0) == pytest.approx(other, rel=2e-3)


@pytest.mark.parametrize("celsius", [-0.1, 40.1, float("nan")])
def test_water_that_is_none_has_no_density(celsius: float) -> None:
    with pytest.raises(ValueError, match="0 to 40 degrees"):
        water_g_per_ml(celsius)
