"""Heartbeats passed over change nothing: a pump that is polled at each of them has the same state, log, flash, edges
and plant, whatever happens to it."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import numpy as np
import pytest
from serial import SerialException

from controller.link_host import RefusedError
from controller.pump_bench import MONDAY_UTC_S, PumpBench, continuous, flex
from controller.test_any_faults import ACTIONS, acknowledge, find_again
from thecal_fw.core import alarms, events
from thecal_fw.core.bolus import KIND_CLINICIAN, KIND_PATIENT
from thecal_fw.core.program import PatientBolus, Program
from thecal_fw.pump.controller import HEARTBEAT_S, Controller
from thecal_sim.edge_record import EdgeRecord
from thecal_sim.heartbeats import HEARTBEAT_NS, ModelController
from thecal_sim.model import ModelPump
from thecal_sim.plant import Plant, PlantParameters, Quantity
from thecal_sim.plant.line import LineParameters
from thecal_sim.plant.motor import WEAK_MOTOR
from thecal_sim.units import NS_PER_MINUTE, NS_PER_S
from thecal_sim.virtual_time import VirtualTime
from thecal_sim.watchdog import SimulatedWatchdog

PAEDIATRIC = 424_000
HOUR_S = 3_600
NS_PER_HOUR = 60 * NS_PER_MINUTE
_WITH_WEAK_MOTOR = PlantParameters(motor=WEAK_MOTOR, line=LineParameters(compliance_nl_per_kpa=50.0))
"""A closed line makes its motor miss microsteps."""


class Followed:
    """A pump in the hands of a host, and all that can be seen of it from time to time."""

    def __init__(self, every_heartbeat: bool, with_plant: bool = False) -> None:
        self.bench = PumpBench(every_heartbeat=every_heartbeat)
        self.pump = self.bench.pump
        self.plant = Plant(_WITH_WEAK_MOTOR, seed=3) if with_plant else None
        if self.plant is not None:
            motor = self.pump.board.motor
            motor.mechanics = self.plant.live_in(self.pump.env, motor.settle)
        self.seen: list[dict[str, Any]] = []

    def look(self) -> None:
        board, pump = self.pump.board, self.pump
        seen: dict[str, Any] = {
            "now": pump.now_ns,
            "polls": pump.polls + pump.heartbeats_passed_over,
            "resets": list(pump.resets),
            "flash": b"".join(board.chip.content(sector) for sector in range(board.chip.sectors)),
            "erases": [board.chip.erases_of(sector) for sector in range(board.chip.sectors)],
            "retained": (board.retained._kept, board.retained._kept_record),
            "turned": board.motor.turned_steps,
            "sensed": board.sense.count(),
            "pieces": board.self_test._piece,
            "bite": board.watchdog.timer.due_ns,
            "left": pump.left_for,
        }
        if self.pump._controller is not None:
            seen["controller"] = dict(state_of(self.pump.controller))
        self.seen.append(seen)

    @property
    def edges(self) -> EdgeRecord:
        return self.pump.edges


def state_of(controller: Controller) -> Iterator[tuple[str, Any]]:
    """Yield every value that the firmware holds, by where it is held; what belongs to the board is left out."""
    known: set[int] = set()

    def values(place: str, value: Any) -> Iterator[tuple[str, Any]]:
        if isinstance(value, array | bytes | bytearray | memoryview):
            yield place, bytes(value)
        elif value is None or isinstance(value, int | str):
            yield place, value
        elif isinstance(value, list | tuple):
            yield place, len(value)
            for index, item in enumerate(value):
                yield from values(f"{place}[{index}]", item)
        elif (
            type(value).__module__.startswith(("thecal_fw", "thecal_sim.heartbeats"))
            and id(value) not in known
        ):
            known.add(id(value))
            for name, held in vars(value).items():
                yield from values(f"{place}.{name}", held)

    return values("pump", controller)


def asks_for_more(bench: PumpBench) -> None:
    link = bench.pump.controller._link
    assert link is not None
    link.has_something_waiting = True


def counts_too_much(bench: PumpBench) -> None:
    bench.pump.controller.ledger.counted += 1


def loses_supply(bench: PumpBench) -> None:
    bench.pump.board.supply.good = False


def holds_the_button(bench: PumpBench) -> None:
    bench.pump.board.button.held = True


def trips_the_gate(bench: PumpBench) -> None:
    bench.pump.board.hardware.gate.has_tripped = lambda: True


def runs_dry(bench: PumpBench) -> None:
    bench.pump.board.hardware.train.starved = lambda: True


@pytest.mark.parametrize(
    "leave_undone",
    [asks_for_more, counts_too_much, loses_supply, holds_the_button, trips_the_gate, runs_dry],
)
def test_a_poll_that_leaves_something_for_the_next_heartbeat_is_found_out(
    leave_undone: Callable[[PumpBench], None],
) -> None:
    bench = PumpBench()
    bench.deliver(continuous(PAEDIATRIC))
    bench.run_for(60)
    controller = bench.pump.controller
    assert isinstance(controller, ModelController)
    controller.infusion.delivery.settle(controller.wake_s, controller.wake_us)
    controller.ledger.counted = controller.infusion.delivery.due
    assert controller.has_settled()
    leave_undone(bench)
    assert not controller.has_settled()


Course = Callable[[Followed], None]


def run_both_ways(course: Course, with_plant: bool = False) -> Followed:
    """Hold a course with each heartbeat against the same without; the one that has passed some over."""
    leaping, plain = (Followed(every, with_plant) for every in (False, True))
    for followed in (leaping, plain):
        course(followed)
        followed.look()
    assert len(leaping.seen) == len(plain.seen)
    for ours, theirs in zip(leaping.seen, plain.seen, strict=True):
        for what in theirs:
            assert ours[what] == theirs[what], what
    assert leaping.edges == plain.edges
    assert leaping.bench.all_events() == plain.bench.all_events()
    if leaping.plant is not None and plain.plant is not None:
        assert leaping.plant.state() == plain.plant.state()
        instants = np.arange(NS_PER_S, leaping.pump.now_ns, NS_PER_HOUR // 7)
        for quantity in Quantity:
            ours, theirs = leaping.plant.curve(quantity, instants), plain.plant.curve(quantity, instants)
            assert ours.tobytes() == theirs.tobytes(), quantity
    assert plain.pump.heartbeats_passed_over == 0
    return leaping


def with_patient_bolus(nl_per_day: int = PAEDIATRIC) -> Program:
    program = continuous(nl_per_day)
    program.patient_bolus = PatientBolus(1_440_000, 10, lockout_minutes=60, most_per_day=4)
    program.most_nl_per_bolus = 20_000
    program.most_nl_per_hour += 40_000
    program.most_nl_per_day += 100_000
    return program


def run_for(followed: Followed, seconds: float, looks: int = 1) -> None:
    """Let time pass, and look now and then, also between two heartbeats."""
    for _ in range(looks):
        followed.bench.run_for(seconds / looks)
        followed.look()


# --- courses


def steady(followed: Followed) -> None:
    followed.bench.deliver(continuous(PAEDIATRIC))
    run_for(followed, 6 * HOUR_S, looks=11)


def standing(followed: Followed) -> None:
    """Start nothing: the reminder comes, and the pump stands on."""
    followed.bench.commit(continuous(PAEDIATRIC))
    run_for(followed, 50 * HOUR_S, looks=7)


def boluses(followed: Followed) -> None:
    bench = followed.bench
    bench.deliver(with_patient_bolus())
    run_for(followed, 700)
    bench.give_bolus(KIND_PATIENT)
    run_for(followed, 1_900, looks=3)
    bench.give_bolus(KIND_CLINICIAN, 2_000_000, 120)
    run_for(followed, 60)
    bench.cancel_bolus()
    run_for(followed, 4_000)
    # A press at the button, refused by the lockout or given.
    for held in (True, False):
        followed.pump.board.button.held = held
        run_for(followed, 0.4)
    run_for(followed, 5_000, looks=2)


def alarms_of_the_motor(followed: Followed) -> None:
    bench, motor = followed.bench, followed.pump.board.motor
    bench.deliver(continuous(PAEDIATRIC))
    run_for(followed, 1_003)
    motor.stall()
    run_for(followed, 400)
    motor.stall(False)
    run_for(followed, 300)
    motor.slip(9)
    run_for(followed, 900, looks=3)
    motor.slip(0)
    acknowledge(bench)
    run_for(followed, 900)


def a_motor_that_slips_slowly(followed: Followed) -> None:
    """Let it stand for four microsteps and turn again: reported as soon as it does, which is half a minute later."""
    bench, motor = followed.bench, followed.pump.board.motor
    bench.deliver(continuous(48_000))
    run_for(followed, 500)
    motor.stall()
    run_for(followed, 130)
    motor.stall(False)
    run_for(followed, 900, looks=30)
    assert bench.is_active(alarms.UNDER_DELIVERY)


def a_generator_that_adds_steps_slowly(followed: Followed) -> None:
    """Add steps far enough apart for quiet heartbeats to lie between the fault and what it does."""
    bench = followed.bench
    bench.deliver(continuous(PAEDIATRIC))
    run_for(followed, 1_000)
    followed.pump.board.train.run_wild(20 * NS_PER_S, 4)
    run_for(followed, 200)
    assert bench.is_active(alarms.PULSES_IN_EXCESS)
    run_for(followed, 1_000)


def a_wire_that_breaks(followed: Followed) -> None:
    bench, board = followed.bench, followed.pump.board
    bench.deliver(continuous(PAEDIATRIC))
    run_for(followed, 1_234)
    board.sense_wire.connected = False
    run_for(followed, 300)
    board.sense_wire.connected = True
    acknowledge(bench)
    run_for(followed, 900)
    board.sense_wire.pick_up_noise(2)
    run_for(followed, 900)


def faults_while_nobody_looks(followed: Followed) -> None:
    """Cause faults that each come of themselves in the midst of a long wait."""
    bench, board, env = followed.bench, followed.pump.board, followed.pump.env
    bench.deliver(continuous(PAEDIATRIC))
    for after_s, fault in (
        (1_801.5, lambda: board.sense_wire.pick_up_noise(1)),
        (4_000.25, lambda: board.motor.stall()),
        (5_000, lambda: board.motor.stall(False)),
        (7_003, lambda: setattr(board.supply, "good", False)),
        (9_100, lambda: setattr(board.supply, "good", True)),
        (11_000, lambda: board.train.run_wild(2_000_000, 3)),
        (12_500, board.train.starve),
    ):
        env.timeout(round(after_s * NS_PER_S)).callbacks.append(lambda _, fault=fault: fault())
    run_for(followed, 4 * HOUR_S, looks=5)


def clock_sets_and_midnight(followed: Followed) -> None:
    bench = followed.bench
    bench.set_time(MONDAY_UTC_S + 86_400 - 1_800, 0, 60)
    patterns = [[(0, 300_000), (390, 520_000), (1_140, 433_000)], [(0, 250_000), (600, 610_000)]]
    bench.deliver(flex(patterns, (0, 1) * 3 + (0,)))
    run_for(followed, 3_000, looks=2)
    bench.set_time(MONDAY_UTC_S + 2 * 86_400 - 900, 250_000, 60)
    run_for(followed, 3 * HOUR_S, looks=3)
    bench.set_time(MONDAY_UTC_S + 86_400 - 1_000, 0, -120)
    run_for(followed, 30 * HOUR_S, looks=4)


def watchdog_and_power(followed: Followed) -> None:
    bench, pump = followed.bench, followed.pump
    bench.deliver(continuous(PAEDIATRIC))
    run_for(followed, 2_000)
    pump.withhold_polls(pump.now_ns + 60 * NS_PER_S)
    run_for(followed, 20)
    assert pump.resets[-1][1] == events.RESET_WATCHDOG
    bench.connect()
    run_for(followed, 2_500, looks=2)
    bench.reset(events.RESET_POWER_ON)
    run_for(followed, 2_500)
    pump.withhold_polls(pump.now_ns + 3 * NS_PER_S)
    run_for(followed, 1_000)


def sessions_on_the_link(followed: Followed) -> None:
    bench = followed.bench
    bench.deliver(continuous(PAEDIATRIC))
    for pause_s in (3.5, 61.2, 601, 1_999.9, 30):
        run_for(followed, pause_s)
        bench.host.hello()
        bench.status()
        bench.all_events()
    followed.pump.serial.write(b"\x00\x13garbage")
    run_for(followed, 100)
    # The request that ends what looked like a frame goes unanswered.
    with pytest.raises(TimeoutError):
        bench.host.hello()
    find_again(bench)
    followed.pump.serial.paused = True
    run_for(followed, 500)
    followed.pump.serial.paused = False
    run_for(followed, 2_000)


def supply_is_low(followed: Followed) -> None:
    bench, supply = followed.bench, followed.pump.board.supply
    bench.deliver(continuous(PAEDIATRIC))
    run_for(followed, 1_500)
    supply.good = False
    run_for(followed, 1_500, looks=3)
    supply.good = True
    run_for(followed, 1_500)


def reservoir_runs_out(followed: Followed) -> None:
    bench = followed.bench
    bench.deliver(continuous(9_000_000))
    bench.refill(2_500_000)
    run_for(followed, 12 * HOUR_S, looks=12)
    assert bench.is_active(alarms.EMPTY_RESERVOIR)
    bench.refill(4_000_000)
    run_for(followed, HOUR_S)


def the_image_changes(followed: Followed) -> None:
    """Change the image. All of it is looked at within an hour; what is found must not be found later."""
    followed.bench.deliver(continuous(PAEDIATRIC))
    run_for(followed, 600)
    followed.pump.board.self_test.image_has_changed = True
    run_for(followed, 2 * HOUR_S, looks=4)
    assert followed.bench.is_active(alarms.SELF_TEST)


COURSES = (
    steady,
    standing,
    boluses,
    alarms_of_the_motor,
    a_motor_that_slips_slowly,
    a_generator_that_adds_steps_slowly,
    a_wire_that_breaks,
    faults_while_nobody_looks,
    clock_sets_and_midnight,
    watchdog_and_power,
    sessions_on_the_link,
    supply_is_low,
    reservoir_runs_out,
    the_image_changes,
)


@pytest.mark.requirement("model-heartbeats")
@pytest.mark.parametrize("course", COURSES, ids=lambda course: course.__name__)
def test_a_course_is_the_same_with_and_without_each_heartbeat(course: Course) -> None:
    leaping = run_both_ways(course)
    assert leaping.pump.heartbeats_passed_over > 0


@pytest.mark.requirement("model-heartbeats")
@pytest.mark.parametrize("seed", range(25))
def test_requests_and_faults_in_any_order_are_the_same_with_and_without_each_heartbeat(seed: int) -> None:
    def course(followed: Followed) -> None:
        chance, bench = Random(seed), followed.bench
        bench.set_time(MONDAY_UTC_S + chance.randrange(86_400))
        bench.deliver(continuous(chance.choice([48_000, PAEDIATRIC, 24_000_000])))
        for _ in range(8):
            name, amount = chance.choice(sorted(ACTIONS)), chance.randrange(101)
            try:
                ACTIONS[name](bench, amount)
                run_for(followed, chance.choice([1, 20, 333, 1_700]) * chance.random())
            except (RefusedError, TimeoutError, SerialException):
                find_again(bench)
            followed.look()
        find_again(bench)

    run_both_ways(course)


@pytest.mark.requirement("model-heartbeats")
@pytest.mark.parametrize("nl_per_day", [48_000, PAEDIATRIC])
def test_a_plant_is_the_same_with_and_without_each_heartbeat(nl_per_day: int) -> None:
    """Through an occlusion until the motor misses steps, worn tubing, a colder room and a release."""

    def course(followed: Followed) -> None:
        plant, now_ns = followed.plant, followed.pump.now_ns
        assert plant is not None
        hours = 3_000_000 / nl_per_day
        for at_h, action in (
            (0.3, plant.occlude),
            (0.7, plant.release),
            (0.8, lambda: plant.set_temperature(31.0)),
            (0.85, lambda: plant.set_wear_factor(0.93)),
            (0.9, lambda: plant.set_load(3.0)),
        ):
            plant.at(now_ns + round(at_h * hours * NS_PER_HOUR), action)
        followed.bench.deliver(continuous(nl_per_day))
        run_for(followed, hours * HOUR_S, looks=5)

    leaping = run_both_ways(course, with_plant=True)
    assert leaping.plant is not None
    assert leaping.plant.state().missed > 0
    assert leaping.pump.heartbeats_passed_over > 1_000


# --- what is passed over, and what never is


def test_most_heartbeats_of_a_steady_delivery_are_passed_over() -> None:
    bench = PumpBench()
    bench.deliver(continuous(PAEDIATRIC))
    polls = bench.pump.polls
    bench.run_for(24 * HOUR_S)
    passed, polled = bench.pump.heartbeats_passed_over, bench.pump.polls - polls
    assert passed + polled >= 24 * HOUR_S // HEARTBEAT_S
    assert passed > 2 * polled


def test_what_is_due_at_a_heartbeat_is_polled_at_that_heartbeat() -> None:
    instants: list[list[int]] = []
    for every_heartbeat in (False, True):
        bench = PumpBench(every_heartbeat=every_heartbeat)
        bench.deliver(continuous(PAEDIATRIC))
        more: list[int] = []
        with noting_full_polls(bench.pump, more):
            bench.run_for(6 * HOUR_S)
        instants.append(more)
    assert instants[0] == instants[1]
    assert len(instants[0]) > 100


@contextmanager
def noting_full_polls(pump: ModelPump, instants: list[int]) -> Iterator[None]:
    """Yield instants of the polls that find something to do."""
    controller, poll = pump.controller, pump.controller.poll

    def noting(now_s: int, now_us: int) -> int:
        is_more = poll(now_s, now_us)
        if is_more:
            instants.append(pump.now_ns)
        return is_more

    controller.poll = noting  # type: ignore[method-assign]
    try:
        yield
    finally:
        del controller.poll


@pytest.mark.parametrize(
    "fault",
    [
        lambda bench: bench.pump.board.motor.stall(),
        lambda bench: bench.pump.board.motor.slip(1_000),
        lambda bench: bench.pump.board.motor.stick_enabled(),
        lambda bench: setattr(bench.pump.board.sense_wire, "connected", False),
    ],
    ids=["a stalled motor", "a motor that slips", "a driver that sticks", "a wire that is cut"],
)
def test_no_heartbeat_is_passed_over_while_a_fault_may_show_at_any(
    fault: Callable[[PumpBench], None],
) -> None:
    bench = PumpBench()
    bench.deliver(continuous(9_000_000))
    bench.run_for(200)
    fault(bench)
    passed = bench.pump.heartbeats_passed_over
    bench.run_for(100)
    assert bench.pump.heartbeats_passed_over == passed


def test_the_watchdog_is_fed_as_late_as_if_each_heartbeat_had_been_polled() -> None:
    """The program hangs in the midst of a long wait: the watchdog bites after its time, and not a heartbeat sooner or
    later."""
    resets: list[list[tuple[int, int]]] = []
    for every_heartbeat in (False, True):
        bench = PumpBench(every_heartbeat=every_heartbeat)
        bench.deliver(continuous(PAEDIATRIC))
        env, pump = bench.pump.env, bench.pump
        env.timeout(1_777 * NS_PER_S).callbacks.append(lambda _, pump=pump: pump.withhold_polls(1 << 62))
        bench.run_for(2_000)
        resets.append(list(pump.resets))
    assert resets[0] == resets[1]
    assert len(resets[0]) == 1


def test_a_timer_that_its_owner_puts_off_does_not_count_for_what_lies_clear() -> None:
    env = VirtualTime()
    mine, other = env.timer(lambda: None), env.timer(lambda: None)
    mine.due_ns, other.due_ns = 10 * HEARTBEAT_NS, 30 * HEARTBEAT_NS
    env._until_ns = 100 * HEARTBEAT_NS
    assert env.clear_until_ns() == 10 * HEARTBEAT_NS - 1
    assert env.clear_until_ns(but_for=mine) == 30 * HEARTBEAT_NS - 1
    env.timeout(20 * HEARTBEAT_NS)
    assert env.clear_until_ns(but_for=mine) == 20 * HEARTBEAT_NS - 1


def test_a_watchdog_fed_ahead_bites_its_time_after_that() -> None:
    pump = ModelPump()
    assert isinstance(pump.board.watchdog, SimulatedWatchdog)
    pump.board.watchdog.feed_at(pump.now_ns + 5 * NS_PER_S)
    assert pump.board.watchdog.timer.due_ns == pump.now_ns + 13_300_000_000
