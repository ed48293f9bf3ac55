"""Subcommands that only read: ports, interrogate, log, watch, alarms."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Annotated

import typer
from rich.live import Live
from rich.table import Table

from thecal.cli.common import JsonOption, PortOption, connected, console, pairs, print_json
from thecal.client import Event
from thecal.ports import candidates
from thecal.status import Status
from thecal.words import plain
from thecal_fw.core.alarms import ALARM_NAMES, ALARMS, PRIORITY_NAMES, RESPONSE_NAMES
from thecal_fw.core.events import (
    EVENT_ALARM_ACKNOWLEDGED,
    EVENT_ALARM_CLEARED,
    EVENT_ALARM_RAISED,
    EVENT_NAMES,
)
from thecal_fw.core.wall_clock import TIME_SOURCE_NAMES


def add_commands(app: typer.Typer) -> None:
    app.command(epilog="Example: thecal ports")(ports)
    app.command(epilog="Example: thecal interrogate --port /dev/ttyACM0")(interrogate)
    app.command(epilog="Example: thecal log --since 20")(log)
    app.command(epilog="Example: thecal watch --interval 2")(watch)
    app.command(epilog="Example: thecal alarms")(alarms)


def ports(as_json: JsonOption = False) -> None:
    """List the serial ports of this computer and which of them are Thecal boards. Opens none."""
    found = candidates()
    if as_json:
        print_json([asdict(port) for port in found])
        return
    if not found:
        typer.echo("no serial ports")
        return
    table = Table("port", "board", "serial number", box=None)
    for port in found:
        table.add_row(port.device, "Thecal" if port.is_thecal else port.description, port.serial_number)
    console().print(table)


def status_rows(status: Status) -> list[tuple[str, str]]:
    """What a person wants to know of a pump, clinical units first."""
    local = status.local_time
    days = status.days_to_low_reservoir
    reservoir = (
        f"{status.residual_nl / 1e6:.3f} mL of {status.fill_nl / 1e6:.3f} mL"
        if status.fill_known
        else "unknown"
    )
    return [
        ("state", status.state_name + (", change pending" if status.change_pending else "")),
        (
            "program",
            f"{status.mode_name}  {status.program_digest[:4].hex()}" if status.has_program else "none",
        ),
        (
            "drug",
            f"{status.drug}, {status.concentration_ng_per_ml / 1e3:g} mcg/mL" if status.has_program else "-",
        ),
        ("dose now", f"{plain(status.dose_mcg_per_day)} mcg/day ({status.rate_nl_per_day / 1e6:g} mL/day)"),
        ("reservoir, by calculation", reservoir),
        ("low-reservoir alarm at", f"{status.low_reservoir_nl / 1e6:g} mL"),
        ("days to it at this rate", f"{float(days):.1f}" if days is not None else "unknown"),
        ("alarms", ", ".join(status.alarm_names) or "none"),
        ("pump's local time", local.strftime("%a %Y-%m-%d %H:%M:%S") if local else "unknown"),
        ("time is", TIME_SOURCE_NAMES[status.time_source]),
        ("microsteps", f"{status.counted_steps} since reset, {status.steps_since_refill} since refill"),
    ]


def interrogate(port: PortOption = None, as_json: JsonOption = False) -> None:
    """Show everything about the pump's state."""
    with connected(port) as pump:
        status = pump.interrogate()
        if as_json:
            names = {
                "state_name": status.state_name,
                "mode_name": status.mode_name,
                "alarms": status.alarm_names,
            }
            dose = {"dose_mcg_per_day": float(status.dose_mcg_per_day)}
            print_json({"version": pump.version, "commit": pump.commit, **asdict(status), **names, **dose})
            return
        title = f"{pump.board}, firmware {pump.version} ({pump.commit}), serial number {pump.serial}"
        console().print(pairs(title, status_rows(status)))


def event_text(event: Event) -> str:
    """An event's values in words where they name something."""
    if event.code in (EVENT_ALARM_RAISED, EVENT_ALARM_CLEARED) and event.first < len(ALARM_NAMES):
        return f"{ALARM_NAMES[event.first]}, microstep {event.second}"
    if event.code == EVENT_ALARM_ACKNOWLEDGED:
        return ", ".join(name for bit, name in enumerate(ALARM_NAMES) if event.first >> bit & 1)
    return f"{event.first}, {event.second}"


def log(
    port: PortOption = None,
    since: Annotated[int, typer.Option(min=0, help="First sequence number to show.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Show the pump's event log."""
    with connected(port) as pump:
        events = pump.log(since)
    if as_json:
        print_json([{**asdict(event), "name": EVENT_NAMES[event.code]} for event in events])
        return
    table = Table("number", "since reset", "UTC", "event", "values", box=None)
    for event in events:
        utc = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(event.utc_s)) if event.time_source else "unknown"
        since_reset = f"{event.boot_s}.{event.boot_us:06d} s"
        table.add_row(str(event.sequence), since_reset, utc, EVENT_NAMES[event.code], event_text(event))
    console().print(table)


def watch(
    port: PortOption = None,
    interval: Annotated[float, typer.Option(min=0.1, help="Seconds from one look to the next.")] = 1.0,
    count: Annotated[int, typer.Option(min=0, help="Looks to take; 0 goes on until Ctrl-C.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Show the pump's state and keep it up to date, in place."""
    with connected(port) as pump:
        title = f"{pump.board}, serial number {pump.serial}"
        looks = 0
        with Live(console=console(), auto_refresh=False, transient=False) as live:
            try:
                while True:
                    status = pump.interrogate()
                    if as_json:
                        print_json({"state_name": status.state_name, **asdict(status)})
                    else:
                        live.update(pairs(title, status_rows(status)), refresh=True)
                    looks += 1
                    if looks == count:
                        return
                    time.sleep(interval)
            except KeyboardInterrupt:
                return


def alarms(
    table: Annotated[
        bool, typer.Option("--table", help="Show the table; the only thing there is to show.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Show every alarm and what the pump does about it. Needs no pump."""
    rows = [
        (name, PRIORITY_NAMES[priority], RESPONSE_NAMES[response], "yes" if latches else "no", clears)
        for name, priority, response, latches, clears in ALARMS
    ]
    if as_json:
        print_json(
            [
                dict(zip(("name", "priority", "response", "latches", "cleared_by"), row, strict=True))
                for row in rows
            ]
        )
        return
    shown = Table("alarm", "priority", "response", "latches", "cleared by", box=None)
    for row in rows:
        shown.add_row(*row)
    console().print(shown)
