"""The person at the terminal, or the options of a script, behind a visit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

from thecal.cli.common import (
    add_row,
    columns,
    echo,
    show,
)
from thecal.cli.reviewing import Reviewer
from thecal.clocks import told_wall
from thecal.errors import BadInputError
from thecal.residual_check import need_volumes
from thecal.typed import volume_nl
from thecal.visit.plan import DeclinedError, Plan

if TYPE_CHECKING:
    from thecal.clocks import Clocks
    from thecal.dose_history import DoseHistory
    from thecal.judgement import Finding
    from thecal.prescription import Compiled
    from thecal.words import Row
    from thecal_fw.core.program import Program

Answer = TypeVar("Answer")


@dataclass
class ConsoleTalk:
    """is_guided: ask for what the options leave open. yes: consent was given with --yes. is_quiet: show nothing."""

    reviewer: Reviewer
    is_guided: bool
    yes: bool
    is_quiet: bool

    @property
    def reason(self) -> str:
        return self.reviewer.reason

    def tell(self, text: str) -> None:
        if not self.is_quiet:
            echo(text)

    def show_change(self, rows: list[Row]) -> None:
        if self.is_quiet:
            return
        table = columns("", "running now", "new")
        for row in rows:
            label = f"{'*' if row.changed else ' '} {row.label}"
            add_row(table, label, row.running, row.new, style="bold" if row.changed else "dim")
        show(table, "the new program against what the pump has")

    def agree(self, question: str) -> None:
        """Ask for consent; raise DeclinedError for a no, BadInputError where there is nobody to ask."""
        if self.yes:
            return
        if not self.is_guided:
            raise BadInputError(["there is nobody to ask here; add --yes to continue without asking"])
        if not _asked(lambda: typer.confirm(question)):
            raise DeclinedError("declined by the person at the terminal")

    def need_reason(self, why: str) -> None:
        """Ask for a reason; raise BadInputError where there is nobody to ask."""
        if self.reviewer.reason.strip():
            return
        if not self.is_guided:
            raise BadInputError([f"{why}. To continue all the same, give a reason with --reason TEXT"])
        self.reviewer.reason = _asked(lambda: typer.prompt("Reason to continue all the same"))

    def settle_clocks(self, plan: Plan, clocks: Clocks) -> Clocks:
        """Settle clocks that differ; raise BadInputError where nobody can say which one is right."""
        if self.is_guided and not plan.wall.is_told:
            self._read_the_wall(plan, clocks)
            if plan.wall.is_told:
                clocks = replace(clocks, now=clocks.now + plan.wall.ahead_by, is_told=True)
        elif clocks.doubt and not plan.wall.is_told:
            raise BadInputError([f"{clocks.fault}. Set it, or give the time on the wall with --now TIME"])
        if plan.set_clock or not clocks.fault:
            return clocks
        if self.is_guided and _asked(lambda: typer.confirm("Set the pump's clock by it?")):
            plan.set_clock = True
            return clocks
        self.need_reason(
            f"{clocks.fault}. Look at the clock on the wall, and set the pump's with --set-clock"
        )
        return clocks

    @staticmethod
    def _read_the_wall(plan: Plan, clocks: Clocks) -> None:
        """Ask for what a person alone can see: which of the clocks is right."""
        question = "Time on the wall now, like 2026-03-06T12:00"
        if not clocks.doubt:
            question += f" (empty if it is {clocks.now:%Y-%m-%dT%H:%M}, as this computer shows)"
        while True:
            text = _asked(lambda: typer.prompt(question, default="", show_default=False))
            if not text.strip() and not clocks.doubt:
                return
            try:
                plan.wall = told_wall(text)
            except BadInputError as error:
                _tell_problems(error)
            else:
                return

    def settle(self, running: Program | None, new: Program, history: DoseHistory) -> list[Finding]:
        findings = self.reviewer.judge_after(running, new, history)
        _asked(lambda: self.reviewer.settle_findings(findings, yes=not self.is_guided))
        return findings

    def wants_start(self, plan: Plan) -> bool:
        if plan.start or not self.is_guided:
            return plan.start
        return _asked(lambda: typer.confirm("The pump stands and gives nothing. Begin delivery now?"))

    def withdrawn_nl(self, plan: Plan, expected: str, reservoir_nl: int) -> int | None:
        if plan.withdrawn_nl is not None or not self.is_guided:
            return plan.withdrawn_nl
        question = f"Volume withdrawn in mL (expected {expected}; empty if none was drawn)"
        return _volume(question, lambda volume: need_volumes(volume, None, reservoir_nl))

    def fill_nl(self, plan: Plan, reservoir_nl: int) -> int | None:
        if plan.fill_nl is not None or not self.is_guided:
            return plan.fill_nl
        question = "Volume filled in mL (empty if it was not refilled)"
        return _volume(question, lambda volume: need_volumes(None, volume, reservoir_nl))

    def compiled(self, plan: Plan) -> Compiled | None:
        if plan.compiled is not None or not self.is_guided:
            return plan.compiled
        from thecal.prescription import load_prescription

        while True:
            name = _asked(
                lambda: typer.prompt(
                    "Prescription file (empty to keep the program)", default="", show_default=False
                )
            )
            if not name.strip():
                return None
            try:
                return self.reviewer.with_library(load_prescription(Path(name.strip())))
            except BadInputError as error:
                _tell_problems(error)


def _volume(question: str, need: Callable[[int], None]) -> int | None:
    """Ask for a volume until it can be one."""
    while True:
        text = _asked(lambda: typer.prompt(question, default="", show_default=False)).strip()
        if not text:
            return None
        try:
            volume = volume_nl(text, "volume")
            need(volume)
        except BadInputError as error:
            _tell_problems(error)
        else:
            return volume


def _tell_problems(error: BadInputError) -> None:
    for problem in error.problems:
        echo(problem, err=True)


def _asked(ask: Callable[[], Answer]) -> Answer:
    """Return an answer; Ctrl-C at a question ends the visit in order, like a no."""
    try:
        return ask()
    except typer.Abort as abort:
        raise DeclinedError("broken off by the person at the terminal") from abort
