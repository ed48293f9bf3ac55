"""The progress line: silent for five seconds, one line at a terminal, a line a minute elsewhere, wiped at the end."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from hil.pseudo_terminal import terminal
from thecal_hil.contract.elapsed import share_of_time
from thecal_hil.contract.rig import Rig
from thecal_hil.groundwork.copies import in_a_copy
from thecal_hil.groundwork.progress import Count, ProgressLine, Share, shown, time_text
from thecal_hil.groundwork.progress_of_runs import Place, runs_of
from thecal_hil.rigs.model_rig import ModelRig


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.s = 1_000.0

    def __call__(self) -> float:
        return self.s


def test_nothing_is_written_in_the_first_five_seconds_at_a_terminal() -> None:
    clock, count = Clock(), Count(10, "runs")
    with terminal() as (stream, screen):
        line = ProgressLine("delivery", count, stream, clock)
        for _ in range(49):
            clock.s += 0.1
            count.done = 9
            line.look()
        line.wipe()
        assert screen.all() == ""


def test_at_a_terminal_the_line_says_how_far_and_how_long_and_is_drawn_over_itself() -> None:
    clock, count = Clock(), Count(200, "runs")
    with terminal() as (stream, screen):
        line = ProgressLine("delivery", count, stream, clock)
        clock.s += 10
        count.add(20)
        line.look()
        assert screen.all() == "\rdelivery: 20 of 200 runs, 10 %, 1 min 30 s to go"
        clock.s += 90
        count.done = 198
        line.look()
        drawn = screen.all()
        assert drawn.startswith("\rdelivery: 198 of 200 runs, 99 %, 1 s to go")
        assert "\n" not in drawn
        assert len(drawn) == len("\rdelivery: 20 of 200 runs, 10 %, 1 min 30 s to go"), "the rest is wiped"
        line.wipe()
        assert re.fullmatch(r"\r +\r", screen.all())


def test_the_line_is_drawn_no_more_than_twice_a_second() -> None:
    clock = Clock()
    with terminal() as (stream, screen):
        line = ProgressLine("delivery", Count(10, "runs"), stream, clock)
        clock.s += 5
        for _ in range(100):
            line.look()
            clock.s += 0.01
        assert screen.all().count("\r") == 2


def test_a_line_that_is_longer_than_the_terminal_is_wide_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    clock = Clock()
    with terminal() as (stream, screen):
        line = ProgressLine("delivery", Count(200, "runs"), stream, clock)
        clock.s += 5
        line.look()
        assert screen.all() == "\rdelivery: 0 of 200 "


def test_elsewhere_a_plain_line_comes_every_minute() -> None:
    clock, count, log = Clock(), Count(600, "frames"), io.StringIO()
    line = ProgressLine("attack", count, log, clock)
    for _ in range(125):
        clock.s += 1
        count.add()
        line.look()
    line.wipe()
    assert log.getvalue() == (
        "attack: 60 of 600 frames, 10 %, 9 min 0 s to go\nattack: 120 of 600 frames, 20 %, 8 min 0 s to go\n"
    )


def test_what_was_done_before_the_beginning_does_not_make_the_rest_look_quick() -> None:
    clock, count, log = Clock(), Count(100, "runs", done=50), io.StringIO()
    line = ProgressLine("campaign", count, log, clock)
    clock.s += 60
    count.add(10)
    line.look()
    assert log.getvalue() == "campaign: 60 of 100 runs, 60 %, 4 min 0 s to go\n"


def test_a_slow_beginning_is_forgotten() -> None:
    clock, count, log = Clock(), Count(1_000, "runs"), io.StringIO()
    line = ProgressLine("delivery", count, log, clock)
    for second in range(60):
        clock.s += 1
        count.add(10 if second >= 30 else 0)
        line.look()
    assert log.getvalue() == "delivery: 300 of 1,000 runs, 30 %, 1 min 10 s to go\n"


def test_work_that_is_all_but_over_is_finishing() -> None:
    clock, log = Clock(), io.StringIO()
    line = ProgressLine("delivery", Count(10, "runs", done=10), log, clock)
    clock.s += 60
    line.look()
    assert log.getvalue() == "delivery: 10 of 10 runs, 100 %, finishing\n"


def test_as_long_as_nothing_is_done_no_time_is_made_up() -> None:
    clock, log = Clock(), io.StringIO()
    line = ProgressLine("boot", Share(lambda: 0.0), log, clock)
    clock.s += 60
    line.look()
    assert log.getvalue() == "boot: 0 %, time to go not known yet\n"


def test_a_stream_that_is_gone_does_not_end_the_work() -> None:
    clock, log = Clock(), io.StringIO()
    line = ProgressLine("delivery", Count(10, "runs"), log, clock)
    log.close()
    clock.s += 60
    line.look()


def test_the_line_is_drawn_by_itself_while_the_work_goes_on_and_makes_room_for_output() -> None:
    clock, count = Clock(), Count(10, "runs")
    with terminal() as (stream, screen):
        with shown("delivery", count, stream, clock) as line:
            clock.s += 6
            # Nobody here asks for the line.
            assert screen.until("known yet").startswith("\rdelivery: 0 of 10 runs, 0 %")
            clock.s += 1e6
            with line.out_of_the_way():
                stream.write("passed\n")
                stream.flush()
            seen = screen.until("passed")
            assert re.search(r"\r +\rpassed", seen), repr(seen)
            clock.s += 1
            screen.until("known yet")
        assert re.search(r"\r +\r\Z", screen.all())


def test_the_line_is_wiped_also_when_the_work_fails() -> None:
    clock = Clock()
    with terminal() as (stream, screen):

        def fail() -> None:
            with shown("delivery", Count(10, "runs"), stream, clock):
                clock.s += 6
                screen.until("known yet")
                raise RuntimeError

        with pytest.raises(RuntimeError):
            fail()
        assert re.search(r"\r +\r\Z", screen.all())


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (3_599, "59 min 59 s"),
        (3_599.6, "1 h 0 min"),
        (9_000, "2 h 30 min"),
    ],
)
def test_a_time_is_told_as_a_person_says_it(seconds: float, text: str) -> None:
    assert time_text(seconds) == text


def _report_half(place: Place) -> None:
    with place.reporting(lambda: 0.5):
        pass


def test_runs_in_other_processes_report_how_far_they_are_by_their_weight() -> None:
    with runs_of([1, 3]) as runs:
        first, second = runs.places()
        assert runs.share() == 0
        command = "import sys; from thecal_hil.groundwork.progress_of_runs import Place\n"
        command += f"with {second!r}.reporting(lambda: 0.5): sys.stdin.read()"
        sources = os.pathsep.join(entry for entry in sys.path if Path(entry).is_dir())
        environment = {**os.environ, "PYTHONPATH": sources}
        other = subprocess.Popen([sys.executable, "-c", command], stdin=subprocess.PIPE, env=environment)
        while runs.share() == 0 and other.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                other.wait(0.01)
        assert runs.share() == pytest.approx(3 / 8)
        assert runs.words() == "0 of 2 runs"
        other.communicate(b"")
        assert other.returncode == 0
        assert runs.words() == "1 of 2 runs"
        in_a_copy(lambda: _report_half(first))
        assert runs.share() == 1


def test_a_copy_of_the_process_is_never_made_in_the_midst_of_a_line() -> None:
    """A copy that is made while another thread writes would wait for ever for the stream."""
    begun, go_on = threading.Event(), threading.Event()

    class Slow(io.StringIO):
        def write(self, text: str, /) -> int:
            begun.set()
            go_on.wait()
            return super().write(text)

    clock = Clock()
    with shown("delivery", Count(10, "runs"), Slow(), clock):
        clock.s += 60
        begun.wait()
        order: list[str] = []
        copied = threading.Thread(target=lambda: (in_a_copy(int), order.append("copied")))
        copied.start()
        copied.join(1)
        order.append("line")
        go_on.set()
        copied.join()
    assert order == ["line", "copied"]


def test_virtual_time_tells_how_much_is_done() -> None:
    rig: Rig = ModelRig()
    share = share_of_time(rig, 60_000_000_000)
    assert share() == 0
    rig.run_for(15)
    assert share() == pytest.approx(0.25, abs=0.01)


def test_a_board_is_not_asked_for_its_time() -> None:
    class Board(ModelRig):
        capabilities = frozenset()

        @property
        def now_ns(self) -> int:
            raise AssertionError("asked in the midst of something else")

    board = Board.__new__(Board)
    assert 0 <= share_of_time(board, 3_600_000_000_000)() < 0.01
