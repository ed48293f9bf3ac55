"""``thecal dates``: when the pump has to be refilled, by calculation and at the worst."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

import typer

from thecal.cli.common import (
    JsonOption,
    PortOption,
    connected,
    echo,
    pairs,
    print_json,
    show,
)
from thecal.errors import ThecalError


def add_commands(app: typer.Typer) -> None:
    app.command(epilog="Example: thecal dates --json")(dates)


def dates(port: PortOption = None, as_json: JsonOption = False) -> None:
    """Show until when the reservoir lasts, with every bolus that the patient may ask for. In the pump's local time, or
    this computer's where the pump has no time."""
    from thecal.amounts import millilitres
    from thecal.refill_dates import refill_dates
    from thecal.reports.interrogation import local_now

    with connected(port) as pump:
        outlook, status = pump.outlook(), pump.interrogate()
    if not outlook.is_known:
        raise ThecalError(
            "there are no dates: the pump has no program that delivers, or does not know what its reservoir holds"
        )
    now = local_now(status, datetime.now(UTC))
    found = refill_dates(outlook, now.replace(second=0, microsecond=0), status.earliest_fill)
    if as_json:
        print_json({**asdict(outlook), **{name: _iso(date) for name, date in vars(found).items()}})
        return
    accuracy = f"{outlook.accuracy_permille / 10:g} %"
    rows = [
        ("reservoir, calculated", f"{millilitres(outlook.residual_nl)} mL"),
        (f"at least, within {accuracy}", f"{millilitres(outlook.least_residual_nl)} mL"),
        ("low-reservoir alarm", _text(found.low)),
        ("that volume at the worst", _text(found.low_at_worst)),
        ("empty, calculated", _text(found.empty)),
    ]
    if outlook.stability_days:
        rows.append(("drug is stable until", _text(found.drug_expires)))
    show(pairs([*rows, ("refill by", _text(found.refill_by))]))
    if not outlook.alarm_protects:
        echo("the alarm may come after the reservoir is dry: go by the date to refill by")


def _text(date: datetime | None) -> str:
    return date.strftime("%Y-%m-%d %H:%M") if date is not None else "never"


def _iso(date: datetime | None) -> str | None:
    return date.isoformat() if date is not None else None
