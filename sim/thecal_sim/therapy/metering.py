"""The meter's rule (docs/therapy.md, Limits): before a dose begins, the fullest hour and 24 hours with it must be
within the limits in force and the rounding on the safe side, one minute of the highest rate.

A meter counts by the minute, so between two bounds it may judge either way: it must hold back what passes a window by
the volume that really came, and may hold back only what does so in a window longer by a minute, with what a restart
leaves uncertain counted as given and as given last.
"""

from __future__ import annotations

from math import ceil

from thecal.pumps.constants import chosen
from thecal_sim.therapy.curve import sum_of
from thecal_sim.therapy.dose import Dose, Kind
from thecal_sim.therapy.forecast import planned
from thecal_sim.therapy.plan import MOST_RATE_NL_PER_DAY, Plan
from thecal_sim.therapy.state import State
from thecal_sim.units import MINUTES_PER_DAY, NS_PER_DAY, NS_PER_MINUTE, NS_PER_S

SAFE_SIDE = MOST_RATE_NL_PER_DAY * NS_PER_MINUTE
"""One minute of the highest rate, in nL/day x ns."""
_MICROSTEPS = 20 * NS_PER_DAY * ceil(1 / chosen().microsteps_per_nl)
"""Twenty of them: a meter counts whole ones, in portions."""
_LATE_AFTER_RESTART_NS = 5 * NS_PER_MINUTE
"""What came before a restart may count as come so much later."""
_UNCERTAIN = MOST_RATE_NL_PER_DAY * 20 * NS_PER_S
"""After a power cut: 20 s of the highest rate."""


def must_hold(state: State, plan: Plan, wanted: Dose) -> bool:
    """Return True if a window would hold more than the rounding allows by what really came and is to come."""
    return _is_passed(state, plan, wanted, 0, -_MICROSTEPS)


def may_hold(state: State, plan: Plan, wanted: Dose) -> bool:
    """Return True if a window would if each of its minutes is counted whole, on the safe side."""
    late_ns, uncertain = NS_PER_MINUTE, _MICROSTEPS
    recent = [t_ns for t_ns, _ in state.restarts if t_ns > wanted.begin_ns - NS_PER_DAY - NS_PER_MINUTE]
    if recent:
        late_ns += _LATE_AFTER_RESTART_NS + state.age_doubt_ns
        uncertain += _UNCERTAIN * sum(
            was_power_cut for t_ns, was_power_cut in state.restarts if t_ns >= min(recent)
        )
    return _is_passed(state, plan, wanted, late_ns, uncertain)


def _is_passed(state: State, plan: Plan, wanted: Dose, late_ns: int, uncertain: int) -> bool:
    begin_ns = wanted.begin_ns
    rate = wanted.rate_nl_per_day
    if wanted.kind is Kind.TEMPORARY:
        rate = max(0, rate - state.basal_at(begin_ns))
    spans = [*planned(state, begin_ns, begin_ns + NS_PER_DAY, False), (begin_ns, wanted.end_ns, rate)]
    starts, rates = [*state.curve.starts_ns, begin_ns], state.curve.rates
    spans += [(starts[at], min(starts[at + 1], begin_ns), rate) for at, rate in enumerate(rates)]
    # What only fills the line counts for no limit.
    spans += [
        (dose.begin_ns, dose.end_ns, -dose.rate_nl_per_day)
        for dose in state.doses
        if dose.kind is Kind.PRIME and not dose.limited_rate
    ]
    whole = sum_of(spans)
    for minutes, limit_nl in ((60, plan.most_nl_per_hour), (MINUTES_PER_DAY, plan.most_nl_per_day)):
        window_ns = minutes * NS_PER_MINUTE
        fullest = whole.fullest(window_ns + late_ns, begin_ns + 1, begin_ns + window_ns)
        if fullest + uncertain > limit_nl * NS_PER_DAY + SAFE_SIDE:
            return True
    return False
