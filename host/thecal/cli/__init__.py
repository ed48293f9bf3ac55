"""The ``thecal`` command: one module for each group of subcommands, results on standard output, messages on error.

Packages that know of this one, and that it knows nothing of, bring further subcommands as entry points of the group
``thecal.commands``: functions that add theirs to the application.

Exit codes: 0 done, 1 the pump or its port refused or failed, 2 bad input, 3 done, and the figures call for
evaluation by a person; 129, 130, 143 ended by a signal, 141 by output that nobody reads. What was done by then is said,
or kept for the next command to say.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib.metadata import entry_points
from typing import Annotated, Any

import typer

from thecal.cli import (
    bolusing,
    clock,
    consoling,
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
from thecal.cli.common import ThisRun, echo, running_as, this_run
from thecal.cli.ending import (
    EXIT_BAD_INPUT,
    EXIT_FAILED,
    EXIT_OUTPUT_GONE,
    account_for,
    account_for_output,
    leave_output,
    say_what_was_kept,
)
from thecal.cli.output import OutputError, OutputGoneError, output_told_apart
from thecal.errors import BadInputError, ThecalError
from thecal.interruption import Interruption, guarded
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
    consoling,
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
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and end."),
    ] = False,
    open_pump: Annotated[
        bool,
        typer.Option(
            "--open-pump",
            help="Continue though the pump says it has no key and this computer keeps one of it.",
        ),
    ] = False,
) -> None:
    run = this_run()
    run.command, run.may_be_open = context.invoked_subcommand or "", open_pump


def main() -> None:
    """Run the command and end the process with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run the command; its exit code. Wrong arguments are reported by Typer itself, with exit code 2."""
    say_what_was_kept()
    with guarded() as guard, running_as(guard) as this:
        try:
            exit_code = _run(arguments, this)
            guard.may_go_on()
        except Interruption as interruption:
            account_for(this, str(interruption), changes_nothing="The pump was not changed.")
            return interruption.exit_code
    return exit_code


@cache
def _command() -> Any:
    """Return the application as one command, which takes longer to put together than most commands take."""
    return typer.main.get_command(app)


def _run(arguments: list[str], this: ThisRun) -> int:
    try:
        with output_told_apart():
            _command()(args=arguments)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BadInputError as error:
        account_for(this, "\n".join(error.problems))
        return EXIT_BAD_INPUT
    except OutputGoneError:
        account_for_output(this)
        leave_output()
        return EXIT_OUTPUT_GONE
    except OutputError as error:
        account_for(this, str(error), changes_nothing="The pump was not changed.")
        leave_output()
        return EXIT_FAILED
    except ThecalError as error:
        account_for(this, str(error))
        return EXIT_FAILED
    except OSError as error:
        # A port can fail in ways of its own at any moment, on closing it too.
        account_for(this, f"the port failed: {error}")
        return EXIT_FAILED
    return 0
