"""The power of a host, two hosts, or noise on the link over a pump that delivers."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.link_host import LinkHost, RefusedError
from controller.pump_bench import MONDAY_UTC_S, PumpBench, continuous, flex
from thecal_fw.core import events
from thecal_fw.core.modes import MODE_CONTINUOUS
from thecal_fw.core.program import Program
from thecal_fw.link import messages
from thecal_fw.link.frames import PROTOCOL_VERSION, cobs_encode, crc32, encode_frame
from thecal_fw.requests.server import SESSION_QUIET_S
from thecal_sim.units import NS_PER_S


@pytest.fixture
def bench() -> PumpBench:
    pump_bench = PumpBench()
    pump_bench.deliver(continuous(9_000_000))
    pump_bench.run_for(10)
    return pump_bench


def refusal_of(ask) -> int:
    with pytest.raises(RefusedError) as refusal:
        ask()
    return refusal.value.code


def undisturbed(seconds: float) -> list[int]:
    """Return the pulses of such a pump that nobody talks to any more."""
    pump_bench = PumpBench()
    pump_bench.deliver(continuous(9_000_000))
    pump_bench.run_for(10 + seconds)
    return list(pump_bench.pump.step_times_ns)


CHANGES = [
    ("a start", events.EVENT_STARTED, lambda bench: bench.start()),
    ("a stop", events.EVENT_STOPPED, lambda bench: (bench.start(), bench.run_for(5), bench.stop())),
    ("a refill", events.EVENT_REFILLED, lambda bench: bench.refill(1_000_000)),
    (
        "setting the time",
        events.EVENT_TIME_SET,
        lambda bench: bench.host.ask(messages.SET_TIME, MONDAY_UTC_S, 0, 0),
    ),
    ("a commit", events.EVENT_PROGRAM_COMMITTED, lambda bench: bench.commit(continuous(77_777))),
    (
        "acknowledging",
        events.EVENT_ALARM_ACKNOWLEDGED,
        lambda bench: bench.host.acknowledge(255),
    ),
]


@pytest.mark.requirement("event-log-changes", "retry-safe", "event-log-stop")
@pytest.mark.parametrize(
    ("event", "change"), [case[1:] for case in CHANGES], ids=[case[0] for case in CHANGES]
)
def test_a_repeated_request_is_carried_out_once_and_answered_alike(event, change):
    bench = PumpBench()
    bench.commit(continuous(1_000_000))
    before = len(bench.events(event))
    change(bench)
    bench.run_for(3)
    host = bench.host
    first = _last_change(bench)
    answers = [host.exchange(first).payload for _ in range(3)]
    bench.run_for(3)
    assert len(set(answers)) == 1
    assert len(bench.events(event)) == before + 1


def _last_change(bench: PumpBench) -> bytes:
    """Return the bytes of the host's last request if that was a change; bench methods end with it."""
    return bench.host.sent


def test_a_lost_answer_to_start_does_not_start_twice(bench):
    bench.stop()
    bench.run_for(1)
    program = bench.pump.controller.orders.program
    bench.pump.serial.paused = True
    bench.host.request += 1
    start = encode_frame(
        messages.START.kind,
        bench.host.session,
        bench.host.request,
        messages.START.request.pack(program.digest()),
    )
    bench.pump.serial.write(start)
    bench.run_for(4)
    bench.pump.serial.paused = False
    bench.pump.serial.reset_input_buffer()
    answer = LinkHost.fields_of(bench.host.exchange(start))
    assert answer["effective_boot_s"] * NS_PER_S < bench.pump.now_ns
    assert len(bench.events(events.EVENT_STARTED)) == 2


def test_a_request_number_with_other_bytes_behind_it_is_refused(bench):
    bench.refill(3_000_000)
    bench.host.request -= 1
    assert refusal_of(lambda: bench.refill(4_000_000)) == messages.ERROR_OUT_OF_ORDER
    assert bench.status()["fill_nl"] == 3_000_000


@pytest.mark.requirement("retry-overtaken")
def test_a_late_copy_of_an_older_request_is_refused(bench):
    bench.refill(3_000_000)
    older = bench.host.sent
    bench.refill(4_000_000)
    assert refusal_of(lambda: LinkHost.fields_of(bench.host.exchange(older))) == messages.ERROR_OUT_OF_ORDER
    assert bench.status()["fill_nl"] == 4_000_000


@pytest.mark.requirement("one-host")
def test_a_second_host_ends_the_first_ones_session(bench):
    second = LinkHost(bench.pump.serial, nonce=2)
    second.hello()
    assert refusal_of(bench.stop) == messages.ERROR_STALE_SESSION
    assert second.ask(messages.INTERROGATE)["state"] == 2
    bench.host.hello()
    assert refusal_of(lambda: second.ask(messages.STOP)) == messages.ERROR_STALE_SESSION
    bench.assert_as_prescribed()


@pytest.mark.requirement("one-host-staged")
def test_what_one_host_staged_another_can_not_commit_unseen(bench):
    digest = bench.host.stage(continuous(50_000))["digest"]
    second = LinkHost(bench.pump.serial, nonce=2)
    second.hello()
    second.stage(continuous(60_000))
    assert refusal_of(lambda: second.ask(messages.COMMIT, digest)) == messages.ERROR_DIGEST


@pytest.mark.requirement("one-host-staged", "session-drops-staged")
@pytest.mark.parametrize("asks", ["the same host", "another host"])
def test_nothing_that_was_staged_outlives_its_session(bench, asks):
    program = continuous(50_000)
    digest = bench.host.stage(program)["digest"]
    before = bench.status()["program_digest"]
    following = LinkHost(bench.pump.serial, nonce=bench.host.nonce + (asks == "another host"))
    following.hello()
    for request in (
        lambda: following.ask(messages.STAGE_CHECK, 0),
        lambda: following.ask(messages.READ_PROGRAM, True, 0),
        lambda: following.ask(messages.COMMIT, digest),
    ):
        assert refusal_of(request) == messages.ERROR_NOTHING_STAGED
    assert following.ask(messages.INTERROGATE)["program_digest"] == before


@pytest.mark.requirement("hello-first")
def test_nothing_can_be_asked_before_hello():
    bench = PumpBench()
    stranger = LinkHost(bench.pump.serial)
    assert refusal_of(lambda: stranger.ask(messages.INTERROGATE)) == messages.ERROR_NO_SESSION


def test_a_commit_without_staging_is_refused(bench):
    assert refusal_of(lambda: bench.host.ask(messages.COMMIT, bytes(32))) == messages.ERROR_NOTHING_STAGED


@pytest.mark.requirement("change-is-a-transaction")
def test_a_commit_of_half_a_program_is_refused(bench):
    encoded = continuous(50_000).encode()
    bench.host.ask(messages.STAGE_BEGIN, len(encoded))
    bench.host.ask(messages.STAGE_DATA, 0, tail=encoded[:20])
    assert refusal_of(lambda: bench.host.ask(messages.COMMIT, bytes(32))) == messages.ERROR_STAGING_INCOMPLETE


@pytest.mark.requirement("change-is-a-transaction", "old-program-until-commit")
def test_a_commit_with_the_wrong_digest_is_refused_and_the_old_program_goes_on(bench):
    bench.host.stage(continuous(50_000))
    assert refusal_of(lambda: bench.host.ask(messages.COMMIT, bytes(32))) == messages.ERROR_DIGEST
    bench.run_for(60)
    bench.assert_as_prescribed()


@pytest.mark.requirement("basal-rate-range", "program-checked-on-the-pump", "refused-commit-keeps-program")
def test_a_program_with_faults_can_not_be_committed(bench):
    too_fast = Program(
        MODE_CONTINUOUS, "baclofen", 500_000, 1, 24_000_001, 40_000_000, 2_000_000, 10**6, 24_000_000
    )
    check = bench.host.stage(too_fast)
    assert check["fault_count"] > 0
    assert (
        refusal_of(lambda: bench.host.ask(messages.COMMIT, check["digest"])) == messages.ERROR_PROGRAM_FAULTS
    )
    bench.run_for(60)
    bench.assert_as_prescribed()


@pytest.mark.requirement("start-names-program")
def test_a_start_names_the_program_it_means(bench):
    bench.stop()
    assert refusal_of(lambda: bench.host.ask(messages.START, bytes(32))) == messages.ERROR_DIGEST


@pytest.mark.requirement("start-twice")
def test_a_start_of_a_pump_that_delivers_is_refused(bench):
    assert refusal_of(bench.start) == messages.ERROR_ALREADY_DELIVERING


@pytest.mark.requirement("start-names-program", "no-default-dose")
def test_a_start_without_a_program_is_refused_and_delivers_nothing():
    bench = PumpBench()
    assert refusal_of(lambda: bench.host.ask(messages.START, bytes(32))) == messages.ERROR_NO_PROGRAM
    bench.run_for(3_600)
    assert len(bench.pump.step_times_ns) == 0


@pytest.mark.requirement("link-versions")
def test_a_frame_of_another_protocol_version_is_answered_with_ours(bench):
    body = struct.pack("<BBHH", PROTOCOL_VERSION + 1, messages.STOP.kind, bench.host.session, 99)
    frame = bytes(cobs_encode(body + struct.pack("<I", crc32(body)))) + b"\0"
    with pytest.raises(RefusedError) as refusal:
        LinkHost.fields_of(bench.host.exchange(frame))
    assert (refusal.value.code, refusal.value.detail) == (messages.ERROR_VERSION, PROTOCOL_VERSION)


@pytest.mark.requirement("not-while-delivering", "no-prompt-while-delivering")
@pytest.mark.parametrize("message", [messages.BOOTLOADER, messages.PROMPT], ids=lambda message: message.name)
def test_the_program_is_not_left_while_it_delivers(bench, message):
    assert refusal_of(lambda: bench.host.ask(message)) == messages.ERROR_NOT_WHILE_DELIVERING
    bench.run_for(5)
    assert bench.pump.left_for is None


@pytest.mark.parametrize("message", [messages.BOOTLOADER, messages.PROMPT], ids=lambda message: message.name)
def test_a_stopped_pump_leaves_its_program_when_asked_after_it_has_answered(bench, message):
    bench.stop()
    bench.host.ask(message)
    assert bench.pump.left_for is None
    bench.run_for(1)
    assert bench.pump.left_for == message.name
    assert bench.pump.board.level("enable") == 1


@pytest.mark.requirement("noise-never-disturbs")
@given(
    st.lists(
        st.tuples(st.binary(max_size=600), st.integers(0, 400_000)),
        max_size=12,
    )
)
@settings(max_examples=25, deadline=None)
def test_whatever_bytes_arrive_no_pulse_moves(writes):
    bench = PumpBench()
    bench.deliver(continuous(9_000_000))
    bench.run_for(10)
    for data, pause_us in writes:
        bench.pump.serial.write(data)
        bench.pump.run_for(pause_us * 1_000)
    bench.pump.run_until((11 + 10 + 10) * NS_PER_S)
    quiet = [step_ns for step_ns in undisturbed(30) if step_ns <= bench.pump.now_ns]
    assert list(bench.pump.step_times_ns) == quiet


@pytest.mark.requirement("link-never-disturbs")
def test_a_flood_of_requests_moves_no_pulse(bench):
    request = encode_frame(messages.INTERROGATE.kind, bench.host.session, 1)
    for _ in range(300):
        bench.pump.serial.write(request * 3 + b"garbage\0")
        bench.run_for(0.1)
        bench.pump.serial.reset_input_buffer()
    assert list(bench.pump.step_times_ns) == undisturbed(30)
    assert bench.status()["frames_garbled"] == 300


@pytest.mark.requirement("unread-never-disturbs")
def test_a_host_that_holds_the_port_and_never_reads_moves_no_pulse(bench):
    bench.pump.serial.paused = True
    request = encode_frame(messages.INTERROGATE.kind, bench.host.session, 1)
    for _ in range(300):
        bench.pump.serial.write(request)
        bench.run_for(0.1)
    assert list(bench.pump.step_times_ns) == undisturbed(30)
    bench.pump.serial.paused = False
    bench.pump.serial.reset_input_buffer()
    assert bench.status()["replies_dropped"] > 250


@pytest.mark.requirement("interrupted-programming", "host-dies-delivery-continues")
def test_a_host_that_dies_between_staging_and_commit_changes_nothing(bench):
    bench.host.stage(flex([[(0, 50_000)]]))
    bench.pump.serial.close()
    bench.run_for(30)
    bench.pump.serial.open()
    assert list(bench.pump.step_times_ns) == undisturbed(30)


@pytest.mark.requirement("session-ends", "session-drops-staged")
def test_a_session_that_goes_quiet_ends_and_what_it_staged_goes_with_it(bench):
    quiet = LinkHost(bench.pump.serial, nonce=3)
    quiet.hello()
    digest = quiet.stage(continuous(50_000))["digest"]
    bench.run_for(SESSION_QUIET_S + 1)
    assert refusal_of(lambda: quiet.ask(messages.COMMIT, digest)) == messages.ERROR_NO_SESSION
    quiet.hello()
    assert refusal_of(lambda: quiet.ask(messages.COMMIT, digest)) == messages.ERROR_NOTHING_STAGED
    bench.assert_as_prescribed()
