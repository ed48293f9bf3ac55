"""A commit that the pump refuses leaves the program, a bridge under way, and what is delivered as they were."""

from __future__ import annotations

import pytest

from controller.link_host import RefusedError
from controller.pump_bench import MONDAY_UTC_S, PumpBench, continuous
from controller.test_bridge_and_temporary_rate import bridged, commit_bridged
from thecal_fw.core import events
from thecal_fw.link import messages

HOUR_S = 3_600


def bridging(seconds: int) -> PumpBench:
    """Return a pump that has delivered 424 uL/day and is in the midst of a bridge to 106 uL/day."""
    bench = PumpBench()
    bench.set_time(MONDAY_UTC_S)
    bench.deliver(continuous(424_000))
    bench.run_for(100)
    commit_bridged(bench, bridged(continuous(106_000), seconds, 424_000))
    bench.run_for(HOUR_S)
    return bench


def refuse(bench: PumpBench, rate_nl_per_day: int) -> int:
    """Stage another program and have its commit fail for want of a flash that takes it; the code of the refusal."""
    program = continuous(rate_nl_per_day)
    bench.host.stage(program)
    bench.pump.board.chip.takes_nothing = True
    with pytest.raises(RefusedError) as refused:
        bench.host.ask(messages.COMMIT, program.digest())
    bench.pump.board.chip.takes_nothing = False
    return refused.value.code


@pytest.mark.requirement("refused-commit-keeps-bridge", "bridge-exact", "bridge-then-program")
def test_a_refused_commit_leaves_the_bridge_under_way_and_its_end() -> None:
    bench = bridging(4 * HOUR_S)
    left_s = bench.host.ask(messages.BOLUSES)["bridge_left_s"]
    assert refuse(bench, 700_000) == messages.ERROR_NOT_STORED
    assert abs(bench.host.ask(messages.BOLUSES)["bridge_left_s"] - left_s) <= 5
    # The alarm of a flash that took nothing is over with the next write, and its minimum rate with the alarm.
    bench.run_for(60)
    bench.host.acknowledge(0xFFFFFFFF)
    bench.run_for(60)
    assert bench.status()["rate_nl_per_day"] == 424_000
    while not bench.events(events.EVENT_BRIDGE_ENDED):
        bench.run_for(600)
    bench.run_for(2)
    assert bench.status()["rate_nl_per_day"] == 106_000


@pytest.mark.requirement("refused-commit-keeps-program", "journal-fault-commit")
def test_a_refused_commit_leaves_the_program_and_its_digest() -> None:
    bench = PumpBench()
    bench.deliver(continuous(424_000))
    bench.run_for(100)
    before = bench.status()["program_digest"]
    assert refuse(bench, 700_000) == messages.ERROR_NOT_STORED
    assert bench.status()["program_digest"] == before
    bench.run_for(60)
    bench.host.acknowledge(0xFFFFFFFF)
    bench.run_for(60)
    assert bench.status()["rate_nl_per_day"] == 424_000
