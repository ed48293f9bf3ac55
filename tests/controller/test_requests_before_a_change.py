"""Requests that come just before a change of rate: all but a stop wait until the change is through."""

import pytest

from controller.link_host import LinkHost, RefusedError
from controller.pump_bench import PumpBench, continuous
from thecal_fw.core import alarms
from thecal_fw.core.pump_state import STATE_STOPPED
from thecal_fw.link import messages
from thecal_fw.link.frames import encode_frame
from thecal_sim.units import NS_PER_S


@pytest.fixture
def bench() -> PumpBench:
    return PumpBench()


def shortly_before_a_change(bench: PumpBench, before_ms: int = 100) -> int:
    """Let time pass until shortly before a change of rate, where requests are held; the instant of the change."""
    bench.deliver(continuous(24_000_000))
    bench.run_for(2.5)
    takes_effect_ns = bench.commit(continuous(9_000_000))
    bench.pump.run_until(takes_effect_ns - before_ms * 1_000_000)
    return takes_effect_ns


def next_request(bench: PumpBench, message: messages.Message, *values: object) -> bytes:
    bench.host.request += 1
    payload = message.request.pack(*values)
    return encode_frame(message.kind, bench.host.session, bench.host.request, payload)


@pytest.mark.requirement("stop-never-delayed")
@pytest.mark.parametrize("gap_us", [0, 300, 20_000])
def test_a_stop_behind_a_request_that_waits_for_a_change_is_carried_out_at_once(bench, gap_us):
    takes_effect_ns = shortly_before_a_change(bench)
    waiting, stop = next_request(bench, messages.INTERROGATE), next_request(bench, messages.STOP)
    # One byte of the stop comes with the request before it.
    bench.pump.serial.write(waiting + stop[:1])
    bench.run_for(gap_us / 1e6)
    bench.pump.serial.write(stop[1:])
    sent_ns = bench.pump.now_ns
    stopped = bench.host.next_frame()
    assert stopped.kind == messages.STOP.kind | messages.RESPONSE
    # The answer waits for the stop to be durable, the stop for nothing.
    assert bench.pump.now_ns - sent_ns < 5_000_000
    assert bench.steps_since(sent_ns + 10_000) == []
    # The request it overtook is answered afterwards, and not lost.
    status = LinkHost.fields_of(bench.host.next_frame())
    assert status["state"] == STATE_STOPPED
    bench.pump.run_until(takes_effect_ns + NS_PER_S)
    assert bench.steps_since(sent_ns + 10_000) == []


def test_a_change_that_a_stop_overtook_is_refused_and_not_carried_out_after_it(bench):
    shortly_before_a_change(bench)
    refill, stop = next_request(bench, messages.REFILL, 3_000_000), next_request(bench, messages.STOP)
    bench.pump.serial.write(refill + stop)
    assert bench.host.next_frame().kind == messages.STOP.kind | messages.RESPONSE
    with pytest.raises(RefusedError) as refusal:
        LinkHost.fields_of(bench.host.next_frame())
    assert refusal.value.code == messages.ERROR_OUT_OF_ORDER
    assert bench.status()["fill_nl"] == 40_000_000


@pytest.mark.requirement("link-never-disturbs")
def test_of_requests_that_come_together_before_a_change_the_first_waits_and_the_others_are_counted(bench):
    takes_effect_ns = shortly_before_a_change(bench)
    requests = [next_request(bench, messages.GET_TIME) for _ in range(3)]
    bench.pump.serial.write(b"".join(requests))
    answer = bench.host.next_frame()
    assert answer.request == bench.host.request - 2
    assert bench.pump.now_ns >= takes_effect_ns - 50_000_000
    assert bench.pump.controller._link.frames_dropped == 2
    bench.run_for(1)
    bench.assert_as_prescribed()


def test_a_request_whose_last_byte_comes_just_when_one_that_waited_is_served_is_answered_too(bench):
    takes_effect_ns = shortly_before_a_change(bench)
    first, second = next_request(bench, messages.GET_TIME), next_request(bench, messages.GET_TIME)
    bench.pump.serial.write(first + second[:-1])
    # Polls are held up until the change is through, so that the last byte finds the first request still waiting.
    bench.pump.run_until(takes_effect_ns - 46_000_000)
    bench.pump.withhold_polls(takes_effect_ns - 44_000_000)
    bench.pump.serial.write(second[-1:])
    answered = [bench.host.next_frame().request, bench.host.next_frame().request]
    assert answered == [bench.host.request - 1, bench.host.request]
    assert bench.pump.controller._link.frames_dropped == 0
    bench.run_for(1)
    bench.assert_as_prescribed()


@pytest.mark.requirement("link-never-disturbs")
@pytest.mark.parametrize(
    ("records", "wait_ms"), [(7, 450), (8, 450), (9, 450), (39, 300), (39, 350), (0, 700)]
)
def test_programs_committed_faster_than_flash_is_erased_all_take_effect_on_their_instant(
    bench, records, wait_ms
):
    bench.deliver(continuous(424_000))
    bench.run_for(10 + wait_ms / 1_000)
    bench.commit(continuous(5_000_000))
    # Each is a record more until the journal, too, needs a sector erased.
    for _ in range(records):
        bench.host.acknowledge(0)
    for nl_per_day in (9_000_000, 48_000):
        bench.commit(continuous(nl_per_day))
    bench.run_for(60)
    assert not bench.is_active(alarms.CHANGE_LATE)
    bench.assert_as_prescribed()
