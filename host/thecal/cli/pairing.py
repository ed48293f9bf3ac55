"""The subcommands about keys: pair, which gives a pump one of this computer's, and keys, which shows what there is."""

from __future__ import annotations

import secrets
import time
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from thecal.cli.common import (
    JsonOption,
    PortOption,
    connected,
    echo,
    pairs,
    print_json,
    show,
    this_run,
)
from thecal.errors import PumpRefusedError, ThecalError
from thecal_fw.core.roles import ROLE_NAMES, ROLE_NONE

if TYPE_CHECKING:
    from thecal.client import Pump
    from thecal.keys import StoredKeys

_LOOK_EVERY_S = 0.2


class Role(StrEnum):
    """The person or programmer whose key it is."""

    CLINICIAN = "clinician"
    PATIENT = "patient"


def add_commands(app: typer.Typer) -> None:
    app.command(epilog="Example: thecal pair --role clinician")(pair)
    app.command(epilog="Example: thecal keys")(keys)


def pair(
    role: Annotated[Role, typer.Option(help="The clinician may do everything, the patient little.")],
    port: PortOption = None,
    wait: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.0, help="How long to wait for the button.")
    ] = 60.0,
    as_json: JsonOption = False,
) -> None:
    """Give the pump a new key, which this computer keeps in its key store. Takes somebody who holds the board's button.

    The key replaces the one the role had, so this is also what to do when a key is lost. From the first key on, the
    pump takes changes only from computers that have one; it is never open again.
    """
    from thecal.keys import StoredKeys

    number, store = ROLE_NAMES.index(role), StoredKeys()
    with connected(port) as pump:
        serial = pump.serial
        store.must_keep(serial)
        key = secrets.token_bytes(32)
        if not as_json:
            echo("hold the button on the board until this is done", err=True)
        # Kept before it is sent: whatever is lost on the way, one of both keys kept here is the pump's.
        store.keep_unsettled(serial, number, key)
        try:
            _pair_at_button(pump, number, key, wait)
        except BaseException:
            _settle(store, serial, number, key, port)
            raise
        store.settle(serial, number, is_taken=True)
    if as_json:
        print_json({"serial": serial, "role": role.value})
    else:
        echo(f"pump {serial} and this computer have a new key of the {role.value}")


def _settle(store: StoredKeys, serial: str, role: int, key: bytes, port: str | None) -> None:
    """Settle a pairing that ended early: keep the new key or the one before, whichever the pump has. Where it can't
    be asked both stay here, and the next change settles it."""
    changes = this_run().guard
    if changes.is_in_doubt("pair"):
        try:
            with connected(port) as pump:
                if pump.serial != serial:
                    return
                was_taken = pump.proves(role, key)
        except (ThecalError, OSError) as error:
            echo(f"the pump can't be asked whether it took the new key: {error}", err=True)
            echo(
                "both keys are kept here until it can: the next change settles which is the pump's", err=True
            )
            return
        changes.resolve("pair", was_done=was_taken)
    store.settle(serial, role, is_taken=changes.has_done("pair"))


def _pair_at_button(pump: Pump, role: int, key: bytes, wait_s: float) -> None:
    from thecal_fw.link.error_codes import ERROR_BUTTON

    end_s = time.monotonic() + wait_s
    while True:
        try:
            pump.pair(role, key)
            return
        except PumpRefusedError as refusal:
            if refusal.code != ERROR_BUTTON or time.monotonic() >= end_s:
                raise
        time.sleep(_LOOK_EVERY_S)


def keys(port: PortOption = None, as_json: JsonOption = False) -> None:
    """Report which keys the pump has, and which this computer has for it. Whether they fit shows when one is used."""
    from thecal.keys import StoredKeys

    store = StoredKeys()
    with connected(port) as pump:
        serial, access = pump.serial, pump.access()
    roles = [number for number in range(len(ROLE_NAMES)) if number != ROLE_NONE]
    in_pump = {ROLE_NAMES[role]: bool(access.roles >> role & 1) for role in roles}
    here = {ROLE_NAMES[role]: store.key(serial, role) is not None for role in roles}
    if as_json:
        print_json({"serial": serial, "access": access.name, "in_pump": in_pump, "here": here})
        return
    rows = [("access", access.name)]
    rows += [
        (name, f"{_has('the pump', in_pump[name])}, {_has('this computer', here[name])}") for name in in_pump
    ]
    show(pairs(rows), f"keys of pump {serial}")


def _has(who: str, has_key: bool) -> str:
    return f"{who} has {'a key' if has_key else 'none'}"
