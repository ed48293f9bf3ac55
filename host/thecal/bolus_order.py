"""A bolus on demand as it is ordered: a dose over some minutes as a rate, and what the pump says of it, in words.

A bolus is shown in words, as the pump itself would give it, before a person is asked for consent.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from thecal.amounts import dose_mcg, millilitres, plain
from thecal.bolus import BolusCheck, BolusState, kind_name
from thecal.bolus_refusal import why_refused
from thecal.clocks import duration_text
from thecal.errors import BadInputError, ThecalError
from thecal_fw.core.bolus import KIND_CLINICIAN, KIND_PATIENT, KIND_PRIME
from thecal_fw.core.dead_volume import PUMP_TUBING_NL
from thecal_fw.core.program import MINUTES_PER_DAY, Program

if TYPE_CHECKING:
    from thecal.client import Pump

_MOST_MINUTES = 12 * 60


@dataclass(frozen=True)
class BolusOrder:
    """Rate and time are 0 of a patient's bolus: they are the program's."""

    kind: int
    rate_nl_per_day: int = 0
    seconds: int = 0


def clinician_order(program: Program, dose: Fraction, over_minutes: int) -> BolusOrder:
    volume_nl = dose * 10**9 / program.concentration_ng_per_ml
    return BolusOrder(KIND_CLINICIAN, _rate(volume_nl, over_minutes), 60 * over_minutes)


def patient_order() -> BolusOrder:
    return BolusOrder(KIND_PATIENT)


def prime_order(program: Program, over_minutes: int, *, tubing: bool, catheter: bool) -> BolusOrder:
    """Return the order that fills the pump's tubing, the catheter, or both; raise BadInputError for a catheter of no
    known volume."""
    if catheter and not program.catheter_nl:
        raise BadInputError(["the program does not say how much the catheter holds; give it catheter_ul"])
    volume_nl = (PUMP_TUBING_NL if tubing else 0) + (program.catheter_nl if catheter else 0)
    return BolusOrder(KIND_PRIME, _rate(volume_nl, over_minutes), 60 * over_minutes)


def _rate(volume_nl: Fraction | int, over_minutes: int) -> int:
    """Return the rate that gives a volume in so many minutes, to the nearest nanolitre a day."""
    if not 1 <= over_minutes <= _MOST_MINUTES:
        raise BadInputError([f"over {over_minutes} minutes, allowed: 1 to {_MOST_MINUTES}"])
    return round(Fraction(volume_nl) * MINUTES_PER_DAY / over_minutes)


def program_of(pump: Pump) -> Program:
    """Return the pump's program; raise ThecalError if it has none."""
    program = pump.read_program()
    if program is None:
        raise ThecalError("the pump has no program; commit one with `thecal program FILE`")
    return program


def bolus_dose_mcg(program: Program, check: BolusCheck) -> str:
    return plain(dose_mcg(check.bolus_nl, program.concentration_ng_per_ml))


def checked(pump: Pump, program: Program, order: BolusOrder) -> tuple[BolusCheck, str]:
    """Return what the pump would give, and that in words; raise ThecalError with what stands against it."""
    check = pump.check_bolus(order.kind, order.rate_nl_per_day, order.seconds)
    what = f"a {kind_name(order.kind)} bolus"
    if check.bolus_nl:
        what += (
            f" of {bolus_dose_mcg(program, check)} mcg ({millilitres(check.bolus_nl)} mL) over"
            f" {duration_text(check.bolus_seconds)}"
        )
    if check.is_refused:
        raise ThecalError(f"the pump would refuse {what}: {why_refused(pump, program, order.kind, check)}")
    return check, what


def state_rows(state: BolusState, program: Program | None) -> list[tuple[str, str]]:
    """Return what is under way, and what was given on demand in the last 24 hours."""
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
    return rows
