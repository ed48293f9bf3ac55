"""Boluses given on demand in the last 24 hours, and whether another one may be given.

A limit is for basal rate and boluses together, and the basal rate is not taken back for a bolus. So what boluses on
demand may add up to in any hour or day is the limit less the most that the program gives by the clock in any such
time, no matter how much of that has come yet: a window that is not yet full of basal delivery, after a start, a stop
or a restart, allows no more. That sum is held for every window there will be, to the tick.
"""

from thecal_fw.core.bolus import KIND_PATIENT, KIND_TEMPORARY, Bolus
from thecal_fw.core.instant import TICKS_PER_DAY, TICKS_PER_MINUTE
from thecal_fw.core.program import PatientBolus, Program
from thecal_fw.core.week import Week

MOST_REMEMBERED = 12
"""Boluses on demand in any 24 hours, of all kinds."""

_TICKS_PER_HOUR = 60 * TICKS_PER_MINUTE

REFUSAL_NAMES = (
    "none",
    "the program has no such bolus",
    "nothing is being delivered",
    "blocked by an alarm",
    "a bolus is under way",
    "lockout",
    "most boluses in 24 hours",
    "limit of a single bolus",
    "limit of an hour",
    "limit of 24 hours",
    "highest rate of the pump",
    "what was given before is not known",
    "the clock was set past it",
    "a bridge is under way",
    "what the program gives in a week is still being worked out",
    "limit by the meter",
)
(
    REFUSED_NOT,
    REFUSED_NO_SUCH_BOLUS,
    REFUSED_NOT_DELIVERING,
    REFUSED_BLOCKED,
    REFUSED_UNDER_WAY,
    REFUSED_LOCKOUT,
    REFUSED_MOST_PER_DAY,
    REFUSED_VOLUME,
    REFUSED_HOUR,
    REFUSED_DAY,
    REFUSED_RATE,
    REFUSED_NOT_READ,
    REFUSED_CLOCK,
    REFUSED_BRIDGE,
    REFUSED_WEEK_UNKNOWN,
    REFUSED_METER,
) = range(len(REFUSAL_NAMES))


class Allowance:
    """The most that boluses on demand may add to a program. hour_nl, day_nl: in any hour, in any 24 hours."""

    def __init__(self, program: Program, week: Week) -> None:
        self.hour_nl = program.most_nl_per_hour - week.most_nl_in_hour
        self.day_nl = program.most_nl_per_day - week.most_nl_in_day


class BolusHistory:
    """given: boluses on demand, oldest first, at ticks of this life; negative if they were before it."""

    def __init__(self) -> None:
        self.given: "list[Bolus]" = []

    def restore(self, given: "list[Bolus]") -> None:
        """Take these boluses as known after a reset."""
        self.given = given
        self.forget(0)

    def put_before(self, older: "list[Bolus]", tick: int) -> None:
        """Add doses from before all that are known, and forget what does not count any more at a tick."""
        self.given = older + self.given
        self.forget(tick)

    def add(self, bolus: Bolus) -> None:
        self.given.append(bolus)

    def put(self, bolus: Bolus) -> None:
        """Add a dose, in the place of what is known of its number."""
        for index in range(len(self.given)):
            if self.given[index].number == bolus.number:
                self.given[index] = bolus
                return
        self.given.append(bolus)

    def cut_short(self, number: int, tick: int) -> None:
        """End the dose of a number at a tick."""
        for bolus in self.given:
            if bolus.number == number:
                bolus.end_tick = min(bolus.end_tick, max(tick, bolus.start_tick))

    def forget(self, tick: int) -> None:
        """Leave out what no window that ends after this tick reaches back to."""
        self.given = [bolus for bolus in self.given if bolus.end_tick + TICKS_PER_DAY > tick]

    def latest_patient_start(self) -> "int | None":
        """Return the tick at which the latest patient bolus began; None if there was none."""
        latest = None
        for bolus in self.given:
            if bolus.kind == KIND_PATIENT:
                latest = bolus.start_tick
        return latest

    def patient_boluses(self, tick: int) -> int:
        """Return how many patient boluses began within the 24 hours before a tick."""
        count = 0
        for bolus in self.given:
            count += bolus.kind == KIND_PATIENT and bolus.start_tick + TICKS_PER_DAY > tick
        return count

    def lockout_ends(self, patient: PatientBolus) -> int:
        """Return the first tick at which neither the lockout nor the most in 24 hours is in the way of a patient
        bolus."""
        starts = [bolus.start_tick for bolus in self.given if bolus.kind == KIND_PATIENT]
        if not starts:
            return 0
        ends = starts[-1] + patient.lockout_minutes * TICKS_PER_MINUTE
        if len(starts) >= patient.most_per_day:
            ends = max(ends, starts[-patient.most_per_day] + TICKS_PER_DAY)
        return max(0, ends)

    def refusal(self, wanted: Bolus, program: Program, allowance: Allowance) -> int:
        """Return why a bolus may not be given; REFUSED_NOT if it may."""
        start_tick = wanted.start_tick
        patient = program.patient_bolus
        if wanted.kind == KIND_PATIENT and patient is not None:
            latest = self.latest_patient_start()
            if latest is not None and start_tick < latest + patient.lockout_minutes * TICKS_PER_MINUTE:
                return REFUSED_LOCKOUT
            if self.patient_boluses(start_tick) >= patient.most_per_day:
                return REFUSED_MOST_PER_DAY
        if (
            len([bolus for bolus in self.given if bolus.end_tick + TICKS_PER_DAY > start_tick])
            >= MOST_REMEMBERED
        ):
            return REFUSED_MOST_PER_DAY
        is_bolus = wanted.kind != KIND_TEMPORARY
        if is_bolus and wanted.given_nl(wanted.end_tick) > program.most_nl_per_bolus:
            return REFUSED_VOLUME
        if self._passes_with(wanted, _TICKS_PER_HOUR, allowance.hour_nl):
            return REFUSED_HOUR
        if self._passes_with(wanted, TICKS_PER_DAY, allowance.day_nl):
            return REFUSED_DAY
        return REFUSED_NOT

    def _passes_with(self, wanted: Bolus, window_ticks: int, limit_nl: int) -> bool:
        """Return True if boluses on demand give more than a limit in a window that sees something of the one wanted.

        What a window holds bends only where an end of the window meets an end of a bolus, so it is greatest at one of
        those. Boluses that come to no more than the limit all together need no such look, which takes a board longer
        than all else that judging a bolus does.
        """
        boluses = [bolus for bolus in self.given if bolus.end_tick + window_ticks > wanted.start_tick]
        boluses.append(wanted)
        limit = limit_nl * TICKS_PER_DAY
        together = 0
        for bolus in boluses:
            together += bolus.rate_nl_per_day * (bolus.end_tick - bolus.start_tick)
        if together <= limit:
            return False
        for bolus in boluses:
            for turn in (bolus.start_tick, bolus.end_tick):
                for end in (turn, turn + window_ticks):
                    if (
                        wanted.start_tick < end <= wanted.end_tick + window_ticks
                        and _given_in(boluses, end - window_ticks, end) > limit
                    ):
                        return True
        return False


def _given_in(boluses: "list[Bolus]", begin: int, end: int) -> int:
    """Return what boluses give from one tick to another, in nL/day x tick."""
    given = 0
    for bolus in boluses:
        ticks = min(end, bolus.end_tick) - max(begin, bolus.start_tick)
        if ticks > 0:
            given += bolus.rate_nl_per_day * ticks
    return given
