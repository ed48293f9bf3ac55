"""``thecal demo`` as it runs: a practice pump that is found like a board, until it is asked to end.

Promises: what is asked for is looked at before anything runs; the pump is written down where commands look for boards
for as long as it runs, also where it is ended by a signal; its own terminal says what to type next and what happens to
the pump, and takes a few words: a hand at the button, trouble, the end.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import typer

from thecal import practice
from thecal.cli.clock import own_offset_minutes, utc_us
from thecal.cli.common import print_json
from thecal.durations import duration_text
from thecal.errors import BadInputError
from thecal.prescription import load_prescription
from thecal_fw.core.program import Program
from thecal_hil.contract.rig import STEP, Rig
from thecal_hil.practice import troubles
from thecal_hil.practice.pump import PracticePump
from thecal_sim.plant import Plant
from thecal_sim.units import NS_PER_S, US_PER_S
from thecal_sim.virtual_port import End, best_end

_TICK_S = 0.02
_TALKING_TICK_S = 0.001
_STARTS_WITHIN_S = 2.0
_BUTTON_S = 30.0
_LONGEST_BUTTON_S = 600.0
_EXAMPLE = Path("examples/paediatric_flex.toml")
_PACKAGED_EXAMPLES = Path(__file__).parents[1] / "scenario/examples"
_WORDS = "button [SECONDS], fault NAME[=AMOUNT], end NAME, help, quit"


@dataclass(frozen=True)
class Wish:
    """The wishes of a person. at: an instant as `thecal time --to` takes it. program: what it delivers from the
    beginning on. socket_port: a number for a socket in place of a pseudo-terminal, 0 for any."""

    on_pico: bool = False
    speed: float = 1.0
    at: str | None = None
    program: Path | None = None
    faults: Sequence[str] = ()
    socket_port: int | None = None
    as_json: bool = False


class _Told:
    """Records whether a signal has asked the process to end."""

    def __init__(self) -> None:
        self.to_end = False

    def __call__(self, *_: object) -> None:
        self.to_end = True


@contextmanager
def _signals() -> Iterator[_Told]:
    """Catch signals within the block. Ctrl-C, a terminal that closes and an ordinary kill all end it in order; what
    is ignored stays ignored."""
    told = _Told()
    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, told)
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run(wish: Wish) -> None:
    """Play the pump until asked to end. Raises BadInputError, and RigUnavailableError where there is no image."""
    offset_minutes = own_offset_minutes()
    at_us = None if wish.at is None else utc_us(wish.at, offset_minutes)
    compiled = None if wish.program is None else load_prescription(wish.program)
    serial_number = f"PRACTICE-{os.getpid() % 10_000_000}"
    with _signals() as told:
        rig = _rig(wish, serial_number)
        possible = rig.possible_faults
        planned = [troubles.read(text, possible) for text in wish.faults]
        if at_us is not None or compiled is not None:
            _set_time(rig, round(time.time() * US_PER_S) if at_us is None else at_us, offset_minutes)
        if compiled is not None:
            _deliver(rig, compiled.program)
        pump = PracticePump(rig, wish.speed, planned, _say, time.monotonic)
        end = best_end(wish.socket_port)
        try:
            serial_number = rig.pump().serial
            with practice.registered(end.device, serial_number, rig.name):
                _introduce(wish, end, rig, serial_number)
                _serve(pump, end, told, possible)
        finally:
            end.close()
    if not wish.as_json:
        _say(_farewell(pump))


def _rig(wish: Wish, serial_number: str) -> Rig:
    if wish.on_pico:
        from thecal_hil.rigs.opening import open_rig

        rig = open_rig("pico")
    else:
        from thecal_hil.rigs.model_rig import ModelRig

        rig = ModelRig(serial_number=serial_number.encode())
    rig.attach(Plant())
    return rig


def _set_time(rig: Rig, at_us: int, offset_minutes: int) -> None:
    rig.pump().set_time(at_us // US_PER_S, offset_minutes, at_us % US_PER_S)


def _deliver(rig: Rig, program: Program) -> None:
    pump = rig.pump()
    pump.program(program)
    pump.refill(program.reservoir_nl)
    pump.start(program.digest())
    # By then it delivers: who asks first is told so.
    rig.run_for(_STARTS_WITHIN_S)


# --- what its terminal says


def _say(text: str) -> None:
    # Nobody may be looking any more: the pump continues.
    with suppress(OSError):
        typer.echo(text)
        sys.stdout.flush()


def _introduce(wish: Wish, end: End, rig: Rig, serial_number: str) -> None:
    if wish.as_json:
        print_json(
            {"port": end.device, "serial_number": serial_number, "rig": rig.name, "pid": os.getpid()},
            on_one_line=True,
        )
        sys.stdout.flush()
        return
    what = "the real image on an emulated board" if wish.on_pico else "a model of the pump"
    pace = "" if wish.speed == 1 else f", {wish.speed:g} times as fast while nobody talks to it"
    _say(f"practice pump {serial_number} on {end.device}: {what}{pace}")
    _say("No hardware, no drug. It is found like a board as long as this runs; Ctrl-C ends it.")
    _say("")
    _say("In another terminal:")
    for line in _what_to_type(wish):
        _say(f"  {line}")
    if _can_listen():
        _say("")
        _say(f"Here: {_WORDS}")


def _what_to_type(wish: Wish) -> list[str]:
    activate = Path(sys.prefix) / "bin/activate"
    lines: list[str] = []
    if activate.exists():
        with suppress(ValueError):
            activate = activate.relative_to(Path.cwd())
        lines.append(f". {activate}")
    lines.append("thecal ports")
    if wish.program is None:
        example = _EXAMPLE if _EXAMPLE.exists() else _PACKAGED_EXAMPLES / _EXAMPLE.name
        lines += [
            *([] if wish.at else ["thecal time --set"]),
            "thecal refill 20",
            f"thecal program {example}",
            "thecal start",
        ]
    return [*lines, "thecal watch"]


def _farewell(pump: PracticePump) -> str:
    steps = len(pump.rig.rising_ns(STEP))
    plant = pump.rig.plant.state()
    seconds_ns = pump.elapsed_ns // NS_PER_S * NS_PER_S
    return (
        f"the practice pump has ended after {duration_text(seconds_ns)} of its time, with {steps} steps"
        f" and {plant.out_nl / 1_000:.1f} microlitres out of the catheter; nothing of it is kept"
    )


# --- how it continues


def _can_listen() -> bool:
    """Return True if somebody can type here: not where a read would stop a program that runs in the background."""
    if os.name != "posix":
        return False
    try:
        descriptor = sys.stdin.fileno()
        return not os.isatty(descriptor) or os.tcgetpgrp(descriptor) == os.getpgrp()
    except (OSError, ValueError, AttributeError):
        return False


def _serve(pump: PracticePump, end: End, told: _Told, possible: frozenset[troubles.Fault]) -> None:
    listens, typed = True, b""
    while not told.to_end:
        watched = end.waits_for()
        hears = listens and _can_listen()
        pause_s = _TALKING_TICK_S if pump.is_spoken_to or end.has_unread else _TICK_S
        ready, _, _ = select.select([*watched, *([sys.stdin.fileno()] if hears else [])], [], [], pause_s)
        if hears and sys.stdin.fileno() in ready:
            data = os.read(sys.stdin.fileno(), 4_096)
            listens = bool(data)
            *lines, typed = (typed + data).split(b"\n")
            for line in lines:
                if _obey(pump, line.decode("utf-8", "replace").strip(), possible):
                    return
        data = end.read()
        if data:
            pump.take(data)
        pump.advance(lambda: bool(select.select(end.waits_for(), [], [], 0)[0]))
        end.write(pump.answer())


def _obey(pump: PracticePump, line: str, possible: frozenset[troubles.Fault]) -> bool:
    """Do what was typed; whether it was to end."""
    word, _, rest = line.partition(" ")
    try:
        if word == "button":
            seconds = _button_seconds(rest)
            pump.hold_button(seconds)
            _say(f"the button is held for {seconds:g} s")
        elif word == "fault":
            pump.add(troubles.read(rest, possible, now_ns=pump.elapsed_ns))
        elif word == "end":
            _say(pump.end(troubles.read(rest, possible)))
        elif word in ("quit", "exit"):
            return True
        elif word:
            _say(f"{_WORDS}. What can go wrong: {', '.join(troubles.names(possible))}")
    except BadInputError as error:
        _say(str(error))
    return False


def _button_seconds(text: str) -> float:
    try:
        seconds = float(text) if text.strip() else _BUTTON_S
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= _LONGEST_BUTTON_S:
        raise BadInputError(
            [f"button {text!r}, allowed: more than 0 and at most {_LONGEST_BUTTON_S:g} seconds"]
        )
    return seconds
