"""A check whether a change of the daily dose keeps to the published steps of titration.

Beyond what is published as a step for a group of patients, a reason is asked for; beyond what is published for
anything, the change is refused. Too fast upwards is overdose, too fast downwards withdrawal, so both have limits, and
both are steps per 24 hours. That more than 20 % may be excessive is published of higher doses; at low ones larger steps
are reasonable (CMSC 2015), and a reason takes them further. Sources: best practice 2016 (PMID 27433993), CMSC 2015 and
the Lioresal monograph of minclinic.eu; figures that are in none of them say so. These are limits of a bench model and
no advice for the treatment of anybody.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from thecal.amounts import beyond, plain
from thecal.judgement import Finding, Kind

FIELD = "dose_mcg_per_day"
LEAST_HOURS_BETWEEN = 24
"""Steps are published per 24 hours, and none upwards in the first 24; the effect takes 24 to 48 hours to unfold."""
LOW_DOSE_MCG_PER_DAY = 100
"""Bench default: no number is published for the low doses at which larger steps are reasonable."""
_HARD_INCREASE_AT_LOW_DOSE, _HARD_DECREASE_AT_LOW_DOSE = 100, 75
"""Percent, bench defaults: to twice the dose, and to a quarter."""

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
    """Return findings about a step from one daily dose to another; none from zero, where there is nothing to step
    from.

    hours_since_change: how long the old dose has been given, or None if that is not known or does not matter.
    """
    if not old_mcg_per_day:
        return []
    steps = GROUPS[group]
    if old_mcg_per_day < LOW_DOSE_MCG_PER_DAY:
        steps = replace(
            steps, hard_increase=_HARD_INCREASE_AT_LOW_DOSE, hard_decrease=_HARD_DECREASE_AT_LOW_DOSE
        )
    percent = (new_mcg_per_day - old_mcg_per_day) / old_mcg_per_day * 100
    if percent > 0:
        limits = ((Kind.HARD, steps.hard_increase), (Kind.SOFT, steps.soft_increase))
        what, source = "increase", steps.increase_source
    else:
        limits = ((Kind.HARD, steps.hard_decrease), (Kind.SOFT, steps.soft_decrease))
        what, source = "decrease", DECREASE_SOURCE
    found = _beyond(abs(percent), limits, what, source, steps, field, new_mcg_per_day)
    is_soon = hours_since_change is not None and hours_since_change < LEAST_HOURS_BETWEEN
    if percent and is_soon and not found:
        text = (
            f"{'an' if percent > 0 else 'a'} {what} {plain(hours_since_change or Fraction(0), 3)} hours after the last"
            f" change; steps are published per {LEAST_HOURS_BETWEEN} hours, for the effect of the last one has not"
            " unfolded yet"
        )
        found.append(Finding(Kind.SOFT, field, new_mcg_per_day, text))
    return found


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
