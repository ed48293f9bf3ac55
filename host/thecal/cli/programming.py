"""The subcommand that changes what the pump delivers: program."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from thecal.cli.common import (
    JsonOption,
    PortOption,
    YesOption,
    add_row,
    ask,
    columns,
    connected,
    echo,
    pairs,
    print_json,
    show,
    working,
)
from thecal.cli.reviewing import (
    DEFAULT_GROUP,
    AgainOption,
    GroupOption,
    LibraryOption,
    NoBridgeOption,
    ReasonOption,
    reviewer,
)
from thecal.cli.wall import warn_of_clocks
from thecal.printable import printable

if TYPE_CHECKING:
    from thecal.client import Pump
    from thecal.prescription import Compiled
    from thecal.words import Row
    from thecal_fw.core.program import Program


def add_commands(app: typer.Typer) -> None:
    app.command(epilog="Example: thecal program examples/paediatric_flex.toml")(program)


def program(
    file: Annotated[Path, typer.Argument(help="Prescription, a TOML file in clinical units.")],
    port: PortOption = None,
    only_show: Annotated[
        bool, typer.Option("--show", help="Only compile and show it; needs no pump.")
    ] = False,
    no_bridge: NoBridgeOption = False,
    library: LibraryOption = None,
    group: GroupOption = DEFAULT_GROUP,
    reason: ReasonOption = "",
    again: AgainOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Compile a prescription, show the change against what the pump runs, and make it the pump's program."""
    from thecal.bridge import bridge_left_s, bridged
    from thecal.prescription import load_prescription
    from thecal.words import comparison

    judge = reviewer(library, group, reason, again)
    compiled = judge.with_library(load_prescription(file))
    if only_show:
        _show(file, compiled, as_json)
        return
    if as_json:
        ask("", yes=yes, as_json=True)
    with connected(port) as pump:
        with working("reading the pump's program"):
            running = pump.read_program()
        prescribed = compiled.program
        if not no_bridge:
            new = bridged(running, prescribed, bridge_left_s(pump, running))
            compiled = replace(compiled, program=new)
        rows = comparison(running, compiled.program)
        if not as_json:
            _show_change(file, compiled, rows)
        # A pump that has the very same program is left alone: there is nothing to ask.
        changes = running is None or running.digest() != compiled.program.digest()
        if changes:
            judge.settle(pump, running, compiled.program, yes=yes)
            ask(_question(running, compiled.program), yes=yes)
        if changes and not no_bridge and running is not None and running.bridge is not None:
            # A bridge under way has gone on while a person read and agreed.
            compiled = replace(compiled, program=bridged(running, prescribed, bridge_left_s(pump, running)))
        _commit(pump, compiled.program, changes, as_json)


def _question(running: Program | None, new: Program) -> str:
    from thecal.program_review import stop_warning

    return f"{stop_warning(running, new)}Make this the pump's program?"


def _commit(pump: Pump, new: Program, changes: bool, as_json: bool) -> None:
    digest = new.digest()
    effective = None
    if changes:
        with working("sending the program, reading it back, having it checked"):
            pump.stage(new)
            effective = pump.commit_staged(digest)
    status = pump.interrogate()
    state = status.state_name
    if as_json:
        when = asdict(effective) if effective else {}
        print_json({"digest": digest.hex(), "changed": changes, "state": state, **when})
        return
    done = "the pump has committed" if changes else "the pump has already"
    hint = ". Begin delivery with `thecal start`" if state == "stopped" and new.mode else ""
    echo(f"{done} program {digest[:4].hex()} and is {state}{hint}")
    warn_of_clocks(status)


def _show(file: Path, compiled: Compiled, as_json: bool) -> None:
    from thecal.words import describe

    digest = compiled.program.digest()
    described = describe(compiled.program, compiled.pattern_names)
    if as_json:
        print_json(
            {
                "digest": digest.hex(),
                "program": [{"label": label.strip(), "text": text} for label, text in described],
                "roundings": [
                    {
                        "place": rounding.place,
                        "exact_nl_per_day": float(rounding.exact_nl_per_day),
                        "rounded_nl_per_day": rounding.rounded_nl_per_day,
                    }
                    for rounding in compiled.roundings
                ],
            }
        )
        return
    show(pairs(described), f"{file}: program {digest[:4].hex()}")
    _tell_roundings(compiled)
    _tell_protection(compiled)


def _tell_roundings(compiled: Compiled) -> None:
    from thecal.words import plain

    for rounding in compiled.roundings:
        exact_nl, rounded_nl = rounding.exact_nl_per_day, rounding.rounded_nl_per_day
        echo(
            f"{rounding.place}: delivered as {rounded_nl} nL/day, the whole number nearest to"
            f" {float(exact_nl):.3f}; off by {plain(abs(rounded_nl - exact_nl) / exact_nl * 1_000_000)} ppm"
        )


def _show_change(file: Path, compiled: Compiled, rows: list[Row]) -> None:
    table = columns("", "running now", "new")
    for row in rows:
        style = "bold" if row.changed else "dim"
        mark = "*" if row.changed else " "
        add_row(table, f"{mark} {row.label}", row.running, row.new, style=style)
    show(table, f"{file}: program {compiled.program.digest()[:4].hex()} against what the pump has")
    changed = sum(row.changed for row in rows)
    echo(f"* {changed} of {len(rows)} lines change" if changed else "  nothing changes")
    for index, name in enumerate(compiled.pattern_names):
        echo(f'  new pattern {index + 1} is "{printable(name)}"')
    _tell_roundings(compiled)
    _tell_protection(compiled)


def _tell_protection(compiled: Compiled) -> None:
    from thecal.refill_dates import protection_warning

    warning = protection_warning(compiled.program)
    if warning:
        echo(f"warning: {warning}")
