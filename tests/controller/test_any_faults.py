"""Requests and faults in any order, several at once: the pump never falls over, and once everything is in order again
it delivers as programmed."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from serial import SerialException

from controller.link_host import RefusedError
from controller.pump_bench import MONDAY_UTC_S, PumpBench, continuous
from thecal_fw.core import alarms, events
from thecal_fw.core.alarms import ALARMS
from thecal_fw.core.pump_state import STATE_DELIVERING, STATE_STOPPED
from thecal_sim.edges import ENABLE
from thecal_sim.units import NS_PER_MS

LAST = continuous(1_000_000)
STEPS_IN_1000_S = 1_000_000 * 1_000 / 86_400 * 3_200 / 50_000

ACTIONS = {
    "run": lambda bench, amount: bench.run_for(10 ** (amount / 25 - 1)),
    "commit": lambda bench, amount: bench.commit(continuous(48_000 + amount * 239_000)),
    "stop": lambda bench, amount: bench.stop(),
    "start": lambda bench, amount: bench.start(),
    "refill": lambda bench, amount: bench.refill(3_000 + amount * 390_000),
    "set the time": lambda bench, amount: bench.set_time(MONDAY_UTC_S + amount * 7_200),
    "acknowledge": lambda bench, amount: acknowledge(bench),
    "motor stalls": lambda bench, amount: bench.pump.board.motor.stall(amount % 2 == 0),
    "motor slips": lambda bench, amount: bench.pump.board.motor.slip(amount % 8),
    "motor runs ahead": lambda bench, amount: bench.pump.board.motor.run_ahead(amount % 2 * 10),
    "supply": lambda bench, amount: setattr(bench.pump.board.supply, "good", amount % 2 == 0),
    "sense wire": lambda bench, amount: setattr(bench.pump.board.sense_wire, "connected", amount % 2 == 0),
    "noise": lambda bench, amount: bench.pump.board.sense_wire.pick_up_noise(1 + amount % 3),
    "runs wild": lambda bench, amount: bench.pump.board.train.run_wild(2 * NS_PER_MS, 1 + 9 * amount),
    "starves": lambda bench, amount: bench.pump.board.train.starve(),
    "pauses": lambda bench, amount: bench.pump.withhold_polls(bench.pump.now_ns + amount * 60 * NS_PER_MS),
    "power cut": lambda bench, amount: bench.reset(events.RESET_POWER_ON),
    "watchdog": lambda bench, amount: bench.reset(events.RESET_WATCHDOG),
    "flash is dead": lambda bench, amount: setattr(bench.pump.board.chip, "takes_nothing", amount % 2 == 0),
    "flash rots": lambda bench, amount: bench.pump.board.chip.rot(amount, 37 * amount, amount + 1),
    "erases are slow": lambda bench, amount: setattr(bench.pump.board.flash, "erase_ns", 400 * NS_PER_MS),
}


def acknowledge(bench: PumpBench) -> None:
    bench.host.acknowledge(bench.status()["active_alarms"])


def find_again(bench: PumpBench) -> None:
    """Make a new host, once the pump has answered to one; a pump that hangs has been reset by then."""
    bench.run_for(10)
    bench.pump.serial.close()
    bench.connect()


def end_all_faults(bench: PumpBench) -> None:
    board = bench.pump.board
    board.motor.stall(False)
    board.motor.slip(0)
    board.motor.run_ahead(0)
    board.supply.good = True
    board.sense_wire.connected = True
    board.chip.takes_nothing = False
    find_again(bench)
    # A self-test that failed is passed by a restart.
    bench.reset(events.RESET_POWER_ON)


def put_in_order(bench: PumpBench) -> None:
    """Do what a person does once the faults are gone."""
    acknowledge(bench)
    bench.commit(LAST)
    bench.refill()
    bench.set_time(MONDAY_UTC_S)
    for _ in range(3):
        acknowledge(bench)
        bench.run_for(10)
        if bench.status()["state"] == STATE_STOPPED:
            bench.start()
        bench.run_for(60)
    acknowledge(bench)
    bench.run_for(10)


@pytest.mark.requirement("any-faults", "alarm-table", "alarm-response", "any-faults-then-exact")
@settings(max_examples=60, deadline=None)
@given(
    actions=st.lists(st.tuples(st.sampled_from(sorted(ACTIONS)), st.integers(0, 100)), max_size=30),
    nl_per_day=st.sampled_from([48_000, 424_000, 9_000_000, 24_000_000]),
)
@example([("acknowledge", 0), ("acknowledge", 0), ("runs wild", 45)], 48_000)
def test_after_any_requests_and_faults_the_pump_is_put_in_order_and_delivers(
    actions: list[tuple[str, int]], nl_per_day: int
) -> None:
    bench = PumpBench()
    bench.set_time(MONDAY_UTC_S)
    bench.deliver(continuous(nl_per_day))
    for name, amount in actions:
        try:
            ACTIONS[name](bench, amount)
        except (RefusedError, TimeoutError, SerialException):
            find_again(bench)
    end_all_faults(bench)
    status = bench.status()
    active = [row for bit, row in enumerate(ALARMS) if status["active_alarms"] >> bit & 1]
    if any(row[2] == alarms.RESPONSE_STOP for row in active):
        assert status["state"] == STATE_STOPPED
    put_in_order(bench)
    status = bench.status()
    assert status["active_alarms"] == 0
    assert status["state"] == STATE_DELIVERING
    assert status["rate_nl_per_day"] == 1_000_000
    assert bench.pump.board.level(ENABLE) == 0
    turned = bench.pump.board.motor.turned_steps
    bench.run_for(1_000)
    assert abs(bench.pump.board.motor.turned_steps - turned - STEPS_IN_1000_S) <= 1
