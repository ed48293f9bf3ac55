"""The host's end of the link: what it does when the other end is slow, broken, other than expected, or gone."""

import pytest

from host.scripted_port import ScriptedPort, error, greeting, pump, time_answer
from thecal.client import Pump
from thecal.errors import (
    NoAnswerError,
    NotAPumpError,
    PortError,
    PumpRefusedError,
    StaleSessionError,
    VersionMismatchError,
)
from thecal.link import TRIES
from thecal_fw.link import messages


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


def test_other_message_layouts_are_refused_naming_both():
    def answer(frame):
        return greeting(frame, 0, b"otherone")

    with pytest.raises(VersionMismatchError, match=f"{messages.schema_hash().hex()}.*{b'otherone'.hex()}"):
        Pump(ScriptedPort(answer), host_nonce=1)


def test_another_protocol_version_is_refused_naming_both():
    with pytest.raises(VersionMismatchError, match="version 1, the pump version 7"):
        Pump(ScriptedPort(lambda frame: error(frame, messages.ERROR_VERSION, 7)), host_nonce=1)


def test_a_session_that_only_went_quiet_is_opened_again_by_itself():
    expired = [True]

    def answer(frame):
        return (
            error(frame, messages.ERROR_STALE_SESSION, 0) if expired and expired.pop() else time_answer(frame)
        )

    assert Pump(port_with(answer), host_nonce=1).time().boot_us == 2


def test_a_second_host_is_named_as_the_reason():
    with pytest.raises(StaleSessionError, match="another host has opened a session"):
        Pump(port_with(lambda frame: error(frame, messages.ERROR_STALE_SESSION, 12)), host_nonce=1).time()


def test_a_refusal_carries_its_code_and_words():
    client = Pump(port_with(lambda frame: error(frame, messages.ERROR_RANGE, 20_000_000)), host_nonce=1)
    with pytest.raises(PumpRefusedError, match="refused refill: value out of range") as refusal:
        client.refill(1)
    assert (refusal.value.code, refusal.value.detail) == (messages.ERROR_RANGE, 20_000_000)


def test_a_board_that_is_no_pump_is_recognised_by_what_it_says():
    with pytest.raises(NotAPumpError, match="NameError"):
        Pump(ScriptedPort(lambda frame: b"NameError: name isn't defined\r\n>>> "), host_nonce=1)


def test_endless_babble_is_not_listened_to_for_ever():
    class Babbler(ScriptedPort):
        def read(self, size: int = 1) -> bytes:
            return b"U" * size

    with pytest.raises(NotAPumpError, match="without end"):
        Pump(Babbler(pump), host_nonce=1)


@pytest.mark.parametrize("vanishing", ["read", "write"])
def test_a_port_that_vanishes_is_told_as_such(monkeypatch, vanishing):
    port = ScriptedPort(pump)
    client = Pump(port, host_nonce=1)

    def gone(*_):
        raise OSError("device disconnected")

    monkeypatch.setattr(port, vanishing, gone)
    with pytest.raises(PortError, match="the port has gone while talking"):
        client.time()
