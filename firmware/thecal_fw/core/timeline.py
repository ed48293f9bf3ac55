"""The rate that is due at any tick since boot: a program laid along the pump's clock, and boluses on top of it.

A timeline is a pure function of tick to (rate, until when it holds), so it can be asked about the past and
the future alike. A change of program, of time or of the boluses does not alter a timeline; it makes a new one and the
tick at which the new one takes over.
"""

from thecal_fw.core.bolus import KIND_SCHEDULED, KIND_TEMPORARY, Bolus
from thecal_fw.core.instant import TICKS_PER_MINUTE
from thecal_fw.core.lived_minutes import is_within
from thecal_fw.core.modes import MODE_STOPPED
from thecal_fw.core.program import Program
from thecal_fw.core.schedule import (
    boluses_between,
    follows_the_clock,
    gives_the_same_week,
    longest_bolus_minutes,
    mean_rate,
    minutes_to_next_step,
    rate_at,
)
from thecal_fw.core.wall_clock import WallClock, weekday_and_minute

# Without wall time there is no boundary to meet; a segment still ends, so that what it adds up stays bounded.
_LONGEST_SEGMENT_TICKS = 60 * TICKS_PER_MINUTE

NO_BOLUSES = 0xFFFFFFFF
"""A local minute from which boluses begin by the clock: never."""


class Timeline:
    """One program under one wall clock.

    bolus_minute: local minute since 1970 from which boluses begin by the clock; earlier ones are over or not to be.
    extra: boluses besides those of the program, each at its own ticks, and a temporary rate.
    left_out: spans of local minutes (first, minute after the last) whose boluses have had their time already.
    bridge: rate at which the old drug continues, and the tick before which nothing of the program begins; None if there
    is no bridge.
    passed: (tick, local minute, reason) of boluses of the clock that are passed over, since they may not begin.
    """

    def __init__(
        self,
        program: Program,
        wall_clock: WallClock,
        bolus_minute: int = 0,
        extra: "tuple[Bolus, ...]" = (),
        bridge: "tuple[int, int] | None" = None,
        left_out: "tuple[tuple[int, int], ...]" = (),
    ) -> None:
        self.program = program
        self.bridge = bridge
        self.wall_clock = wall_clock
        self.bolus_minute = bolus_minute
        self.extra = extra
        self.left_out = left_out
        self.passed: "list[tuple[int, int, int]]" = []
        self._known_mean_rate_nl_per_day = -1
        self._longest_bolus_minutes = longest_bolus_minutes(program) if wall_clock.is_known() else 0

    def segment_at(self, tick: int) -> "tuple[int, int]":
        """Return the rate in nL/day at a tick, and the tick (later than the one given) until which it holds at
        least."""
        if self.bridge is not None and tick < self.bridge[1]:
            return self.bridge
        basal, end = self.basal_at(tick)
        on_top = 0
        for bolus in self.boluses_near(tick, end):
            end = bolus.next_turn(tick, end)
            if bolus.kind != KIND_TEMPORARY:
                on_top += bolus.rate_at(tick)
            elif bolus.rate_at(tick):
                basal = bolus.rate_at(tick)
        return basal + on_top, end

    def basal_at(self, tick: int) -> "tuple[int, int]":
        """Do as ``segment_at`` does, without the boluses."""
        if not self.wall_clock.is_known():
            return self._mean_rate(), tick + _LONGEST_SEGMENT_TICKS
        local_second = self.wall_clock.local_second(tick)
        weekday, minute = weekday_and_minute(local_second)
        rate_nl_per_day = rate_at(self.program, weekday, minute)
        minutes = minutes_to_next_step(self.program, weekday, minute)
        end = self.wall_clock.boot_ticks_of_local_second(local_second - local_second % 60 + 60 * minutes)
        return rate_nl_per_day, end

    def _mean_rate(self) -> int:
        """Return the mean rate, worked out once it is needed: a week of a large program takes the board a second."""
        if self._known_mean_rate_nl_per_day < 0:
            self._known_mean_rate_nl_per_day = mean_rate(self.program)
        return self._known_mean_rate_nl_per_day

    def boluses_near(self, tick: int, until_tick: int) -> list:
        """Return boluses that may be under way at a tick or begin between that and a later one."""
        found = list(self.extra)
        if self._longest_bolus_minutes:
            clock = self.wall_clock
            first_minute = clock.local_second(tick) // 60 - self._longest_bolus_minutes
            until_minute = clock.local_second(until_tick) // 60 + 1
            first_minute = max(first_minute, self.bolus_minute)
            for start_minute, rate_nl_per_day, minutes in boluses_between(
                self.program, first_minute, until_minute
            ):
                if self.left_out and is_within(start_minute, self.left_out):
                    continue
                start_tick = clock.boot_ticks_of_local_second(60 * start_minute)
                if not self._is_passed_over(start_minute):
                    found.append(
                        Bolus(KIND_SCHEDULED, start_tick, minutes * TICKS_PER_MINUTE, rate_nl_per_day)
                    )
        return found

    def _is_passed_over(self, minute: int) -> bool:
        # A loop, since a generator expression takes memory.
        for _, passed, _ in self.passed:  # noqa: SIM110
            if passed == minute:
                return True
        return False

    def leave_out(self, minute: int) -> None:
        """Leave out the bolus of a local minute, which has had its time."""
        self.left_out += ((minute, minute + 1),)

    def drop(self, bolus: Bolus) -> None:
        """Drop a bolus besides those of the program, which is then not given."""
        self.extra = tuple([other for other in self.extra if other is not bolus])

    def pass_over(self, bolus: Bolus, minute: int, reason: int) -> None:
        """Pass over the bolus that begins by the clock in a local minute, for this reason.

        To be called before anything is planned from this timeline.
        """
        self.passed.append((bolus.start_tick, minute, reason))

    def gives_the_same_from(self, tick: int, other: "Timeline") -> bool:
        """Return True if another timeline gives the same at a tick and at every one after it, bolus for bolus.

        False where that would take more than a look at what both are made of.
        """
        if self._bridge_at(tick) != other._bridge_at(tick):
            return False
        if not self._has_same_basal(other):
            return False
        if self._boluses_from(tick) != other._boluses_from(tick):
            return False
        first_minute = self._first_minute_from(tick)
        if first_minute != other._first_minute_from(tick):
            return False
        # The other one has yet to be judged.
        if any([start_tick >= tick for start_tick, _, _ in self.passed]):
            return False
        return first_minute == NO_BOLUSES or _after(self.left_out, first_minute) == _after(
            other.left_out, first_minute
        )

    def go_by_program_of(self, other: "Timeline") -> None:
        """Go by the program of another timeline that gives the same, since this one's may be forgotten."""
        self.program = other.program

    def _bridge_at(self, tick: int) -> "tuple[int, int] | None":
        bridge = self.bridge
        return bridge if bridge is not None and tick < bridge[1] else None

    def _has_same_basal(self, other: "Timeline") -> bool:
        """Return True if the basal rate is the same as well, with the same boluses by the clock, save for those that
        either one leaves out."""
        clock, other_clock = self.wall_clock, other.wall_clock
        depends = follows_the_clock(self.program)
        if depends != follows_the_clock(other.program) or (
            depends and clock.is_known() != other_clock.is_known()
        ):
            return False
        if not depends or not clock.is_known():
            return self._mean_rate() == other._mean_rate()
        if clock.boot_ticks_of_local_second(0) != other_clock.boot_ticks_of_local_second(0):
            return False
        return gives_the_same_week(self.program, other.program)

    def _boluses_from(self, tick: int) -> list:
        """Return what is known of each bolus that is under way at a tick, or on demand and still to come."""
        return _sorted(
            [
                bolus
                for bolus in self.boluses_near(tick, tick)
                if bolus.end_tick > tick and (bolus.start_tick <= tick or bolus in self.extra)
            ]
        )

    def _first_minute_from(self, tick: int) -> int:
        """Return local minute from which boluses by the clock begin after a tick; NO_BOLUSES if none does."""
        if not self._longest_bolus_minutes:
            return NO_BOLUSES
        return max(self.bolus_minute, self.wall_clock.first_local_minute(tick))

    def may_have_boluses(self) -> bool:
        """Return True if a bolus is under way or may begin, or a bridge will end."""
        if self.bridge is not None:
            return True
        return bool(self.extra) or (self._longest_bolus_minutes > 0 and self.bolus_minute != NO_BOLUSES)


def _sorted(boluses: "list[Bolus]") -> list:
    return sorted(
        [(bolus.start_tick, bolus.end_tick, bolus.kind, bolus.rate_nl_per_day) for bolus in boluses]
    )


def _after(spans: "tuple[tuple[int, int], ...]", first_minute: int) -> list:
    """Return what is left of spans from a minute on."""
    return [(max(first, first_minute), until) for first, until in spans if until > first_minute]


NO_DELIVERY = Timeline(Program(MODE_STOPPED), WallClock())
"""The timeline of a pump that delivers nothing."""


class ChangingTimeline:
    """An old timeline until a tick, a new one from then on."""

    def __init__(self, before: "AnyTimeline", change_tick: int, after: Timeline) -> None:
        self.before = before
        self.after = after
        self._change_tick = change_tick

    def segment_at(self, tick: int) -> "tuple[int, int]":
        if tick >= self._change_tick:
            return self.after.segment_at(tick)
        rate_nl_per_day, end = self.before.segment_at(tick)
        return rate_nl_per_day, min(end, self._change_tick)

    def boluses_near(self, tick: int, until_tick: int) -> list:
        """Return those of the timeline that holds at the tick; what only begins once the other one holds is not among
        them."""
        timeline = self.after if tick >= self._change_tick else self.before
        return timeline.boluses_near(tick, until_tick)

    def gives_the_same_from(self, tick: int, other: Timeline) -> bool:
        """Do as a timeline does; return False while the new one has not taken over."""
        return tick >= self._change_tick and self.after.gives_the_same_from(tick, other)

    def go_by_program_of(self, other: Timeline) -> None:
        """Follow the program as a timeline does. What was before is never asked for again."""
        self.after.go_by_program_of(other)

    @property
    def passed(self) -> "list[tuple[int, int, int]]":
        return self.after.passed

    @property
    def bridge(self) -> "tuple[int, int] | None":
        return self.after.bridge

    def may_have_boluses(self) -> bool:
        return self.before.may_have_boluses() or self.after.may_have_boluses()


TYPE_CHECKING = False
if TYPE_CHECKING:
    AnyTimeline = Timeline | ChangingTimeline
