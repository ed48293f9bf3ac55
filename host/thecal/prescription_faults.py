"""The faults of a prescription that reads well, in the words and units of its file."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from thecal.amounts import NL_PER_ML, plain
from thecal.day_pattern import clock
from thecal_fw.core.modes import BY_INTERVAL, MODE_NAMES, TRAITS, TREATS
from thecal_fw.core.program_fault import (
    FIELD_BOLUS_RATE,
    FIELD_BOLUS_START,
    FIELD_BOLUS_VOLUME,
    FIELD_BOLUSES,
    FIELD_HIGHEST_RATE,
    FIELD_LOW_RESERVOIR,
    FIELD_MOST_PER_BOLUS,
    FIELD_MOST_PER_DAY,
    FIELD_MOST_PER_HOUR,
    FIELD_PATIENT,
    FIELD_PATTERNS,
    FIELD_PERIODIC,
    FIELD_RESERVOIR,
    FIELD_STEPS,
    Fault,
)


def explain(fault: Fault, pattern_names: Sequence[str], concentration: Fraction) -> str:
    """Return a fault that validation found, in the words and units of the file."""
    if fault.field in (FIELD_MOST_PER_HOUR, FIELD_MOST_PER_DAY):
        return _explain_limit(fault, concentration)
    value_ml, least_ml, most_ml = (
        plain(Fraction(nl, NL_PER_ML)) for nl in (fault.value, fault.least, fault.most)
    )
    if fault.field == FIELD_RESERVOIR:
        return f"reservoir.capacity_ml = {value_ml}, allowed {least_ml} or {most_ml}"
    if fault.field == FIELD_LOW_RESERVOIR:
        return f"reservoir.low_alarm_ml = {value_ml}, allowed {least_ml} to {most_ml}"
    if fault.field == FIELD_PATTERNS:
        return f"{fault.value} patterns, the pump has room for {fault.most}"
    if fault.field == FIELD_STEPS:
        name = pattern_names[fault.pattern]
        return f'pattern "{name}" has {fault.value} steps in a day, the pump has room for {fault.most}'
    return _explain_bolus(fault, pattern_names, concentration) or repr(fault)


def modes_with(trait: int) -> str:
    """Return what a prescription's mode has to be for something that only modes of one trait have."""
    names = [f'"{name}"' for name, traits in zip(MODE_NAMES, TRAITS, strict=True) if traits & trait]
    return f"mode = {' or '.join(names)} only"


def _explain_bolus(fault: Fault, pattern_names: Sequence[str], concentration: Fraction) -> str:
    """Return a fault of a bolus; empty if it is none."""
    name = f'bolus "{pattern_names[fault.pattern]}"' if 0 <= fault.pattern < len(pattern_names) else ""
    value, most = (plain(Fraction(nl, NL_PER_ML) * concentration) for nl in (fault.value, fault.most))
    if fault.field in (FIELD_BOLUS_RATE, FIELD_BOLUS_VOLUME) and fault.value < fault.least:
        return (
            "the dose_mcg of a bolus is so small that the pump gives nothing: raise it or leave the bolus out"
        )
    if fault.field == FIELD_BOLUS_VOLUME and not fault.most:
        return (
            f"limits.most_mcg_per_bolus is missing or 0, and there is a bolus of {value} mcg: give the limit"
        )
    if fault.field == FIELD_BOLUS_VOLUME:
        return (
            f"a bolus of {value} mcg is more than limits.most_mcg_per_bolus and the pump allow, {most} mcg: raise the"
            " limit or lower the dose"
        )
    if fault.field == FIELD_MOST_PER_BOLUS:
        return (
            f"limits.most_mcg_per_bolus is more than the pump gives in one bolus, {most} mcg: lower the limit"
        )
    if fault.field in (FIELD_BOLUS_RATE, FIELD_HIGHEST_RATE):
        return (
            f"boluses and basal rate come to {value} mcg/day while they last, the pump gives up to {most} mcg/day:"
            " make over_minutes longer or lower the dose"
        )
    if fault.field == FIELD_PERIODIC:
        return (
            f"periodic_bolus goes with {modes_with(BY_INTERVAL)}: leave it out, or give boluses by the clock"
        )
    if fault.field == FIELD_PATIENT:
        return f"patient_bolus goes with {modes_with(TREATS)}: leave it out"
    if fault.field == FIELD_BOLUS_START and name:
        return (
            f"{name}: the one at {clock(fault.value)} begins before the last one of the day before is over, at"
            f" {clock(fault.least)}: move one of them"
        )
    if fault.field == FIELD_BOLUSES and name:
        return f"{name}: {fault.value} boluses a day, the pump has room for {fault.most}"
    return ""


def _explain_limit(fault: Fault, concentration: Fraction) -> str:
    is_hour = fault.field == FIELD_MOST_PER_HOUR
    name = "limits.most_mcg_per_hour" if is_hour else "limits.most_mcg_per_day"
    value, least, most = (
        plain(Fraction(nl, NL_PER_ML) * concentration, 6 if nl == fault.most else 9)
        for nl in (fault.value, fault.least, fault.most)
    )
    if fault.value > fault.most:
        return f"{name} is more than the pump can give at all, {most} mcg: lower the limit"
    return (
        f"{name} = {value}, but what it prescribes can come to {least} mcg in that time: raise the limit or"
        " lower the doses"
    )
