"""The pump's answers about the time until the next refill.

It is worked out when it is asked for, from what there is at that moment, so it is never older than the last bolus or
change of the program. Only what a week of the program gives is worked out beforehand; until it is, the host asks again.
"""

from thecal_fw.core.instant import SECONDS_PER_DAY
from thecal_fw.core.program import MINUTES_PER_DAY, Program
from thecal_fw.core.refill_dates import Course, alarm_protects, least_residual_nl, minutes_until
from thecal_fw.core.reservoir import EMPTY_NL
from thecal_fw.core.schedule import MINUTES_PER_WEEK, lowest_basal_rate
from thecal_fw.core.wall_clock import weekday_and_minute
from thecal_fw.link import messages
from thecal_fw.requests.refusal import in_progress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.link.layouts import Answer, Values
    from thecal_fw.pump.controller import Controller


class Consumption:
    """The use that a pump will make of its reservoir from now on."""

    def __init__(self, pump: "Controller") -> None:
        self._time = pump.time
        self._orders = pump.orders
        self._extra = pump.boluses.extra
        self._bridging = pump.bridging

    def course(self, program: Program) -> Course:
        """Return the course of use; raise RequestRefusedError while it is still being worked out what a week of the
        program gives."""
        wall, week_minute = self._time.wall, None
        if wall.is_known():
            weekday, minute = weekday_and_minute(wall.local_second(self._time.ticks_now()))
            week_minute = (weekday * MINUTES_PER_DAY + minute) % MINUTES_PER_WEEK
        week = self._orders.place.week
        if week_minute is not None and not self._orders.work_on_week():
            raise in_progress(week.done, week.whole)
        return Course(program, week_minute, week)

    def on_top_nl(self, program: Program) -> int:
        """Return what comes on top of that course, in nL: of boluses and a temporary rate that are under way, and of
        a bridge what it gives above the lowest rate that the program has meanwhile."""
        tick = self._time.ticks_now()
        left_nl = 0
        for bolus in self._extra:
            left_nl += bolus.given_nl(bolus.end_tick) - bolus.given_nl(tick)
        bridge_s, bridge = self._bridging.left_s(tick), program.bridge
        if bridge_s and bridge is not None:
            more = bridge.rate_nl_per_day - lowest_basal_rate(program)
            left_nl += -(-max(0, more) * bridge_s // SECONDS_PER_DAY)
        return left_nl


class RefillRequests:
    """Handlers of one pump. handlers: by kind of message."""

    def __init__(self, pump: "Controller", consumption: Consumption) -> None:
        self._sense = pump.hardware.sense
        self._ledger = pump.ledger
        self._orders = pump.orders
        self._reservoir = pump.reservoir
        self._consumption = consumption
        self.handlers = {messages.DATES.kind: self._dates}

    def _dates(self, values: "Values") -> "Answer":
        program, reservoir = self._orders.program, self._reservoir
        if program is None or not program.delivers() or not reservoir.is_known:
            return (0,) * 9
        residual_nl = reservoir.residual_nl(self._ledger.seen(self._sense.count()))
        permille, low_nl = program.accuracy_permille, program.low_reservoir_nl
        course = self._consumption.course(program)
        still_nl = self._consumption.on_top_nl(program)
        left_nl = max(0, residual_nl - still_nl)
        # At the worst, what has been given already was more than calculated as well.
        least_nl = least_residual_nl(reservoir.fill_nl, residual_nl, permille)
        least_left_nl = max(0, least_nl - still_nl * (1_000 + permille) // 1_000)
        return (
            1,
            residual_nl,
            least_nl,
            minutes_until(course, left_nl, low_nl, 0),
            minutes_until(course, least_left_nl, low_nl, permille),
            minutes_until(course, left_nl, EMPTY_NL, 0),
            alarm_protects(reservoir.fill_nl, low_nl, permille),
            permille,
            program.stability_days,
        )
