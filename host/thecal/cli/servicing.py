"""``thecal service`` and ``thecal tone``: what tubing and pump may still serve, new parts, and how alarms sound."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from thecal.cli.common import (
    JsonOption,
    PortOption,
    connected,
    echo,
    pairs,
    print_json,
    show,
    warn_unless_stored,
)
from thecal.errors import BadInputError, ThecalError
from thecal_fw.core.alarms import PRIORITY_NAMES
from thecal_fw.core.service_life import PART_NAMES


def add_commands(app: typer.Typer) -> None:
    app.command(epilog="Example: thecal service --new tubing")(service)
    app.command(epilog="Example: thecal tone critical")(tone)


def service(
    new: Annotated[
        str | None,
        typer.Option(
            "--new",
            metavar="PART",
            help="Record this as new: tubing or pump; line for a line that was rinsed.",
        ),
    ] = None,
    port: PortOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what tubing and pump have served and until when they may, in UTC; or record a new part or a rinsed line."""
    if new is not None and new not in PART_NAMES:
        raise BadInputError([f"--new: {new!r} is no part; there are: {', '.join(PART_NAMES)}"])
    with connected(port) as pump:
        if new is not None:
            warn_unless_stored(pump.renew_part(PART_NAMES.index(new)))
        outlook = pump.service_life()
    if as_json:
        print_json(asdict(outlook))
        return
    now = datetime.now(UTC)
    show(
        pairs(
            [
                ("pump has served", f"{outlook.pump_days} days"),
                (
                    "tubing has served",
                    f"{outlook.tubing_days} days, {outlook.tubing_revolutions} revolutions",
                ),
                ("new tubing by", _text(outlook.tubing_due(now))),
                ("replacement due", _text(outlook.replacement_due(now))),
                ("end of service", _text(outlook.end_of_service(now))),
            ]
        )
    )


def tone(
    priority: Annotated[str, typer.Argument(help="critical or non-critical")],
    port: PortOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have the pump sound the tones of an alarm once, so that those who live with it know them."""
    if priority not in PRIORITY_NAMES:
        raise BadInputError([f"{priority!r} is no priority; there are: {', '.join(PRIORITY_NAMES)}"])
    with connected(port) as pump:
        if not pump.check_tone(PRIORITY_NAMES.index(priority)):
            raise ThecalError("the pump is sounding other tones; try again in a few seconds")
    if as_json:
        print_json({"sounds": priority})
    else:
        echo(f"the pump sounds the tones of a {priority} alarm")


def _text(date: datetime | None) -> str:
    return date.strftime("%Y-%m-%d") if date is not None else "never"
