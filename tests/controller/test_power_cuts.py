"""A power cut at any flash operation of a pump in use, and another while it recovers: nothing is lost or doubled."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from serial import SerialException

from controller.pump_bench import MONDAY_UTC_S, PumpBench, continuous, flex
from thecal_fw.core.journal_condition import GOOD
from thecal_fw.core.pump_state import STATE_STOPPED
from thecal_fw.link import messages
from thecal_sim.nor_flash import AFTER, BEFORE, ERASE, PROGRAM, TORN_ERASE, TORN_PROGRAM

OLD, NEW = continuous(9_000_000), flex([[(0, 3_000_000), (60, 8_000_000)]])


def use(bench: PumpBench) -> None:
    """Do what a host does in the course of a visit, with some delivery in between."""
    bench.set_time(MONDAY_UTC_S)
    bench.deliver(OLD)
    bench.run_for(70)
    bench.refill(30_000_000)
    bench.commit(NEW)
    bench.run_for(70)
    bench.stop()
    bench.start()
    bench.run_for(40)


def operations_of_a_visit() -> list[str]:
    bench = PumpBench()
    kinds: list[str] = []
    bench.pump.board.chip.before_operation = lambda index, kind, sector, offset: kinds.append(kind)
    use(bench)
    return kinds


def largest_quantum() -> int:
    bench = PumpBench()
    bench.commit(OLD)
    return bench.status()["quantum_steps"]


QUANTUM_STEPS = largest_quantum()
KINDS = operations_of_a_visit()
OUTCOMES = {PROGRAM: (BEFORE, AFTER, *TORN_PROGRAM), ERASE: (BEFORE, AFTER, *TORN_ERASE)}


def cut_and_check(operation: int, outcome: int, second: int | None, second_outcome: int) -> None:
    bench = PumpBench()
    chip = bench.pump.board.chip
    base = chip.operation
    choices = OUTCOMES[KINDS[operation]]
    chip.cut_at(base + operation, choices[outcome % len(choices)])
    digests = {bytes(32)}
    with suppress(SerialException, AssertionError, KeyError, TypeError, AttributeError):
        use(bench)
    # What was being committed at that instant may be in force or not; what was acknowledged is.
    digests |= {OLD.digest(), NEW.digest()}
    bench.run_for(0.3)
    assert len(bench.pump.resets) == 1
    if second is not None:
        chip.cut_at(chip.operation + second, (BEFORE, AFTER, *TORN_PROGRAM)[second_outcome % 6])
        with suppress(ValueError):
            bench.pump.reset(0)
        bench.run_for(0.3)
    chip.cut = None
    bench.run_for(5)
    bench.connect()
    status = bench.status()
    delivered = bench.pump.board.motor.turned_steps
    cuts = len(bench.pump.resets)
    assert status["journal_condition"] in (0, GOOD)
    assert status["lifetime_steps"] >= delivered
    assert status["lifetime_steps"] - delivered <= status["uncertain_steps"]
    assert status["uncertain_steps"] <= cuts * QUANTUM_STEPS
    assert status["program_digest"] in digests
    if status["has_program"] and status["state"] != STATE_STOPPED:
        bench.run_for(10)
        assert bench.pump.board.motor.turned_steps > delivered
    numbers = [event["sequence"] for event in bench.all_events()]
    assert len(numbers) == len(set(numbers))
    # The pump takes a program as if nothing had been.
    bench.commit(OLD)
    bench.refill()
    assert bench.host.ask(messages.INTERROGATE)["program_digest"] == OLD.digest()


@pytest.mark.requirement("old-or-new-program")
@pytest.mark.requirement("power-cut")
@settings(max_examples=120, deadline=None)
@given(
    operation=st.integers(0, len(KINDS) - 1),
    outcome=st.integers(0, 5),
    second=st.one_of(st.none(), st.integers(0, 8)),
    second_outcome=st.integers(0, 5),
)
def test_after_a_cut_at_any_flash_operation_nothing_is_given_twice_and_the_program_is_the_old_or_the_new_one(
    operation: int, outcome: int, second: int | None, second_outcome: int
) -> None:
    cut_and_check(operation, outcome, second, second_outcome)
