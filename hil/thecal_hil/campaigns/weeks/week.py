"""One run: a drawn pump delivers a prescribed therapy for some days, and is judged by a clock that is right.

Promises: the row depends on the seed, the number of days and the source alone, on the model to the last bit. The
rig's time is that of the pump's crystal. A crystal that is fast by x ppm makes the pump live 1 + x 1e-6 seconds in a
true one, so the plant is looked at at those instants, and what is prescribed goes by true time. (The plant's own times,
of the line and of the day, are off by as much, which no figure shows.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

import numpy as np
from numpy.typing import NDArray

from thecal_hil.campaigns.weeks.course_of_days import let_days_pass
from thecal_hil.campaigns.weeks.tolerances import Drawn, drawn_by, plant_of
from thecal_hil.contract.rig import Rig
from thecal_hil.course.course import MICROSTEPS_PER_NL, Course, local_second
from thecal_hil.course.therapy import continuous
from thecal_sim.metrics.hours import hour_errors
from thecal_sim.metrics.tip import tip_dose
from thecal_sim.metrics.trumpet import AMBULATORY, TrumpetCurve, trumpet
from thecal_sim.metrics.volume import Instants, Volumes, at_constant_rate, even_instants, from_mass
from thecal_sim.plant import Plant, Quantity
from thecal_sim.units import HOURS_PER_DAY, NS_PER_DAY

NL_PER_DAY = 424_000
"""211.9 ug a day at 500 ug/mL, a usual dose of baclofen."""
FILL_NL = 18_000_000
USUAL_BOUND_PERCENT = 15.0
MOST_DAYS = 35
"""The fill lasts so long, short of the low-reservoir alarm."""
_SAMPLES_PER_HOUR = round(3_600 / AMBULATORY.sample_s)
_SAMPLES_PER_DAY = HOURS_PER_DAY * _SAMPLES_PER_HOUR
_MICROSTEPS_PER_NS = float(MICROSTEPS_PER_NL * NL_PER_DAY / NS_PER_DAY)

Row = dict[str, int | float]


@dataclass(frozen=True)
class Looked:
    """The plant at even instants of true time, the first at the beginning of delivery. counted: microsteps turned.
    weighed_nl: by the balance at the beginning and at the end."""

    t_ns: Instants
    out_nl: Volumes
    dose_ng: Volumes
    counted: Volumes
    weighed_nl: Volumes


def run_week(rig: Rig, seed: int, days: int, hours: int | None = None) -> Row:
    """Deliver on a new rig that takes a plant; the row of results. hours: only the first so many of the days, and of
    the trumpet curve only the windows that fit into them. ValueError for days or hours that can't be."""
    if not 1 <= days <= MOST_DAYS:
        raise ValueError(f"days: {days}; must be 1 to {MOST_DAYS}")
    hours = HOURS_PER_DAY * days if hours is None else hours
    if not 1 <= hours <= HOURS_PER_DAY * days:
        raise ValueError(f"hours: {hours}; must be 1 to {HOURS_PER_DAY * days}, which is all of {days} days")
    drawn = drawn_by(seed)
    course = Course(rig)
    plant = Plant(plant_of(drawn), seed)
    rig.attach(plant)
    course.set_time(local_second("2026-03-06 12:00"))
    course.prescribe(continuous(NL_PER_DAY))
    course.refill(FILL_NL)
    begins_ns = course.start()
    let_days_pass(plant, drawn, begins_ns, days)
    instants = pump_instants(begins_ns, hours, drawn.crystal_ppm)
    rig.run_until(int(instants[-1]))
    return {
        "seed": seed,
        "days": days,
        **asdict(drawn),
        **_figures(_looked_at(plant, instants), plant),
        "active_alarms": course.pump.interrogate().active_alarms,
    }


def pump_instants(begins_ns: int, hours: int, crystal_ppm: float) -> Instants:
    """Return when the pump's clock shows what at even instants of true time."""
    true_ns = even_instants(0, AMBULATORY.sample_s, hours * _SAMPLES_PER_HOUR)
    return begins_ns + true_ns + np.rint(true_ns * (crystal_ppm * 1e-6)).astype(np.int64)


def _looked_at(plant: Plant, instants: Instants) -> Looked:
    out_nl = plant.curve(Quantity.OUT, instants)
    dose_ng = plant.curve(Quantity.DOSE_AT_TIP, instants)
    turned = plant.curve(Quantity.TURNED, instants)
    # Weighed before and after: over anything shorter than a day a mass is worth less than the count of microsteps.
    at_ends = np.array([plant.balance.reading_g(int(t_ns))[0] for t_ns in instants[[0, -1]]])
    counted = (turned - turned[0]).astype(np.float64)
    return Looked(instants, out_nl - out_nl[0], dose_ng, counted, from_mass(at_ends))


def _figures(looked: Looked, plant: Plant) -> Row:
    samples = len(looked.t_ns) - 1
    due_nl = at_constant_rate(NL_PER_DAY, AMBULATORY.sample_s, samples)
    # A day to stabilise, as the window set has it; a run of a single day is looked at as a whole.
    first = _SAMPLES_PER_DAY if samples > _SAMPLES_PER_DAY else 0
    windows_s = [one for one in AMBULATORY.windows_s if one <= (samples - first) * AMBULATORY.sample_s]
    curve = trumpet(looked.out_nl[first:], due_nl[first:], AMBULATORY.sample_s, windows_s)
    hours = hour_errors(looked.out_nl, due_nl, AMBULATORY.sample_s)
    concentration = plant.parameters.reservoir.concentration_ng_per_nl
    begin_ns, end_ns = int(looked.t_ns[0]), int(looked.t_ns[-1])
    dose = tip_dose(looked.t_ns, looked.dose_ng, begin_ns, end_ns, float(due_nl[-1]) * concentration)
    return {
        "delivered_nl": float(looked.out_nl[-1]),
        "overall_error_percent": _error_percent(looked.out_nl, due_nl),
        "counted_error_percent": _error_percent(looked.counted / float(MICROSTEPS_PER_NL), due_nl),
        "weighed_error_percent": _error_percent(looked.weighed_nl, due_nl),
        "dose_error_percent": dose.error_percent,
        "first_hour_error_percent": float(hours.errors_percent[0]),
        "worst_hour_error_percent": float(hours.errors_percent[np.abs(hours.errors_percent).argmax()]),
        "hours_within_15_percent_share": hours.share_within(USUAL_BOUND_PERCENT),
        **_points(curve),
        "microsteps_missed": plant.state().missed,
        "worst_count_error_microsteps": _worst_count_error(looked),
    }


def _worst_count_error(looked: Looked) -> float:
    """Return the worst error of the microsteps turned, against those due by the pump's own clock: what metering
    itself leaves."""
    due = (looked.t_ns - looked.t_ns[0]) * _MICROSTEPS_PER_NS
    return float(np.abs(looked.counted - due).max())


def what_is_wrong(row: Row) -> tuple[str, ...]:
    """Return what no tolerance excuses."""
    wrong = []
    if row["microsteps_missed"]:
        wrong.append(f"{row['microsteps_missed']} microsteps missed")
    # The other way about, what is not a number would be no error.
    if not row["worst_count_error_microsteps"] <= 1:
        wrong.append(f"{row['worst_count_error_microsteps']:.3f} microsteps off what was due")
    if row["active_alarms"]:
        wrong.append(f"alarms {row['active_alarms']:#x} at the end")
    wrong += [f"{name} is not a number" for name, value in row.items() if value != value]
    return tuple(wrong)


def wrong_among(columns: Mapping[str, NDArray[np.float64]]) -> NDArray[np.bool_]:
    """Return for each of many rows whether there is anything wrong with it, as ``what_is_wrong`` then says in words."""
    wrong = (columns["microsteps_missed"] != 0) | (columns["active_alarms"] != 0)
    wrong |= ~(columns["worst_count_error_microsteps"] <= 1)
    for values in columns.values():
        wrong |= np.isnan(values)
    return wrong


def _error_percent(volume_nl: Volumes, due_nl: Volumes) -> float:
    return float(100 * (volume_nl[-1] / due_nl[-1] - 1))


def _points(curve: TrumpetCurve) -> Row:
    """Return the points of the trumpet curve, each as a column of its own."""
    row: Row = {}
    for window_s, most, least in zip(curve.windows_s, curve.most_percent, curve.least_percent, strict=True):
        row[f"trumpet_{window_s / 60:.0f}_min_most_percent"] = float(most)
        row[f"trumpet_{window_s / 60:.0f}_min_least_percent"] = float(least)
    return row


def columns_drawn() -> tuple[str, ...]:
    """Return names of the columns that say what was drawn."""
    return tuple(field.name for field in fields(Drawn))
