"""The subcommand that judges a withdrawal before a refill: residual."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from thecal.cli.common import (
    NEGATIVE_NUMBERS,
    JsonOption,
    PortOption,
    connected,
    echo,
    print_json,
)
from thecal.errors import ThecalError
from thecal.typed import volume_nl

if TYPE_CHECKING:
    from thecal.client import Pump
    from thecal.residual_check import ResidualCheck

EXIT_EVALUATE = 3
"""Done, and the figures call for a person's evaluation."""


def add_commands(app: typer.Typer) -> None:
    app.command(epilog="Example: thecal residual 12.3", context_settings=NEGATIVE_NUMBERS)(residual)


def residual(
    withdrawn_ml: Annotated[str, typer.Argument(help="Volume drawn from the reservoir, in mL.")],
    port: PortOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judge the volume drawn from the reservoir against what should be in it. Exit code 3: evaluate it."""
    withdrawn_nl = volume_nl(withdrawn_ml, "withdrawn")
    with connected(port) as pump:
        check = check_of(pump, withdrawn_nl)
    if as_json:
        print_json(residual_document(check))
    else:
        echo(check.text())
    if check.must_evaluate:
        raise typer.Exit(EXIT_EVALUATE)


def check_of(pump: Pump, withdrawn_nl: int) -> ResidualCheck:
    """Return a withdrawal judged by what this pump calculates is in its reservoir. Raise ThecalError if the pump
    does not know its reservoir."""
    from thecal.residual_check import judge_residual, need_volumes
    from thecal_fw.core.program import USUAL_ACCURACY_PERMILLE

    status = pump.interrogate()
    program = pump.read_program()
    if not status.fill_known:
        raise ThecalError(
            "the pump does not know what its reservoir holds, so there is nothing to compare with; set it with"
            " `thecal refill`"
        )
    reservoir_nl = program.reservoir_nl if program is not None and program.reservoir_nl else status.fill_nl
    need_volumes(withdrawn_nl, None, reservoir_nl)
    accuracy = program.accuracy_permille if program is not None else USUAL_ACCURACY_PERMILLE
    # What the motor did not turn for counts as delivered as well, and is still in the reservoir.
    unsure_nl = status.uncertain_nl + status.lost_nl
    return judge_residual(status.fill_nl, status.residual_nl, withdrawn_nl, accuracy, unsure_nl)


def residual_document(check: ResidualCheck) -> dict[str, object]:
    error = check.error_percent
    return {
        **asdict(check),
        "error_percent": None if error is None else float(error),
        "direction": check.direction,
        "text": check.text(),
    }
