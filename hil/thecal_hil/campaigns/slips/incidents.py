"""The forty slips after published incidents and the forty right changes, read from their files and put to the rules."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from thecal.amounts import NL_PER_ML, dose_mcg
from thecal.clocks import Clocks
from thecal.drug_library import Library
from thecal.errors import BadInputError
from thecal.reports.handout import is_standing
from thecal.reports.interrogation import Interrogation
from thecal.residual_check import judge_fill, judge_residual, need_volumes
from thecal_fw.core.program import USUAL_ACCURACY_PERMILLE
from thecal_hil.campaigns.slips.judged import Case, is_caught, judge
from thecal_hil.campaigns.slips.written import program_of

_HERE = Path(__file__).parent
_NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def _entries(file: str, key: str) -> list[dict[str, Any]]:
    return tomllib.loads((_HERE / file).read_text(encoding="utf-8"))[key]


def slips() -> list[dict[str, Any]]:
    return _entries("incidents.toml", "slip")


def right_changes() -> list[dict[str, Any]]:
    return _entries("right_changes.toml", "change")


def slip_is_caught(slip: dict[str, Any], library: Library) -> bool:
    return _CAUGHT[slip["kind"]](slip, library)


def questions_of(change: dict[str, Any], library: Library) -> int | None:
    return judge(_case(change, "new"), library).questions


def _case(entry: dict[str, Any], new: str) -> Case:
    hours = Fraction(entry["hours"]) if "hours" in entry else Case.hours
    return Case(entry.get("running"), entry[new], entry.get("last"), hours)


def _program(slip: dict[str, Any], library: Library) -> bool:
    return is_caught(_case(slip, "typed"), _case(slip, "intended"), library)


def _bolus(slip: dict[str, Any], library: Library) -> bool:
    """Return True if the bolus is refused. The pump itself refuses what is beyond the limit of its program, which was
    held against the library."""
    program = program_of(slip["program"], library)
    most = dose_mcg(program.most_nl_per_bolus, program.concentration_ng_per_ml)
    return Fraction(str(slip["intended_mcg"])) <= most < Fraction(str(slip["typed_mcg"]))


def _standing(slip: dict[str, Any], library: Library) -> bool:
    read = SimpleNamespace(status=SimpleNamespace(is_delivering=False))
    return is_standing(cast(Interrogation, read))


def _fill(slip: dict[str, Any], library: Library) -> bool:
    filled, reservoir = _nl(slip["filled_ml"]), _nl(slip["reservoir_ml"])
    try:
        need_volumes(None, filled, reservoir)
    except BadInputError:
        return True
    return "drawn_back_ml" in slip and judge_fill(filled, _nl(slip["drawn_back_ml"]), reservoir).must_evaluate


def _residual(slip: dict[str, Any], library: Library) -> bool:
    fill, expected, withdrawn = (_nl(slip[name]) for name in ("fill_ml", "expected_ml", "withdrawn_ml"))
    return judge_residual(fill, expected, withdrawn, USUAL_ACCURACY_PERMILLE).must_evaluate


def _clock(slip: dict[str, Any], library: Library) -> bool:
    """Return True if the clock is noticed: a pump that is right but for this, beside a computer that is right."""
    ahead = timedelta(minutes=slip.get("pump_ahead_minutes", 0))
    return bool(Clocks(_NOON, False, _NOON + ahead, slip.get("offset_wrong_minutes", 0)).fault)


def _nl(volume_ml: float) -> int:
    return int(Fraction(str(volume_ml)) * NL_PER_ML)


_CAUGHT = {
    "program": _program,
    "bolus": _bolus,
    "standing": _standing,
    "fill": _fill,
    "residual": _residual,
    "clock": _clock,
}
