"""The clinic as a family's sheet names it: who to call by day, at night, and the rescue plan that was agreed on.

A small TOML file of the clinic's own, so that no sheet leaves without a telephone number. Numbers are written as they
are dialled; nothing is made up for one that is missing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from thecal.errors import BadInputError
from thecal.table import Table
from thecal.toml_file import read_toml

_NUMBER = re.compile(r"\+?[0-9][0-9 ()/-]{1,28}[0-9]")
_NUMBER_WORDS = "a telephone number such as +49 30 1234567"
_PLAN_WORDS = "what was agreed on with the family, such as baclofen by mouth at home"


@dataclass(frozen=True)
class Contacts:
    """telephone: by day. out_of_hours: at night and on holidays. rescue_plan: empty if none is named in the file."""

    clinic: str
    telephone: str
    out_of_hours: str
    ambulance: str
    rescue_plan: str = ""


def load_contacts(path: Path | str) -> Contacts:
    """Read the clinic's file; raises BadInputError with everything that is wrong with it."""
    table = Table(read_toml(Path(path)))
    clinic = table.sentence("clinic", "the clinic's name")
    by_day, out_of_hours = _number(table, "telephone"), _number(table, "out_of_hours_telephone")
    ambulance = _number(table, "ambulance_telephone")
    plan = table.sentence("rescue_plan", _PLAN_WORDS) if table.has("rescue_plan") else ""
    problems = table.problems()
    if problems or clinic is None or plan is None:
        raise BadInputError([f"{path}: {problem}" for problem in problems])
    return Contacts(clinic, by_day, out_of_hours, ambulance, plan)


def _number(table: Table, key: str) -> str:
    text = table.sentence(key, _NUMBER_WORDS)
    if text is None:
        return ""
    if not _NUMBER.fullmatch(text) and not re.fullmatch(r"[0-9]{2,4}", text):
        table.complain(f"{key} = {text[:40]!r}, allowed: {_NUMBER_WORDS}")
    return text
