"""Texts from outside: what a board, a file or a port says can neither move a cursor nor pass for words of ours."""

from pathlib import Path

import pytest

from host.conftest import EXAMPLES, Bench, _thecal_in_this_process
from thecal.printable import MARK, printable
from thecal.reports.page import element
from thecal_hil.rigs.model_pty import model_pty
from thecal_sim.model import ModelPump

CLEAR_LINE = "\x1b[2K\x1b[1A"


def test_plain_words_of_any_language_stay_as_they_are() -> None:
    assert printable("Bäclofen 500 µg/mL, ミナ") == "Bäclofen 500 µg/mL, ミナ"


@pytest.mark.parametrize(
    "text", ["\x1b[2K", "\r180", "\x9b2K", "\u202e091", "\u200b", "\ud800", "a\nb", "\0"]
)
def test_what_prints_nothing_by_itself_is_marked(text: str) -> None:
    assert MARK in printable(text)
    assert printable(text).isprintable() or MARK in printable(text)
    assert not set(printable(text)) & set("\x1b\r\n\0\x9b\u202e\u200b")
    assert element("p", text).text == printable(text)


def test_a_board_whose_name_holds_commands_for_the_terminal_gives_none() -> None:
    model = ModelPump(serial_number=b"7\x1b[2Jno\nalarms")
    with model_pty(model) as pty:
        for command in (("interrogate",), ("watch", "--count", "1"), ("visit", "--yes")):
            done = _thecal_in_this_process(command, pty.path)
            assert "\x1b" not in done.stdout + done.stderr
            assert f"7{MARK}[2Jno{MARK}alarms" in done.stdout, done.stdout + done.stderr


def test_a_pattern_s_name_hides_no_change_from_who_has_to_agree(bench: Bench, tmp_path: Path) -> None:
    text = (EXAMPLES / "paediatric_flex.toml").read_text(encoding="utf-8")
    hostile = tmp_path / f"p{CLEAR_LINE}.toml"
    escaped = r'"x\u001b[1A\nnothing changes"'
    hostile.write_text(text.replace('"school day"', escaped), encoding="utf-8")
    shown = bench.thecal("program", str(hostile), "--yes")
    assert "\x1b" not in shown.stdout + shown.stderr
    assert "\nnothing changes" not in shown.stdout
    assert f'"x{MARK}[1A{MARK}nothing changes"' in shown.stdout, shown.stderr


def test_an_unknown_field_s_name_gives_no_commands_either(bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "p.toml"
    text = (EXAMPLES / "simple_continuous.toml").read_text(encoding="utf-8")
    file.write_text(r'"\u001b[2K\nfine" = 1' + "\n" + text, encoding="utf-8")
    said = bench.refused(2, "program", str(file), "--yes")
    assert "\x1b" not in said
    assert f"{MARK}[2K{MARK}fine is not known" in said
