"""The subcommands of ``thecal bolus``: give one, end it, report what was given.

A bolus is shown in words, as the pump itself would give it, before a person is asked for consent.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from thecal import questions, typed
from thecal.bolus import kind_name
from thecal.bolus_order import (
    BolusOrder,
    bolus_dose_mcg,
    checked,
    clinician_order,
    patient_order,
    prime_order,
    program_of,
    state_rows,
)
from thecal.cli.common import (
    NEGATIVE_NUMBERS,
    JsonOption,
    PortOption,
    YesOption,
    ask,
    connected,
    echo,
    pairs,
    print_json,
    show,
    warn_unless_stored,
)

if TYPE_CHECKING:
    from thecal.client import Pump
    from thecal_fw.core.program import Program

MinutesOption = Annotated[int, typer.Option("--over-minutes", help="How long it is to last.")]


def add_commands(app: typer.Typer) -> None:
    bolus = typer.Typer(no_args_is_help=True, help="Give a bolus, end it, or report what was given.")
    bolus.command(epilog="Example: thecal bolus give 10 --over-minutes 5", context_settings=NEGATIVE_NUMBERS)(
        give
    )
    bolus.command(epilog="Example: thecal bolus patient")(patient)
    bolus.command(epilog="Example: thecal bolus prime --catheter --over-minutes 20")(prime)
    bolus.command(epilog="Example: thecal bolus cancel --yes")(cancel)
    bolus.command(epilog="Example: thecal bolus status --json")(status)
    app.add_typer(bolus, name="bolus")


def give(
    dose_mcg: Annotated[str, typer.Argument(help="Dose of the bolus, in mcg.")],
    over_minutes: MinutesOption,
    port: PortOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Give a single bolus on top of the basal rate. Asks first."""
    dose = typed.dose_mcg(dose_mcg)
    with connected(port) as pump:
        program = program_of(pump)
        _give(pump, program, clinician_order(program, dose, over_minutes), yes, as_json)


def patient(port: PortOption = None, as_json: JsonOption = False) -> None:
    """Ask for the patient bolus of the program, as the button on the pump does."""
    with connected(port) as pump:
        _give(pump, program_of(pump), patient_order(), True, as_json)


def prime(
    over_minutes: MinutesOption,
    catheter: Annotated[
        bool, typer.Option("--catheter", help="Fill the catheter as well as the pump's tubing.")
    ] = False,
    only_catheter: Annotated[bool, typer.Option("--only-catheter", help="Fill the catheter alone.")] = False,
    port: PortOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Fill the way from the reservoir to the patient with drug. Asks first: what is in it reaches the patient."""
    with connected(port) as pump:
        program = program_of(pump)
        order = prime_order(
            program, over_minutes, tubing=not only_catheter, catheter=catheter or only_catheter
        )
        _give(pump, program, order, yes, as_json)


def cancel(port: PortOption = None, yes: YesOption = False, as_json: JsonOption = False) -> None:
    """End the bolus on demand that is under way. The basal rate continues."""
    ask(questions.CANCEL_BOLUS, yes=yes, as_json=as_json)
    with connected(port) as pump:
        was = pump.boluses()
        cancelled = pump.cancel_bolus()
    warn_unless_stored(cancelled.is_stored)
    if as_json:
        print_json(asdict(cancelled))
    elif was.under_way:
        echo(questions.BOLUS_ENDED)
    else:
        echo(questions.NO_BOLUS)


def status(port: PortOption = None, as_json: JsonOption = False) -> None:
    """Report which bolus is under way, and what was given on demand in the last 24 hours."""
    with connected(port) as pump:
        program = pump.read_program()
        state = pump.boluses()
    if as_json:
        print_json(asdict(state))
        return
    show(pairs(state_rows(state, program)))


def _give(pump: Pump, program: Program, order: BolusOrder, yes: bool, as_json: bool) -> None:
    check, what = checked(pump, program, order)
    ask(f"Give {what}?", yes=yes, as_json=as_json)
    given = pump.give_bolus(program.digest(), order.kind, order.rate_nl_per_day, order.seconds)
    if as_json:
        dose = float(bolus_dose_mcg(program, check))
        print_json({"kind": kind_name(order.kind), "dose_mcg": dose, **asdict(given)})
    else:
        echo(f"the pump gives {what}")
