"""Two clocks that differ are noticed and settled before anything is printed, and no date is by the wrong one."""

from datetime import UTC, datetime, timedelta

import pytest

from host.conftest import EXAMPLES, Bench
from thecal.clocks import Clocks

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
SIMPLE = str(EXAMPLES / "simple_continuous.toml")


def beside(ahead: timedelta, offset_minutes: int = 0) -> Clocks:
    return Clocks(NOON, False, NOON + ahead, offset_minutes, "set")


@pytest.mark.requirement("clocks-compared")
@pytest.mark.parametrize(
    ("ahead", "offset_minutes", "told"),
    [
        (timedelta(seconds=60), 0, ""),
        (timedelta(seconds=-60), 0, ""),
        (timedelta(seconds=61), 0, "1 min 1 s ahead of"),
        (timedelta(days=-400), 0, "400 d 0 h behind"),
        (timedelta(), 60, "1 h 0 min ahead of"),
        (timedelta(hours=-1), 60, "offset from UTC is +01:00"),
    ],
)
def test_clocks_or_offsets_more_than_a_minute_apart_are_a_fault(ahead, offset_minutes, told):
    fault = beside(ahead, offset_minutes).fault
    assert bool(fault) == bool(told)
    assert told in fault


@pytest.mark.requirement("clocks-compared")
def test_a_computer_that_can_not_be_right_is_noticed_whatever_the_pump_shows():
    for now, no_earlier in ((datetime(2020, 1, 1, tzinfo=UTC), None), (NOON, NOON + timedelta(days=1))):
        clocks = Clocks(now, False, None, 0, "", no_earlier)
        assert "can't be right" in clocks.fault
        assert "CAN'T BE RIGHT" in clocks.rows()[0][1]


@pytest.mark.requirement("visit-clock")
def test_a_visit_with_a_pump_a_month_ahead_goes_on_once_its_clock_is_settled(bench: Bench):
    ahead = (datetime.now(UTC) + timedelta(days=31)).replace(tzinfo=None).isoformat(timespec="seconds")
    bench.ok("time", "--to", ahead, "--offset", "+00:00")
    bench.ok("program", SIMPLE, "--yes", "--reason", "a test")
    bench.ok("refill", "20", "--yes")
    bench.ok("start")
    by_right_calendar = bench.json("dates")["refill_by"]
    assert "ahead of this computer's clock" in bench.refused(2, "visit", "--yes", "--json")
    assert bench.json("time")["ahead_of_host_s"] > 30 * 86_400
    done = bench.json("visit", "--yes", "--set-clock")
    assert done["finished"]
    assert done["dates"]["refill_by"][:10] == by_right_calendar[:10]
    assert abs(bench.json("time")["ahead_of_host_s"]) < 60
    assert bench.json("dates")["clocks_agree"]


@pytest.mark.requirement("visit-standing")
def test_a_visit_that_leaves_the_pump_standing_does_not_end_well_and_start_ends_it_well(bench: Bench):
    bench.ok("time", "--set")
    bench.ok("program", SIMPLE, "--yes", "--reason", "a test")
    bench.ok("refill", "20", "--yes")
    told = bench.thecal("visit", "--yes")
    assert (told.returncode, "but THE PUMP STANDS" in told.stdout) == (3, True)
    assert bench.thecal("visit", "--yes", "--start").returncode == 0
    assert bench.json("interrogate")["state"] == "delivering"
