"""The pump refuses what is not a dose with its reason, and what can't be kept over a reset before it begins."""

from __future__ import annotations

import pytest

from controller.link_host import RefusedError
from controller.pump_bench import MONDAY_UTC_S, PumpBench, continuous, delivering, within_limits
from thecal_fw.core import alarms, events
from thecal_fw.core.bolus import KIND_CLINICIAN, KIND_PRIME, KIND_SCHEDULED, KIND_TEMPORARY
from thecal_fw.core.bolus_history import REFUSAL_NAMES
from thecal_fw.core.bolus_validation import most_bridge_seconds
from thecal_fw.core.calibration import BENCH_CALIBRATION
from thecal_fw.core.dead_volume import DEAD_VOLUME_ID, MOST_CATHETER_NL
from thecal_fw.core.limits import BENCH_LIMITS
from thecal_fw.core.program import Bridge, PeriodicBolus, Program
from thecal_fw.core.validation import validate
from thecal_fw.link import messages

HOUR_S = 3_600
TEN_UL_IN_5_MIN = 2_880_000


def roomy() -> Program:
    program = continuous(424_000)
    program.most_nl_per_bolus = 100_000
    program.most_nl_per_hour += 100_000
    program.most_nl_per_day += 100_000
    return program


@pytest.mark.requirement("bolus-unknown-kind")
@pytest.mark.parametrize("kind", [KIND_SCHEDULED, 5, 7, 15, 16, 17, 255])
def test_a_kind_that_nobody_can_ask_for_is_refused_and_gives_nothing(kind: int) -> None:
    bench = delivering(roomy())
    rate = bench.status()["rate_nl_per_day"]
    with pytest.raises(RefusedError) as refused:
        bench.give_bolus(kind, TEN_UL_IN_5_MIN, 60)
    assert refused.value.code == messages.ERROR_BOLUS_REFUSED
    assert REFUSAL_NAMES[refused.value.detail] == "the program has no such bolus"
    bench.run_for(5)
    assert bench.status()["rate_nl_per_day"] == rate
    assert [(name, shown) for name, shown, _, _ in bench.bolus_events()] == [
        ("refused", min(kind, events.KIND_UNKNOWN))
    ]


@pytest.mark.requirement("bolus-of-no-time")
@pytest.mark.parametrize("kind", [KIND_CLINICIAN, KIND_PRIME, KIND_TEMPORARY])
def test_a_dose_of_no_time_is_refused_and_gives_nothing(kind: int) -> None:
    bench = delivering(roomy())
    with pytest.raises(RefusedError) as refused:
        bench.give_bolus(kind, TEN_UL_IN_5_MIN, 0)
    assert REFUSAL_NAMES[refused.value.detail] == "the program has no such bolus"
    bench.run_for(5)
    assert [name for name, _, _, _ in bench.bolus_events()] == ["refused"]


def bridged(seconds: int, rate_nl_per_day: int, catheter_nl: int = 0) -> Program:
    program = continuous(106_000)
    program.dead_volume_id = DEAD_VOLUME_ID
    program.catheter_nl = catheter_nl
    program.bridge = Bridge(seconds, rate_nl_per_day)
    return program


@pytest.mark.requirement("bridge-within-the-line")
@pytest.mark.parametrize(("seconds", "rate_nl_per_day"), [(3_600, 24_000_000), (86_400, 1_100_000)])
def test_a_bridge_of_more_than_the_line_holds_is_refused(seconds: int, rate_nl_per_day: int) -> None:
    program = bridged(seconds, rate_nl_per_day, MOST_CATHETER_NL)
    found = [str(fault) for fault in validate(program, BENCH_LIMITS, BENCH_CALIBRATION)]
    assert found == [
        f"bridge_seconds is {seconds}, allowed 1 to {most_bridge_seconds(program, rate_nl_per_day)}"
    ]
    bench = delivering(continuous(5_000_000))
    with pytest.raises(RefusedError):
        bench.commit(program)


@pytest.mark.requirement("bridge-outlives-reset")
@pytest.mark.parametrize("cause", [events.RESET_POWER_ON, events.RESET_WATCHDOG])
@pytest.mark.parametrize("rate_nl_per_day", [24_000_000, 1_100_000])
def test_the_largest_bridge_is_kept_over_a_reset(rate_nl_per_day: int, cause: int) -> None:
    bench = delivering(continuous(5_000_000))
    program = bridged(1, rate_nl_per_day, MOST_CATHETER_NL)
    program.bridge = Bridge(most_bridge_seconds(program, rate_nl_per_day), rate_nl_per_day)
    bench.commit(program)
    bench.run_for(60)
    bench.reset(cause)
    left_s = most_bridge_seconds(program, rate_nl_per_day) - 60
    # A power cut may cost one grant: a microlitre, or 20 s at this rate.
    grant_s = max(40, 1_000 * 86_400 // rate_nl_per_day)
    assert left_s - grant_s <= bench.host.ask(messages.BOLUSES)["bridge_left_s"] <= left_s + 5


@pytest.mark.requirement("time-unknown-periodic")
@pytest.mark.parametrize("is_cut", [True, False])
def test_periodic_boluses_without_the_time_of_day_raise_time_unknown_at_the_mean_rate(is_cut: bool) -> None:
    program = continuous(48_000)
    program.most_nl_per_bolus = 100_000
    program.periodic_bolus = PeriodicBolus(30, 60, TEN_UL_IN_5_MIN, 10)
    within_limits(program)
    if is_cut:
        bench = delivering(program)
        assert not bench.is_active(alarms.TIME_UNKNOWN)
        bench.reset(events.RESET_POWER_ON)
    else:
        bench = PumpBench()
        bench.deliver(program)
    bench.run_for(30)
    assert bench.is_active(alarms.TIME_UNKNOWN)
    assert bench.status()["rate_nl_per_day"] == 528_000
    bench.set_time(MONDAY_UTC_S + HOUR_S)
    bench.run_for(5)
    assert not bench.is_active(alarms.TIME_UNKNOWN)
    assert bench.status()["rate_nl_per_day"] == 48_000
