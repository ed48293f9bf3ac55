"""The main scenario: a child's day of therapy, programmed and visited as a host does it, on any rig.

Promises: what is done when follows from the plan alone, in the pump's own wall time, so every rig is given the same
therapy at the same instants; a record holds everything the rig saw, in wall time, with a digest that two runs of
the same plan on the same rig have in common.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from math import ceil

from thecal_fw.core import alarms, events
from thecal_hil.contract.edge_digest import edges_digest
from thecal_hil.contract.gate import check_gate
from thecal_hil.contract.pump_clock import Instants
from thecal_hil.contract.rig import BUZZER, Rig
from thecal_hil.course.course import MICROSTEPS_PER_NL, OFFSET_MINUTES, Course, local_second
from thecal_hil.course.drills import Restart, heap_bytes_per_pulse, restart
from thecal_hil.course.therapy import Therapy, continuous
from thecal_sim.oracle import Epoch, IdealDelivery, PulseCheck
from thecal_sim.units import NS_PER_S

MIDNIGHT_S = local_second("2026-03-07")
"""The beginning of a Saturday: the day after a weekday, with another pattern."""

_HEAP_RATE_NL_PER_DAY = 2_000_000
"""Some 40 pulses from one grant to the next, so that there are stretches with neither a grant nor a refill."""
_WARM_UP_S = 3
_LEAD_S = 30
"""From setting the clock to the beginning of delivery."""
_ASK_AHEAD_NS = NS_PER_S // 2
"""Delivery is asked for this long before the whole second it is to begin at."""
_LOW_RESERVOIR_AT = 0.75
"""Part of the duration after which the reservoir is low."""
_ROUND_NL = 100
_MOST_VISITS = 24
_LEAST_BETWEEN_VISITS_S = 120
_OFF_THE_HOUR_NS = 137_000_000
"""Visits do not fall on whole seconds, as nothing says they should."""


@dataclass(frozen=True)
class DayPlan:
    """The plan of a day: what is to be done, and when. Seconds are UTC, volumes nanolitres."""

    therapy: Therapy
    start_s: int
    duration_s: int
    fill_nl: int

    @property
    def start_ns(self) -> int:
        return self.start_s * NS_PER_S

    @property
    def end_ns(self) -> int:
        return (self.start_s + self.duration_s) * NS_PER_S

    def visits_ns(self) -> list[int]:
        """Return when the host looks after the pump: every hour of a day, more often in a shorter stretch."""
        between_ns = max(_LEAST_BETWEEN_VISITS_S, self.duration_s // _MOST_VISITS) * NS_PER_S
        return list(range(self.start_ns + between_ns // 2 + _OFF_THE_HOUR_NS, self.end_ns, between_ns))

    def low_reservoir_pulse(self) -> int:
        """Return the microstep with which the calculated volume reaches the low-reservoir threshold, exactly."""
        return ceil((self.fill_nl - self.therapy.low_reservoir_nl) * MICROSTEPS_PER_NL)


def plan_around_midnight(therapy: Therapy, duration_s: int) -> DayPlan:
    """Return a plan in which the change from Friday to Saturday falls half-way and low reservoir is met before the
    end."""
    start_s = MIDNIGHT_S - duration_s // 2
    local_minus_t_ns = OFFSET_MINUTES * 60 * NS_PER_S
    ideal = IdealDelivery([Epoch(start_s * NS_PER_S, therapy.regimen, local_minus_t_ns)], MICROSTEPS_PER_NL)
    crossing_ns = (start_s * NS_PER_S) + round(duration_s * NS_PER_S * _LOW_RESERVOIR_AT)
    used_nl = int(ideal.volume_nl_at(crossing_ns)) // _ROUND_NL * _ROUND_NL
    return DayPlan(therapy, start_s, duration_s, therapy.low_reservoir_nl + used_nl)


@dataclass(frozen=True)
class Visit:
    """The answers of the pump at one of the host's visits."""

    wall_ns: int
    counted_steps: int
    residual_nl: int
    rate_nl_per_day: int
    active_alarms: int
    queued_ms: int


@dataclass(frozen=True)
class Record:
    """The record of a plan on one rig. Instants are the pump's wall time in nanoseconds.

    low_alarm_pulse: microstep that the pump's log gives for the low-reservoir alarm, or -1 if there was none.
    restart: from a watchdog reset in the middle of delivery to delivering again.
    worked_s: how long this machine took over the stretch of therapy alone.
    """

    rig: str
    version: str
    commit: str
    program_digest: str
    steps_ns: Instants
    buzzer_on_ns: Instants
    visits: list[Visit]
    check: PulseCheck
    low_alarm_pulse: int
    heap_bytes_per_pulse: float
    restart: Restart
    lost_instants: int
    edges_sha256: str
    seeds: dict[str, int]
    board_model: str
    emulated_s: float
    worked_s: float

    @property
    def speed(self) -> float:
        return self.emulated_s / self.worked_s


def carry_out(plan: DayPlan, rig: Rig) -> Record:
    """Program the pump, let it deliver for as long as planned, visit it on the way; return what came of it."""
    course = Course(rig)
    course.set_time(plan.start_s - _LEAD_S)
    course.prescribe(plan.therapy)
    course.refill(plan.fill_nl)
    clock = course.clock
    rig.run_until(clock.rig_ns_of_wall(plan.start_ns - _ASK_AHEAD_NS))
    begins_ns = course.start()
    if clock.wall_ns(begins_ns) != plan.start_ns:
        raise RuntimeError(f"delivery begins at {clock.wall_ns(begins_ns)}, planned was {plan.start_ns}")

    began = time.perf_counter()
    visits = []
    for visit_ns in plan.visits_ns():
        rig.run_until(clock.rig_ns_of_wall(visit_ns))
        visits.append(_visit(rig, visit_ns))
    rig.run_until(clock.rig_ns_of_wall(plan.end_ns))
    worked_s = time.perf_counter() - began

    steps_ns = clock.wall_instants_ns(rig.step_times_ns)
    buzzer_ns = clock.wall_instants_ns(rig.rising_ns(BUZZER))
    check = course.check()
    digest = edges_digest(rig)
    low_alarm_pulse = _low_alarm_pulse(rig)
    course.prescribe(continuous(_HEAP_RATE_NL_PER_DAY))
    rig.run_for(_WARM_UP_S)
    heap = heap_bytes_per_pulse(rig)
    check_gate(rig)
    return Record(
        rig=rig.name,
        version=rig.pump().version,
        commit=rig.pump().commit,
        program_digest=plan.therapy.program.digest().hex(),
        steps_ns=steps_ns,
        buzzer_on_ns=buzzer_ns,
        visits=visits,
        check=check,
        low_alarm_pulse=low_alarm_pulse,
        heap_bytes_per_pulse=heap,
        restart=restart(rig),
        lost_instants=rig.lost_instants(),
        edges_sha256=digest,
        seeds=rig.seeds,
        board_model=rig.board_model,
        emulated_s=(plan.end_ns - plan.start_ns + _ASK_AHEAD_NS) / NS_PER_S,
        worked_s=worked_s,
    )


def _visit(rig: Rig, wall_ns: int) -> Visit:
    status = rig.pump().interrogate()
    return Visit(
        wall_ns=wall_ns,
        counted_steps=status.counted_steps,
        residual_nl=status.residual_nl,
        rate_nl_per_day=status.rate_nl_per_day,
        active_alarms=status.active_alarms,
        queued_ms=status.queued_ms,
    )


def _low_alarm_pulse(rig: Rig) -> int:
    for event in rig.pump().log():
        if event.code == events.EVENT_ALARM_RAISED and event.first == alarms.LOW_RESERVOIR:
            return event.second
    return -1
