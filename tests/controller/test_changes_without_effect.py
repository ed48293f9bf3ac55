"""A change of nothing that is due splices nothing: the queue plays on."""

from __future__ import annotations

from collections.abc import Callable
from unittest.mock import patch

import pytest

from controller.pump_bench import MONDAY_UTC_S, PumpBench, continuous, flex
from thecal_fw.core import events
from thecal_fw.core.bolus import KIND_TEMPORARY
from thecal_fw.link import messages
from thecal_sim.units import NS_PER_US

RATE = 20_000_000
DAY = flex([[(0, RATE), (720, 5_000_000)]])


@pytest.fixture
def bench() -> PumpBench:
    bench = PumpBench()
    bench.set_time(MONDAY_UTC_S)
    return bench


def splices(bench: PumpBench, ask: Callable[[], object]) -> int:
    """Return how many queues take over while something is asked for and ten seconds pass."""
    train = bench.pump.board.train
    with patch.object(train, "start", wraps=train.start) as start:
        ask()
        bench.run_for(10)
    return start.call_count


def same_clock(bench: PumpBench) -> tuple[int, int]:
    """Return the UTC that sets the pump's clock to what it shows: one request takes no time on the model."""
    now = bench.host.ask(messages.GET_TIME)
    return now["utc_s"], now["utc_us"]


@pytest.mark.requirement("change-without-effect", "no-change-not-logged")
@pytest.mark.parametrize("program", [continuous(RATE), DAY], ids=["continuous", "flex"])
@pytest.mark.parametrize("is_temporary_rate", [False, True])
def test_cancelling_what_is_not_under_way_splices_nothing(bench, program, is_temporary_rate):
    bench.deliver(program)
    bench.run_for(5)
    assert splices(bench, lambda: bench.host.ask(messages.CANCEL_BOLUS, is_temporary_rate)) == 0
    bench.assert_as_prescribed()


@pytest.mark.requirement("change-without-effect", "same-program-moves-nothing", "no-change-not-logged")
@pytest.mark.parametrize("program", [continuous(RATE), DAY], ids=["continuous", "flex"])
def test_committing_the_program_that_runs_splices_nothing(bench, program):
    bench.deliver(program)
    bench.run_for(5)
    assert splices(bench, lambda: bench.commit(program)) == 0
    assert bench.events(events.EVENT_PROGRAM_COMMITTED)[1:]
    bench.assert_as_prescribed()


@pytest.mark.requirement("change-without-effect")
def test_a_clock_set_anywhere_splices_nothing_of_a_rate_that_does_not_follow_it(bench):
    bench.deliver(continuous(RATE))
    bench.run_for(5)
    assert splices(bench, lambda: bench.host.ask(messages.SET_TIME, MONDAY_UTC_S + 40_000, 17, 60)) == 0
    bench.assert_as_prescribed()


@pytest.mark.requirement("change-without-effect")
def test_a_clock_set_to_what_it_shows_splices_nothing_and_one_set_by_a_tick_does(bench):
    bench.deliver(DAY)
    bench.run_for(5)
    assert splices(bench, lambda: bench.host.ask(messages.SET_TIME, *same_clock(bench), 0)) == 0
    utc_s, utc_us = same_clock(bench)
    assert splices(bench, lambda: bench.set_time(utc_s, utc_us + 10_000 // NS_PER_US)) == 1
    bench.assert_as_prescribed()


@pytest.mark.requirement("change-without-effect")
def test_an_offset_and_a_clock_moved_against_each_other_splice_nothing(bench):
    bench.deliver(DAY)
    bench.run_for(5)
    utc_s, utc_us = same_clock(bench)
    assert splices(bench, lambda: bench.host.ask(messages.SET_TIME, utc_s - 3_600, utc_us, 60)) == 0
    bench.assert_as_prescribed()


@pytest.mark.requirement("change-without-effect")
def test_what_does_change_something_is_spliced(bench):
    program = continuous(RATE)
    bench.deliver(program)
    bench.run_for(5)
    digest = program.digest()
    assert (
        splices(bench, lambda: bench.host.ask(messages.GIVE_BOLUS, digest, KIND_TEMPORARY, 48_000, 60)) == 1
    )
    assert splices(bench, lambda: bench.host.ask(messages.CANCEL_BOLUS, True)) == 1
    assert splices(bench, lambda: bench.commit(continuous(RATE + 1))) == 1
