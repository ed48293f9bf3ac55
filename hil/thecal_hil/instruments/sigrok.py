"""Driver for captures with sigrok-cli, which knows most logic analysers there are.

Promises: a capture is complete or an error: a device that stopped early, a channel that is missing, a file that is no
waveform and a program that fails or hangs are each reported as such. Edges have the exact instant of the first
sample that shows the new level, in whole nanoseconds since the capture's first sample; so only sample rates are
taken whose period is a whole number of nanoseconds. What happens between two samples is not seen.

The waveform comes as VCD, which holds changes only, so a long capture stays small.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vcd.common import VarType
from vcd.reader import TokenKind, VarDecl, VCDParseError, tokenize

from thecal_sim.edge_record import Edge
from thecal_sim.units import NS_PER_S

_FEMTOSECONDS_PER_NS: Final = 1_000_000
_FEMTOSECONDS: Final = {"s": 10**15, "ms": 10**12, "us": 10**9, "ns": 10**6, "ps": 10**3, "fs": 1}
_STARTS_WITHIN_S: Final = 20.0
"""Firmware is loaded into some analysers first, which takes seconds."""
_LEVELS: Final = {"0": 0, "1": 1}
_META: Final = b"META "
"""What sigrok-cli puts before the waveform when it converts a file."""
_CHANGES_OF_OTHERS: Final = (TokenKind.CHANGE_VECTOR, TokenKind.CHANGE_REAL, TokenKind.CHANGE_STRING)
_NO_LEVELS: Final = (
    VarType.event,
    VarType.integer,
    VarType.parameter,
    VarType.real,
    VarType.realtime,
    VarType.string,
)
_MOST_TOLD: Final = 200
"""Characters of what a parser says."""
_PREFIXES: Final = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9}


class AnalyserError(Exception):
    """There is no capture; the message says why and, where it can, what to do."""


@dataclass(frozen=True)
class Capture:
    """A recording. ``edges`` in order of time; ``first_levels`` at the first sample."""

    edges: Sequence[Edge]
    first_levels: Mapping[str, int]
    duration_ns: int


@dataclass(frozen=True)
class LogicAnalyser:
    """One analyser as sigrok-cli gets it.

    driver: name and settings, such as ``fx2lafw`` or ``demo:logic_channels=4``. channels: which of its channels each
    signal is on. samplerate_hz: a divisor of 10**9, so that instants are whole nanoseconds.
    """

    driver: str
    channels: Mapping[str, str]
    samplerate_hz: int
    settings: str = ""
    """Further settings of the device, as sigrok-cli's ``--config`` has them."""
    executable: str = "sigrok-cli"

    def __post_init__(self) -> None:
        if not self.channels:
            raise AnalyserError("channels: none is named, so there is nothing to capture")
        for signal in self.channels:
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", signal):
                raise AnalyserError(
                    f"channels: {signal!r} can't be a name in sigrok; use letters, digits and _"
                )
        if self.samplerate_hz <= 0 or NS_PER_S % self.samplerate_hz:
            raise AnalyserError(
                f"samplerate_hz: {self.samplerate_hz} does not divide {NS_PER_S}, so instants would be rounded; "
                "take one that does, such as 8000000 or 1000000"
            )

    @property
    def resolution_ns(self) -> int:
        """Return the distance of two samples: an edge came that much before its instant, at most."""
        return NS_PER_S // self.samplerate_hz

    def command(self, seconds: float, output: Path) -> list[str]:
        """Return the command that captures so long into a VCD file."""
        config = f"samplerate={self.samplerate_hz}" + (f":{self.settings}" if self.settings else "")
        return [
            self.executable,
            "--driver",
            self.driver,
            "--config",
            config,
            "--channels",
            ",".join(f"{channel}={signal}" for signal, channel in self.channels.items()),
            "--samples",
            str(round(seconds * self.samplerate_hz)),
            "--output-format",
            "vcd",
            "--output-file",
            str(output),
        ]

    def start(self, seconds: float) -> RunningCapture:
        """Begin to capture; sigrok gives no sign of the instant at which the first sample is taken. Raise
        AnalyserError if it is not installed, or less than a sample is asked for."""
        if round(seconds * self.samplerate_hz) < 1:
            raise AnalyserError(f"seconds: {seconds} is less than one sample")
        if shutil.which(self.executable) is None:
            raise AnalyserError(f"{self.executable} is not installed: on Debian, apt-get install sigrok-cli")
        return RunningCapture(self, seconds)

    def capture(self, seconds: float) -> Capture:
        """Capture for so long."""
        return self.start(seconds).finish()


class RunningCapture:
    """A capture that is continuing in a process of its own."""

    def __init__(self, analyser: LogicAnalyser, seconds: float) -> None:
        self._analyser, self._seconds = analyser, seconds
        self._folder = tempfile.TemporaryDirectory(prefix="thecal-capture-")
        self._output = Path(self._folder.name) / "capture.vcd"
        self._process = subprocess.Popen(
            analyser.command(seconds, self._output),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )

    def finish(self) -> Capture:
        """Wait for the end of the capture and read it; raises AnalyserError unless it is complete."""
        try:
            return self._read(self._wait())
        finally:
            self._folder.cleanup()

    def cancel(self) -> None:
        self._process.kill()
        self._process.communicate()
        self._folder.cleanup()

    def _wait(self) -> str:
        name = self._analyser.executable
        try:
            said, _ = self._process.communicate(timeout=self._seconds + _STARTS_WITHIN_S)
        except subprocess.TimeoutExpired as error:
            self._process.kill()
            self._process.communicate()
            raise AnalyserError(
                f"{name} did not end within {self._seconds + _STARTS_WITHIN_S:g} s of a capture of {self._seconds:g} s"
            ) from error
        if self._process.returncode != 0:
            raise AnalyserError(
                f"{name} ended with exit code {self._process.returncode}: {_last_lines(said)}"
            )
        return said

    def _read(self, said: str) -> Capture:
        name = self._analyser.executable
        if not self._output.exists() or not self._output.stat().st_size:
            raise AnalyserError(f"{name} left no capture: {_last_lines(said)}")
        with self._output.open("rb") as file:
            found = read_vcd(file)
        missing = sorted(set(self._analyser.channels) - set(found.first_levels))
        if missing:
            raise AnalyserError(f"{name} left no channel for {', '.join(missing)}")
        wanted_ns = round(self._seconds * self._analyser.samplerate_hz) * self._analyser.resolution_ns
        if found.duration_ns < wanted_ns:
            raise AnalyserError(
                f"{name} recorded {found.duration_ns / NS_PER_S:g} s of {wanted_ns / NS_PER_S:g} s: the analyser "
                "stopped early; take a lower sample rate, or another USB port"
            )
        return found


def _last_lines(said: str) -> str:
    return " / ".join(said.strip().splitlines()[-3:]) or "it said nothing"


def read_vcd(file: io.BufferedIOBase) -> Capture:
    """Return a waveform of single-bit signals; raise AnalyserError for anything else."""
    head = file.readline()
    if not head.startswith(_META):
        file.seek(0)
    try:
        return _VcdReading().read(file)
    except (VCDParseError, ValueError, LookupError) as error:
        raise AnalyserError(f"the capture is no VCD file: {str(error)[:_MOST_TOLD]}") from error


class _VcdReading:
    def __init__(self) -> None:
        self._step_fs = 0
        self._signals: dict[str, str] = {}
        self._levels: dict[str, int] = {}
        self._edges: list[Edge] = []
        self._first: int | None = None
        self._t = 0

    def read(self, file: io.BufferedIOBase) -> Capture:
        for token in tokenize(file):
            if token.kind is TokenKind.TIMESCALE:
                scale = token.timescale
                self._step_fs = scale.magnitude * _FEMTOSECONDS[scale.unit.value]
            elif token.kind is TokenKind.VAR:
                self._declare(token.var)
            elif token.kind is TokenKind.CHANGE_TIME:
                if token.time_change < self._t:
                    raise AnalyserError(f"the capture's time runs backwards at {token.time_change}")
                self._t = token.time_change
                self._first = self._t if self._first is None else self._first
            elif token.kind is TokenKind.CHANGE_SCALAR:
                self._change(token.scalar_change.id_code, token.scalar_change.value)
            elif token.kind in _CHANGES_OF_OTHERS:
                raise AnalyserError(
                    "the capture has a change of several bits or of a number; only 0 and 1 are known"
                )
        if not self._signals or not self._step_fs or self._first is None:
            raise AnalyserError("the capture is no VCD file, or an empty one")
        first_levels = {edge.signal: 1 - edge.level for edge in reversed(self._edges)}
        return Capture(self._edges, {**self._levels, **first_levels}, self._ns(self._t))

    def _declare(self, var: VarDecl) -> None:
        if var.size != 1 or var.type_ in _NO_LEVELS:
            raise AnalyserError(f"the capture has {var.reference!r}, which is no signal of one bit")
        if var.id_code in self._signals or var.reference in self._signals.values():
            raise AnalyserError(f"the capture has the signal {var.reference!r} or its code twice")
        self._signals[var.id_code] = var.reference

    def _change(self, code: str, value: str) -> None:
        signal, level = self._signals.get(code), _LEVELS.get(value)
        if signal is None or level is None:
            raise AnalyserError(
                f"the capture has a level {value!r} of {signal or code!r}; only 0 and 1 are known"
            )
        before = self._levels.get(signal)
        self._levels[signal] = level
        if before is not None and before != level:
            self._edges.append(Edge(self._ns(self._t), signal, level))

    def _ns(self, t: int) -> int:
        assert self._first is not None
        fs = (t - self._first) * self._step_fs
        if fs % _FEMTOSECONDS_PER_NS:
            raise AnalyserError("the capture's instants are no whole nanoseconds: see samplerate_hz")
        return fs // _FEMTOSECONDS_PER_NS
