"""What the pump tells a host of the time until the next refill.

It is worked out when it is asked for, from what there is at that moment, so it is never older than the last bolus or
change of the program. Only what a week of the program gives is worked out beforehand; until it is, the host asks again.
"""

from thecal_fw.core.instant import SECONDS_PER_DAY
from thecal_fw.core.program import MINUTES_PER_DAY, MODE_STOPPED
from thecal_fw.core.refill_dates import Course, alarm_protects, least_residual_nl, minutes_until
from thecal_fw.core.reservoir import EMPTY_NL
from thecal_fw.core.schedule import MINUTES_PER_WEEK, lowest_basal_rate
from thecal_fw.core.wall_clock import weekday_and_minute
from thecal_fw.link import messages
from thecal_fw.requests.staging import in_progress


def course_from_now(pump) -> Course:
    """What will be used of a pump's reservoir from now on. The pump must have a program.

    Raises RequestRefusedError while it is still being worked out what a week of the program gives."""
    wall, week_minute = pump.wall, None
    if wall.is_known():
        weekday, minute = weekday_and_minute(wall.local_second(pump.ticks_now()))
        week_minute = (weekday * MINUTES_PER_DAY + minute) % MINUTES_PER_WEEK
    week = pump.place.week
    if week_minute is not None and not pump.work_on_week():
        raise in_progress(week.done, week.whole)
    return Course(pump.program, pump.limits.minimum_rate_nl_per_day, week_minute, week)


def still_to_give_nl(pump) -> int:
    """What comes on top of that course, in nL: of boluses and a temporary rate that are under way, and of a bridge what
    it gives above the lowest rate that the program has meanwhile."""
    tick = pump.ticks_now()
    left_nl = 0
    for bolus in pump.boluses.extra:
        left_nl += bolus.given_nl(bolus.end_tick) - bolus.given_nl(tick)
    bridge_s = pump.bridging.left_s(tick)
    if bridge_s:
        more = pump.program.bridge.rate_nl_per_day - lowest_basal_rate(pump.program)
        left_nl += -(-max(0, more) * bridge_s // SECONDS_PER_DAY)
    return left_nl


class RefillCommands:
    """Handlers of one pump's messages about its reservoir."""

    def __init__(self, pump):
        self._pump = pump
        self.handlers = {messages.DATES.kind: self._dates}

    def _dates(self, values) -> bytes:
        pump = self._pump
        program, reservoir = pump.program, pump.reservoir
        layout = messages.DATES.response
        if program is None or program.mode == MODE_STOPPED or not reservoir.is_known:
            return layout.pack(0, 0, 0, 0, 0, 0, 0, 0, 0)
        counted = pump.hardware.sense.count() + pump.ledger.unseen_steps
        residual_nl = reservoir.residual_nl(counted)
        permille, low_nl = program.accuracy_permille, program.low_reservoir_nl
        course = course_from_now(pump)
        still_nl = still_to_give_nl(pump)
        left_nl = max(0, residual_nl - still_nl)
        # At the worst, what has been given already was more than calculated as well.
        least_nl = least_residual_nl(reservoir.fill_nl, residual_nl, permille)
        least_left_nl = max(0, least_nl - still_nl * (1_000 + permille) // 1_000)
        return layout.pack(
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
