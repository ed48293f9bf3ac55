"""Captures through sigrok-cli: with the real program where it is installed, and with a stand-in for what goes wrong."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import vcd
from hypothesis import given, settings
from hypothesis import strategies as st

from thecal_hil.instruments import sigrok
from thecal_hil.instruments.sigrok import AnalyserError, LogicAnalyser, read_vcd
from thecal_sim.edge_record import Edge

needs_sigrok = pytest.mark.skipif(
    shutil.which("sigrok-cli") is None, reason="sigrok-cli is not installed: apt-get install sigrok-cli"
)
SIGNALS = ("step", "enable", "buzzer")


def vcd_of(edges: list[Edge], end_ns: int) -> str:
    """Return a waveform that begins low, written by pyvcd."""
    text = io.StringIO()
    with vcd.VCDWriter(text, timescale="1 ns", date="", version="") as writer:
        wires = {signal: writer.register_var("pump", signal, "wire", 1, 0) for signal in SIGNALS}
        for edge in edges:
            writer.change(wires[edge.signal], edge.t_ns, edge.level)
        writer.close(end_ns)
    return text.getvalue()


@st.composite
def waveforms(draw: st.DrawFn) -> list[Edge]:
    """Return edges on whole microseconds, at most one of a signal at an instant."""
    instants = sorted(draw(st.sets(st.integers(1, 2_000), max_size=60)))
    levels = dict.fromkeys(SIGNALS, 0)
    edges = []
    for t_us in instants:
        for signal in sorted(draw(st.sets(st.sampled_from(SIGNALS), min_size=1))):
            levels[signal] ^= 1
            edges.append(Edge(t_us * 1_000, signal, levels[signal]))
    return edges


def in_order(edges: object) -> list[Edge]:
    return sorted(edges)  # type: ignore[call-overload]


@settings(deadline=None, derandomize=True)
@given(waveforms())
def test_a_waveform_is_read_back_edge_for_edge(edges):
    found = read_vcd(io.BytesIO(vcd_of(edges, 2_001_000).encode()))
    assert in_order(found.edges) == in_order(edges)
    assert found.first_levels == dict.fromkeys(SIGNALS, 0)
    assert found.duration_ns == 2_001_000


@needs_sigrok
@settings(deadline=None, derandomize=True, max_examples=10)
@given(waveforms())
def test_what_sigrok_makes_of_a_waveform_has_the_same_edges(edges):
    whole = vcd_of(edges, 2_001_000).encode()
    convert = ["sigrok-cli", "--input-format", "vcd:downsample=1000", "--input-file", "/dev/stdin"]
    command = [*convert, "--output-format", "vcd"]
    finished = subprocess.run(command, input=whole, capture_output=True, check=True)
    assert in_order(read_vcd(io.BytesIO(finished.stdout)).edges) == in_order(edges)


@needs_sigrok
def test_the_demo_analyser_is_captured_with_exact_instants():
    analyser = LogicAnalyser(
        "demo:logic_channels=8:analog_channels=0", {"step": "D0", "enable": "D1"}, samplerate_hz=1_000_000
    )
    found = analyser.capture(0.05)
    assert found.duration_ns == 50_000_000
    assert set(found.first_levels) == {"step", "enable"}
    assert len(found.edges) > 1_000
    assert all(edge.t_ns % analyser.resolution_ns == 0 for edge in found.edges)
    for signal in analyser.channels:
        levels = [found.first_levels[signal], *(edge.level for edge in found.edges if edge.signal == signal)]
        assert all(one != other for one, other in pairwise(levels))
    # Another of the program's formats tells the same: one character a sample.
    command = ["bits" if word == "vcd" else word for word in analyser.command(64e-6, Path("/dev/stdout"))]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    samples = "".join(re.findall(r"^step:(.+)$", shown, re.MULTILINE)).replace(" ", "")
    changes = [(at * 1_000, int(samples[at])) for at in range(1, 64) if samples[at] != samples[at - 1]]
    assert len(changes) > 5
    assert [(edge.t_ns, edge.level) for edge in found.edges if edge.signal == "step"][
        : len(changes)
    ] == changes


@needs_sigrok
@pytest.mark.parametrize(
    ("driver", "channel", "message"),
    [
        ("nosuch", "D0", "exit code 1: Driver nosuch not found"),
        ("fx2lafw", "D0", "exit code 1: No devices found"),
        ("demo", "Q9", "exit code 1: unknown channel 'Q9'"),
    ],
)
def test_what_sigrok_refuses_is_passed_on_in_its_words(driver, channel, message):
    with pytest.raises(AnalyserError, match=message):
        LogicAnalyser(driver, {"step": channel}, 1_000_000).capture(0.01)


# --- a stand-in for what a real program does not do on demand


@pytest.fixture
def stand_in(tmp_path: Path):
    """Provide an analyser whose program runs the given lines of Python; `output` is the file it has to write."""

    def made(*lines: str, samplerate_hz: int = 1_000_000) -> LogicAnalyser:
        program = tmp_path / "sigrok-stand-in"
        head = (
            f"#!{sys.executable}",
            "import sys, time",
            "output = sys.argv[sys.argv.index('--output-file') + 1]",
        )
        program.write_text("\n".join((*head, *lines)) + "\n", encoding="utf-8")
        program.chmod(0o755)
        return LogicAnalyser("demo", {"step": "D0"}, samplerate_hz, executable=str(program))

    return made


def writes(text: str) -> str:
    return f"open(output, 'w').write({text!r})"


HEAD = "$timescale 1 us $end\n$scope module top $end\n$var wire 1 ! step $end\n$upscope $end\n$enddefinitions $end\n"


def test_a_complete_capture_of_the_stand_in_is_read(stand_in):
    found = stand_in(writes(f"{HEAD}#0 0!\n#30 1!\n#40 0!\n#1000\n")).capture(0.001)
    assert found.edges == [Edge(30_000, "step", 1), Edge(40_000, "step", 0)]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            (writes(f"{HEAD}#0 0!\n#30 1!\n#900\n"),),
            "recorded 0.0009 s of 0.001 s: the analyser stopped early",
        ),
        ((writes(HEAD.replace("step", "D0") + "#0 0!\n#1000\n"),), "left no channel for step"),
        ((writes(""),), "left no capture: it said nothing"),
        (("print('srd: no space left')",), "left no capture: srd: no space left"),
        (("print('one\\ntwo\\nthree\\nfour'); sys.exit(3)",), "exit code 3: two / three / four"),
        ((writes("no waveform at all"),), "no VCD file"),
        ((writes(f"{HEAD}#0 x!\n#1000\n"),), "level 'x' of 'step'; only 0 and 1 are known"),
        ((writes(f"{HEAD}#50 0!\n#20 1!\n"),), "runs backwards at 20"),
        ((writes(f"{HEAD.replace('1 us', '1 ps')}#0 0!\n#33 1!\n"),), "no whole nanoseconds"),
    ],
)
def test_a_capture_that_is_not_complete_is_told_as_what_it_is(stand_in, lines, message):
    with pytest.raises(AnalyserError, match=message):
        stand_in(*lines).capture(0.001)


def test_a_program_that_hangs_is_ended(stand_in, monkeypatch):
    monkeypatch.setattr(sigrok, "_STARTS_WITHIN_S", 0.3)
    with pytest.raises(AnalyserError, match="did not end within"):
        stand_in("time.sleep(60)").capture(0.001)


def test_a_capture_can_be_cancelled(stand_in):
    running = stand_in("time.sleep(60)").start(0.001)
    running.cancel()
    assert running._process.returncode is not None


def test_a_program_that_is_not_there_is_named_with_what_to_do():
    analyser = LogicAnalyser("demo", {"step": "D0"}, 1_000_000, executable="no-such-sigrok")
    with pytest.raises(AnalyserError, match="no-such-sigrok is not installed"):
        analyser.capture(1)


@pytest.mark.parametrize(
    ("channels", "samplerate_hz", "seconds", "message"),
    [
        ({}, 1_000_000, 1, "channels: none is named"),
        ({"a,b": "D0"}, 1_000_000, 1, "channels: 'a,b' can't be a name"),
        ({"step": "D0"}, 24_000_000, 1, "samplerate_hz: 24000000 does not divide"),
        ({"step": "D0"}, 0, 1, "samplerate_hz: 0 does not divide"),
        ({"step": "D0"}, 1_000, 0.0001, "seconds: 0.0001 is less than one sample"),
    ],
)
def test_what_can_not_be_captured_is_refused_before_anything_runs(channels, samplerate_hz, seconds, message):
    with pytest.raises(AnalyserError, match=message):
        LogicAnalyser("demo", channels, samplerate_hz).capture(seconds)
