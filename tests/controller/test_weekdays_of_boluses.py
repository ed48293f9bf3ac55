"""A scheduled bolus begins on its minute on the weekdays that have its pattern, and on no other day."""

from __future__ import annotations

import pytest

from controller.pump_bench import MONDAY_UTC_S, SECONDS_PER_DAY, PumpBench, flex, within_limits
from thecal_fw.core import events

BOLUS = 2_880_000
MONDAY_MINUTE = MONDAY_UTC_S // 60


@pytest.mark.requirement("bolus-scheduled-days", "bolus-scheduled")
def test_a_week_has_its_boluses_on_the_days_of_their_pattern_alone() -> None:
    program = flex([[(0, 424_000)], [(0, 424_000)]], weekdays=(0, 1, 0, 0, 1, 0, 0))
    program.most_nl_per_bolus = 20_000
    program.boluses = [[], [(480, BOLUS, 5), (1_200, BOLUS, 5)]]
    bench = PumpBench()
    bench.set_time(MONDAY_UTC_S)
    bench.deliver(within_limits(program))
    bench.run_for(7.2 * SECONDS_PER_DAY)
    # Tuesday and Friday are days 1 and 4 of a week from Monday on.
    expected = [24 * 60 * day + minute for day in (1, 4) for minute in (480, 1_200)]
    begun = [event["utc_s"] // 60 - MONDAY_MINUTE for event in bench.events(events.EVENT_BOLUS_BEGUN)]
    assert begun == expected
    bench.assert_as_prescribed()
