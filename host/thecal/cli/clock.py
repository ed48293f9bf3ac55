"""The subcommand about the pump's clock: time."""

from __future__ import annotations

import re
import time as host_clock
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from thecal.cli.common import JsonOption, PortOption, connected, pairs, print_json, show, warn_unless_stored
from thecal.errors import BadInputError

if TYPE_CHECKING:
    from thecal.client import Pump

_OFFSET = re.compile(r"([+-])([01][0-9]):([0-5][0-9])")
_US_PER_S = 1_000_000


def add_commands(app: typer.Typer) -> None:
    app.command(epilog="Example: thecal time --set --offset +01:00")(time)


def time(
    port: PortOption = None,
    from_host: Annotated[
        bool, typer.Option("--set", help="Set the pump's clock from this computer's.")
    ] = False,
    to: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Set it to this time instead, local unless it says its offset."),
    ] = None,
    offset: Annotated[
        str | None,
        typer.Option(
            metavar="+HH:MM", help="Offset of the pump's local time from UTC; else this computer's."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the pump's clock against this computer's, or set it. Doses follow the pump's local time."""
    if from_host and to is not None:
        raise BadInputError(["give --set or --to, not both"])
    if offset is not None and not (from_host or to):
        raise BadInputError(["--offset goes with --set or --to; without them the time is only shown"])
    offset_minutes = own_offset_minutes() if offset is None else _minutes(offset)
    wanted_us = None if to is None else utc_us(to, offset_minutes)
    with connected(port) as pump:
        if from_host:
            wanted_us = round(host_clock.time() * _US_PER_S)
        if wanted_us is not None:
            warn_unless_stored(pump.set_time(*_split(wanted_us, offset_minutes)).is_stored)
        _show_time(pump, as_json)


def _split(utc_us: int, offset_minutes: int) -> tuple[int, int, int]:
    return utc_us // _US_PER_S, offset_minutes, utc_us % _US_PER_S


def _show_time(pump: Pump, as_json: bool) -> None:
    from thecal.clocks import duration_text, offset_text
    from thecal_fw.core.wall_clock import TIME_SOURCE_NAMES

    before_s = host_clock.time()
    reading = pump.time()
    host_s = (before_s + host_clock.time()) / 2
    ahead_s = reading.utc_s + reading.utc_us / _US_PER_S - host_s if reading.time_source else None
    source = TIME_SOURCE_NAMES[reading.time_source]
    if as_json:
        print_json(
            {**asdict(reading), "time_source": source, "host_utc_s": host_s, "ahead_of_host_s": ahead_s}
        )
        return
    host = datetime.fromtimestamp(host_s).astimezone()
    host_offset = offset_text(own_offset_minutes())
    rows = [("pump", "unknown; set it with `thecal time --set`")]
    if ahead_s is not None:
        local = datetime.fromtimestamp(reading.utc_s, UTC) + timedelta(minutes=reading.offset_minutes)
        pump_offset = offset_text(reading.offset_minutes)
        rows = [("pump", f"{local:%a %Y-%m-%d %H:%M:%S}  UTC{pump_offset}  ({source})")]
    rows.append(("this computer", f"{host:%a %Y-%m-%d %H:%M:%S}  UTC{host_offset}"))
    if ahead_s is not None:
        side = "ahead of" if ahead_s >= 0 else "behind"
        apart = f"{abs(ahead_s):.3f} s" if abs(ahead_s) < 60 else duration_text(round(abs(ahead_s)))
        rows.append(("difference", f"the pump is {apart} {side} this computer"))
    show(pairs(rows))


def own_offset_minutes() -> int:
    """Return by how many minutes this computer's local time is ahead of UTC."""
    offset = datetime.now().astimezone().utcoffset() or timedelta()
    return round(offset.total_seconds() / 60)


def _minutes(offset: str) -> int:
    from thecal_fw.core.wall_clock import MOST_OFFSET_MINUTES

    match = _OFFSET.fullmatch(offset)
    minutes = 60 * int(match[2]) + int(match[3]) if match else MOST_OFFSET_MINUTES + 1
    if not match or minutes > MOST_OFFSET_MINUTES:
        raise BadInputError(
            [f"{offset!r} is no offset from UTC; write it like +01:00 or -05:30, at most 14 hours"]
        )
    return -minutes if match[1] == "-" else minutes


def utc_us(text: str, offset_minutes: int) -> int:
    """Return the microseconds since 1970 of a time a person gave; local to the pump unless it names its own
    offset. Raise BadInputError for what is no time, or none between 2024 and 2099."""
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise BadInputError([f"{text!r} is no time; write it like 2026-03-06T12:00"]) from None
    # Looked at before the offset as well: at the ends of the calendar it leads beyond them.
    if given.tzinfo is None and 2000 < given.year < 3000:
        given = given.replace(tzinfo=UTC) - timedelta(minutes=offset_minutes)
    if not 2024 <= given.year <= 2099:
        raise BadInputError([f"{text} is not between 2024 and 2099"])
    return (given - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
