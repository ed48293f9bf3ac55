"""``thecal dates``: when the pump has to be refilled, by calculation and at the worst."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

import typer

from thecal.cli.common import JsonOption, PortOption, connected, echo, pairs, print_json, show
from thecal.cli.wall import NowOption, wall_of
from thecal.errors import ThecalError


def add_commands(app: typer.Typer) -> None:
    app.command(epilog="Example: thecal dates --json")(dates)


def dates(port: PortOption = None, now: NowOption = None, as_json: JsonOption = False) -> None:
    """Show until when the reservoir lasts, with every bolus that the patient may ask for. Counted from the time on the
    wall, whatever the pump's clock shows."""
    from thecal.amounts import millilitres
    from thecal.reports.interrogation import interrogate

    wall = wall_of(now)
    with connected(port) as pump:
        read = interrogate(pump, wall)
    outlook, found, clocks = read.outlook, read.dates, read.clocks
    if found is None:
        raise ThecalError(
            "there are no dates: the pump has no program that delivers, or does not know what its reservoir holds"
        )
    if as_json:
        agree = {"counted_from": clocks.now.isoformat(timespec="seconds"), "clocks_agree": clocks.agree}
        print_json({**asdict(outlook), **{name: _iso(date) for name, date in vars(found).items()}, **agree})
        return
    accuracy = f"{outlook.accuracy_permille / 10:g} %"
    rows = [
        *clocks.rows(),
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
    if clocks.fault and not clocks.is_told:
        echo(f"warning: {clocks.fault}. The dates hold only if this computer's is right")


def _text(date: datetime | None) -> str:
    return date.strftime("%Y-%m-%d %H:%M") if date is not None else "never"


def _iso(date: datetime | None) -> str | None:
    return date.isoformat() if date is not None else None
