"""The ``thecal`` command: one module for each group of subcommands, results on standard output, messages on error.

Packages that know of this one, and that it knows nothing of, bring further subcommands as entry points of the group
``thecal.commands``: functions that add theirs to the application.

Exit codes: 0 done, 1 the pump or its port refused or failed, 2 bad input, 3 done, and the
figures call for evaluation by a person.
"""

from __future__ import annotations

import sys
from importlib.metadata import entry_points
from typing import Annotated

import typer

from thecal.cli import (
    bolusing,
    clock,
    dating,
    flashing,
    library,
    pairing,
    programming,
    reading,
    reporting,
    residual,
    running,
    servicing,
    visiting,
    watching,
)
from thecal.cli.common import echo
from thecal.cli.output import output_told_apart
from thecal.errors import BadInputError, ThecalError
from thecal_fw.version import VERSION

app = typer.Typer(
    name="thecal",
    help="Program and interrogate a Thecal bench pump. For bench use only: not a medical device.",
    epilog="Example: thecal program examples/paediatric_flex.toml --port /dev/ttyACM0",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for module in (
    reading,
    watching,
    programming,
    running,
    visiting,
    bolusing,
    dating,
    clock,
    pairing,
    flashing,
    library,
    reporting,
    residual,
    servicing,
):
    module.add_commands(app)
for entry_point in entry_points(group="thecal.commands"):
    entry_point.load()(app)


def _show_version(wanted: bool) -> None:
    if wanted:
        echo(f"thecal {VERSION}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and end."),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command and end the process with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run the command; its exit code. Wrong arguments are told by Typer itself, with exit code 2."""
    try:
        with output_told_apart():
            app(args=arguments)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BadInputError as error:
        for problem in error.problems:
            echo(problem, err=True)
        return 2
    except ThecalError as error:
        echo(str(error), err=True)
        return 1
    except OSError as error:
        # A port can fail in ways of its own at any moment, on closing it too.
        echo(f"the port failed: {error}", err=True)
        return 1
    return 0
