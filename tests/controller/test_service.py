"""Service of tubing and pump on the model board: reported in time, kept over resets and power cuts, ended by a new
part."""

from __future__ import annotations

import pytest

from controller.link_host import RefusedError
from controller.pump_bench import MONDAY_UTC_S, PumpBench, continuous
from thecal_fw.core import alarms, events
from thecal_fw.core.dead_volume import DEAD_VOLUME_ID
from thecal_fw.core.events import RESET_POWER_ON, RESET_WATCHDOG
from thecal_fw.core.program import Bridge
from thecal_fw.core.service_life import PART_PUMP, PART_TUBING, ServiceLimits
from thecal_fw.link import messages
from thecal_sim.units import NS_PER_S

DAY_S = 86_400


def begun(nl_per_day: int = 4_800_000) -> PumpBench:
    """Return a pump that makes 96 revolutions a day unless it is given another rate."""
    bench = PumpBench()
    bench.set_time(MONDAY_UTC_S)
    bench.deliver(continuous(nl_per_day))
    return bench


def outlook(bench: PumpBench) -> dict[str, int]:
    return bench.host.ask(messages.SERVICE_LIFE)


@pytest.mark.requirement("tubing-due", "service-delivers")
def test_tubing_is_told_of_when_its_revolutions_are_used_up_and_delivery_goes_on() -> None:
    bench = begun(24_000_000)
    bench.pump.controller.service.life.limits = ServiceLimits(tubing_revolutions=220)
    # 480 revolutions a day: the 220th is over after 11 hours, and is looked at every ten minutes.
    bench.run_for(11 * 3_600 - 10)
    assert not bench.is_active(alarms.TUBING_DUE)
    bench.run_for(620)
    assert bench.is_active(alarms.TUBING_DUE)
    bench.host.ask(messages.RENEW_PART, PART_TUBING)
    assert not bench.is_active(alarms.TUBING_DUE)
    (renewed,) = bench.events(events.EVENT_RENEWED)
    assert renewed["first"] == PART_TUBING
    bench.assert_as_prescribed()


@pytest.mark.requirement("service-life", "service-life-over-power-cut")
def test_what_has_been_served_outlives_resets_and_a_power_cut_costs_no_more_than_a_day() -> None:
    bench = begun()
    bench.run_for(1.5 * DAY_S)
    bench.host.ask(messages.RENEW_PART, PART_TUBING)
    bench.stop()
    bench.run_for(2.2 * DAY_S)
    assert (outlook(bench)["pump_days"], outlook(bench)["tubing_days"]) == (3, 2)
    bench.reset(RESET_WATCHDOG)
    assert outlook(bench)["pump_days"] == 3
    bench.reset(RESET_POWER_ON)
    after = outlook(bench)
    assert (after["pump_days"], after["tubing_days"]) == (3, 2)
    assert after["tubing_revolutions"] < 100


@pytest.mark.requirement("service-life")
def test_a_new_pump_has_new_tubing_and_what_is_no_part_is_refused() -> None:
    bench = begun()
    bench.run_for(2 * DAY_S)
    bench.host.ask(messages.RENEW_PART, PART_PUMP)
    after = outlook(bench)
    assert (after["pump_days"], after["tubing_days"]) == (0, 0)
    with pytest.raises(RefusedError):
        bench.host.ask(messages.RENEW_PART, 3)


@pytest.mark.requirement("service-estimates")
def test_dates_are_a_day_nearer_after_each_day_whatever_is_refilled() -> None:
    bench = begun()
    before = outlook(bench)
    # At 96 revolutions a day the 200,000 last longer than the tubing's year.
    assert before["minutes_to_tubing_due"] == 365 * 1_440
    bench.run_for(DAY_S)
    bench.refill()
    after = outlook(bench)
    for date in ("minutes_to_tubing_due", "minutes_to_replacement_due", "minutes_to_end_of_service"):
        assert before[date] - after[date] == 1_440


@pytest.mark.requirement("service-estimates")
def test_the_date_of_new_tubing_reckons_with_a_bridge_that_is_under_way() -> None:
    bench = PumpBench()
    bench.set_time(MONDAY_UTC_S)
    program = continuous(100_000)
    program.bridge = Bridge(7_200, 1_600_000)
    program.dead_volume_id = DEAD_VOLUME_ID
    bench.deliver(program)
    bench.run_for(60)
    bench.pump.controller.service.life.limits = ServiceLimits(tubing_revolutions=18)
    minutes = outlook(bench)["minutes_to_tubing_due"]
    while not bench.is_active(alarms.TUBING_DUE):
        bench.run_for(600)
    # Revolutions are looked at every ten minutes, as here. A date may be early by one of them, which takes half a day.
    assert 0 <= (bench.pump.now_ns / NS_PER_S - 62) / 60 - minutes <= 720 + 25
