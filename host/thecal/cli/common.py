"""What the subcommands share: options, the connection, and how results are printed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from thecal.client import Pump
from thecal.ports import only_board, open_port

PortOption = Annotated[
    str | None,
    typer.Option(
        "--port", envvar="THECAL_PORT", help="Serial port of the pump; not needed with one board attached."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]


@contextmanager
def connected(port: str | None) -> Iterator[Pump]:
    """A session with the pump on the port named, or with the only board attached."""
    pump = Pump(open_port(port or only_board()))
    try:
        yield pump
    finally:
        pump.close()


def console() -> Console:
    """Standard output; as wide as the terminal, and 100 columns where there is none."""
    wide = Console()
    return wide if wide.is_terminal else Console(width=100)


def print_json(document: Any) -> None:
    typer.echo(json.dumps(document, indent=2, default=_plain))


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def pairs(title: str, rows: list[tuple[str, str]]) -> Table:
    """A table of labels and values."""
    table = Table(title=title, title_justify="left", show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="dim")
    table.add_column()
    for label, text in rows:
        table.add_row(label, text)
    return table
