"""The contracts between the parts of the pump: each protocol is what some part uses of another one, and no more.

Read by people and by the type checker only; nothing imports it at run time, so it costs the board nothing.
"""

from typing import Protocol

from thecal_fw.core.bolus import Bolus
from thecal_fw.core.bolus_history import BolusHistory
from thecal_fw.core.delivery import Delivery as Plan
from thecal_fw.core.dose_record import DoseRecord
from thecal_fw.core.given_rates import GivenRates
from thecal_fw.core.line_room import LineRoom
from thecal_fw.core.lived_minutes import LivedMinutes
from thecal_fw.core.program import Program
from thecal_fw.core.rate_line import RateLine
from thecal_fw.core.timeline import AnyTimeline, Timeline
from thecal_fw.core.wall_clock import WallClock

# --- of the infusion


class Delivering(Protocol):
    """state: of delivery, as ``core.pump_state`` has it."""

    state: int


class PlannedDelivery(Delivering, Protocol):
    """delivery: the plan of pulses. plan_number: raised whenever it is another one."""

    delivery: Plan
    plan_number: int


class Position(Protocol):
    def position(self, tick: int) -> int: ...


class Hurry(Protocol):
    def is_change_within(self, us: int) -> bool: ...


class CarriedDelivery(Delivering, Protocol):
    change_tick: int
    delivery: Plan


class Delivery(Delivering, Protocol):
    """timeline: what is being delivered. change_tick: when a change under way takes effect, or -1.
    goes_on: whether the start under way is one after a reset that left everything known."""

    change_tick: int
    timeline: AnyTimeline
    goes_on: bool

    def change_tick_from_now(self) -> int: ...
    def timeline_at(self, tick: int) -> AnyTimeline: ...
    def follow(self) -> int: ...


class SupervisedDelivery(PlannedDelivery, Protocol):
    must_end_life: bool

    def generator_ran_dry(self) -> None: ...
    def hold(self) -> None: ...
    def end_life(self) -> None: ...


# --- of doses


class Judging(Protocol):
    """waiting: doses of the clock that begin with the change under way and have yet to be judged."""

    waiting: list[Bolus]

    def judge_one(self, timeline: Timeline) -> None: ...
    def notice_ticks(self) -> int: ...
    def wait_for(self, timeline: AnyTimeline, change_tick: int) -> None: ...
    def wait_for_none(self) -> None: ...


class DoseJudging(Judging, Protocol):
    """given: what was given in the last 24 hours."""

    given: GivenRates

    def begin(self, tick: int) -> None: ...
    def reason_against(self, bolus: Bolus) -> int: ...
    def refusal(self, bolus: Bolus) -> int: ...
    def until_s(self) -> int: ...
    def restore(self, until_s: int) -> None: ...


class Extra(Protocol):
    """extra: boluses beside those of the plan that are not over."""

    extra: list[Bolus]


class GivenBeside(Extra, Protocol):
    """are_allowed: whether the timeline made last has any doses."""

    are_allowed: bool

    @property
    def judging(self) -> DoseJudging: ...


class Waiting(Protocol):
    def may_begin_by_clock(self) -> bool: ...
    def pass_over_waiting(self, bolus: Bolus, reason: int) -> None: ...


class Settling(Protocol):
    def settle(self, wall: WallClock, tick: int, reason: int = -1) -> None: ...


class ClockPlan(Settling, Protocol):
    def begin_from(self, tick: int) -> None: ...


class Plans(Protocol):
    @property
    def judging(self) -> Judging: ...
    def timeline(self, change_tick: int) -> Timeline: ...


class ExtraRate(Protocol):
    def extra_rate(self) -> int: ...


class ClockDoses(Protocol):
    minute: int


class CarriedDoses(Protocol):
    def to_carry(self) -> list[tuple[int, int, int, int, int]]: ...


class OnDemand(Protocol):
    def wanted(self, kind: int, rate_nl_per_day: int, seconds: int) -> Bolus: ...
    def refusal(self, bolus: Bolus) -> int: ...
    def refuse(self, bolus: Bolus, reason: int) -> None: ...
    def give(self, bolus: Bolus) -> bool: ...


class Recall(Protocol):
    """is_done: whether what older firmware logged has been read. unknown_until: tick before which doses may have been
    given of which nothing is known."""

    is_done: bool
    unknown_until: int

    def begin(self, is_age_known: bool) -> None: ...
    def end(self, unknown_until: int) -> None: ...


class DoseNumbers(Protocol):
    next_number: int

    def latest_record(self) -> int: ...


class Doses(DoseNumbers, Protocol):
    def note_change(self) -> None: ...
    def take_number(self) -> int: ...
    def go_on_after(self, number: int) -> None: ...
    def write(self) -> bool: ...


class DoseRecords(Protocol):
    has_failed: bool

    def try_again(self) -> None: ...
    def needs_writing(self) -> bool: ...
    def write(self) -> bool: ...
    def needs_erase(self) -> bool: ...
    def erase_one(self) -> None: ...


class NotedDoses(Protocol):
    noted_tick: int


class DoseEnds(Protocol):
    def note_change(self, before: AnyTimeline, after: AnyTimeline, tick: int) -> None: ...
    def cut_short(self, timeline: AnyTimeline, tick: int, reason: int) -> None: ...
    def end_all(self, tick: int, reason: int) -> None: ...


class Notes(Protocol):
    """under_way: the doses that have begun and not ended."""

    under_way: list[Bolus]

    def begun(self, bolus: Bolus) -> None: ...
    def begun_as(self, bolus: Bolus) -> Bolus: ...
    def ended(self, bolus: Bolus, tick: int, reason: int) -> None: ...
    def note_lost(self, bolus: Bolus) -> None: ...
    def go_on_from(self, tick: int) -> None: ...


class BridgeEnd(Protocol):
    def note_over(self) -> None: ...


class BridgeLead(Protocol):
    """end: where the bridge is over; None if there is none."""

    end: int | None

    def lead(self, tick: int) -> tuple[int, int] | None: ...


class StoredBridge(Protocol):
    def to_store(self) -> int: ...


class RememberedDoses(Protocol):
    """The doses that count for limits, and the room of the line."""

    history: BolusHistory
    line_room: LineRoom

    @property
    def recall(self) -> Recall: ...


class NotedClockDoses(Protocol):
    """Doses of the clock as the notes see them: what has begun, and what does not."""

    def note_settled(self, tick: int) -> None: ...
    def note_passed_over(self, minute: int, reason: int) -> None: ...
    def hold_back(self, bolus: Bolus, reason: int) -> None: ...
    def pass_over(self, number: int, first_minute: int, reason: int) -> None: ...


class LastDose(Protocol):
    """dose: the daily dose last delivered, as ``DoseRecord.last`` has it."""

    dose: tuple[int, ...]

    def restore(self, dose: tuple[int, ...]) -> None: ...


class RecordedClockDoses(Protocol):
    """Doses of the clock as their record holds them."""

    lived: LivedMinutes
    settled_minute: int
    passed_over: int
    passed_reason: int

    def restore(self, told: DoseRecord) -> None: ...


class Blocked(GivenBeside, Protocol):
    def are_blocked(self) -> bool: ...


# --- of the meter


class Minutes(Protocol):
    def pass_minutes(self, now_s: int) -> None: ...


class Meter(Protocol):
    free_steps: int

    def take(self) -> None: ...
    def holds(self, dose: Bolus, line: RateLine, tick: int) -> bool: ...
    def note_held(self, kind: int) -> None: ...
    def restore_free(self, steps: int, running_s: int) -> None: ...


class MeterPages(Protocol):
    def write_page(self) -> bool: ...
    def needs_erase(self) -> bool: ...
    def erase_one(self) -> None: ...


# --- of what is made durable


class Writing(Protocol):
    def may_write(self) -> bool: ...


class Events(Protocol):
    def oldest(self) -> int: ...
    def get(self, sequence: int) -> tuple[int, ...] | None: ...
    def is_left_out(self, sequence: int) -> bool: ...
    def write(self) -> None: ...
    def latest_written(self) -> int: ...


class Keeping(Protocol):
    @property
    def events(self) -> Events: ...
    def save(self) -> bool: ...


class StartGrants(Protocol):
    def grant_for_start(self) -> bool: ...


class MemoryChecks(Protocol):
    @property
    def events(self) -> Events: ...
    def can_compare(self) -> bool: ...
    def memory_agrees(self) -> bool: ...
    def scrub(self) -> None: ...


class Quantum(Protocol):
    def size_quantum(self, program: Program | None) -> None: ...


class Armed(Protocol):
    def note_armed(self) -> None: ...


class UsedUp(Protocol):
    def is_used_up(self) -> bool: ...


# --- of the shaft, of service, of the whole


class Motor(Protocol):
    def watch(self) -> None: ...


class Lost(Protocol):
    def lost_steps(self) -> int: ...
    def is_stalled(self) -> bool: ...


class Aging(Protocol):
    def check(self) -> None: ...


class Therapy(Protocol):
    def replan(self) -> int: ...


class Link(Protocol):
    """due_s, due_us: when it has something to do without input. has_something_waiting: whether there is something to
    serve as soon as there is time. has_next: whether that is the next frame, and can be served at once."""

    due_s: int
    due_us: int
    has_something_waiting: bool
    has_next: bool

    def serve(self, now_s: int, now_us: int, byte: int) -> bool: ...
