"""The forecast of what will be given if nothing else happens: for the highest rate of a dose's time, and for windows
that reach into both what was given and what is to come."""

from __future__ import annotations

from thecal_sim.therapy.curve import Curve, sum_of
from thecal_sim.therapy.dose import Kind
from thecal_sim.therapy.state import State
from thecal_sim.units import NS_PER_DAY, NS_PER_MINUTE

Span = tuple[int, int, int]


def planned(state: State, from_ns: int, until_ns: int, with_clock: bool) -> list[Span]:
    """Return spans of rate: the basal rate, doses under way and waiting, and if asked for those of the clock that
    have yet to begin, and to be judged, made up or not."""
    spans = _basal(state, from_ns, until_ns)
    for dose in state.open_doses():
        if dose.kind is not Kind.TEMPORARY and (with_clock or not dose.is_to_be_judged):
            spans.append((max(from_ns, dose.begin_ns), dose.end_ns, dose.rate_nl_per_day))
    plan = state.plan
    if with_clock and plan is not None and state.clock.local_minus_t_ns is not None:
        first, last = state.clock.first_minute_from(from_ns), state.clock.first_minute_from(until_ns)
        for dose in plan.doses_between(first, last):
            begin_ns = state.clock.instant_of(dose.minute)
            if not state.clock.lived_through(dose.minute, state.now_ns):
                spans.append((begin_ns, begin_ns + dose.minutes * NS_PER_MINUTE, dose.rate_nl_per_day))
    return spans


def _basal(state: State, from_ns: int, until_ns: int) -> list[Span]:
    spans: list[Span] = []
    t_ns = from_ns
    while t_ns < until_ns:
        end_ns = min(until_ns, next_basal_turn(state, t_ns) or until_ns)
        spans.append((t_ns, end_ns, state.basal_at(t_ns)))
        t_ns = end_ns
    return spans


def next_basal_turn(state: State, t_ns: int) -> int | None:
    """Return the first instant after this one at which the basal rate may change by itself, the end of a bridge left
    out."""
    turns: list[int] = []
    plan = state.plan
    if plan is not None and plan.delivers and state.clock.local_minus_t_ns is not None and plan.is_flex:
        turns.append(state.clock.instant_of(plan.next_step(state.clock.minute_at(t_ns))))
    if t_ns < state.delivering_from_ns:
        turns.append(state.delivering_from_ns)
    for dose in state.open_doses():
        if dose.kind is Kind.TEMPORARY:
            turns += [turn for turn in (dose.begin_ns, dose.end_ns) if turn > t_ns]
    return min(turns, default=None)


def with_past(past: Curve, from_ns: int, future: list[Span]) -> Curve:
    """Return what was given in the 24 hours before an instant, and what comes from it on, as one curve."""
    spans: list[Span] = []
    starts = [*past.starts_ns, from_ns]
    for at, rate in enumerate(past.rates):
        begin_ns, end_ns = max(starts[at], from_ns - NS_PER_DAY), min(starts[at + 1], from_ns)
        if begin_ns < end_ns:
            spans.append((begin_ns, end_ns, rate))
    return sum_of([*spans, *future])
