"""Any program that validates can be staged, committed, replaced and asked about; no request ends delivery."""

from operator import attrgetter

import pytest

from controller.link_host import LinkHost, RefusedError
from controller.pump_bench import MONDAY_UTC_S, PumpBench, continuous
from thecal_fw.core import events
from thecal_fw.core.bolus import KIND_CLINICIAN, KIND_PATIENT
from thecal_fw.core.bolus_history import REFUSED_NOT, REFUSED_WEEK_UNKNOWN
from thecal_fw.core.events import RESET_WATCHDOG
from thecal_fw.core.program_place import ProgramPlace, Room
from thecal_fw.core.pump_state import STATE_DELIVERING, STATE_STOPPED
from thecal_fw.link import messages
from thecal_fw.link.frames import encode_frame
from thecal_hil.campaigns.memory.largest import largest_program

STAGED_AT_ONCE = 200


@pytest.fixture
def bench() -> PumpBench:
    bench = PumpBench()
    bench.set_time(MONDAY_UTC_S)
    return bench


def send(bench: PumpBench, encoded: bytes) -> None:
    """Stage bytes without having them checked."""
    bench.host.ask(messages.STAGE_BEGIN, len(encoded))
    for offset in range(0, len(encoded), STAGED_AT_ONCE):
        bench.host.ask(messages.STAGE_DATA, offset, tail=encoded[offset : offset + STAGED_AT_ONCE])


def refusal_of(bench: PumpBench, message: messages.Message, *values: object) -> RefusedError:
    with pytest.raises(RefusedError) as refused:
        bench.host.ask_once(message, *values)
    return refused.value


def check_once(bench: PumpBench, first_fault: int = 0) -> tuple[int, int]:
    """Return the answer to a check that is in progress, done and whole."""
    refusal = refusal_of(bench, messages.STAGE_CHECK, first_fault)
    assert refusal.code == messages.ERROR_IN_PROGRESS
    return refusal.detail >> 16, refusal.detail & 0xFFFF


@pytest.mark.requirement(
    "any-program", "any-program-replaced", "any-program-asked-about", "any-program-delivered"
)
def test_the_largest_program_is_delivered_replaced_and_asked_about(bench):
    bench.deliver(largest_program(0))
    for number in (1, 2):
        bench.run_for(60)
        following = largest_program(number)
        bench.commit(following)
        assert bench.host.ask(messages.DATES)["is_known"]
        assert (
            bench.host.ask(messages.CHECK_BOLUS, KIND_CLINICIAN, 2_000_000, 300)["bolus_refusal"]
            == REFUSED_NOT
        )
        bench.give_bolus(KIND_PATIENT)
        bench.run_for(1_000)
    bench.assert_as_prescribed()


@pytest.mark.requirement("long-check", "long-check-advances")
def test_a_long_check_says_how_far_it_is_and_gets_further_each_time_it_is_asked_for(bench):
    program = largest_program()
    send(bench, program.encode())
    before, whole = check_once(bench)
    for _ in range(10):
        done, of = check_once(bench)
        assert before < done < of == whole
        before = done
    answer = bench.host.ask(messages.STAGE_CHECK, 0)
    assert (answer["digest"], answer["fault_count"]) == (program.digest(), 0)


@pytest.mark.requirement("commit-after-check")
def test_a_program_is_not_committed_before_its_check_is_done(bench):
    program = largest_program()
    send(bench, program.encode())
    for ask in (lambda: None, lambda: check_once(bench)):
        ask()
        assert refusal_of(bench, messages.COMMIT, program.digest()).code == messages.ERROR_NOT_CHECKED
    bench.host.ask(messages.STAGE_CHECK, 0)
    bench.host.ask(messages.COMMIT, program.digest())


@pytest.mark.requirement("check-dropped-by-hello", "check-dropped-by-reset")
@pytest.mark.parametrize("what", ["session", "reset"])
def test_a_new_session_or_a_reset_drops_what_is_being_checked(bench, what):
    program = largest_program()
    send(bench, program.encode())
    check_once(bench)
    if what == "session":
        bench.host = LinkHost(bench.pump.serial, nonce=7, now_ns=lambda: bench.pump.now_ns)
        bench.host.hello()
    else:
        bench.reset(RESET_WATCHDOG)
    assert refusal_of(bench, messages.STAGE_CHECK, 0).code == messages.ERROR_NOTHING_STAGED
    assert refusal_of(bench, messages.COMMIT, program.digest()).code == messages.ERROR_NOTHING_STAGED


@pytest.mark.requirement("check-dropped-by-staging")
def test_a_second_staging_drops_the_check_of_the_first(bench):
    program = largest_program()
    send(bench, program.encode())
    first, *_, later = [check_once(bench)[0] for _ in range(6)]
    send(bench, program.encode())
    assert check_once(bench)[0] == first < later


@pytest.mark.requirement("many-faults-told")
def test_every_one_of_more_faults_than_memory_holds_is_told(bench):
    program = largest_program()
    program.patterns = [[(minute, 1) for minute, _ in day] for day in program.patterns]
    send(bench, program.encode())
    found, count = 0, 1
    while found < count:
        answer = bench.host.ask(messages.STAGE_CHECK, found)
        count = answer["fault_count"]
        for at in range(0, len(answer["tail"]), messages.FAULT.size):
            fault = messages.FAULT.unpack(answer["tail"][at : at + messages.FAULT.size])
            assert fault is not None
            assert (fault["pattern"], fault["step"]) == divmod(found, 48)
            found += 1
    assert count == found == 7 * 48
    assert refusal_of(bench, messages.COMMIT, program.digest()).code == messages.ERROR_PROGRAM_FAULTS


@pytest.mark.requirement("week-after-reset", "delivery-before-week")
def test_after_a_reset_delivery_goes_on_at_once_and_boluses_wait_until_the_week_is_worked_out(bench):
    bench.deliver(largest_program())
    bench.run_for(10)
    bench.pump.reset(RESET_WATCHDOG)
    bench.pump.run_for(1_000_000)
    week = bench.pump.controller.orders.place.week
    assert not week.is_known
    bench.connect()
    refusals = []
    for _ in range(200):
        refusals.append(bench.host.ask(messages.CHECK_BOLUS, KIND_CLINICIAN, 2_000_000, 60)["bolus_refusal"])
        if week.is_known:
            break
    assert REFUSED_WEEK_UNKNOWN in refusals
    bench.run_for(5)
    assert week.is_known
    answer = bench.host.ask(messages.CHECK_BOLUS, KIND_CLINICIAN, 2_000_000, 60)
    assert answer["bolus_refusal"] == REFUSED_NOT
    assert bench.status()["state"] == STATE_DELIVERING


@pytest.mark.requirement("room-of-an-image", "room-keeps-program")
def test_an_image_with_less_room_says_so_when_a_program_is_staged_and_takes_what_fits(bench):
    controller = bench.pump.controller
    room = Room(512, 60, 512)
    controller.orders.place, controller.orders._spare_place = ProgramPlace(room), ProgramPlace(room)
    bench.deliver(continuous(424_000))
    refused = refusal_of(bench, messages.STAGE_BEGIN, 513)
    assert (refused.code, refused.detail) == (messages.ERROR_TOO_LARGE, 512)
    # Its bytes fit, and its week does not.
    long_week = largest_program()
    long_week.patterns, long_week.boluses = [long_week.patterns[0][:9]], [[]]
    long_week.weekdays = (0,) * 7
    send(bench, long_week.encode())
    assert refusal_of(bench, messages.STAGE_CHECK, 0).code == messages.ERROR_TOO_LARGE
    bench.commit(continuous(900_000))
    bench.run_for(60)
    bench.assert_as_prescribed()


def out_of_memory(*_: object) -> None:
    raise MemoryError


@pytest.mark.requirement("memory-ends-no-delivery", "memory-error", "memory-logged")
def test_a_request_for_which_there_is_no_memory_is_refused_logged_and_delivery_goes_on(bench, monkeypatch):
    bench.deliver(continuous(9_000_000))
    bench.run_for(5)
    for place, message, values in (
        ("on_demand.refusal", messages.CHECK_BOLUS, (KIND_CLINICIAN, 900_000, 60)),
        ("memory.need", messages.REFILL, (1_000_000,)),
        ("keeper.events.copy", messages.READ_LOG, (0,)),
    ):
        owner, _, name = place.rpartition(".")
        target = attrgetter(owner)(bench.pump.controller)
        with monkeypatch.context() as patch:
            patch.setattr(target, name, out_of_memory)
            assert refusal_of(bench, message, *values).code == messages.ERROR_NO_MEMORY
        assert bench.events(events.EVENT_OUT_OF_MEMORY)[-1]["first"] == message.kind
    assert bench.status()["fill_nl"] == 40_000_000
    bench.run_for(30)
    bench.assert_as_prescribed()


@pytest.mark.requirement("memory-stop")
def test_a_stop_for_which_there_is_no_memory_at_first_is_carried_out(bench, monkeypatch):
    bench.deliver(continuous(9_000_000))
    bench.run_for(5)
    controller = bench.pump.controller
    stop = controller.stop_on_purpose
    calls: list[int] = []

    def stop_the_second_time() -> int:
        calls.append(1)
        if len(calls) == 1:
            raise MemoryError
        return stop()

    monkeypatch.setattr(controller, "stop_on_purpose", stop_the_second_time)
    bench.stop()
    bench.run_for(60)
    assert len(calls) == 2
    assert bench.status()["state"] == STATE_STOPPED
    bench.assert_as_prescribed()


@pytest.mark.requirement("memory-ends-no-delivery", "memory-press")
def test_a_press_for_which_there_is_no_memory_gives_no_bolus_and_delivery_goes_on(bench, monkeypatch):
    bench.deliver(largest_program())
    bench.run_for(5)
    monkeypatch.setattr(bench.pump.controller.on_demand, "refusal", out_of_memory)
    button = bench.pump.board.button
    button.held = True
    bench.run_for(0.3)
    button.held = False
    bench.run_for(30)
    assert [event["first"] for event in bench.events(events.EVENT_OUT_OF_MEMORY)] == [0]
    bench.assert_as_prescribed()


@pytest.mark.requirement("waiting-keeps-nobody-out", "waiting-serves-others")
def test_a_commit_that_proves_nothing_keeps_nobody_from_the_pump_while_a_change_is_put_off(bench):
    bench.deliver(continuous(9_000_000))
    bench.run_for(5)
    bench.commit(continuous(5_000_000))
    bench.run_for(2)
    bench.pump.board.supply.good = False
    bench.reset(RESET_WATCHDOG)
    bench.run_for(5)
    assert bench.pump.controller.infusion.is_change_ahead()
    for session in (0, bench.host.session + 1):
        for payload in (b"", bytes(32)):
            bench.pump.serial.write(encode_frame(messages.COMMIT.kind, session, 1, payload))
            assert bench.host.next_frame().kind == messages.KIND_ERROR
    host = LinkHost(bench.pump.serial, nonce=9)
    host.hello()
    assert host.ask(messages.INTERROGATE)["has_program"]
    assert not bench.pump.controller._link.has_something_waiting


@pytest.mark.requirement("time-of-a-request")
def test_every_message_declares_how_long_it_may_take():
    for message in messages.MESSAGES:
        assert 0 < message.longest_us <= 150_000, message.name
    assert messages.INTERROGATE.longest_us <= 100_000


@pytest.mark.requirement("request-waits-for-change")
def test_a_request_that_would_make_a_change_late_waits_and_a_shorter_one_does_not(bench):
    bench.deliver(continuous(24_000_000))
    bench.run_for(2.5)
    takes_effect_ns = bench.commit(continuous(9_000_000))
    bench.pump.run_until(takes_effect_ns - 45_000_000 - 100_000_000)
    bench.host.request += 1
    longer = encode_frame(
        messages.STAGE_CHECK.kind,
        bench.host.session,
        bench.host.request,
        messages.STAGE_CHECK.request.pack(0),
    )
    bench.pump.serial.write(longer)
    bench.host.ask(messages.GET_TIME)
    answered_ns = bench.pump.now_ns
    assert answered_ns < takes_effect_ns - 45_000_000
    assert bench.host.next_frame().request == bench.host.request - 1
    assert bench.pump.now_ns >= takes_effect_ns - 45_000_000
    bench.run_for(2)
    bench.assert_as_prescribed()
