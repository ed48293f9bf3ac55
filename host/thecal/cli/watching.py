"""The live view: watch, which redraws in place."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from thecal.cli.common import JsonOption, PortOption, connected, console, pairs, print_json, show
from thecal.interruption import Interruption
from thecal.printable import printable

if TYPE_CHECKING:
    from thecal.client import Pump


def add_commands(app: typer.Typer) -> None:
    app.command(epilog="Example: thecal watch --interval 2")(watch)


def watch(
    port: PortOption = None,
    interval: Annotated[float, typer.Option(min=0.1, help="Seconds from one look to the next.")] = 1.0,
    count: Annotated[int, typer.Option(min=0, help="Looks to take; 0 continues until Ctrl-C.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Show the pump's state and keep it up to date, in place. With --json, one document a line."""
    from thecal.reports.status_text import board_title, status_document

    out = console()
    with connected(port) as pump:
        title = board_title(pump)
        if as_json:
            _repeat(
                lambda: print_json(status_document(pump, pump.interrogate()), on_one_line=True),
                interval,
                count,
            )
            return
        if not out.is_terminal:
            _repeat(lambda: show(pairs(_rows(pump)), title), interval, count)
            return
        from rich.console import Group
        from rich.live import Live
        from rich.text import Text

        with Live(console=out, auto_refresh=False) as live:

            def redraw() -> None:
                live.update(Group(Text(printable(title), style="bold"), pairs(_rows(pump))), refresh=True)

            _repeat(redraw, interval, count)


def _rows(pump: Pump) -> list[tuple[str, str]]:
    from thecal.clocks import Wall, clocks_of
    from thecal.reports.status_text import status_rows

    status, now = pump.interrogate(), Wall().now()
    return status_rows(status, pump.outlook(), clocks_of(status, now), pump.boluses().bridge_left_s)


def _repeat(look: Callable[[], None], interval_s: float, count: int) -> None:
    """Look at even intervals until asked to stop; Ctrl-C is the ordinary way to end it."""
    looks = 0
    next_s = time.monotonic()
    try:
        while True:
            look()
            looks += 1
            if looks == count:
                return
            next_s = max(next_s + interval_s, time.monotonic())
            time.sleep(next_s - time.monotonic() if next_s > time.monotonic() else 0)
    except Interruption as interruption:
        if interruption.number != signal.SIGINT:
            raise
