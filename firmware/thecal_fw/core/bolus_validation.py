"""Checks of a program's boluses, bridge and drug before it may be committed.

A bolus is over before the next one of its kind begins, none is larger than the program's own limit, and what can come
together is no more than the pump can give.
"""

from thecal_fw.core.bolus import volume_nl
from thecal_fw.core.dead_volume import DEAD_VOLUME_ID, MOST_CATHETER_NL, PUMP_TUBING_NL
from thecal_fw.core.instant import SECONDS_PER_DAY
from thecal_fw.core.limits import MINIMUM_RATE_NL_PER_DAY, Limits
from thecal_fw.core.modes import BY_INTERVAL, OWN_PATTERNS, TREATS
from thecal_fw.core.program import DAYS_PER_WEEK, MINUTES_PER_DAY, MOST_BOLUSES_PER_DAY, Program
from thecal_fw.core.program_fault import (
    FIELD_ACCURACY,
    FIELD_BOLUS_MINUTES,
    FIELD_BOLUS_RATE,
    FIELD_BOLUS_START,
    FIELD_BOLUS_VOLUME,
    FIELD_BOLUSES,
    FIELD_BRIDGE,
    FIELD_BRIDGE_RATE,
    FIELD_CATHETER,
    FIELD_DEAD_VOLUME,
    FIELD_HIGHEST_RATE,
    FIELD_INTERVAL,
    FIELD_LOCKOUT,
    FIELD_MOST_PER_BOLUS,
    FIELD_PATIENT,
    FIELD_PATIENT_PER_DAY,
    FIELD_PERIODIC,
    FIELD_STABILITY,
    Faults,
)
from thecal_fw.core.schedule import highest_rate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_BRIDGE_S = 30 * 86_400
"""A bridge lasts longer the slower the pump; a month is what the dead volume lasts at 25 uL/day: a bench default."""

PIECES_OF_BOLUS = 4
PIECES_OF_EXTREMES = 64
"""Looking at a bolus, and finding the highest rate of the largest program, take about as long as so many steps."""


class _Needs:
    """Checks that hold for the boluses of one program."""

    def __init__(self, program: Program, limits: Limits, faults: Faults) -> None:
        self._most_rate = limits.most_rate_nl_per_day
        self._most_nl = min(program.most_nl_per_bolus, limits.most_bolus_nl)
        self.need = faults.need

    def none_of(self, field: int, value: int) -> None:
        """Refuse a part of a program that its mode has not, whatever stands in it: one of zeros is there as well."""
        self.need(field, max(1, value), 0, 0)

    def bolus(self, rate_nl_per_day: int, minutes: int, pattern: int = -1, step: int = -1) -> None:
        """Check the fields that every bolus has."""
        self.need(FIELD_BOLUS_RATE, rate_nl_per_day, 1, self._most_rate, pattern, step)
        self.need(FIELD_BOLUS_MINUTES, minutes, 1, MINUTES_PER_DAY, pattern, step)
        self.need(FIELD_BOLUS_VOLUME, volume_nl(rate_nl_per_day, minutes), 1, self._most_nl, pattern, step)


def need_therapy(program: Program, limits: Limits, faults: Faults) -> "Iterator[int]":
    """Find every fault; a pause after each scheduled bolus, and a longer one before the highest rate is found."""
    needs = _Needs(program, limits, faults)
    need = needs.need
    need(FIELD_ACCURACY, program.accuracy_permille, 0, limits.most_accuracy_permille)
    need(FIELD_STABILITY, program.stability_days, 0, limits.most_stability_days)
    need(FIELD_MOST_PER_BOLUS, program.most_nl_per_bolus, 0, limits.most_bolus_nl)
    need(FIELD_CATHETER, program.catheter_nl, 0, MOST_CATHETER_NL)
    if program.catheter_nl or program.bridge is not None:
        need(FIELD_DEAD_VOLUME, program.dead_volume_id, DEAD_VOLUME_ID, DEAD_VOLUME_ID)
    if program.has(OWN_PATTERNS):
        yield from _need_scheduled(program, needs)
    else:
        need(FIELD_BOLUSES, sum([len(day) for day in program.boluses]), 0, 0)
    _need_periodic(program, needs)
    _need_patient(program, limits, needs)
    _need_bridge(program, limits, needs)
    if not faults.count:
        pieces = PIECES_OF_EXTREMES if program.has(OWN_PATTERNS) else 1
        yield pieces
        highest = highest_rate(program)
        yield pieces
        if program.patient_bolus is not None:
            highest += program.patient_bolus.rate_nl_per_day
        need(FIELD_HIGHEST_RATE, highest, 0, limits.most_rate_nl_per_day)


def _need_scheduled(program: Program, needs: _Needs) -> "Iterator[int]":
    for index, day in enumerate(program.boluses):
        needs.need(FIELD_BOLUSES, len(day), 0, MOST_BOLUSES_PER_DAY, index)
        earliest_minute = 0
        for at in range(len(day)):
            start_minute, rate_nl_per_day, minutes = day[at]
            needs.need(FIELD_BOLUS_START, start_minute, earliest_minute, MINUTES_PER_DAY - 1, index, at)
            earliest_minute = start_minute + minutes
            needs.bolus(rate_nl_per_day, minutes, index, at)
            yield PIECES_OF_BOLUS
    for weekday in range(DAYS_PER_WEEK):
        # The last one of a day may run past midnight, and be over before the first one of the next.
        today = program.boluses_on(weekday)
        tomorrow = program.boluses_on((weekday + 1) % DAYS_PER_WEEK)
        if len(today) and len(tomorrow):
            following = program.pattern_of_weekdays()[(weekday + 1) % DAYS_PER_WEEK]
            start_minute, _, minutes = today[len(today) - 1]
            end_minute = start_minute + minutes - MINUTES_PER_DAY
            needs.need(FIELD_BOLUS_START, tomorrow[0][0], end_minute, MINUTES_PER_DAY - 1, following, 0)


def _need_periodic(program: Program, needs: _Needs) -> None:
    periodic = program.periodic_bolus
    if periodic is None:
        return
    if not program.has(BY_INTERVAL):
        needs.none_of(FIELD_PERIODIC, periodic.interval_minutes)
        return
    needs.bolus(periodic.rate_nl_per_day, periodic.minutes)
    needs.need(FIELD_INTERVAL, periodic.interval_minutes, max(1, periodic.minutes), MINUTES_PER_DAY)
    needs.need(FIELD_BOLUS_START, periodic.first_minute, 0, max(0, periodic.interval_minutes - 1))


def _need_patient(program: Program, limits: Limits, needs: _Needs) -> None:
    patient = program.patient_bolus
    if patient is None:
        return
    if not program.has(TREATS):
        needs.none_of(FIELD_PATIENT, patient.rate_nl_per_day)
        return
    needs.bolus(patient.rate_nl_per_day, patient.minutes)
    least_lockout = max(limits.least_lockout_minutes, patient.minutes)
    needs.need(FIELD_LOCKOUT, patient.lockout_minutes, least_lockout, MINUTES_PER_DAY)
    needs.need(FIELD_PATIENT_PER_DAY, patient.most_per_day, 1, limits.most_patient_boluses_per_day)


def most_bridge_seconds(program: Program, rate_nl_per_day: int) -> int:
    """Return the longest time that a bridge of the program may last at a rate, in seconds: as long as the old drug in
    tubing and catheter takes, the last second begun included. More than the line holds, it can't be."""
    line_nl = PUMP_TUBING_NL + program.catheter_nl
    return min(MOST_BRIDGE_S, -(-line_nl * SECONDS_PER_DAY // max(1, rate_nl_per_day)))


def _need_bridge(program: Program, limits: Limits, needs: _Needs) -> None:
    bridge = program.bridge
    if bridge is None:
        return
    if not program.delivers():
        needs.none_of(FIELD_BRIDGE, bridge.seconds)
        return
    needs.need(FIELD_BRIDGE, bridge.seconds, 1, most_bridge_seconds(program, bridge.rate_nl_per_day))
    needs.need(
        FIELD_BRIDGE_RATE,
        bridge.rate_nl_per_day,
        MINIMUM_RATE_NL_PER_DAY,
        limits.most_basal_nl_per_day,
    )
