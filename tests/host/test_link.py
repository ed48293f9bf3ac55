"""The host's end of the link: what it does when the other end is slow, broken, other than expected, or gone."""

import pytest
from serial import SerialTimeoutException

from host.scripted_port import ScriptedPort, error, greeting, pump, time_answer
from thecal.alarm_sets import set_of
from thecal.client import Pump
from thecal.errors import (
    NoAnswerError,
    NotAPumpError,
    PortError,
    PumpRefusedError,
    SessionEndedError,
    StaleSessionError,
    VersionMismatchError,
)
from thecal.link import TRIES
from thecal_fw.core.alarms import EMPTY_RESERVOIR
from thecal_fw.link import messages
from thecal_fw.link.frames import encode_frame


def port_with(answer, greet=greeting) -> ScriptedPort:
    return ScriptedPort(lambda frame: greet(frame) if frame.kind == messages.HELLO.kind else answer(frame))


def test_a_request_is_answered():
    assert Pump(ScriptedPort(pump), host_nonce=1).time().offset_minutes == 60


def test_a_lost_answer_is_asked_for_again_with_the_same_bytes():
    lost = [b"", None]
    port = port_with(lambda frame: time_answer(frame) if lost.pop(0) is None else b"")
    client = Pump(port, host_nonce=1)
    assert client.time().boot_s == 1
    assert port.written[-1] == port.written[-2]
    assert client.requests_repeated == 1


def test_garbage_and_old_answers_before_the_answer_are_passed_over():
    def answer(frame):
        old = time_answer(type(frame)(frame.version, frame.kind, frame.session, frame.request - 1, b""))
        return b"\x03zz\0" + old + time_answer(frame)

    assert Pump(port_with(answer), host_nonce=1).time().utc_s == 3


def test_silence_ends_in_a_message_that_says_what_was_asked():
    with pytest.raises(NoAnswerError, match=f"did not answer get time, asked {TRIES} times"):
        Pump(port_with(lambda frame: b""), host_nonce=1).time()


@pytest.mark.requirement("link-versions")
def test_other_message_layouts_are_refused_naming_both():
    def answer(frame):
        return greeting(frame, 0, b"otherone")

    with pytest.raises(VersionMismatchError, match=f"{messages.schema_hash().hex()}.*{b'otherone'.hex()}"):
        Pump(ScriptedPort(answer), host_nonce=1)


@pytest.mark.requirement("link-versions")
def test_another_protocol_version_is_refused_naming_both():
    with pytest.raises(VersionMismatchError, match="version 1, the pump version 7"):
        Pump(ScriptedPort(lambda frame: error(frame, messages.ERROR_VERSION, 7)), host_nonce=1)


def test_a_session_that_only_went_quiet_is_opened_again_by_itself():
    expired = [True]

    def answer(frame):
        return error(frame, messages.ERROR_NO_SESSION) if expired and expired.pop() else time_answer(frame)

    assert Pump(port_with(answer), host_nonce=1).time().boot_us == 2


@pytest.mark.requirement("uncertain-not-repeated")
def test_a_change_is_not_made_again_in_a_new_session_when_it_may_have_been_made_in_the_old_one():
    sent: list[int] = []

    def answer(frame):
        # The first is carried out and its answer lost with the session, as by a restart.
        sent.append(frame.request)
        return b"" if len(sent) == 1 else error(frame, messages.ERROR_NO_SESSION)

    client = Pump(port_with(answer), host_nonce=1)
    with pytest.raises(NoAnswerError, match=r"asked to refill\. Whether it was done is not known: look with"):
        client.refill(20_000_000)
    assert len(sent) == 2


def test_reading_goes_on_in_a_new_session_however_the_old_one_ended():
    answers = [lambda frame: b"", lambda frame: error(frame, messages.ERROR_NO_SESSION), time_answer]
    assert Pump(port_with(lambda frame: answers.pop(0)(frame)), host_nonce=1).time().utc_s == 3


def test_a_pump_that_ends_every_session_at_once_is_told_in_words():
    client = Pump(port_with(lambda frame: error(frame, messages.ERROR_NO_SESSION)), host_nonce=1)
    with pytest.raises(SessionEndedError) as ended:
        client.time()
    assert (
        str(ended.value)
        == "the pump has no session open: it has restarted, or it was asked nothing for too long"
    )


@pytest.mark.requirement("uncertain-answer-told")
def test_a_change_without_an_answer_is_told_as_uncertain():
    with pytest.raises(NoAnswerError, match=r"refill, asked 3 times\. Whether it was done is not known"):
        Pump(port_with(lambda frame: b""), host_nonce=1).refill(1)


def test_a_second_host_is_named_as_the_reason():
    with pytest.raises(StaleSessionError, match="another host has opened a session"):
        Pump(port_with(lambda frame: error(frame, messages.ERROR_STALE_SESSION, 12)), host_nonce=1).time()


@pytest.mark.requirement("refusal-in-words")
def test_a_refusal_carries_its_code_and_words():
    client = Pump(port_with(lambda frame: error(frame, messages.ERROR_RANGE, 20_000_000)), host_nonce=1)
    with pytest.raises(PumpRefusedError, match="refused refill: value out of range") as refusal:
        client.refill(1)
    assert (refusal.value.code, refusal.value.detail) == (messages.ERROR_RANGE, 20_000_000)


def test_what_a_pump_works_on_is_asked_for_again_for_as_long_as_it_gets_further():
    asked = []

    def answer(frame):
        asked.append(frame.request)
        if len(asked) < 300:
            return error(frame, messages.ERROR_IN_PROGRESS, len(asked) << 16 | 300)
        return time_answer(frame)

    assert Pump(port_with(answer)).time().boot_s >= 0
    assert asked == list(range(1, 301))


def test_a_pump_that_gets_no_further_is_given_up():
    with pytest.raises(PumpRefusedError, match="5 of 9 done, and got no further"):
        Pump(port_with(lambda frame: error(frame, messages.ERROR_IN_PROGRESS, 5 << 16 | 9))).time()


def test_a_board_that_is_no_pump_is_recognised_by_what_it_says():
    with pytest.raises(NotAPumpError, match="NameError"):
        Pump(ScriptedPort(lambda frame: b"NameError: name isn't defined\r\n>>> "), host_nonce=1)


def test_endless_babble_is_not_listened_to_for_ever():
    class Babbler(ScriptedPort):
        def read(self, size: int = 1) -> bytes:
            return b"U" * size

    with pytest.raises(NotAPumpError, match="without end"):
        Pump(Babbler(pump), host_nonce=1)


@pytest.mark.requirement("port-gone-told")
@pytest.mark.parametrize("vanishing", ["read", "write"])
def test_a_port_that_vanishes_is_told_as_such(monkeypatch, vanishing):
    port = ScriptedPort(pump)
    client = Pump(port, host_nonce=1)

    def gone(*_):
        raise OSError("device disconnected")

    monkeypatch.setattr(port, vanishing, gone)
    with pytest.raises(PortError, match="the port has gone while talking"):
        client.time()


def test_a_port_that_babbles_slowly_is_given_up_by_the_clock():
    seconds = iter(range(10_000))

    class Babbler(ScriptedPort):
        def read(self, size: int = 1) -> bytes:
            return b"U" * size

    with pytest.raises(NotAPumpError, match="it said b'UUU"):
        Pump(Babbler(pump), host_nonce=1, clock=lambda: float(next(seconds)))
    assert next(seconds) < 50


def test_silence_from_the_beginning_asks_whether_it_is_a_pump():
    with pytest.raises(
        NoAnswerError, match="nothing answers on the port, asked 3 times: is it a Thecal pump's"
    ):
        Pump(ScriptedPort(lambda frame: b""), host_nonce=1)


def test_a_pump_that_reads_nothing_is_told_as_such(monkeypatch):
    port = ScriptedPort(pump)
    client = Pump(port, host_nonce=1)

    def full(*_):
        raise SerialTimeoutException("Write timeout")

    monkeypatch.setattr(port, "write", full)
    with pytest.raises(NoAnswerError, match="takes no more bytes"):
        client.time()


def test_what_a_pump_does_not_read_is_discarded_so_that_closing_the_port_does_not_wait_for_it(monkeypatch):
    calls: list[str] = []

    class FullPort(ScriptedPort):
        def reset_output_buffer(self) -> None:
            calls.append("discard")

        def close(self) -> None:
            calls.append("close")

    port = FullPort(pump)
    client = Pump(port, host_nonce=1)
    assert client.time().utc_s == 3
    assert calls == []

    def full(*_):
        raise SerialTimeoutException("Write timeout")

    monkeypatch.setattr(port, "write", full)
    with pytest.raises(NoAnswerError, match="takes no more bytes"):
        client.time()
    client.close()
    assert calls == ["discard", "close"]


def test_a_port_that_vanishes_while_it_takes_no_bytes_is_still_told_as_taking_none(monkeypatch):
    class GonePort(ScriptedPort):
        def reset_output_buffer(self) -> None:
            raise OSError("device disconnected")

    port = GonePort(pump)
    client = Pump(port, host_nonce=1)

    def full(*_):
        raise SerialTimeoutException("Write timeout")

    monkeypatch.setattr(port, "write", full)
    with pytest.raises(NoAnswerError, match="takes no more bytes"):
        client.time()


def test_an_answer_of_another_session_is_passed_over():
    def answer(frame):
        foreign = type(frame)(frame.version, frame.kind, frame.session + 1, frame.request, b"")
        other = messages.GET_TIME.response.pack(1, 2, 99, 4, 1, 60)
        kind = frame.kind | messages.RESPONSE
        return encode_frame(kind, foreign.session, foreign.request, other) + time_answer(frame)

    assert Pump(port_with(answer), host_nonce=1).time().utc_s == 3


@pytest.mark.requirement("start-blocked-named")
def test_an_alarm_that_blocks_a_start_is_named():
    client = Pump(
        port_with(lambda frame: error(frame, messages.ERROR_BLOCKED, 1, set_of(1 << EMPTY_RESERVOIR))),
        host_nonce=1,
    )
    with pytest.raises(PumpRefusedError, match=r"blocked by alarm \(empty reservoir\)\. Remove the cause"):
        client.start(bytes(32))
