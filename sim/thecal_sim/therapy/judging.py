"""The reasons that speak against a dose on demand, and whether a window would hold more than its limit."""

from __future__ import annotations

from fractions import Fraction

from thecal_sim.therapy import metering
from thecal_sim.therapy.curve import sum_of
from thecal_sim.therapy.dose import Dose, Kind, Refusal
from thecal_sim.therapy.forecast import planned, with_past
from thecal_sim.therapy.plan import LEAST_BASAL_NL_PER_DAY, MOST_BASAL_NL_PER_DAY, MOST_RATE_NL_PER_DAY, Plan
from thecal_sim.therapy.state import MOST_AT_ONCE, Response, State
from thecal_sim.therapy.verdict import Verdict
from thecal_sim.units import NS_PER_DAY, NS_PER_MINUTE, NS_PER_S

MOST_SECONDS = 12 * 3_600
MOST_ON_DEMAND = 12
"""Doses on demand that begin in any 24 hours."""

Reasons = tuple[frozenset[Refusal], frozenset[Refusal]]
"""Certain, and possible besides."""


def verdict(
    state: State, asked_ns: int, begins_ns: tuple[int, ...], kind: Kind | None, rate: int, seconds: int
) -> Verdict:
    """Return the verdict on a request that may be judged for a begin at any of these instants.

    kind: None for one that does not exist. Rate and seconds of a patient bolus are the program's.
    """
    is_out_of_range = seconds > MOST_SECONDS
    if is_out_of_range and kind is not Kind.PATIENT:
        return Verdict(frozenset({Refusal.RANGE}), frozenset({Refusal.RANGE, Refusal.NO_SUCH}))
    judged = Verdict.of(
        _reasons(state, asked_ns, begin_ns, kind, rate, seconds, doubt_ns)
        for begin_ns in begins_ns
        for doubt_ns in sorted({0, state.age_doubt_ns})
    )
    return Verdict(judged.certain, judged.possible | ({Refusal.RANGE} if is_out_of_range else set()))


def _reasons(
    state: State, asked_ns: int, begin_ns: int, kind: Kind | None, rate: int, seconds: int, doubt_ns: int
) -> Reasons:
    plan = state.plan
    if plan is not None and kind is Kind.PATIENT and plan.patient is not None:
        rate, seconds = plan.patient.rate_nl_per_day, 60 * plan.patient.minutes
    is_none = plan is None or (kind is Kind.PATIENT and plan.patient is None)
    if plan is None or is_none or kind in (None, Kind.SCHEDULED) or not rate or not seconds:
        # Of one that can't be given at all, whatever else is in its way may be named as well.
        return frozenset({Refusal.NO_SUCH}), frozenset(Refusal)
    assert kind is not None
    certain: set[Refusal] = set()
    possible: set[Refusal] = set()
    if not state.is_delivering or not plan.delivers:
        certain.add(Refusal.NOT_DELIVERING)
        return frozenset(certain), frozenset({Refusal.BLOCKED, Refusal.BRIDGE, Refusal.RATE})
    if asked_ns < state.delivering_from_ns:
        possible.add(Refusal.NOT_DELIVERING)
    if state.response >= Response.BLOCK_BOLUSES or state.is_supply_low:
        certain.add(Refusal.BLOCKED)
    if state.is_bridging():
        certain.add(Refusal.BRIDGE)
    _under_way(state, asked_ns, begin_ns, kind, certain, possible)
    dose = Dose(kind, begin_ns, begin_ns + seconds * NS_PER_S, rate)
    dose.limited_rate = limited_rate(plan, kind, rate)
    _highest_rate(state, plan, dose, certain, possible)
    _numbers(state, plan, dose, doubt_ns, certain)
    if not (kind is Kind.PRIME and is_within_room(state, dose)):
        _volumes(state, plan, dose, asked_ns, doubt_ns, certain, possible)
    return frozenset(certain), frozenset(possible)


def limited_rate(plan: Plan, kind: Kind, rate: int) -> int:
    """Return what of a rate counts for the limits on demand."""
    return rate if kind is not Kind.TEMPORARY else max(0, rate - plan.least_basal)


def is_within_room(state: State, dose: Dose) -> bool:
    room = state.room_nl(dose.begin_ns)
    return room is not None and dose.given_nl_until(dose.end_ns) <= room


def _under_way(
    state: State, asked_ns: int, begin_ns: int, kind: Kind, certain: set[Refusal], possible: set[Refusal]
) -> None:
    for dose in state.doses:
        is_like_it = dose.is_on_demand and (dose.kind is Kind.TEMPORARY) == (kind is Kind.TEMPORARY)
        if is_like_it and dose.end is None and dose.end_ns > begin_ns:
            certain.add(Refusal.UNDER_WAY)
        elif is_like_it and dose.end_ns > asked_ns - NS_PER_S:
            possible.add(Refusal.UNDER_WAY)
    if len(state.beside_the_plan()) >= MOST_AT_ONCE:
        certain.add(Refusal.UNDER_WAY)


def _highest_rate(
    state: State, plan: Plan, dose: Dose, certain: set[Refusal], possible: set[Refusal]
) -> None:
    is_temporary = dose.kind is Kind.TEMPORARY
    rate = dose.rate_nl_per_day
    if is_temporary and not LEAST_BASAL_NL_PER_DAY <= rate <= MOST_BASAL_NL_PER_DAY:
        certain.add(Refusal.RATE)
    spans = planned(state, dose.begin_ns, dose.end_ns, with_clock=True)
    if is_temporary:
        basal = {(begin, end) for begin, end, _ in planned(state, dose.begin_ns, dose.end_ns, False)}
        spans = [span for span in spans if (span[0], span[1]) not in basal or span in _doses(state)]
    if sum_of(spans).highest(dose.begin_ns, dose.end_ns) + rate > MOST_RATE_NL_PER_DAY:
        certain.add(Refusal.RATE)
    beside = sum(other.rate_nl_per_day for other in state.open_doses())
    if plan.highest + beside + rate > MOST_RATE_NL_PER_DAY:
        possible.add(Refusal.RATE)


def _doses(state: State) -> list[tuple[int, int, int]]:
    return [(dose.begin_ns, dose.end_ns, dose.rate_nl_per_day) for dose in state.open_doses()]


def _numbers(state: State, plan: Plan, wanted: Dose, doubt_ns: int, certain: set[Refusal]) -> None:
    """Judge the lockout, and how many came in 24 hours."""
    begins = [
        (dose.kind, dose.begin_ns + _younger_ns(state, dose, doubt_ns))
        for dose in state.doses
        if dose.is_on_demand and dose.begin_ns < wanted.begin_ns
    ]
    recent = [kind for kind, begin_ns in begins if begin_ns > wanted.begin_ns - NS_PER_DAY]
    if len(recent) >= MOST_ON_DEMAND:
        certain.add(Refusal.MOST_PER_DAY)
    if wanted.kind is Kind.PATIENT and plan.patient is not None:
        patients = [begin_ns for kind, begin_ns in begins if kind is Kind.PATIENT]
        lockout_ns = plan.patient.lockout_minutes * NS_PER_MINUTE
        if patients and wanted.begin_ns < max(patients) + lockout_ns:
            certain.add(Refusal.LOCKOUT)
        if recent.count(Kind.PATIENT) >= plan.patient.most_per_day:
            certain.add(Refusal.MOST_PER_DAY)


def _volumes(
    state: State,
    plan: Plan,
    wanted: Dose,
    asked_ns: int,
    doubt_ns: int,
    certain: set[Refusal],
    possible: set[Refusal],
) -> None:
    """Judge the limits of a bolus, of an hour and of 24 hours."""
    if wanted.kind is not Kind.TEMPORARY and wanted.given_nl > plan.most_nl_per_bolus:
        certain.add(Refusal.VOLUME)
    spans: list[tuple[int, int, int]] = [(wanted.begin_ns, wanted.end_ns, wanted.limited_rate)]
    whole_spans = list(spans)
    for dose in state.doses:
        if dose.is_on_demand and dose.begin_ns < wanted.end_ns:
            later_ns = _younger_ns(state, dose, doubt_ns)
            begin_ns = dose.begin_ns + later_ns
            spans.append((begin_ns, dose.counted_end_ns + later_ns, dose.limited_rate))
            # One that is to end counts whole until it has.
            is_to_end = dose.end_ns > asked_ns - NS_PER_S
            end_ns = dose.planned_end_ns if is_to_end else dose.counted_end_ns
            whole_spans.append((begin_ns, end_ns + later_ns, dose.limited_rate))
    on_demand, until_ended = sum_of(spans), sum_of(whole_spans)
    for minutes, limit_nl, reason in windows_of(plan):
        window_ns = minutes * NS_PER_MINUTE
        room = (limit_nl - plan.most_by_the_clock[minutes]) * NS_PER_DAY
        if on_demand.fullest(window_ns, wanted.begin_ns + 1, wanted.end_ns + window_ns) > room:
            certain.add(reason)
        elif until_ended.fullest(window_ns, wanted.begin_ns + 1, wanted.end_ns + window_ns) > room:
            possible.add(reason)
    if state.is_after_discontinuity(wanted.begin_ns):
        certain.update(overfull(state, plan, wanted, with_clock=False))
        possible.update(overfull(state, plan, wanted, with_clock=True))
    if metering.may_hold(state, plan, wanted):
        possible.add(Refusal.METER)
    if metering.must_hold(state, plan, wanted):
        certain.add(Refusal.METER)


def windows_of(plan: Plan) -> tuple[tuple[int, int, Refusal], ...]:
    """Return minutes of each window, what it may hold, and what is said of a dose that would be too much for it."""
    return (60, plan.most_nl_per_hour, Refusal.HOUR), (1_440, plan.most_nl_per_day, Refusal.DAY)


def overfull(state: State, plan: Plan, wanted: Dose, with_clock: bool) -> set[Refusal]:
    """Return windows that would hold more than their limit, of those that a dose reaches into: with all that was
    given before and all that is planned."""
    last_ns, now_ns = wanted.end_ns + NS_PER_DAY, min(state.now_ns, wanted.begin_ns)
    # From now on, not from the begin on: what waits may come in between.
    future = planned(state, now_ns, last_ns, with_clock)
    rate = wanted.rate_nl_per_day
    if wanted.kind is Kind.TEMPORARY:
        rate = max(0, rate - state.basal_at(wanted.begin_ns))
    whole = with_past(state.curve, now_ns, [*future, (wanted.begin_ns, wanted.end_ns, rate)])
    found: set[Refusal] = set()
    for minutes, limit_nl, reason in windows_of(plan):
        window_ns = minutes * NS_PER_MINUTE
        fullest = whole.fullest(window_ns, wanted.begin_ns + 1, wanted.end_ns + window_ns)
        if Fraction(fullest, NS_PER_DAY) > limit_nl:
            found.add(reason)
    return found


def _younger_ns(state: State, dose: Dose, doubt_ns: int) -> int:
    """Return how much younger the pump may hold a dose for than it is, if it was given before a power cut."""
    return doubt_ns if dose.begin_ns <= state.doubt_until_ns else 0
