"""The reason why the pump would not give a bolus, in words: what was asked for, what stands against it, which field,
what to do.

Promise: each figure is worked out from the program that the pump has, and from what it says of itself now; where the
pump does not report a figure, none is made up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from thecal.amounts import dose_mcg, millilitres, plain
from thecal.bolus import BolusCheck
from thecal.bolus_words import span
from thecal_fw.core.alarms import (
    ALARMS,
    AT_CLEARED_BY,
    AT_NAME,
    AT_NUMBER,
    AT_RESPONSE,
    RESPONSE_BLOCK_BOLUSES,
)
from thecal_fw.core.bolus import KIND_PATIENT
from thecal_fw.core.bolus_history import (
    MOST_REMEMBERED,
    REFUSED_BLOCKED,
    REFUSED_BRIDGE,
    REFUSED_DAY,
    REFUSED_HOUR,
    REFUSED_LOCKOUT,
    REFUSED_METER,
    REFUSED_MOST_PER_DAY,
    REFUSED_NO_SUCH_BOLUS,
    REFUSED_NOT_DELIVERING,
    REFUSED_NOT_READ,
    REFUSED_RATE,
    REFUSED_UNDER_WAY,
    REFUSED_VOLUME,
    REFUSED_WEEK_UNKNOWN,
)
from thecal_fw.core.limits import BENCH_LIMITS
from thecal_fw.core.program import Program
from thecal_fw.core.week import most_nl_in_any_day, most_nl_in_any_hour

if TYPE_CHECKING:
    from thecal.client import Pump


def why_refused(pump: Pump, program: Program, kind: int, check: BolusCheck) -> str:
    """Return what stands against a bolus that the pump has said it would refuse; ask the pump what it is about."""
    explain = {
        REFUSED_NO_SUCH_BOLUS: lambda: _no_such_bolus(kind),
        REFUSED_NOT_DELIVERING: lambda: (
            f" (the pump is {pump.interrogate().state_name}). Begin with `thecal start`"
        ),
        REFUSED_BLOCKED: lambda: _blocked(pump),
        REFUSED_UNDER_WAY: lambda: ". `thecal bolus status` shows it, `thecal bolus cancel` ends it",
        REFUSED_LOCKOUT: lambda: _lockout(program, check),
        REFUSED_MOST_PER_DAY: lambda: _most_per_day(program, kind, check),
        REFUSED_VOLUME: lambda: _single(program, check),
        REFUSED_HOUR: lambda: _window(program, check, "limits.most_mcg_per_hour", "an hour"),
        REFUSED_DAY: lambda: _window(program, check, "limits.most_mcg_per_day", "24 hours"),
        REFUSED_RATE: lambda: _rate(check),
        REFUSED_NOT_READ: lambda: ". Wait: a day after the reset it is known again",
        REFUSED_BRIDGE: lambda: f", for {span(pump.boluses().bridge_left_s)} more. Ask again after it",
        REFUSED_WEEK_UNKNOWN: lambda: ". Ask again in a moment",
        REFUSED_METER: lambda: (
            f" ({pump.boluses().meter_text}). With it, an hour or 24 hours would hold more than the program's limit:"
            " ask again when less of it is in that time"
        ),
    }.get(check.bolus_refusal)
    return check.reason + (explain() if explain is not None else "")


def _no_such_bolus(kind: int) -> str:
    if kind == KIND_PATIENT:
        return ". Give its prescription a [patient_bolus] and commit that"
    return ": it would hold no volume. Ask for more, or over less time"


def _blocked(pump: Pump) -> str:
    active = pump.interrogate().active_alarms
    rows = [
        row for row in ALARMS if active >> row[AT_NUMBER] & 1 and row[AT_RESPONSE] >= RESPONSE_BLOCK_BOLUSES
    ]
    if not rows:
        return ": its supply is low, and its alarm is about to come. See to the supply"
    clears = "; ".join(f'"{row[AT_NAME]}" is cleared by: {row[AT_CLEARED_BY]}' for row in rows)
    return f", {', '.join(row[AT_NAME] for row in rows)}. {clears}"


def _wait(check: BolusCheck) -> str:
    return f"; wait {span(check.patient_wait_s)}" if check.patient_wait_s else ""


def _lockout(program: Program, check: BolusCheck) -> str:
    patient = program.patient_bolus
    minutes = f", patient_bolus.lockout_minutes = {patient.lockout_minutes}" if patient is not None else ""
    return f"{minutes}{_wait(check)}"


def _most_per_day(program: Program, kind: int, check: BolusCheck) -> str:
    patient = program.patient_bolus
    if kind == KIND_PATIENT and patient is not None and check.patient_wait_s:
        return f", patient_bolus.most_per_24_h = {patient.most_per_day}{_wait(check)}"
    return f": {MOST_REMEMBERED} on demand of all kinds, whatever the program says. `thecal bolus status` reports them"


def _mcg(program: Program, volume_nl: int) -> str:
    return plain(dose_mcg(volume_nl, program.concentration_ng_per_ml))


def _single(program: Program, check: BolusCheck) -> str:
    asked = f": {_mcg(program, check.bolus_nl)} mcg asked for"
    if not program.most_nl_per_bolus:
        return f"{asked}, and the program allows none: commit one with limits.most_mcg_per_bolus"
    most = _mcg(program, program.most_nl_per_bolus)
    return f"{asked}, limits.most_mcg_per_bolus = {most}. Ask for no more, or commit a program that allows it"


def _window(program: Program, check: BolusCheck, field: str, window: str) -> str:
    """Return what a limit leaves beside the most that comes by the clock in such a time, and what was asked for."""
    if window == "an hour":
        limit_nl, by_clock_nl = program.most_nl_per_hour, most_nl_in_any_hour(program)
    else:
        limit_nl, by_clock_nl = program.most_nl_per_day, most_nl_in_any_day(program)
    left = _mcg(program, max(0, limit_nl - by_clock_nl))
    return (
        f": {_mcg(program, check.bolus_nl)} mcg asked for, {field} = {_mcg(program, limit_nl)}, of which the program"
        f" itself gives up to {_mcg(program, by_clock_nl)} mcg; {left} mcg are left for all boluses on demand in"
        f" {window}. Ask for less, wait, or commit a program that allows more"
    )


def _rate(check: BolusCheck) -> str:
    return (
        f": {millilitres(check.bolus_rate_nl_per_day)} mL/day on top of what is given, and the pump gives"
        f" {millilitres(BENCH_LIMITS.most_rate_nl_per_day)} mL/day at most. Ask for less, or over more minutes"
    )
