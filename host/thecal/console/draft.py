"""A prescription while a person works on it: the tables of its TOML file, with every value as the text that was typed.

So nothing that is typed is lost or changed into something else, wrong as it may be; the library's own reader judges it.
A day is kept as beginnings alone: a step lasts until the next one begins, so no gap and no overlap can be drawn.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from thecal.amounts import dose_mcg
from thecal.bolus_words import bolus_volume_nl
from thecal.day_pattern import Step, clock, steps_of_day
from thecal.errors import BadInputError
from thecal.prescription import WEEKDAYS
from thecal.typed import NUMBER
from thecal.words import weekdays_text
from thecal_fw.core.modes import MODE_NAMES, OWN_PATTERNS, OWN_RATE
from thecal_fw.core.program import MINUTES_PER_DAY, USUAL_ACCURACY_PERMILLE, Program

Draft = dict[str, Any]
Place = tuple[str | int, ...]
"""Where in a draft a value is: ("pattern", "weekend", 3, "from"). A step or a bolus is found by its number, which it
keeps however they are put in order."""
NUMBER_OF = "#"

_TEXTS = ("drug", "mode", "patient_id", "from", "to", "at", "first")
_TIME = re.compile(r"([0-9]|[01][0-9]|2[0-4]):([0-5][0-9])")
_NG_PER_MCG_NL = 10**9
_LIMIT_ROUNDING_NL = 3
"""A limit is rounded up on the way to the pump, by less than this."""
PARTS = {
    "patient_bolus": ("dose_mcg", "over_minutes", "lockout_minutes", "most_per_24_h"),
    "periodic_bolus": ("dose_mcg", "over_minutes", "first", "every_hours"),
}
MODES = ("flex", "simple continuous", "minimum rate", "stopped")


def empty_draft() -> Draft:
    return {
        "drug": "",
        "concentration_mcg_per_ml": "",
        "mode": "flex",
        "reservoir": {"capacity_ml": "", "low_alarm_ml": ""},
        "limits": {"most_mcg_per_bolus": "", "most_mcg_per_hour": "", "most_mcg_per_day": ""},
        "week": dict.fromkeys(WEEKDAYS, "every day"),
        "pattern": {"every day": [{NUMBER_OF: 0, "from": "00:00", "dose_mcg_per_day": ""}]},
    }


def numbered(draft: Draft) -> Draft:
    """Return the same draft, with a number for each step and each bolus that has none."""
    entries = [one for kind in ("pattern", "bolus") for day in _days(draft, kind).values() for one in day]
    free = 1 + max((one[NUMBER_OF] for one in entries if NUMBER_OF in one), default=-1)
    for one in entries:
        if NUMBER_OF not in one:
            one[NUMBER_OF] = free
            free += 1
    return draft


def _days(draft: Draft, kind: str) -> dict[str, list[dict[str, Any]]]:
    """Return the steps or boluses of the day patterns, as far as they are any."""
    days = draft.get(kind)
    if not isinstance(days, dict):
        return {}
    return {
        name: day
        for name, day in days.items()
        if isinstance(day, list) and all(isinstance(one, dict) for one in day)
    }


# --- from a file, and back


def draft_of_fields(fields: dict[str, Any]) -> Draft:
    """Return the draft of a file's tables, whatever is wrong with them but their days; raise BadInputError for a day
    that has gaps or overlaps, which no drawing shows."""
    draft = _texts(fields)
    tables = ("week", "pattern", "bolus", "reservoir", "limits", *PARTS)
    wrong = [name for name in tables if not isinstance(draft.get(name, {}), dict)]
    wrong += [kind for kind in ("pattern", "bolus") if len(_days(draft, kind)) != len(draft.get(kind, {}))]
    if wrong:
        raise BadInputError([f"{name} is not written as in the examples folder" for name in wrong])
    for name, steps in _days(draft, "pattern").items():
        draft["pattern"][name] = _beginnings(name, steps)
    return numbered(draft)


def _texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _texts(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_texts(part) for part in value]
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _beginnings(name: str, steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    spans: list[Step] = []
    for step in steps:
        begin, end = minute_of(step.get("from", "")), minute_of(step.get("to", ""))
        if begin is None or end is None:
            raise BadInputError(
                [f'pattern "{name}" has a step without a beginning or an end such as "06:30"']
            )
        spans.append(Step(begin, end, len(spans)))
    _, problems = steps_of_day(spans)
    if problems:
        raise BadInputError([f'pattern "{name}": {problem}' for problem in problems])
    kept = [{key: text for key, text in step.items() if key != "to"} for step in steps]
    if len(kept) == 1:
        kept[0]["from"] = "00:00"
    return sorted(kept, key=lambda step: step["from"])


def fields_of_draft(draft: Draft) -> dict[str, Any]:
    """Return what the library's reader takes: numbers as numbers where they are written like one, and as typed where
    not. What was left empty is left out."""
    whole = copy.deepcopy(draft)
    for name, steps in _days(whole, "pattern").items():
        whole["pattern"][name] = with_ends(steps)
    return _values(whole, is_text=False)


def with_ends(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return steps with the end that follows from the next one's beginning; the last one runs into the first."""
    if len(steps) == 1:
        return [{"from": steps[0]["from"], "to": "24:00", **_without_times(steps[0])}]
    ends = [step["from"] for step in steps[1:]] + [steps[0]["from"]]
    if ends[-1] == "00:00":
        ends[-1] = "24:00"
    return [
        {"from": step["from"], "to": end, **_without_times(step)}
        for step, end in zip(steps, ends, strict=True)
    ]


def _without_times(step: dict[str, Any]) -> dict[str, Any]:
    return {key: text for key, text in step.items() if key not in ("from", "to")}


def _values(value: Any, *, is_text: bool) -> Any:
    if isinstance(value, dict):
        return {
            key: _values(
                part, is_text=key in _TEXTS or key == "week" or (is_text and not isinstance(part, dict))
            )
            for key, part in value.items()
            if part != "" and key != NUMBER_OF
        }
    if isinstance(value, list):
        return [_values(part, is_text=False) for part in value]
    if is_text or not NUMBER.fullmatch(value):
        return value
    return int(value) if value.isdigit() else Decimal(value)


def toml_of_draft(draft: Draft) -> str:
    """Return the draft as the file that `thecal program` reads."""
    fields = fields_of_draft(draft)
    lines = ["# For bench use only: this is no prescription for anybody.", ""]
    lines += [_line(key, value) for key, value in fields.items() if not isinstance(value, dict | list)]
    for name, table in fields.items():
        if not isinstance(table, dict):
            continue
        plain = {key: value for key, value in table.items() if not isinstance(value, list)}
        if plain:
            lines += ["", f"[{_key(name)}]", *[_line(key, value) for key, value in plain.items()]]
        for key, entries in table.items():
            for entry in entries if isinstance(entries, list) else ():
                lines += ["", f"[[{_key(name)}.{_key(key)}]]"]
                lines += [_line(field, value) for field, value in entry.items()]
    return "\n".join(lines) + "\n"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quoted(name)


def _line(key: str, value: Any) -> str:
    return f"{_key(key)} = {_quoted(value) if isinstance(value, str) else value}"


def _quoted(text: str) -> str:
    """Return a basic string of TOML, which is written as one of JSON is but for one character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


# --- from a program


def draft_of_program(program: Program | None) -> Draft:
    """Return what a pump runs, as the file that it may have come from: the shortest numbers that give the same
    program."""
    draft = empty_draft()
    if program is None:
        return draft
    draft["mode"] = MODE_NAMES[program.mode]
    if not program.delivers():
        return {"mode": draft["mode"]}
    concentration = program.concentration_ng_per_ml
    draft["drug"] = program.drug
    draft["concentration_mcg_per_ml"] = _decimal(Fraction(concentration, 1_000))
    if program.patient:
        draft["patient_id"] = program.patient
    if program.catheter_nl:
        draft["catheter_ul"] = _decimal(Fraction(program.catheter_nl, 1_000))
    reservoir = {
        "capacity_ml": _decimal(Fraction(program.reservoir_nl, 10**6)),
        "low_alarm_ml": _decimal(Fraction(program.low_reservoir_nl, 10**6)),
    }
    if program.accuracy_permille != USUAL_ACCURACY_PERMILLE:
        reservoir["accuracy_percent"] = _decimal(Fraction(program.accuracy_permille, 10))
    if program.stability_days:
        reservoir["stability_days"] = str(program.stability_days)
    draft["reservoir"] = reservoir
    draft["limits"] = {
        "most_mcg_per_bolus": _limit(program.most_nl_per_bolus, concentration),
        "most_mcg_per_hour": _limit(program.most_nl_per_hour, concentration),
        "most_mcg_per_day": _limit(program.most_nl_per_day, concentration),
    }
    _add_rates(draft, program)
    _add_boluses(draft, program)
    return numbered(draft)


def _add_rates(draft: Draft, program: Program) -> None:
    concentration = program.concentration_ng_per_ml
    if program.has(OWN_RATE):
        draft["dose_mcg_per_day"] = _rate(program.rate_nl_per_day, concentration)
    if not program.has(OWN_PATTERNS):
        del draft["pattern"], draft["week"]
        return
    names = [weekdays_text(program, index) for index in range(len(program.patterns))]
    draft["week"] = dict(zip(WEEKDAYS, [names[index] for index in program.weekdays], strict=True))
    draft["pattern"] = {
        name: [
            {"from": clock(start), "dose_mcg_per_day": _rate(rate, concentration)}
            for start, rate in program.patterns[index]
        ]
        for index, name in enumerate(names)
    }
    boluses = {
        name: [{"at": clock(start), **_bolus(rate, minutes, concentration)} for start, rate, minutes in day]
        for name, day in zip(names, program.boluses, strict=True)
    }
    if any(boluses.values()):
        draft["bolus"] = {name: day for name, day in boluses.items() if day}


def _add_boluses(draft: Draft, program: Program) -> None:
    concentration, patient, periodic = (
        program.concentration_ng_per_ml,
        program.patient_bolus,
        program.periodic_bolus,
    )
    if patient is not None:
        draft["patient_bolus"] = {
            **_bolus(patient.rate_nl_per_day, patient.minutes, concentration),
            "lockout_minutes": str(patient.lockout_minutes),
            "most_per_24_h": str(patient.most_per_day),
        }
    if periodic is not None:
        draft["periodic_bolus"] = {
            **_bolus(periodic.rate_nl_per_day, periodic.minutes, concentration),
            "first": clock(periodic.first_minute),
            "every_hours": _decimal(Fraction(periodic.interval_minutes, 60)),
        }


def _bolus(rate_nl_per_day: int, minutes: int, concentration: int) -> dict[str, str]:
    def rate_of(dose: Fraction) -> int:
        return round(dose * _NG_PER_MCG_NL / concentration * MINUTES_PER_DAY / minutes)

    dose = dose_mcg(bolus_volume_nl(rate_nl_per_day, minutes), concentration)
    return {
        "dose_mcg": _shortest(dose, lambda text: rate_of(text) == rate_nl_per_day),
        "over_minutes": str(minutes),
    }


def _rate(rate_nl_per_day: int, concentration: int) -> str:
    dose = dose_mcg(rate_nl_per_day, concentration)
    return _shortest(dose, lambda text: round(text * _NG_PER_MCG_NL / concentration) == rate_nl_per_day)


def _limit(most_nl: int, concentration: int) -> str:
    if not most_nl:
        return ""
    least_nl = most_nl - _LIMIT_ROUNDING_NL
    dose = dose_mcg(most_nl, concentration)
    return _shortest(dose, lambda text: least_nl <= text * _NG_PER_MCG_NL / concentration <= most_nl)


def _shortest(exact: Fraction, is_the_same: Callable[[Fraction], bool]) -> str:
    """Return a number with as few decimals as it takes to mean the same to the pump."""
    for decimals in range(10):
        rounded = Fraction(round(exact * 10**decimals), 10**decimals)
        for candidate in (rounded, rounded - Fraction(1, 10**decimals)):
            if candidate > 0 and is_the_same(candidate):
                return _decimal(candidate)
    return _decimal(exact)


def _decimal(number: Fraction) -> str:
    text = f"{Decimal(number.numerator) / Decimal(number.denominator):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


# --- working on it


def value_at(draft: Draft, place: Place) -> str:
    """Return a value, empty if there is none."""
    try:
        found = _part(draft, place)
    except LookupError:
        return ""
    return found if isinstance(found, str) else ""


def _part(draft: Draft, place: Place) -> Any:
    """Return what is at a place; raise LookupError if there is nothing."""
    found: Any = draft
    for key in place:
        if isinstance(found, list):
            found = next((one for one in found if one[NUMBER_OF] == key), None)
        elif isinstance(found, dict):
            found = found.get(key)
        if found is None:
            raise LookupError("what was meant is not there any more")
    return found


def with_value(draft: Draft, place: Place, text: str) -> Draft:
    """Return the draft with another value; a time of day is written with two digits, and steps are put in order."""
    changed = copy.deepcopy(draft)
    *path, last = place
    if path and path[0] in PARTS | {"reservoir": (), "limits": (), "week": ()}:
        changed.setdefault(path[0], {})
    found = _part(changed, tuple(path))
    if last in ("from", "at", "first"):
        match = _TIME.fullmatch(text.strip())
        text = f"{match[1].zfill(2)}:{match[2]}" if match else text
    found[last] = text.strip()
    return _in_order(changed)


def _in_order(draft: Draft) -> Draft:
    for kind, key in (("pattern", "from"), ("bolus", "at")):
        for name, entries in _days(draft, kind).items():
            if all(minute_of(entry.get(key, "")) is not None for entry in entries):
                draft[kind][name] = sorted(entries, key=lambda entry: entry[key])
    return draft


def with_step(draft: Draft, name: str) -> Draft:
    """Return the draft with one step more: the longest one is cut in two."""
    changed = copy.deepcopy(draft)
    steps = changed["pattern"][name]
    spans = [(_length(steps, index), index) for index in range(len(steps))]
    length, longest = max(spans, key=lambda span: span[0])
    begin = minute_of(steps[longest]["from"]) or 0
    middle = (begin + length // 2 // 15 * 15) % MINUTES_PER_DAY
    steps.append({"from": clock(middle), "dose_mcg_per_day": steps[longest]["dose_mcg_per_day"]})
    return _in_order(numbered(changed))


def _length(steps: list[dict[str, Any]], index: int) -> int:
    begin, end = minute_of(steps[index]["from"]), minute_of(steps[(index + 1) % len(steps)]["from"])
    if begin is None or end is None:
        return 0
    return (end - begin) % MINUTES_PER_DAY or MINUTES_PER_DAY


def with_bolus(draft: Draft, name: str) -> Draft:
    changed = copy.deepcopy(draft)
    day = changed.setdefault("bolus", {}).setdefault(name, [])
    day.append({"at": "", "dose_mcg": "", "over_minutes": ""})
    return numbered(changed)


def without(draft: Draft, place: Place) -> Draft:
    """Return the draft without a step, a bolus, a day pattern or a part. A day keeps at least one step, a week one
    pattern."""
    changed = copy.deepcopy(draft)
    *path, last = place
    found = _part(changed, tuple(path))
    if place[0] == "pattern" and len(found) == 1:
        return changed
    if isinstance(found, list):
        found[:] = [one for one in found if one[NUMBER_OF] != last]
    else:
        found.pop(last, None)
    if place[0] == "pattern" and len(place) == 3 and len(found) == 1:
        found[0]["from"] = "00:00"
    if place[0] == "pattern" and len(place) == 2:
        rest = next(iter(changed["pattern"]))
        changed["week"] = {day: rest if name == last else name for day, name in changed["week"].items()}
        changed.get("bolus", {}).pop(last, None)
    if place[0] == "bolus" and len(place) == 3 and not found:
        del changed["bolus"][place[1]]
    if "bolus" in changed and not changed["bolus"]:
        del changed["bolus"]
    return changed


def with_pattern(draft: Draft, name: str, like: str) -> Draft:
    """Return the draft with another day pattern, which begins as a copy; raise BadInputError for a name that there is
    or that is none."""
    name = name.strip()
    if not name or len(name) > 40 or not name.isprintable() or name in draft.get("pattern", {}):
        raise BadInputError([f"{name[:40]!r} is no new name for a day, such as weekend"])
    changed = copy.deepcopy(draft)
    changed["pattern"][name] = copy.deepcopy(changed["pattern"][like])
    if like in changed.get("bolus", {}):
        changed["bolus"][name] = copy.deepcopy(changed["bolus"][like])
    for kind in ("pattern", "bolus"):
        for one in _days(changed, kind).get(name, []):
            del one[NUMBER_OF]
    return numbered(changed)


def with_mode(draft: Draft, mode: str) -> Draft:
    """Return the draft in another mode; what goes with the one before and not with this is put away, what this one
    needs is there."""
    changed = copy.deepcopy(draft)
    if mode not in MODES:
        return changed
    changed["mode"] = mode
    whole = empty_draft()
    keep = {"flex": (), "simple continuous": (), "minimum rate": ("patient_bolus", "periodic_bolus")}
    if mode == "stopped":
        return {"mode": mode}
    for key, value in whole.items():
        if key not in ("week", "pattern"):
            changed.setdefault(key, value)
    for part in keep.get(mode, ()):
        changed.pop(part, None)
    if mode == "flex":
        changed.pop("dose_mcg_per_day", None)
        changed.pop("periodic_bolus", None)
        changed.setdefault("week", whole["week"])
        changed.setdefault("pattern", whole["pattern"])
    else:
        for part in ("week", "pattern", "bolus"):
            changed.pop(part, None)
        if mode == "simple continuous":
            changed.setdefault("dose_mcg_per_day", "")
    return changed


def with_part(draft: Draft, part: str) -> Draft:
    """Return the draft with a bolus of the patient's, or a periodic one."""
    changed = copy.deepcopy(draft)
    changed.setdefault(part, dict.fromkeys(PARTS[part], ""))
    return changed


def minute_of(text: str) -> int | None:
    """Return the minutes after midnight; None of what is no time of day."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    minute = 60 * int(match[1]) + int(match[2])
    return minute if minute <= MINUTES_PER_DAY else None


def number_of(text: str) -> Fraction | None:
    """Return what a number is, to draw it; None of what is none."""
    return Fraction(text) if NUMBER.fullmatch(text) else None


def drawn_steps(draft: Draft, name: str) -> list[tuple[int, int, Fraction]]:
    """Return (first minute, minute it ends, mcg/day) in the order of the day, of what can be drawn."""
    found: list[tuple[int, int, Fraction]] = []
    steps = _days(draft, "pattern").get(name, [])
    for step in with_ends(steps) if steps else []:
        begin, end = minute_of(step.get("from", "")), minute_of(step.get("to", ""))
        dose = number_of(step.get("dose_mcg_per_day", ""))
        if begin is None or end is None or dose is None:
            continue
        parts = [(begin, end)] if begin < end else [(begin, MINUTES_PER_DAY), (0, end)]
        found += [(first, last, dose) for first, last in parts if first < last]
    return sorted(found)


def drawn_boluses(draft: Draft, name: str) -> list[tuple[int, int, Fraction]]:
    """Return (minute, its number, mcg) of each bolus that can be drawn."""
    found = [
        (minute_of(one.get("at", "")), one[NUMBER_OF], number_of(one.get("dose_mcg", "")))
        for one in _days(draft, "bolus").get(name, [])
    ]
    return [(at, number, dose) for at, number, dose in found if at is not None and dose is not None]
