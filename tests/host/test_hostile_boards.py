"""Boards that answer anything: every command ends in words, with an exit code that means something."""

from __future__ import annotations

from pathlib import Path

import pytest

from host.scripted_port import ScriptedPort, greeting
from thecal.client import Pump
from thecal.errors import BadAnswerError
from thecal_fw.link import messages
from thecal_fw.link.frames import Frame, encode_frame
from thecal_hil.campaigns.hostile.session import ALL, play_hostile
from thecal_hil.campaigns.stage import Stage

SAMPLE = 6


@pytest.mark.parametrize("command", ALL)
def test_a_sample_of_hostile_boards_ends_every_command_in_words(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.chdir(Path(__file__).parents[2])
    for seed in range(SAMPLE):
        assert play_hostile(Stage(), command, seed) == [], seed


def _answering(message: messages.Message, *values: object, tail: bytes = b"") -> Pump:
    def answer(frame: Frame) -> bytes:
        if frame.kind == messages.HELLO.kind:
            return greeting(frame)
        payload = message.response.pack(*values, tail=tail)
        return encode_frame(message.kind | messages.RESPONSE, frame.session, frame.request, payload)

    return Pump(ScriptedPort(answer), host_nonce=1)


def test_a_source_of_time_that_there_is_none_of_is_no_answer() -> None:
    with pytest.raises(BadAnswerError, match="time_source = 77 for get_time, and there are only 0 to"):
        _answering(messages.GET_TIME, 1, 2, 3, 4, 77, 60).time()


def test_a_log_whose_numbers_do_not_rise_ends() -> None:
    with pytest.raises(BadAnswerError, match="no end"):
        _answering(messages.READ_LOG, 1, 9, 0).log()


def test_bytes_that_are_no_program_are_told_as_such() -> None:
    with pytest.raises(BadAnswerError, match="no"):
        _answering(messages.READ_PROGRAM, 4, tail=b"\xff" * 4).read_program()
