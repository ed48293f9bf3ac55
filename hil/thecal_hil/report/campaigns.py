"""Summaries that other campaigns have left in the evidence, taken in where they are of the same commit.

Promises: a summary that is not what was written, or lies under another name, passes for nothing. One of another commit,
or of none that is known, counts as not run, and the report says which it is.
Sources that were changed since a commit are of none: what the changes were, nobody can know.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from thecal_hil.evidence.measurements import figure_text, has_seal, is_as_written
from thecal_hil.report.summaries import KNOWN, Fact, KnownSummary


class CampaignState(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    NOTED = "noted"
    NOT_RUN = "not run"
    OTHER_COMMIT = "of another commit"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Campaign:
    """command: what runs it again. wrong: each violation, with how to make it again where the campaign says.

    outcomes: of each test, by its name, for a run of tests: passed, failed or skipped.
    """

    name: str
    title: str
    command: str
    state: CampaignState
    facts: tuple[Fact, ...] = ()
    wrong: tuple[str, ...] = ()
    note: str = ""
    outcomes: Mapping[str, str] = field(default_factory=dict)


_NOT_AS_WRITTEN = "the summary was changed since it was written, or lies under another name"
_NOT_OF_CAMPAIGNS = ("trace",)
"""The matrix of requirements is made anew for each report."""


def read_campaigns(folder: Path, checkout: str) -> list[Campaign]:
    """Return every campaign that is known, and every further summary in the folder that names its commit."""
    found = [_read(known, known.path(folder), checkout) for known in KNOWN]
    names = {known.name for known in KNOWN} | set(_NOT_OF_CAMPAIGNS)
    others = [path for path in sorted(folder.glob("*.json")) if path.stem not in names]
    return [*found, *(one for one in (_other(path, checkout) for path in others) if one is not None)]


def _read(known: KnownSummary, path: Path, checkout: str) -> Campaign:
    def is_in_state(state: CampaignState, note: str = "") -> Campaign:
        return Campaign(known.name, known.title, known.command, state, note=note)

    if not path.is_file():
        return is_in_state(CampaignState.NOT_RUN)
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
        of = str(summary.get("checkout", "unknown"))
        if not _is_of(of, checkout):
            return is_in_state(CampaignState.OTHER_COMMIT, f"the summary is of {of}")
        if not is_as_written(path.stem, summary):
            return is_in_state(CampaignState.UNREADABLE, _NOT_AS_WRITTEN)
        facts, wrong = tuple(known.facts(summary)), tuple(known.wrong(summary))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return is_in_state(CampaignState.UNREADABLE, f"{type(error).__name__}: {error}")
    judged = CampaignState.FAILED if wrong else CampaignState.PASSED
    state = judged if known.judged else CampaignState.NOTED
    outcomes = dict(summary.get("outcomes", {}))
    return Campaign(known.name, known.title, known.command, state, facts, wrong, outcomes=outcomes)


def _other(path: Path, checkout: str) -> Campaign | None:
    """Return a summary that nothing here knows as a campaign: its plain figures, and its verdict if it has a list of
    what was wrong."""
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(summary, dict) or not _is_of(str(summary.get("checkout")), checkout):
        return None
    if has_seal(summary) and not is_as_written(path.stem, summary):
        title = path.stem.replace("-", " ")
        return Campaign(path.stem, title, "", CampaignState.UNREADABLE, note=_NOT_AS_WRITTEN)
    facts = tuple(
        Fact(key.replace("_", " "), figure_text(value) if isinstance(value, int | float) else str(value))
        for key, value in summary.items()
        if isinstance(value, int | float | str)
        and key not in ("checkout", "seal")
        and not _is_of_the_machine(key)
    )
    wrong = tuple(str(one) for one in summary.get("wrong", []))
    told = "passed" in summary or "wrong" in summary or "verdict" in summary
    failed = bool(wrong) or summary.get("passed") is False or summary.get("verdict", "PASS") != "PASS"
    state = CampaignState.FAILED if failed else CampaignState.PASSED if told else CampaignState.NOTED
    return Campaign(path.stem, path.stem.replace("-", " "), "", state, facts, wrong)


def _is_of(found: str, checkout: str) -> bool:
    return found == checkout and found != "unknown" and not found.endswith("+")


def _is_of_the_machine(key: str) -> bool:
    return any(part in key for part in ("speed", "seconds", "worked", "per_s", "wall"))
