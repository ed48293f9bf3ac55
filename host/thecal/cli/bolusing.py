"""The subcommands of ``thecal bolus``: give one, end it, report what was given.

A bolus is shown in words, as the pump itself would give it, before a person is asked for consent.
"""

from __future__ import annotations

import re
from dataclasses import asdict
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated

import typer

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
from thecal.clocks import duration_text
from thecal.errors import BadInputError, ThecalError
from thecal_fw.core.bolus import KIND_CLINICIAN, KIND_PATIENT, KIND_PRIME
from thecal_fw.core.dead_volume import PUMP_TUBING_NL
from thecal_fw.core.program import MINUTES_PER_DAY, Program

if TYPE_CHECKING:
    from thecal.client import Pump

_DOSE = re.compile(r"[0-9]{1,5}(\.[0-9]{1,6})?")
"""One way to write a dose, as of a volume: no powers of ten, no figures grouped or of another script."""
_MOST_MCG = Decimal(10_000)
_MOST_MINUTES = 12 * 60

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
    dose = _dose(dose_mcg)
    with connected(port) as pump:
        program = _program_of(pump)
        rate = _rate(program, dose * 10**9 / program.concentration_ng_per_ml, over_minutes)
        _give(pump, program, KIND_CLINICIAN, rate, 60 * over_minutes, yes, as_json)


def patient(port: PortOption = None, as_json: JsonOption = False) -> None:
    """Ask for the patient bolus of the program, as the button on the pump does."""
    with connected(port) as pump:
        _give(pump, _program_of(pump), KIND_PATIENT, 0, 0, True, as_json)


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
        program = _program_of(pump)
        if (catheter or only_catheter) and not program.catheter_nl:
            raise BadInputError(["the program does not say how much the catheter holds; give it catheter_ul"])
        volume_nl = 0 if only_catheter else PUMP_TUBING_NL
        volume_nl += program.catheter_nl if catheter or only_catheter else 0
        _give(
            pump,
            program,
            KIND_PRIME,
            _rate(program, volume_nl, over_minutes),
            60 * over_minutes,
            yes,
            as_json,
        )


def cancel(port: PortOption = None, yes: YesOption = False, as_json: JsonOption = False) -> None:
    """End the bolus on demand that is under way. The basal rate continues."""
    ask("End the bolus that is under way?", yes=yes, as_json=as_json)
    with connected(port) as pump:
        was = pump.boluses()
        cancelled = pump.cancel_bolus()
    warn_unless_stored(cancelled.is_stored)
    if as_json:
        print_json(asdict(cancelled))
    elif was.under_way:
        echo("the bolus has been ended; `thecal log` shows how much of it was given")
    else:
        echo("no bolus was under way")


def status(port: PortOption = None, as_json: JsonOption = False) -> None:
    """Report which bolus is under way, and what was given on demand in the last 24 hours."""
    from thecal.amounts import dose_mcg, plain
    from thecal.bolus import kind_name

    with connected(port) as pump:
        program = pump.read_program()
        state = pump.boluses()
    if as_json:
        print_json(asdict(state))
        return
    rows: list[tuple[str, str]] = []
    if state.under_way and program is not None:
        given, whole = (
            plain(dose_mcg(nl, program.concentration_ng_per_ml))
            for nl in (state.bolus_given_nl, state.bolus_nl)
        )
        rows.append(("under way", f"{kind_name(state.bolus_kind)} bolus, {given} of {whole} mcg given"))
    else:
        rows.append(("under way", "no bolus"))
    rows.append(
        ("on demand, last 24 h", f"{state.on_demand_in_24_h}, {state.patient_in_24_h} of them the patient's")
    )
    if program is not None and program.patient_bolus is not None:
        wait = duration_text(state.patient_wait_s) if state.patient_wait_s else "none"
        rows.append(("wait for a patient bolus", wait))
    rows.append(("line", state.line_text))
    if not state.is_history_known:
        rows.append(("what was given before", "not known since a reset: no bolus is given on demand for now"))
    show(pairs(rows))


def _give(
    pump: Pump, program: Program, kind: int, rate_nl_per_day: int, seconds: int, yes: bool, as_json: bool
) -> None:
    from thecal.amounts import dose_mcg, millilitres, plain
    from thecal.bolus import kind_name

    check = pump.check_bolus(kind, rate_nl_per_day, seconds)
    dose = plain(dose_mcg(check.bolus_nl, program.concentration_ng_per_ml))
    what = (
        f"a {kind_name(kind)} bolus of {dose} mcg ({millilitres(check.bolus_nl)} mL) over"
        f" {duration_text(check.bolus_seconds)}"
    )
    if not check.bolus_nl:
        what = f"a {kind_name(kind)} bolus"
    if check.is_refused:
        from thecal.bolus_refusal import why_refused

        raise ThecalError(f"the pump would refuse {what}: {why_refused(pump, program, kind, check)}")
    ask(f"Give {what}?", yes=yes, as_json=as_json)
    given = pump.give_bolus(program.digest(), kind, rate_nl_per_day, seconds)
    if as_json:
        print_json({"kind": kind_name(kind), "dose_mcg": float(dose), **asdict(given)})
    else:
        echo(f"the pump gives {what}")


def _program_of(pump: Pump) -> Program:
    program = pump.read_program()
    if program is None:
        raise ThecalError("the pump has no program; commit one with `thecal program FILE`")
    return program


def _dose(text: str) -> Fraction:
    if not _DOSE.fullmatch(text) or not 0 < Decimal(text) <= _MOST_MCG:
        raise BadInputError(
            [f"dose {text!r}, allowed: a number of mcg above 0, up to {_MOST_MCG}; write it like 12.5"]
        )
    return Fraction(text)


def _rate(program: Program, volume_nl: Fraction | int, over_minutes: int) -> int:
    """Return the rate that gives a volume in so many minutes, to the nearest nanolitre a day."""
    if not 1 <= over_minutes <= _MOST_MINUTES:
        raise BadInputError([f"--over-minutes {over_minutes}, allowed 1 to {_MOST_MINUTES}"])
    return round(Fraction(volume_nl) * MINUTES_PER_DAY / over_minutes)
