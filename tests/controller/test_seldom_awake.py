"""A pump that delivers steadily has something to do when its grant is renewed: what else comes due is done then."""

from __future__ import annotations

from typing import Any

import pytest

from controller.pump_bench import PumpBench, continuous
from thecal_fw.core import alarms
from thecal_fw.pump.controller import NOTHING_DUE
from thecal_fw.pump.infusion import _LASTS_BEYOND_FILLING_S
from thecal_fw.pump.supervision import MEMORY_CHECK_S

RATE_NL_PER_DAY = 424_000
HOUR_S = 3_600
GRANTS = HOUR_S * RATE_NL_PER_DAY // 86_400 * 16 // 250 // 52
"""Microsteps of an hour, of which a grant of 64 is renewed with 12 of them left."""


class Awake:
    """The waking of one pump: how many polls had something to do, how often its queue was filled, its record written
    and a sector of its journal erased."""

    def __init__(self, bench: PumpBench) -> None:
        self.polls = self.fillings = self.records = self.erases = 0
        controller = bench.pump.controller
        poll, fill_block = controller.poll, controller.infusion._fill_block
        write_grant = controller.keeper.journal.write_grant

        def counted_poll(now_s: int, now_us: int) -> int:
            left = poll(now_s, now_us)
            self.polls += left != NOTHING_DUE
            return left

        def counted_fill_block() -> None:
            fill_block()
            self.fillings += 1

        def counted_write_grant(*values: Any) -> bool:
            self.records += 1
            return write_grant(*values)

        erase_one = controller.keeper.journal.erase_one

        def counted_erase_one() -> None:
            self.erases += 1
            erase_one()

        controller.keeper.journal.erase_one = counted_erase_one
        controller.poll = counted_poll
        controller.infusion._fill_block = counted_fill_block
        controller.keeper.journal.write_grant = counted_write_grant  # type: ignore[method-assign]


def steady_bench() -> PumpBench:
    bench = PumpBench()
    bench.deliver(continuous(RATE_NL_PER_DAY))
    bench.run_for(HOUR_S)
    return bench


def test_the_queue_is_filled_when_a_grant_is_renewed() -> None:
    bench = steady_bench()
    awake = Awake(bench)
    bench.run_for(HOUR_S)
    assert abs(awake.records - GRANTS) <= 1
    assert awake.fillings >= HOUR_S // 240
    checks = HOUR_S // MEMORY_CHECK_S
    # After an erase the pump looks at once whether another one is needed.
    assert awake.polls <= awake.records + checks + awake.erases
    bench.assert_as_prescribed()


@pytest.mark.parametrize("rate_nl_per_day", [48_000, 424_000, 2_000_000, 24_000_000])
def test_the_queue_always_lasts_longer_than_a_watchdog_that_bites(rate_nl_per_day: int) -> None:
    bench = PumpBench()
    bench.deliver(continuous(rate_nl_per_day))
    bench.run_for(60)
    infusion, watchdog_s = bench.pump.controller.infusion, 10
    for _ in range(900):
        bench.run_for(1)
        assert infusion.queued_ms() > watchdog_s * 1_000
    assert watchdog_s < _LASTS_BEYOND_FILLING_S


def test_what_is_looked_at_every_few_minutes_is_looked_at_between_two_grants_and_answered_at_once() -> None:
    bench = steady_bench()
    controller = bench.pump.controller
    due_s = controller.supervisor.check_s
    written = controller.keeper.journal.state
    assert written is not None
    written.microsteps_per_rev += 1
    bench.pump.run_until(bench.pump.boot_origin_ns + (due_s + 8) * 1_000_000_000)
    assert controller.alarms.is_active(alarms.MEMORY_FAULT)
    # Answered, and durable: a restart knows of it.
    assert controller.keeper.is_up_to_date()
    assert controller.infusion.rate_nl_per_day() < RATE_NL_PER_DAY or controller.infusion.change_tick >= 0
