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
from thecal_fw.core.service_life import PART_LINE, PART_TUBING
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


def exact_nl(volume_nl: int) -> int:
    """Return what a prime of whole seconds gives in place of a volume, to the nearest nanolitre."""
    return round(volume_nl * 86_400 // RATE * RATE / 86_400)


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
    bench.host.ask(messages.RENEW_PART, PART_TUBING)
    assert prime(bench, 100_000) == ""


@pytest.mark.requirement("rinsed-line")
def test_a_rinsed_line_has_room_for_all_it_holds_once_and_is_no_newer() -> None:
    bench = new_pump()
    assert prime(bench, PUMP_TUBING_NL + CATHETER_NL - 2_000) == ""
    bench.run_for(2 * 86_400)
    served = bench.host.ask(messages.SERVICE_LIFE)
    bench.host.ask(messages.RENEW_PART, PART_LINE)
    assert bench.host.ask(messages.SERVICE_LIFE) == served
    assert prime(bench, PUMP_TUBING_NL + CATHETER_NL - 2_000) == ""
    assert prime(bench, 100_000) == "limit of a single bolus"


@pytest.mark.requirement("primes-counted")
@pytest.mark.parametrize("cause", [None, events.RESET_WATCHDOG, events.RESET_POWER_ON])
def test_primes_are_counted_until_the_next_refill_with_what_they_gave(cause: int | None) -> None:
    bench = new_pump()
    for volume_nl in (50_000, 70_000):
        assert prime(bench, volume_nl) == ""
    primed_nl = exact_nl(50_000) + exact_nl(70_000)
    if cause is not None:
        bench.reset(cause)
        bench.run_for(60)
    told = bench.host.ask(messages.BOLUSES)
    assert (told["primes"], told["primed_nl"]) == (2, primed_nl)
    # Basal delivery fills the line as well: 33 nL a minute.
    room_nl = PUMP_TUBING_NL + CATHETER_NL - primed_nl
    # What is uncertain after a power cut counts as given.
    uncertain_nl = 20_000 if cause == events.RESET_POWER_ON else 0
    assert room_nl - 500 - uncertain_nl < told["line_room_nl"] < room_nl
    bench.refill()
    told = bench.host.ask(messages.BOLUSES)
    assert (told["primes"], told["primed_nl"]) == (0, 0)


@pytest.mark.requirement("primes-counted")
def test_a_prime_under_way_counts_with_what_it_has_given() -> None:
    bench = new_pump()
    bench.give_bolus(KIND_PRIME, RATE, 200)
    bench.run_for(60)
    told = bench.host.ask(messages.BOLUSES)
    assert told["primes"] == 1
    assert 0 < told["primed_nl"] == told["bolus_given_nl"] < told["bolus_nl"]
    bench.cancel_bolus()
    bench.run_for(5)
    cut_short = bench.host.ask(messages.BOLUSES)
    assert cut_short["primes"] == 1
    assert told["primed_nl"] <= cut_short["primed_nl"] < told["bolus_nl"]


@pytest.mark.requirement("primes-counted")
def test_a_prime_that_a_power_cut_ends_counts_with_what_it_had_given_by_then() -> None:
    bench = new_pump()
    bench.give_bolus(KIND_PRIME, RATE, 200)
    bench.run_for(60)
    bench.reset(events.RESET_POWER_ON)
    bench.run_for(60)
    told = bench.host.ask(messages.BOLUSES)
    assert told["primes"] == 1
    assert 0 < told["primed_nl"] < RATE * 200 // 86_400
