"""The subcommand that changes what the pump delivers: program."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from thecal.cli.common import JsonOption, PortOption, connected, console, pairs, print_json
from thecal.prescription import Compiled, load_prescription
from thecal.words import Row, compare, describe, plain


def add_commands(app: typer.Typer) -> None:
    app.command(epilog="Example: thecal program examples/paediatric_flex.toml")(program)


def program(
    file: Annotated[Path, typer.Argument(help="Prescription, a TOML file in clinical units.")],
    port: PortOption = None,
    show: Annotated[bool, typer.Option("--show", help="Only compile and show it; needs no pump.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before committing.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Compile a prescription, show the change against what the pump runs, and make it the pump's program."""
    compiled = load_prescription(file)
    if show:
        _show(file, compiled, as_json)
        return
    if as_json and not yes:
        raise typer.BadParameter("--json can't ask; add --yes to commit")
    with connected(port) as pump:
        running = pump.read_program()
        if not as_json:
            console().print(_side_by_side(compare(running, compiled.program)))
            _tell_roundings(compiled)
            if not yes:
                typer.confirm("Commit the new program?", abort=True)
        digest = pump.stage(compiled.program)
        effective = pump.commit_staged(digest)
        if as_json:
            print_json({"digest": digest.hex(), **asdict(effective)})
            return
        state = pump.interrogate().state_name
        typer.echo(f"committed {digest[:4].hex()}; the pump is {state}" + _hint(state))


def _hint(state: str) -> str:
    return ". Begin delivery with `thecal start`" if state == "stopped" else ""


def _show(file: Path, compiled: Compiled, as_json: bool) -> None:
    if as_json:
        described = [
            {"label": label.strip(), "text": text}
            for label, text in describe(compiled.program, compiled.pattern_names)
        ]
        print_json({"digest": compiled.program.digest().hex(), "program": described})
        return
    console().print(
        pairs(
            f"{file}, program {compiled.program.digest()[:4].hex()}",
            describe(compiled.program, compiled.pattern_names),
        )
    )
    _tell_roundings(compiled)


def _side_by_side(rows: list[Row]) -> Table:
    table = Table("", "running now", "new", box=None, padding=(0, 2, 0, 0))
    for row in rows:
        style = "bold" if row.changed else "dim"
        mark = "*" if row.changed else " "
        table.add_row(f"{mark} {row.label}", row.running, row.new, style=style)
    table.caption = "* changes"
    table.caption_justify = "left"
    return table


def _tell_roundings(compiled: Compiled) -> None:
    for rounding in compiled.roundings:
        exact = plain(rounding.exact_nl_per_day)
        typer.echo(
            f"{rounding.place}: {exact} nL/day is delivered as {rounding.rounded_nl_per_day} nL/day, the nearest whole",
            err=True,
        )
