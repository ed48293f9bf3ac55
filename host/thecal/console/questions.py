"""A question that a visit waits with, as a value that a page shows, and how its answers are read."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from thecal.clocks import Clocks
from thecal.judgement import Finding


class Kind(StrEnum):
    """The kind of answer that is asked for."""

    CLOCKS = "clocks"
    WITHDRAWN = "withdrawn"
    REASON = "reason"
    PROGRAM = "program"
    FILL = "fill"
    FINDINGS = "findings"
    AGREE = "agree"
    START = "start"


@dataclass(frozen=True)
class Question:
    """number: rises by one, so that an answer to an earlier one counts for nothing. problems: of the answer before."""

    number: int
    kind: Kind
    text: str
    problems: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    clocks: Clocks | None = None
    answers: dict[str, str] = field(default_factory=dict)
    """What was typed before, where it has to be put right."""
