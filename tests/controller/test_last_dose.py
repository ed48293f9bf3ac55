"""The pump keeps the daily dose that it last delivered, and reports it when the program that gave it is gone."""

from __future__ import annotations

import pytest

from controller.pump_bench import MONDAY_UTC_S, PumpBench
from thecal_fw.core.dose_record import IS_GIVEN
from thecal_fw.core.events import RESET_POWER_ON, RESET_WATCHDOG
from thecal_fw.core.modes import MODE_MINIMUM_RATE, MODE_STOPPED
from thecal_fw.link import messages
from thecal_hil.campaigns.doses.programs import program_of

HOUR_S = 3_600
FIELDS = {
    "mode": "flex",
    "patterns": [[[0, 48_000], [720, 96_000]]],
    "boluses": [[[60, 2_880_000, 5]]],
    "most_per_bolus": 20_000,
    "most_per_hour": 40_000,
    "most_per_day": 200_000,
}
"""72 uL of basal and a bolus of 10 uL each day."""
FLEX = program_of(FIELDS)


MINIMUM = {"mode": "minimum rate", "most_per_hour": 40_000, "most_per_day": 200_000}


def delivering() -> PumpBench:
    bench = PumpBench()
    bench.set_time(MONDAY_UTC_S)
    bench.deliver(FLEX)
    bench.run_for(HOUR_S)
    return bench


def last(bench: PumpBench) -> dict[str, int]:
    return bench.host.ask(messages.LAST_DOSE)


@pytest.mark.requirement("last-dose")
def test_a_pump_that_has_given_nothing_has_no_last_dose() -> None:
    bench = PumpBench()
    bench.set_time(MONDAY_UTC_S)
    bench.commit(FLEX)
    bench.run_for(60)
    assert last(bench)["concentration_ng_per_ml"] == 0


@pytest.mark.requirement("last-dose")
def test_the_dose_that_is_given_is_reported_with_its_day_and_its_concentration() -> None:
    found = last(delivering())
    assert found["program"] == int.from_bytes(FLEX.digest()[:4], "big")
    assert found["nl_per_day"] == pytest.approx(82_000, abs=1)
    assert found["most_nl_in_day"] == pytest.approx(82_000, abs=1)
    assert found["concentration_ng_per_ml"] == FLEX.concentration_ng_per_ml
    assert found["begun_ago_s"] == pytest.approx(HOUR_S, abs=5)
    assert found["ended_ago_s"] == IS_GIVEN


@pytest.mark.requirement("last-dose")
@pytest.mark.parametrize("mode", [MODE_STOPPED, MODE_MINIMUM_RATE])
def test_it_outlives_a_program_that_gives_none(mode: int) -> None:
    bench = delivering()
    given = last(bench)
    fields = {"mode": "stopped"} if mode == MODE_STOPPED else MINIMUM
    bench.commit(program_of(fields))
    bench.run_for(2 * HOUR_S)
    found = last(bench)
    assert found["nl_per_day"] == given["nl_per_day"]
    assert found["program"] == given["program"]
    assert found["ended_ago_s"] == pytest.approx(2 * HOUR_S, abs=10)


@pytest.mark.requirement("last-dose")
def test_a_stop_ends_it_and_a_start_of_the_same_program_begins_it_anew() -> None:
    bench = delivering()
    bench.stop()
    bench.run_for(HOUR_S)
    assert last(bench)["ended_ago_s"] == pytest.approx(HOUR_S, abs=5)
    bench.start()
    bench.run_for(60)
    found = last(bench)
    assert found["ended_ago_s"] == IS_GIVEN
    assert found["begun_ago_s"] <= 60


@pytest.mark.requirement("last-dose")
@pytest.mark.parametrize("cause", [RESET_WATCHDOG, RESET_POWER_ON])
def test_it_outlives_a_reset(cause: int) -> None:
    bench = delivering()
    bench.stop()
    bench.run_for(HOUR_S)
    before = last(bench)
    bench.reset(cause)
    bench.run_for(30)
    after = last(bench)
    assert after["nl_per_day"] == before["nl_per_day"]
    if cause == RESET_WATCHDOG:
        assert after["ended_ago_s"] == pytest.approx(before["ended_ago_s"] + 30, abs=5)
    else:
        # Running time since the latest record is lost with the power.
        assert 0 < after["ended_ago_s"] <= before["ended_ago_s"] + 30


@pytest.mark.requirement("last-dose")
def test_a_watchdog_reset_that_therapy_outlives_begins_no_other_dose() -> None:
    bench = delivering()
    before = last(bench)
    bench.reset(RESET_WATCHDOG)
    bench.run_for(60)
    after = last(bench)
    assert after["ended_ago_s"] == IS_GIVEN
    assert after["begun_ago_s"] >= before["begun_ago_s"] + 50


@pytest.mark.requirement("last-dose")
def test_another_dose_begins_with_the_program_that_gives_it() -> None:
    bench = delivering()
    bench.commit(program_of(FIELDS | {"boluses": [[[60, 1_440_000, 5]]]}))
    bench.run_for(60)
    found = last(bench)
    assert found["nl_per_day"] == pytest.approx(77_000, abs=1)
    assert found["begun_ago_s"] <= 60
    assert found["ended_ago_s"] == IS_GIVEN


@pytest.mark.requirement("last-dose")
def test_another_program_of_the_same_dose_begins_no_other_dose() -> None:
    bench = delivering()
    other = program_of(FIELDS | {"most_per_day": 300_000})
    bench.commit(other)
    bench.run_for(60)
    found = last(bench)
    assert found["program"] == int.from_bytes(other.digest()[:4], "big")
    assert found["begun_ago_s"] >= HOUR_S
