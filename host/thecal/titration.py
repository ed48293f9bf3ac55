"""Whether a change of the daily dose keeps to the published steps of titration.

Beyond what is published as a step for a group of patients, a reason is asked for; beyond what is published for
anything, the change is refused. Too fast upwards is overdose, too fast downwards withdrawal, so both have limits.
Sources: best practice 2016 (PMID 27433993) and the Lioresal monograph of minclinic.eu; figures that are in neither
say so. These are limits of a bench model and no advice for the treatment of anybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from thecal.amounts import beyond, plain
from thecal.judgement import Finding, Kind

FIELD = "dose_mcg_per_day"
LEAST_HOURS_BETWEEN = 24
"""Steps are published per 24 hours, and none upwards in the first 24; the effect takes 24 to 48 hours to unfold."""

# Rounding a dose to whole nanolitres a day adds no more than this to a change, at the pump's lowest rate: half a
# nanolitre to the new rate, and as much, by the largest limit 1.4 times, to the old one, of 48,000.
_ROUNDING_PERCENT = Fraction(1, 400)


@dataclass(frozen=True)
class Steps:
    """Percent of the old daily dose, up and down, from which on a reason is asked for, and from which on refused."""

    name: str
    soft_increase: int
    hard_increase: int
    increase_source: str
    soft_decrease: int = 20
    # Bench default: nothing published names a largest decrease. An overdose is met with a stop, not with titration.
    hard_decrease: int = 50


GROUPS = {
    "child": Steps("child", 15, 20, "children 5 to 15 % in 24 hours; more than 20 % may be excessive"),
    "adult-cerebral": Steps(
        "adult, cerebral origin", 15, 20, "cerebral origin 5 to 15 % in 24 hours, 5 to 20 % at a refill"
    ),
    "adult-spinal": Steps(
        "adult, spinal origin", 30, 40, "spinal origin 10 to 30 % in 24 hours, 10 to 40 % at a refill"
    ),
}
DECREASE_SOURCE = "decreases of 10 to 20 % are published"


def judge_titration(
    old_mcg_per_day: Fraction,
    new_mcg_per_day: Fraction,
    group: str,
    hours_since_change: Fraction | None = None,
    field: str = FIELD,
) -> list[Finding]:
    """Findings about a step from one daily dose to another; none from zero, where there is nothing to step from.

    hours_since_change: how long the old dose has been given, or None if that is not known or does not matter.
    """
    if not old_mcg_per_day:
        return []
    steps = GROUPS[group]
    percent = (new_mcg_per_day - old_mcg_per_day) / old_mcg_per_day * 100
    if percent > 0:
        limits = ((Kind.HARD, steps.hard_increase), (Kind.SOFT, steps.soft_increase))
        found = _beyond(percent, limits, "increase", steps.increase_source, steps, field, new_mcg_per_day)
        if not found and hours_since_change is not None and hours_since_change < LEAST_HOURS_BETWEEN:
            text = (
                f"an increase {plain(hours_since_change, 3)} hours after the last change; steps are published per"
                f" {LEAST_HOURS_BETWEEN} hours, for the effect of the last one has not unfolded yet"
            )
            found.append(Finding(Kind.SOFT, field, new_mcg_per_day, text))
        return found
    limits = ((Kind.HARD, steps.hard_decrease), (Kind.SOFT, steps.soft_decrease))
    return _beyond(-percent, limits, "decrease", DECREASE_SOURCE, steps, field, new_mcg_per_day)


def _beyond(
    percent: Fraction,
    limits: tuple[tuple[Kind, int], ...],
    what: str,
    source: str,
    steps: Steps,
    field: str,
    value: Fraction,
) -> list[Finding]:
    for kind, limit in limits:
        if percent > limit + _ROUNDING_PERCENT:
            text = (
                f"{what} of {beyond(percent, limit, 3)} % to {plain(value)} mcg/day, allowed for a patient of the group"
                f" {steps.name}: up to {limit} % ({source})"
            )
            return [Finding(kind, field, value, text)]
    return []
