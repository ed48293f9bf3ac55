"""Figures of an attempt that are read off the plant: what came out at the tip, pressure, air, what is really left.

Promise: the pump's own account does not enter them, save for the instant at which it says that it raised an alarm.
"""

from __future__ import annotations

from math import nan

import numpy as np

from thecal_hil.scenario.attempt import Attempt
from thecal_hil.scenario.params import Given
from thecal_hil.scenario.pulse_measures import prescribed_ul, window_ns
from thecal_hil.scenario.told_measures import raised_at_ns
from thecal_sim.plant.state import Quantity
from thecal_sim.units import NL_PER_ML, NL_PER_UL, NS_PER_S

_LOOK_EVERY_NS = NS_PER_S // 2
_LET_GO_NS = 60 * NS_PER_S


def _out_ul(attempt: Attempt, begin_ns: int, end_ns: int) -> float:
    out = attempt.rig.plant.curve(Quantity.OUT, np.array([begin_ns, end_ns], np.int64))
    return float(out[1] - out[0]) / NL_PER_UL


def come_out_ul(attempt: Attempt, given: Given) -> float:
    return _out_ul(attempt, *window_ns(attempt, given))


def air_ul(attempt: Attempt, given: Given) -> float:
    t_ns = attempt.after_zero_ns(given["at"]) if "at" in given else attempt.ends_ns
    return attempt.rig.plant.state(t_ns).air_nl / NL_PER_UL


def highest_pressure_kpa(attempt: Attempt, given: Given) -> float:
    begin_ns, end_ns = window_ns(attempt, given)
    instants = np.append(np.arange(begin_ns, end_ns, _LOOK_EVERY_NS, dtype=np.int64), end_ns)
    return float(attempt.rig.plant.curve(Quantity.PRESSURE, instants).max())


def unintended_bolus_ul(attempt: Attempt, given: Given) -> float:
    """Return what comes out in the minute after an instant, at which a line opens say, less what is prescribed for
    it; not a number if the course ends within that minute."""
    begin_ns = attempt.after_zero_ns(given["after"])
    end_ns = begin_ns + _LET_GO_NS
    if end_ns > attempt.ends_ns:
        return nan
    return _out_ul(attempt, begin_ns, end_ns) - prescribed_ul(attempt, begin_ns, end_ns)


def left_at_low_alarm_ml(attempt: Attempt, given: Given) -> float:
    """Return what can still be moved when the pump raises its low-reservoir alarm for the first time."""
    t_ns = raised_at_ns(attempt, "low reservoir")
    if t_ns is None:
        return nan
    plant = attempt.rig.plant
    return (plant.state(t_ns).reservoir_nl - plant.parameters.reservoir.residual_nl) / NL_PER_ML
