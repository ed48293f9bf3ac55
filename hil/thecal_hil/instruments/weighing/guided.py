"""A calibration run by run: what to do is said, the balance is read or asked for, and each run is in the file at once.

Promises: a run is written down before the next one begins, so that whatever ends the session ends the file after a
whole line; a file that is there already is not written over. Who turns the head is a ``Mover``: a pump that takes such
a command, or a person.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

import serial
import typer

from thecal.calibration.plan import Task
from thecal.errors import BadInputError, PortError
from thecal_hil.instruments.balance import Balance, BalanceError

HEADING = "turns,time (s),rate (turns/min),direction,before (g),after (g)\n"
_WORDS = {1: "forward", -1: "backward"}


class Mover(Protocol):
    """Turns a head that stands, and says when it stands again."""

    def move(self, turns: float, turns_per_min: float, direction: int) -> None: ...


class Scale(Protocol):
    def grams(self, what: str) -> str:
        """Return a stable reading, with the decimals that it has."""
        ...


class ByHand:
    """A person turns the head, by whatever makes it turn, and says when it stands."""

    def move(self, turns: float, turns_per_min: float, direction: int) -> None:
        way = "" if direction > 0 else " backward"
        typer.prompt(
            f"  have the head turn {turns:g} turns{way} at {turns_per_min:.4g} turns a minute; Enter when it stands",
            default="",
            show_default=False,
        )


class TypedScale:
    """A person reads the balance."""

    def grams(self, what: str) -> str:
        while True:
            typed = typer.prompt(f"  {what}, grams").strip().replace(",", ".")
            try:
                float(typed)
            except ValueError:
                typer.echo(f"  {typed!r} is no mass; type it like 12.3456", err=True)
                continue
            return typed


class SicsScale:
    """A balance that speaks MT-SICS."""

    def __init__(self, balance: Balance) -> None:
        self._balance = balance

    def grams(self, what: str) -> str:
        """Return a stable reading; raise PortError if the balance does not give one."""
        try:
            shown = f"{self._balance.weigh_stable().grams:f}"
        except BalanceError as error:
            raise PortError(f"{what}: {error}") from error
        typer.echo(f"  {what}: {shown} g", err=True)
        return shown


@contextmanager
def _open_balance(device: str, baud: int):  # noqa: ANN202 - a context manager of a Scale
    try:
        port = serial.Serial(device, baud, timeout=1.0, write_timeout=2.0, exclusive=True)
    except (OSError, ValueError) as error:
        raise PortError(f"{device} can't be opened: {error}") from error
    with port:
        balance = Balance(port)
        try:
            number, model = balance.cancel(), balance.model()
        except BalanceError as error:
            raise PortError(f"{device}: {error}") from error
        typer.echo(f"balance {model}, serial number {number}", err=True)
        yield SicsScale(balance)


def balance_on(device: str, baud: int) -> AbstractContextManager[Scale]:
    return _open_balance(device, baud)


def run_guided(
    file: Path,
    tasks: Sequence[Task],
    mover: Mover,
    scale: Scale,
    *,
    now_s: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Carry the tasks out. Ctrl-C ends it; what was done is in the file. Raises BadInputError and PortError."""
    try:
        out = file.open("x", encoding="utf-8", newline="\n")
    except FileExistsError as error:
        raise BadInputError(
            [f"{file} is there already; name another file, or leave out --guide to judge it"]
        ) from error
    except OSError as error:
        raise BadInputError([f"{file} can't be written: {error.strerror}"]) from error
    with out:
        out.write(HEADING)
        for number, task in enumerate(tasks, 1):
            typer.echo(f"{number} of {len(tasks)}: {task.text}", err=True)
            before = scale.grams("before")
            began_s = now_s()
            if task.turns:
                mover.move(task.turns, task.turns_per_min, task.direction)
            if task.stays or not task.turns:
                pause(max(0.0, began_s + task.seconds - now_s()))
            after = scale.grams("after")
            rate = f"{task.turns_per_min:.6g}" if task.turns else ""
            took_s = now_s() - began_s
            out.write(f"{task.turns:g},{took_s:.1f},{rate},{_WORDS[task.direction]},{before},{after}\n")
            out.flush()
