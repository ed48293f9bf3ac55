"""One trial: a command, a way in which it is disturbed, and where.

A step is one operation at the port: a write, or a byte that is read. Ways that end the line end it before a byte of
what the host sends, or before a byte of what it hears; a line that is cut for good is gone for whoever opens it again
too.
"""

from __future__ import annotations

import errno
import signal
from dataclasses import dataclass
from typing import Any

from serial import SerialException

from thecal_hil.campaigns.between import PortInFront
from thecal_hil.campaigns.stage import Ended, Stage, Terminal, raise_signal

SIGNALS = {"SIGINT": signal.SIGINT, "SIGTERM": signal.SIGTERM, "SIGHUP": signal.SIGHUP}
TWICE = "SIGINT twice"
CUT_REQUEST, CUT_ANSWER, CUT_FOR_GOOD, LOST_ANSWER = (
    "cut in a request", "cut in an answer", "cut in an answer, for good", "answer lost"
)  # fmt: skip
CLOSED_PIPE, NO_TERMINAL = "closed pipe", "vanished terminal"
AT_STEPS = (*SIGNALS, TWICE)
AT_SENT = (CUT_REQUEST,)
AT_HEARD = (CUT_ANSWER, CUT_FOR_GOOD, LOST_ANSWER)
AT_WRITES = (CLOSED_PIPE, NO_TERMINAL)
WAYS = (*AT_STEPS, *AT_SENT, *AT_HEARD, *AT_WRITES)

COMMANDS: dict[str, list[str]] = {
    "time": ["time", "--set"],
    "refill": ["refill", "17", "--yes"],
    "program": [
        "program",
        "examples/simple_continuous.toml",
        "--group",
        "adult-spinal",
        "--reason",
        "x",
        "--yes",
    ],
    "start": ["start"],
    "stop": ["stop", "--yes"],
    "bolus": ["bolus", "give", "5", "--over-minutes", "10", "--yes"],
    "acknowledge": ["acknowledge", "--all", "--yes"],
    "service": ["service", "--new", "tubing"],
    "pair": ["pair", "--role", "clinician", "--wait", "3"],
    "visit": [
        "visit",
        "--fill",
        "20",
        "--program",
        "examples/simple_continuous.toml",
        "--group",
        "adult-spinal",
        "--reason",
        "x",
        "--yes",
    ],
    "keyed stop": ["stop", "--yes"],
    "keyed visit": ["visit", "--fill", "20", "--yes"],
    "paired anew": ["pair", "--role", "clinician", "--wait", "3"],
}
NEED_A_KEY = ("keyed stop", "keyed visit", "paired anew")
NEED_THE_BUTTON = ("pair", "paired anew")

NOTHING_DONE = "wrong word: exit code 0, and nothing was carried out"

_SUCCESS = {
    "the new program was committed": ("the pump has committed", "the pump has program", "reprogram: done"),
    "delivery was started": ("the pump is ",),
    "delivery was stopped": ("delivery has stopped",),
    "the refill was recorded": ("the reservoir holds", "refill: done"),
    "the pump's clock was set": ("difference",),
    "alarms were acknowledged": ("sounding:",),
    "the bolus was given": ("the pump gives",),
    "the new part was recorded": ("new tubing by",),
    "the pump was given the new key": ("have a new key",),
}
"""What a command says of its own accord of a change that was carried out."""


@dataclass
class Plan:
    """way, and at which step, byte or write it comes, counted from 0. steps, sent, heard, writes: what was seen."""

    way: str = ""
    at: int = -1
    steps: int = 0
    sent: int = 0
    heard: int = 0
    writes: int = 0
    is_cut: bool = False

    def step(self) -> None:
        at, self.steps = self.steps, self.steps + 1
        if self.way in SIGNALS and at == self.at:
            raise_signal(SIGNALS[self.way])
        if self.way == TWICE and at in (self.at, self.at + 1):
            raise_signal(signal.SIGINT)


class DisturbedPort(PortInFront):
    """The model's port, disturbed as planned."""

    def __init__(self, serial: Any, plan: Plan) -> None:
        """Raise SerialException if the plan has cut the line for good."""
        if plan.is_cut and plan.way == CUT_FOR_GOOD:
            raise SerialException("could not open the port: it has gone")
        super().__init__(serial)
        self._plan = plan
        self._is_gone = False

    def _cut(self) -> None:
        self._plan.is_cut = self._is_gone = True

    def _need_line(self) -> None:
        if self._is_gone:
            raise SerialException("device disconnected")

    def write(self, data: bytes) -> int:
        plan = self._plan
        self._need_line()
        room = plan.at - plan.sent if plan.way == CUT_REQUEST else len(data)
        plan.sent += len(data)
        if 0 <= room < len(data) and not plan.is_cut:
            self._serial.write(data[:room])
            self._cut()
            self._need_line()
        self._serial.write(data)
        plan.step()
        return len(data)

    def read(self, size: int = 1) -> bytes:
        plan = self._plan
        self._need_line()
        data = self._serial.read(size)
        if data:
            at, plan.heard = plan.heard, plan.heard + len(data)
            if plan.way in AT_HEARD and at == plan.at and not plan.is_cut:
                self._cut()
                if plan.way == LOST_ANSWER:
                    self._is_gone = False
                self._need_line()
            if plan.way == LOST_ANSWER and plan.is_cut and plan.at <= at < plan.at + 2_000:
                return b""
        plan.step()
        return data


def stage_for(command: str) -> Stage:
    """Return the pump that a command is tried at, always the same."""
    stage = Stage(is_keyed=command in NEED_A_KEY)
    if command == "start":
        assert stage.run(["stop", "--yes"]).exit_code == 0
    stage.model.board.button.held = command in NEED_THE_BUTTON
    return stage


def play(stage: Stage, command: str, plan: Plan) -> Ended:
    """Run the command at the stage as planned."""

    def out_fails() -> OSError | None:
        at, plan.writes = plan.writes, plan.writes + 1
        if plan.way == CLOSED_PIPE and at >= plan.at >= 0:
            return BrokenPipeError(errno.EPIPE, "Broken pipe")
        return _no_terminal(plan)

    out, err = Terminal(out_fails), Terminal(lambda: _no_terminal(plan))
    return stage.run(COMMANDS[command], lambda: DisturbedPort(stage.model.serial, plan), out, err)


def _no_terminal(plan: Plan) -> OSError | None:
    is_gone = plan.way == NO_TERMINAL and plan.writes > plan.at
    return OSError(errno.EIO, "Input/output error") if is_gone else None


def findings(stage: Stage, command: str, plan: Plan, ended: Ended, untold: str) -> list[str]:
    """Return what is wrong with how a disturbed command ended. untold: what was kept for the next command to say."""
    said = f"{ended.said} {untold}"
    found: list[str] = []
    if ended.traceback:
        found.append(f"a traceback: {ended.traceback.strip().splitlines()[-1]}")
    doubt = said.partition("NOT KNOWN whether")[2]
    for words, times in ended.changed.items():
        claims = (words, *_SUCCESS.get(words, ()))
        is_told = any(claim in said for claim in (*claims, "it was carried out"))
        if not is_told and not doubt and ended.exit_code != 0:
            found.append(f"silent: {words}, and nothing was reported")
        if times > 1:
            found.append(f"{words}, {times} times")
    done = said.partition("Done by then:")[2].partition(".")[0]
    found += [
        f"wrong word: says {words!r}" for words in _SUCCESS if words in done and words not in ended.changed
    ]
    if ended.exit_code == 0 and not ended.changed and command not in ("acknowledge",):
        found.append(NOTHING_DONE)
    if not said.strip():
        found.append("silent: nothing was said at all")
    if command in NEED_THE_BUTTON:
        found += _about_keys(stage, said)
    return found


def _about_keys(stage: Stage, said: str) -> list[str]:
    """Return a finding unless pump and computer have the same key, or both keys are here and that is said."""
    in_pump = stage.model.controller.keys.key(2)
    kept = stage.keys.entries.get("STAGE clinician", "")
    unsettled = stage.keys.entries.get("STAGE clinician unsettled", "")
    right = "" if in_pump is None else in_pump.hex()
    if right == kept and not unsettled:
        return []
    if right in (kept, unsettled) and "both keys are kept here" in said:
        return []
    return [f"pump and computer are not in agreement on the key (unsettled: {bool(unsettled)})"]
