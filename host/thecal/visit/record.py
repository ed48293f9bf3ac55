"""The record of a visit: each step with its outcome, and all that was found, done and written on the way."""

from __future__ import annotations

from dataclasses import dataclass, field

from thecal.errors import ThecalError
from thecal.interruption import Interruption
from thecal.judgement import Finding
from thecal.reports.handout import is_standing
from thecal.reports.interrogation import Interrogation
from thecal.residual_check import FillCheck, ResidualCheck
from thecal.visit.steps import STEPS, Outcome, State


@dataclass
class Record:
    """The record of what became of a visit. steps: for each, its outcome and a sentence."""

    state: State = State.INTERROGATE
    steps: dict[State, tuple[Outcome, str]] = field(default_factory=dict)
    before: Interrogation | None = None
    now: Interrogation | None = None
    residual: ResidualCheck | None = None
    fill: FillCheck | None = None
    findings: list[Finding] = field(default_factory=list)
    filled_nl: int | None = None
    program_changed: bool = False
    written: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    error: ThecalError | OSError | Interruption | None = None

    @property
    def is_finished(self) -> bool:
        return self.state is State.FINISHED

    @property
    def is_standing(self) -> bool:
        """Return True if the pump gives nothing at the end of it: no visit ends well like that."""
        return self.now is not None and is_standing(self.now)

    @property
    def must_evaluate(self) -> bool:
        return any(check is not None and check.must_evaluate for check in (self.residual, self.fill))

    def lines(self) -> list[tuple[str, str]]:
        """Return each step with what became of it."""
        return [(str(step), _line(*self.steps.get(step, (Outcome.NOT_REACHED, "")))) for step in STEPS]


def _line(outcome: Outcome, text: str) -> str:
    return f"{outcome}: {text}" if text else str(outcome)
