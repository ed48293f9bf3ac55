"""Subcommands that only read: ports, interrogate, log, alarms."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from thecal.cli.common import (
    JsonOption,
    PortOption,
    add_row,
    columns,
    connected,
    echo,
    pairs,
    print_json,
    show,
    working,
)
from thecal.cli.wall import NowOption, wall_of


def add_commands(app: typer.Typer) -> None:
    app.command(epilog="Example: thecal ports")(ports)
    app.command(epilog="Example: thecal interrogate --port /dev/ttyACM0")(interrogate)
    app.command(epilog="Example: thecal log --since 20")(log)
    app.command(epilog="Example: thecal alarms --table")(alarms)


def ports(as_json: JsonOption = False) -> None:
    """List the serial ports of this computer and which of them are Thecal boards. Opens none."""
    from thecal.ports import candidates

    found = candidates()
    if as_json:
        print_json([asdict(port) for port in found])
        return
    if not found:
        echo("no serial ports")
        return
    table = columns("port", "board", "serial number")
    for port in found:
        pump = "practice pump" if port.is_practice else "Thecal pump"
        board = pump if port.is_thecal else port.description.replace("n/a", "")
        add_row(table, port.device, board or "unknown", port.serial_number or "none")
    show(table)


def interrogate(
    port: PortOption = None,
    everything: Annotated[bool, typer.Option("--all", help="Everything that the pump reports.")] = False,
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a visit needs first, and what has happened since the last refill; everything with --all or --json."""
    from thecal.overview import overview_rows, since_last_refill
    from thecal.reports.interrogation import interrogate as read_all
    from thecal.reports.status_text import board_title, status_document, status_rows

    wall = wall_of(now)
    with connected(port) as pump:
        if as_json:
            print_json(status_document(pump, pump.interrogate()))
            return
        with working("reading the pump"):
            read = read_all(pump, wall)
        title = board_title(pump)
    if everything:
        rows = status_rows(read.status, read.outlook, read.clocks, read.bridge_left_s)
        show(pairs([*rows, ("meter", read.boluses.meter_text)]), title)
        return
    show(pairs(overview_rows(read)), title)
    happened = since_last_refill(read)
    show(pairs(happened or [("nothing to report", "")]), "since the last refill")
    if read.clocks.fault:
        echo(f"warning: {read.clocks.fault}; see `thecal time`")


def log(
    port: PortOption = None,
    since: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="First event to show.")] = 0,
    everything: Annotated[bool, typer.Option("--all", help="With each session of a host.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the pump's event log, by the pump's local time; without the sessions of hosts unless with --all."""
    from thecal.clocks import offset_text
    from thecal.reports.interrogation import is_of_sessions
    from thecal.reports.status_text import event_name, event_text, event_time

    with connected(port) as pump, working("reading the log"):
        events = pump.log(since)
        offset = pump.time().offset_minutes
    if as_json:
        print_json(
            [{**asdict(event), "name": event_name(event), "text": event_text(event)} for event in events]
        )
        return
    shown = [event for event in events if everything or not is_of_sessions(event)]
    if not shown:
        echo("no events")
        return
    table = columns("event", f"time (UTC{offset_text(offset)})", "what", "")
    for event in shown:
        add_row(table, str(event.sequence), event_time(event, offset), event_name(event), event_text(event))
    show(table)


def alarms(
    table: Annotated[
        bool, typer.Option("--table", help="Show the table, the only thing there is to show.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Show every alarm and what the pump does about it. Needs no pump."""
    from thecal.reports.status_text import notification_text
    from thecal_fw.core import alarms as told

    keys = ("alarm", "priority", "response", "notification", "latches", "cleared_by")
    rows = [
        (
            row[told.AT_NAME],
            told.PRIORITY_NAMES[row[told.AT_PRIORITY]],
            told.RESPONSE_NAMES[row[told.AT_RESPONSE]],
            notification_text(row[told.AT_PRIORITY]),
            row[told.AT_LATCHES],
            row[told.AT_CLEARED_BY],
        )
        for row in told.ALARMS
    ]
    if as_json:
        print_json([dict(zip(keys, row, strict=True)) for row in rows])
        return
    shown = columns("alarm", "priority", "response", "notification", "latches", "cleared by")
    shown.columns[0].no_wrap = True
    for name, priority, response, notification, latches, clears in rows:
        add_row(shown, name, priority, response, notification, "yes" if latches else "no", clears)
    show(shown)
