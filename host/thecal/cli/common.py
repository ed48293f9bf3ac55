"""The parts that the subcommands share: options, the connection, questions, progress, and how results are printed."""

from __future__ import annotations

import json
import struct
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from thecal.errors import BadAnswerError, BadInputError
from thecal.interruption import Guard
from thecal.printable import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from thecal.changes import Changes
    from thecal.client import Pump

PortOption = Annotated[
    str | None,
    typer.Option(
        "--port",
        metavar="PATH",
        envvar="THECAL_PORT",
        help="Serial port of the pump; not needed with one board attached.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask; for scripts.")]

NEGATIVE_NUMBERS = {"ignore_unknown_options": True}
"""Context of a command that takes a number: -5 is one that is refused as such, and no option that nobody knows."""

_WIDTH_WITHOUT_TERMINAL = 100
_is_working = False


@dataclass
class ThisRun:
    """The state of the command that runs: the guard that takes signals, its name, and --open-pump."""

    guard: Guard = field(default_factory=Guard)
    command: str = ""
    may_be_open: bool = False


_runs = [ThisRun()]


def this_run() -> ThisRun:
    return _runs[-1]


@contextmanager
def running_as(guard: Guard) -> Iterator[ThisRun]:
    """Have this be the run that the command belongs to."""
    _runs.append(ThisRun(guard))
    try:
        yield _runs[-1]
    finally:
        _runs.pop()


def _agree_to_open(why: str) -> bool:
    if this_run().may_be_open or not sys.stdin.isatty():
        return this_run().may_be_open
    return typer.confirm(printable(f"{why}. Continue without a key?"))


def opened(path: str, changes: Changes, agree_to_open: Callable[[str], bool]) -> Pump:
    """Open a session with the pump on a port; the port is closed again where there is none. agree_to_open: asked with
    the reason, where a pump for which a key is kept asks for none."""
    from thecal.client import Pump
    from thecal.keys import StoredKeys
    from thecal.ports import open_port

    serial_port = open_port(path)
    try:
        return Pump(
            serial_port, clock=time.monotonic, keys=StoredKeys(), changes=changes, agree_to_open=agree_to_open
        )
    except BaseException:
        serial_port.close()
        raise


@contextmanager
def connected(port: str | None) -> Iterator[Pump]:
    """Yield a session with the pump on the port named, or with the only board attached. Raise BadAnswerError if
    no sense can be made of what answers."""
    from thecal.ports import only_board

    path = port or only_board()
    with working(f"talking to the pump on {path}"):
        pump = opened(path, this_run().guard, _agree_to_open)
    try:
        yield pump
    except (ArithmeticError, LookupError, TypeError, ValueError, struct.error) as error:
        raise BadAnswerError(f"no sense can be made of what answers: {_place_of(error)}") from error
    finally:
        pump.close()


def _place_of(error: Exception) -> str:
    """Return what went wrong and where, for whoever looks into it."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({Path(last.filename).name}:{last.lineno})"


def warn_unless_stored(is_stored: bool) -> None:
    """Say so if what the pump has just done is not in its journal."""
    if not is_stored:
        echo(
            "warning: the pump could not write this to its memory; until it can, a power cut undoes it",
            err=True,
        )


@contextmanager
def working(what: str) -> Iterator[None]:
    """Say on a terminal what is being done while it takes; standard output stays free for results."""
    global _is_working
    # Only the outermost of nested pieces of work is shown: two would draw over each other.
    if _is_working or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.text import Text

    _is_working = True
    try:
        with Console(stderr=True).status(Text(printable(what))):
            yield
    finally:
        _is_working = False


def ask(question: str, *, yes: bool, as_json: bool = False) -> None:
    """Continue only with a person's consent; with ``--yes`` it has been given. Raise BadInputError where there is
    nobody to ask."""
    if yes:
        return
    if as_json or not sys.stdin.isatty():
        raise BadInputError(["there is nobody to ask here; add --yes to continue without asking"])
    typer.confirm(printable(question), abort=True)


def console() -> Console:
    """Return the standard output; as wide as the terminal, and 100 columns where there is none."""
    from rich.console import Console

    plain = Console(highlight=False)
    return plain if plain.is_terminal else Console(width=_WIDTH_WITHOUT_TERMINAL, highlight=False)


def echo(text: str, *, err: bool = False) -> None:
    """Print a line, or several of ours, with whatever texts of others' are in it made printable."""
    typer.echo(printable(text, lines=True), err=err)


def show(table: Table, title: str = "") -> None:
    """Print a table under its title, without blanks at the ends of lines where no terminal shows it."""
    out = console()
    if title:
        out.print(printable(title), style="bold", soft_wrap=True, markup=False)
    if out.is_terminal:
        out.print(table)
        return
    with out.capture() as captured:
        out.print(table)
    typer.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def print_json(document: Any, *, on_one_line: bool = False) -> None:
    typer.echo(json.dumps(document, indent=None if on_one_line else 2, default=_plain))


def _plain(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else str(value)


def pairs(rows: list[tuple[str, str]]) -> Table:
    """Return a table of labels and values."""
    from rich.table import Table

    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    for label, text in rows:
        add_row(table, label, text)
    return table


def columns(*names: str) -> Table:
    """Return an empty table with headings. What is too wide for its column continues below and is never cut off."""
    from rich.table import Table

    table = Table(*names, box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in table.columns:
        column.overflow = "fold"
    return table


def add_row(table: Table, *cells: str, style: str = "") -> None:
    """Add a row of texts, which mean nothing to the library that draws the table."""
    from rich.text import Text

    table.add_row(*(Text(printable(cell)) for cell in cells), style=style or None)
