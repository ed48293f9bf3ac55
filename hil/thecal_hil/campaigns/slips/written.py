"""Programs in a few words, as a prescription's reader makes them: what slips and right changes are made of.

Limits are set just wide enough for whatever is written, typed wrong or not: they would catch many a slip by themselves,
and it is the rules that are to be seen here. So what is found of these limits does not count either.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from thecal.drug_library import Library
from thecal.prescription import WEEKDAYS, compile_prescription
from thecal.program_review import of_library
from thecal_fw.core.program import Program

Written = dict[str, Any]

_CONCENTRATION = 500
_CATHETER_UL = 180
_ROOM = Fraction(11, 10)
_RESERVOIR = {"capacity_ml": 20, "low_alarm_ml": 2}


def program_of(written: Written, library: Library) -> Program:
    """Compile it; raises BadInputError where the reader of prescriptions refuses it."""
    if written.get("stopped"):
        return compile_prescription({"mode": "stopped"}).program
    program = compile_prescription(_prescription(written)).program
    return of_library(program, library) if written.get("library") else program


def made_limits(written: Written) -> set[str]:
    """Return fields of limits that nobody has written."""
    made = {"limits.most_mcg_per_hour", "limits.most_mcg_per_day"}
    return made if "most_bolus" in written else made | {"limits.most_mcg_per_bolus"}


def group_of(written: Written | None) -> str:
    return str((written or {}).get("group", "child"))


def _prescription(written: Written) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "drug": "baclofen",
        "concentration_mcg_per_ml": _number(written.get("concentration", _CONCENTRATION)),
        "reservoir": dict(_RESERVOIR),
    }
    catheter_ul = written.get("catheter_ul", _CATHETER_UL)
    if catheter_ul:
        fields["catheter_ul"] = catheter_ul
    if written.get("minimum"):
        return fields | {"mode": "minimum rate", "limits": _limits(written, Fraction(12))}
    steps = written.get("steps")
    if steps is None:
        most = Fraction(str(written["dose"]))
        fields |= {"mode": "simple continuous", "dose_mcg_per_day": _number(written["dose"])}
    else:
        most = max(Fraction(str(dose)) for _, dose in steps)
        fields |= {"mode": "flex", "week": dict.fromkeys(WEEKDAYS, "day"), "pattern": {"day": _steps(steps)}}
    for name, more in (("periodic", "every_hours"), ("patient", "lockout_minutes")):
        if name in written:
            given = written[name]
            bolus = {
                "dose_mcg": _number(given["dose"]),
                "over_minutes": given["over"],
                more: _number(given[more]),
            }
            bolus |= {"first": "00:30"} if name == "periodic" else {"most_per_24_h": given["most"]}
            fields[f"{name}_bolus"] = bolus
    return fields | {"limits": _limits(written, most)}


def _steps(steps: list[list[Any]]) -> list[dict[str, Any]]:
    ends = [*[start for start, _ in steps[1:]], "24:00"]
    return [
        {"from": start, "to": end, "dose_mcg_per_day": _number(dose)}
        for (start, dose), end in zip(steps, ends, strict=True)
    ]


def _limits(written: Written, most_mcg_per_day: Fraction) -> dict[str, Any]:
    """Return limits for the highest rate at all times, with all boluses that fit beside it."""
    hour, day = most_mcg_per_day / 24, most_mcg_per_day
    if "periodic" in written:
        each, hours = (
            Fraction(str(written["periodic"]["dose"])),
            Fraction(str(written["periodic"]["every_hours"])),
        )
        hour, day = hour + each * (1 + 1 / hours), day + each * (1 + 24 / hours)
    if "patient" in written:
        each, most = Fraction(str(written["patient"]["dose"])), written["patient"]["most"]
        in_an_hour = min(most, 1 + 60 // written["patient"]["lockout_minutes"])
        hour, day = hour + each * (1 + in_an_hour), day + each * (1 + most)
    each = max(
        (Fraction(str(written[name]["dose"])) for name in ("periodic", "patient") if name in written),
        default=0,
    )
    limits: dict[str, Any] = {"most_mcg_per_bolus": _rounded(Fraction(each))} if each else {}
    if "most_bolus" in written:
        each = Fraction(str(written["most_bolus"]))
        hour, day, limits = hour + each, day + each, {"most_mcg_per_bolus": _number(written["most_bolus"])}
    return limits | {"most_mcg_per_hour": _rounded(hour * _ROOM), "most_mcg_per_day": _rounded(day * _ROOM)}


def _rounded(number: Fraction) -> Decimal:
    return Decimal(f"{float(number):.3f}")


def _number(value: Any) -> int | Decimal:
    return value if isinstance(value, int) else Decimal(str(value))
