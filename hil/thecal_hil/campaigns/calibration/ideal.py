"""The ideal estimator: it knows of a simulated head everything but the volume of a turn and what chance did.

It knows how the volume goes with the rate, what evaporates, the drift, the ripple's phase left out of it, what a
reversal loses, and the standard deviation of everything that chance does. So nobody who has only the runs can do
better, and its width is what a product's is held against. It shares nothing with the product.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from thecal_hil.campaigns.calibration.heads import (
    EVAPORATION_VARIES,
    U_HPA,
    U_HUMIDITY,
    USUAL_HPA,
    USUAL_HUMIDITY,
    Session,
)
from thecal_hil.campaigns.calibration.physics import air_g_per_ml, shown_g_per_ml

_TWO_SIDED_95 = 1.959964


def ideal(session: Session) -> tuple[float, float]:
    """Return nanolitres a turn, and half the width of the narrowest interval of 95 %."""
    head, bench = session.head, session.bench
    per_ml = _shown(session, 0.0, 0.0, 0.0)
    values, variances, direction = [], [], 0
    for one in session.weighed:
        task = one.task
        if not task.turns:
            continue
        hours = task.seconds / 3_600.0
        lost_g = (bench.evaporated_g_per_h - bench.drift_g_per_h) * hours
        turns = (
            task.turns
            + task.direction * one.rippled
            - (head.lost_turns if direction and direction != task.direction else 0.0)
        )
        direction = task.direction
        factor = session.rate_factor(task.turns_per_min) * turns
        out_nl = task.direction * (one.after_g - one.before_g + lost_g) / per_ml * 1e6
        values.append(out_nl / factor)
        noise_g2 = 2.0 * (bench.noise_g**2 + bench.digit_g**2 / 12.0)
        noise_g2 += (EVAPORATION_VARIES * bench.evaporated_g_per_h * hours) ** 2
        variances.append(noise_g2 * (1e6 / per_ml / factor) ** 2 + (head.chance * head.nl_per_turn) ** 2)
    weights = 1.0 / np.array(variances)
    value = float((weights * np.array(values)).sum() / weights.sum())
    common = bench.u_span**2
    for shift in ((bench.u_celsius, 0.0, 0.0), (0.0, U_HPA, 0.0), (0.0, 0.0, U_HUMIDITY)):
        common += (_shown(session, *shift) / per_ml - 1.0) ** 2
    return value, _TWO_SIDED_95 * sqrt(1.0 / float(weights.sum()) + value**2 * common)


def _shown(session: Session, kelvin: float, hpa: float, humidity: float) -> float:
    """Return what a balance that is right would show of a millilitre, in a room so much off what is written down."""
    bench = session.bench
    celsius = bench.celsius + kelvin
    air = air_g_per_ml(celsius, USUAL_HPA + hpa, USUAL_HUMIDITY + humidity)
    return shown_g_per_ml(bench.liquid_g_per_ml(celsius), air)
