"""Subcommands that act on a pump that has its program: start, stop, refill, time, acknowledge."""

from __future__ import annotations

import time as clock
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer

from thecal.cli.common import JsonOption, PortOption, connected, console, pairs, print_json
from thecal.client import Pump, PumpTime
from thecal.errors import ThecalError
from thecal.prescription import NL_PER_ML
from thecal_fw.core.alarms import ALARM_NAMES
from thecal_fw.core.wall_clock import MOST_OFFSET_MINUTES, TIME_SOURCE_NAMES

_MOST_ML = Decimal(40)


def add_commands(app: typer.Typer) -> None:
    app.command(epilog="Example: thecal start")(start)
    app.command(epilog="Example: thecal stop --yes")(stop)
    app.command(epilog="Example: thecal refill 19.5")(refill)
    app.command(epilog="Example: thecal time --set --offset +01:00")(time)
    app.command(epilog='Example: thecal acknowledge "low reservoir"')(acknowledge)


def start(port: PortOption = None, as_json: JsonOption = False) -> None:
    """Begin to deliver the program the pump has."""
    with connected(port) as pump:
        program = pump.read_program()
        if program is None:
            raise ThecalError("the pump has no program; commit one with `thecal program FILE`")
        effective = pump.start(program.digest())
        if as_json:
            print_json(asdict(effective))
            return
        seconds = effective.effective_boot_s + effective.effective_boot_us / 1e6
        typer.echo(f"delivery begins {seconds:.6f} s after the pump's reset")


def stop(
    port: PortOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Stop delivery at once."""
    if not yes and not as_json:
        typer.confirm("A sudden stop means withdrawal. Stop delivery?", abort=True)
    with connected(port) as pump:
        stopped = pump.stop()
    if as_json:
        print_json(asdict(stopped))
        return
    typer.echo(f"stopped at microstep {stopped.counted_steps}")


def refill(
    volume_ml: Annotated[str, typer.Argument(help="Volume now in the reservoir, in mL.")],
    port: PortOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell the pump what its reservoir holds now."""
    fill_nl = _nanolitres(volume_ml)
    with connected(port) as pump:
        refilled = pump.refill(fill_nl)
    if as_json:
        print_json(asdict(refilled))
        return
    typer.echo(f"the reservoir holds {volume_ml} mL")
    if refilled.fill_known_before:
        typer.echo(f"before, it held {refilled.expected_residual_nl / NL_PER_ML:.3f} mL by calculation")


def _nanolitres(volume_ml: str) -> int:
    try:
        volume = Decimal(volume_ml)
    except InvalidOperation:
        raise typer.BadParameter(f"{volume_ml!r} is not a number of millilitres") from None
    if not volume.is_finite() or not 0 < volume <= _MOST_ML or (volume * NL_PER_ML) % 1:
        raise typer.BadParameter(
            f"{volume_ml} mL, allowed: more than 0 and at most {_MOST_ML} mL, whole nanolitres"
        )
    return int(volume * NL_PER_ML)


def time(
    port: PortOption = None,
    set_clock: Annotated[
        bool, typer.Option("--set", help="Set the pump's clock from this computer's.")
    ] = False,
    to: Annotated[
        str | None, typer.Option(help="Set it to this local time instead, such as 2026-03-06T12:00.")
    ] = None,
    offset: Annotated[
        str | None, typer.Option(help="Offset of the pump's local time from UTC, such as +01:00.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the pump's clock against this computer's, or set it."""
    offset_minutes = _own_offset_minutes() if offset is None else _minutes(offset)
    wanted_s = None if to is None else _utc_of_local(to, offset_minutes)
    with connected(port) as pump:
        if set_clock or wanted_s is not None:
            utc_us = 0
            if wanted_s is None:
                wanted_s, microseconds = divmod(round(clock.time() * 1e6), 1_000_000)
                utc_us = microseconds
            pump.set_time(wanted_s, offset_minutes, utc_us)
        _show_time(pump, as_json)


def _show_time(pump: Pump, as_json: bool) -> None:
    reading = pump.time()
    difference_s = reading.utc_s + reading.utc_us / 1e6 - clock.time()
    if as_json:
        print_json({**asdict(reading), "source": TIME_SOURCE_NAMES[reading.time_source]})
        return
    rows = [("time is", TIME_SOURCE_NAMES[reading.time_source])]
    if reading.time_source:
        rows = [
            ("pump's local time", _local(reading).strftime("%a %Y-%m-%d %H:%M:%S")),
            ("offset from UTC", f"{reading.offset_minutes:+d} min"),
            *rows,
            ("against this computer", f"{difference_s:+.3f} s"),
        ]
    console().print(pairs("", rows))


def _local(reading: PumpTime) -> datetime:
    return datetime.fromtimestamp(reading.utc_s, UTC) + timedelta(minutes=reading.offset_minutes)


def _own_offset_minutes() -> int:
    offset = datetime.now().astimezone().utcoffset() or timedelta()
    return round(offset.total_seconds() / 60)


def _minutes(offset: str) -> int:
    try:
        parsed = datetime.fromisoformat(f"2000-01-01T00:00{offset}").utcoffset()
    except ValueError:
        parsed = None
    if parsed is None or abs(parsed) > timedelta(minutes=MOST_OFFSET_MINUTES):
        raise typer.BadParameter(f"{offset!r} is no offset from UTC; write it like +01:00, at most 14 hours")
    return round(parsed.total_seconds() / 60)


def _utc_of_local(text: str, offset_minutes: int) -> int:
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time; write it like 2026-03-06T12:00") from None
    if local.tzinfo is not None:
        return int(local.timestamp())
    return int(local.replace(tzinfo=UTC).timestamp()) - 60 * offset_minutes


def acknowledge(
    names: Annotated[list[str] | None, typer.Argument(help="Names of alarms.")] = None,
    port: PortOption = None,
    everything: Annotated[bool, typer.Option("--all", help="All that are active.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Acknowledge alarms: they fall silent for a while, and latched ones whose cause is gone clear."""
    bits = 0
    for name in names or []:
        if name not in ALARM_NAMES:
            raise typer.BadParameter(f"there is no alarm {name!r}; there are: {', '.join(ALARM_NAMES)}")
        bits |= 1 << ALARM_NAMES.index(name)
    if not bits and not everything:
        raise typer.BadParameter("name the alarms, or give --all")
    with connected(port) as pump:
        active, silenced = pump.acknowledge(pump.interrogate().active_alarms if everything else bits)
    if as_json:
        print_json({"active": _names(active), "silenced": _names(silenced)})
        return
    typer.echo(
        f"active: {', '.join(_names(active)) or 'none'}; silent: {', '.join(_names(silenced)) or 'none'}"
    )


def _names(bits: int) -> list[str]:
    return [name for bit, name in enumerate(ALARM_NAMES) if bits >> bit & 1]
