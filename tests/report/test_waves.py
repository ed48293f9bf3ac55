"""Waveforms hold every edge at its instant, and open in the tools that people have."""

from __future__ import annotations

import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vcd.reader import TokenKind, tokenize

from report.records import failed, ran
from thecal_hil.contract.pump_clock import TICK_NS
from thecal_hil.report.waves import CLOSE_NS, write_close_wave, write_wave
from thecal_hil.scenario.record import Signal
from thecal_sim.units import NS_PER_S

Changes = dict[str, list[tuple[int, str]]]


def read_back(path: Path) -> tuple[str, Changes]:
    """Return the timescale, and every change of every line after the first levels, which are dumped at the
    beginning."""
    names: dict[str, str] = {}
    changes: Changes = {}
    timescale, now, dumping = "", 0, False
    with path.open("rb") as file:
        for token in tokenize(file):
            if token.kind is TokenKind.TIMESCALE:
                timescale = f"{int(token.timescale.magnitude)} {token.timescale.unit.value}"
            elif token.kind is TokenKind.VAR:
                names[token.var.id_code] = token.var.reference
                changes[token.var.reference] = []
            elif token.kind is TokenKind.CHANGE_TIME:
                now = token.time_change
            elif token.kind is TokenKind.DUMPVARS:
                dumping = True
            elif token.kind is TokenKind.END:
                dumping = False
            elif token.kind is TokenKind.CHANGE_SCALAR:
                change = token.scalar_change
                if not (dumping and now == 0):
                    changes[names[change.id_code]].append((now, str(change.value)))
                else:
                    changes[names[change.id_code]].append((-1, str(change.value)))
    return timescale, changes


def test_every_edge_stands_at_its_nanosecond(tmp_path: Path) -> None:
    record = ran("steady")
    write_wave(record, tmp_path / "wave.vcd")
    timescale, changes = read_back(tmp_path / "wave.vcd")
    assert timescale == "1 ns"
    step = record.signals[0]
    assert changes["step"] == [(-1, "0"), *zip(step.t_ns.tolist(), map(str, step.levels), strict=True)]
    assert changes["motor_stalled"] == [(-1, "0"), (record.alarms[0].begin_ns, "1")]


@given(
    st.lists(st.integers(0, 10**15), min_size=1, max_size=30, unique=True).map(sorted),
    st.integers(0, 1),
)
def test_any_line_can_be_read_back(
    tmp_path_factory: pytest.TempPathFactory, instants: list[int], resting: int
) -> None:
    record = ran("steady")
    levels = [(resting + 1 + number) % 2 for number in range(len(instants))]
    record.signals = (Signal("line", resting, np.array(instants, np.int64), np.array(levels, np.uint8)),)
    record.alarms = ()
    record.ends_ns = instants[-1] + 1
    path = tmp_path_factory.mktemp("wave") / "wave.vcd"
    write_wave(record, path)
    _, changes = read_back(path)
    found = [(max(0, at), level) for at, level in changes["line"]]
    expected = [(0, str(resting)), *zip(instants, map(str, levels), strict=True)]
    assert found[-len(instants) :] == expected[1:]
    assert found[0] in (expected[0], expected[1])


def test_the_close_up_begins_before_the_first_divergence_and_holds_its_edges(tmp_path: Path) -> None:
    record = failed("stumbling")
    assert record.divergence is not None
    write_close_wave(record, tmp_path / "close.vcd")
    timescale, changes = read_back(tmp_path / "close.vcd")
    assert timescale == "1 us"
    begin_ns = record.divergence.t_ns - 2 * NS_PER_S
    steps = record.signals[0].t_ns
    within = steps[(steps > begin_ns) & (steps <= begin_ns + CLOSE_NS)]
    assert [at for at, _ in changes["step"] if at >= 0] == ((within - begin_ns) // 1_000).tolist()
    assert changes["enable"] == [(-1, "0")], "the motor was switched on before"


def through_sigrok(path: Path, again: Path, options: str = "") -> Changes:
    """Return what sigrok makes of a waveform, written again by sigrok itself."""
    tool = shutil.which("sigrok-cli")
    if tool is None:
        pytest.skip("sigrok-cli is not installed: apt-get install sigrok-cli")
    command = [tool, "-I", f"vcd{options}", "-i", str(path), "-O", "vcd", "-o", str(again)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    # This tool mixes a line of its own into the waveform.
    lines = again.read_text(encoding="utf-8").splitlines()
    again.write_text("\n".join(line for line in lines if not line.startswith("META ")), encoding="utf-8")
    _, changes = read_back(again)
    return changes


def test_sigrok_reads_each_edge_of_the_close_up_at_its_microsecond(tmp_path: Path) -> None:
    write_close_wave(failed("stumbling"), tmp_path / "close.vcd")
    _, ours = read_back(tmp_path / "close.vcd")
    theirs = through_sigrok(tmp_path / "close.vcd", tmp_path / "again.vcd")
    assert set(theirs) == {"step", "enable", "motor_stalled"}
    assert edges(theirs["step"]) == edges(ours["step"])
    assert len(edges(ours["step"])) == 6


def test_sigrok_reads_the_whole_course_at_a_tick(tmp_path: Path) -> None:
    record = ran("steady")
    write_wave(record, tmp_path / "whole.vcd")
    changes = through_sigrok(tmp_path / "whole.vcd", tmp_path / "again.vcd", ":downsample=10000")
    steps = record.signals[0].t_ns
    assert [at for at, _ in edges(changes["step"])] == (steps // TICK_NS).tolist()


def test_gtkwave_reads_every_change(tmp_path: Path) -> None:
    """Through the readers and writers that come with GTKWave, to its own format and back."""
    there, back = shutil.which("vcd2fst"), shutil.which("fst2vcd")
    if there is None or back is None:
        pytest.skip("GTKWave is not installed: apt-get install gtkwave")
    write_wave(ran("steady"), tmp_path / "wave.vcd")
    subprocess.run([there, tmp_path / "wave.vcd", tmp_path / "wave.fst"], check=True)
    done = subprocess.run([back, tmp_path / "wave.fst"], check=True, capture_output=True)
    (tmp_path / "again.vcd").write_bytes(done.stdout)
    _, ours = read_back(tmp_path / "wave.vcd")
    _, theirs = read_back(tmp_path / "again.vcd")
    assert {name: edges(changes) for name, changes in theirs.items()} == {
        name: edges(changes) for name, changes in ours.items()
    }


def edges(changes: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Return changes without the first level, wherever a tool writes that."""
    return [change for before, change in pairwise(changes) if before[1] != change[1]]
