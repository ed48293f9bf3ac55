"""A prime is free of limits only while recorded events say that the line is not full, in sum no more than it holds."""

from __future__ import annotations

import pytest

from controller.link_host import RefusedError
from controller.pump_bench import MONDAY_UTC_S, PumpBench, continuous
from thecal_fw.core import events
from thecal_fw.core.bolus import KIND_PRIME
from thecal_fw.core.bolus_history import REFUSAL_NAMES
from thecal_fw.core.dead_volume import DEAD_VOLUME_ID, PUMP_TUBING_NL
from thecal_fw.core.program import Program
from thecal_fw.link import messages

RATE = 80_000_000
CATHETER_NL = 200_000


def program() -> Program:
    narrow = continuous(48_000)
    narrow.catheter_nl = CATHETER_NL
    narrow.dead_volume_id = DEAD_VOLUME_ID
    narrow.most_nl_per_bolus = 10_000
    narrow.most_nl_per_hour += 10_000
    narrow.most_nl_per_day += 10_000
    return narrow


def new_pump() -> PumpBench:
    bench = PumpBench()
    bench.set_time(MONDAY_UTC_S)
    bench.deliver(program())
    bench.run_for(3)
    return bench


def prime(bench: PumpBench, volume_nl: int) -> str:
    """Prime so much, wait until that is over, and return why it was refused, or nothing."""
    seconds = volume_nl * 86_400 // RATE
    try:
        bench.give_bolus(KIND_PRIME, RATE, seconds)
    except RefusedError as refused:
        return REFUSAL_NAMES[refused.detail]
    bench.run_for(seconds + 5)
    return ""


@pytest.mark.requirement("prime-within-the-line", "prime-beyond-the-line")
@pytest.mark.parametrize("cause", [None, events.RESET_WATCHDOG, events.RESET_POWER_ON])
def test_a_new_pump_is_primed_once_and_what_comes_after_is_a_bolus_under_every_limit(
    cause: int | None,
) -> None:
    bench = new_pump()
    assert prime(bench, PUMP_TUBING_NL + CATHETER_NL - 2_000) == ""
    if cause is not None:
        bench.reset(cause)
        bench.run_for(60)
    assert prime(bench, 100_000) == "limit of a single bolus"
    assert prime(bench, 9_000) == ""
    assert prime(bench, 9_000) == "limit of an hour"


@pytest.mark.requirement("prime-within-the-line", "prime-beyond-the-line")
def test_every_delivery_fills_the_line() -> None:
    bench = new_pump()
    bench.run_for(3 * 3_600)
    # 6 uL of basal delivery have taken their place.
    assert prime(bench, PUMP_TUBING_NL + CATHETER_NL - 5_000) == "limit of a single bolus"
    assert prime(bench, PUMP_TUBING_NL + CATHETER_NL - 7_500) == ""


@pytest.mark.requirement("prime-within-the-line", "prime-beyond-the-line")
def test_new_tubing_makes_room_and_another_fill_does_not() -> None:
    bench = new_pump()
    assert prime(bench, PUMP_TUBING_NL + CATHETER_NL - 2_000) == ""
    bench.refill()
    assert prime(bench, 100_000) == "limit of a single bolus"
    bench.host.ask(messages.RENEW_PART, 0)
    assert prime(bench, 100_000) == ""
