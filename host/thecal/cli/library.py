"""Subcommands about the drug library: library check, library show. Neither needs a pump."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from thecal.cli.common import (
    JsonOption,
    add_row,
    columns,
    echo,
    print_json,
    show,
)

if TYPE_CHECKING:
    from thecal.drug_library import Library

FileArgument = Annotated[Path, typer.Argument(help="Drug library, a TOML file.")]


def add_commands(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Check and show a drug library. Needs no pump.")
    group.command(epilog="Example: thecal library check examples/drug_library.toml")(check)
    group.command("show", epilog="Example: thecal library show examples/drug_library.toml")(show_library)
    app.add_typer(group, name="library")


def check(file: FileArgument, as_json: JsonOption = False) -> None:
    """Check a drug library and show its digest, which goes into programs that were checked against it."""
    from thecal.drug_library import load_library

    library = load_library(file)
    if as_json:
        print_json(_heading(library))
        return
    count = len(library.entries)
    echo(
        f"{file}: drug library {library.name}, version {library.version}, digest {library.digest().hex()},"
        f" {count} {'concentration' if count == 1 else 'concentrations'}: no fault found"
    )


def show_library(file: FileArgument, as_json: JsonOption = False) -> None:
    """Show every figure of a drug library with its source."""
    from thecal.amounts import plain
    from thecal.drug_library import load_library

    library = load_library(file)
    if as_json:
        entries = [
            {
                "drug": entry.drug,
                **{
                    name: {"value": float(figure.value), "source": figure.source}
                    for name, figure in entry.figures.items()
                },
            }
            for entry in library.entries
        ]
        print_json({**_heading(library), "entries": entries})
        return
    heading = f"drug library {library.name}, version {library.version}, digest {library.digest().hex()}"
    for entry in library.entries:
        table = columns("figure", "value", "source")
        table.columns[0].no_wrap = True
        for name, figure in entry.figures.items():
            add_row(table, name, plain(figure.value), figure.source)
        show(table, f"{heading}: {entry.drug}")


def _heading(library: Library) -> dict[str, object]:
    return {
        "name": library.name,
        "version": library.version,
        "digest": library.digest().hex(),
        "full_digest": library.full_digest().hex(),
        "concentrations": len(library.entries),
    }
