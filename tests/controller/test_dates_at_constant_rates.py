"""At a constant rate each date of the reservoir is a division: of the volume above a threshold by the use in a day."""

from __future__ import annotations

from fractions import Fraction

import pytest

from controller.pump_bench import MONDAY_UTC_S, PumpBench, continuous
from thecal_fw.core import alarms
from thecal_fw.link import messages

FILL_NL, LOW_NL = 9_000_000, 2_000_000
MOST_MORE = Fraction(145, 1_000)
"""What a pump may give more than calculated."""
MINUTES_PER_DAY = 1_440


def dates_after(rate_nl_per_day: int, seconds: int) -> tuple[dict[str, int], PumpBench]:
    bench = PumpBench()
    bench.set_time(MONDAY_UTC_S)
    bench.commit(continuous(rate_nl_per_day))
    bench.refill(FILL_NL)
    bench.start()
    bench.run_for(seconds)
    return bench.host.ask(messages.DATES), bench


@pytest.mark.requirement("refill-dates-worst")
@pytest.mark.parametrize("rate_nl_per_day", [1_000_000, 6_000_000, 24_000_000])
def test_at_its_worst_the_pump_reaches_the_low_volume_no_sooner_than_is_told(rate_nl_per_day: int) -> None:
    told, _ = dates_after(rate_nl_per_day, 3_600)
    used_a_minute = rate_nl_per_day * (1 + MOST_MORE) / MINUTES_PER_DAY
    can_come_min = (FILL_NL - LOW_NL) / used_a_minute - 60
    assert can_come_min - 3 <= told["minutes_to_low_at_worst"] <= can_come_min


@pytest.mark.requirement("refill-dates-empty", "refill-dates")
def test_the_reservoir_is_low_and_empty_within_a_minute_after_its_dates() -> None:
    told, bench = dates_after(24_000_000, 600)
    for date, alarm in (
        ("minutes_to_low", alarms.LOW_RESERVOIR),
        ("minutes_to_empty", alarms.EMPTY_RESERVOIR),
    ):
        bench.run_for(60 * told[date] - (bench.pump.now_ns / 1e9 - 600) - 10)
        assert not bench.is_active(alarm)
        bench.run_for(90)
        assert bench.is_active(alarm)
