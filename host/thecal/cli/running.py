"""Subcommands that act on a pump that has its program: start, stop, refill, acknowledge."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from thecal import questions, typed
from thecal.alarm_sets import names_of
from thecal.cli.common import (
    NEGATIVE_NUMBERS,
    JsonOption,
    PortOption,
    YesOption,
    ask,
    connected,
    echo,
    print_json,
    warn_unless_stored,
)
from thecal.cli.wall import warn_of_clocks
from thecal.errors import BadInputError, ThecalError

_NL_PER_ML = 1_000_000


def add_commands(app: typer.Typer) -> None:
    app.command(epilog="Example: thecal start")(start)
    app.command(epilog="Example: thecal stop --yes")(stop)
    app.command(epilog="Example: thecal refill 19.5", context_settings=NEGATIVE_NUMBERS)(refill)
    app.command(epilog='Example: thecal acknowledge "low reservoir"')(acknowledge)


def start(port: PortOption = None, as_json: JsonOption = False) -> None:
    """Begin to deliver the program the pump has."""
    from thecal.reports.status_text import dose_now
    from thecal.starting import status_once_begun

    with connected(port) as pump:
        program = pump.read_program()
        if program is None:
            raise ThecalError("the pump has no program; commit one with `thecal program FILE`")
        digest = program.digest()
        started = pump.start(digest)
        status, bridge_left_s = status_once_begun(pump), pump.boluses().bridge_left_s
    warn_unless_stored(started.is_stored)
    if as_json:
        print_json({"digest": digest.hex(), "state": status.state_name, **asdict(started)})
        return
    dose = f", now {dose_now(status, bridge_left_s)}" if status.rate_nl_per_day else ""
    echo(f"the pump is {status.state_name}: program {digest[:4].hex()}, {program.drug}{dose}")
    warn_of_clocks(status)
    if status.active_alarms:
        echo(f"alarms: {', '.join(status.alarm_names)}")


def stop(port: PortOption = None, yes: YesOption = False, as_json: JsonOption = False) -> None:
    """Stop delivery at once. Asks first: a sudden stop of this therapy means withdrawal."""
    ask(questions.STOP, yes=yes, as_json=as_json)
    with connected(port) as pump:
        stopped = pump.stop()
    warn_unless_stored(stopped.is_stored)
    if as_json:
        print_json(asdict(stopped))
    else:
        echo(f"delivery has stopped, at microstep {stopped.counted_steps}")


def refill(
    volume_ml: Annotated[str, typer.Argument(help="Volume now in the reservoir, in mL.")],
    port: PortOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Set what the reservoir holds now. Asks first: dates and alarms go by it."""
    fill_nl = typed.fill_nl(volume_ml)
    ask(f"Set the reservoir to {fill_nl / _NL_PER_ML:g} mL?", yes=yes, as_json=as_json)
    with connected(port) as pump:
        refilled = pump.refill(fill_nl)
    warn_unless_stored(refilled.is_stored)
    expected_ml = refilled.expected_residual_nl / _NL_PER_ML
    if as_json:
        print_json({"fill_nl": fill_nl, **asdict(refilled)})
        return
    echo(f"the reservoir holds {fill_nl / _NL_PER_ML:g} mL")
    if refilled.fill_known_before:
        echo(f"before the refill it held {expected_ml:.3f} mL by calculation")


def acknowledge(
    names: Annotated[list[str] | None, typer.Argument(help="Names of alarms.")] = None,
    port: PortOption = None,
    everything: Annotated[bool, typer.Option("--all", help="All that are active.")] = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Acknowledge alarms: they fall silent for a while, and latched ones whose cause is gone clear. Asks first."""
    if bool(names) == everything:
        raise BadInputError(["name the alarms to acknowledge, or give --all; `thecal alarms` lists them"])
    bits = _bits_of(names or [])
    with connected(port) as pump:
        before = pump.interrogate().active_alarms
        wanted = before if everything else bits
        if wanted:
            ask(questions.acknowledge(wanted), yes=yes, as_json=as_json)
        acknowledged = pump.acknowledge(wanted)
    warn_unless_stored(acknowledged.is_stored)
    active, silenced = acknowledged.active_alarms, acknowledged.silenced_alarms
    if as_json:
        print_json(
            {
                "cleared": names_of(before & ~active),
                "active": names_of(active),
                "silenced": names_of(silenced),
            }
        )
        return
    for label, text in questions.acknowledged_rows(before, active, silenced):
        echo(f"{label}: {text}")


def _bits_of(names: list[str]) -> int:
    from thecal_fw.core.alarms import ALARM_NAMES

    unknown = [name for name in names if name not in ALARM_NAMES]
    if unknown:
        known = ", ".join(f'"{name}"' for name in ALARM_NAMES)
        raise BadInputError([f"there is no alarm {unknown[0]!r}; there are: {known}"])
    return sum(1 << ALARM_NAMES.index(name) for name in set(names))
