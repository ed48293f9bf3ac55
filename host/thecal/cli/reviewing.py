"""The review of a new program as options and questions: the drug library, the patient's group, a reason, values again.

At a terminal a person is asked for what is missing; a script gives it with --reason and --again, or ends with exit
code 2 and a line for each thing that stands in the way. Nothing has been sent by then.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from thecal.cli.common import echo
from thecal.errors import BadInputError
from thecal.judgement import Finding, Kind, is_retyped, settle

if TYPE_CHECKING:
    from thecal.client import Pump
    from thecal.dose_history import DoseHistory
    from thecal.drug_library import Library
    from thecal.prescription import Compiled
    from thecal_fw.core.program import Program

DEFAULT_GROUP = "child"
"""The group with the narrowest limits, which is also the one this pump's therapy is modelled for."""

LibraryOption = Annotated[
    Path | None, typer.Option("--library", help="Drug library to check against, a TOML file.")
]
NoBridgeOption = Annotated[
    bool,
    typer.Option(
        "--no-bridge", help="Another drug or concentration, and tubing and catheter hold it already."
    ),
]
GroupOption = Annotated[
    str, typer.Option("--group", help="Patient's group: child, adult-cerebral or adult-spinal.")
]
ReasonOption = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why a soft limit is passed; kept in the report.")
]
AgainOption = Annotated[
    list[str] | None,
    typer.Option("--again", metavar="FIELD=VALUE", help="A value that looks mistyped, typed again."),
]


@dataclass
class Reviewer:
    """Judges a program. ``findings`` and ``reason`` are those of the last review, for the record."""

    library: Library | None
    group: str
    reason: str = ""
    retyped: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def with_library(self, compiled: Compiled) -> Compiled:
        """Return the same prescription with the library's digest in its program."""
        from thecal.program_review import of_library

        if self.library is None:
            return compiled
        return replace(compiled, program=of_library(compiled.program, self.library))

    def judge(self, pump: Pump, running: Program | None, new: Program) -> list[Finding]:
        """Return findings about a change of this pump's program."""
        from thecal.dose_history import dose_history

        return self.judge_after(running, new, dose_history(pump.interrogate(), pump.last_dose()))

    def judge_after(self, running: Program | None, new: Program, history: DoseHistory) -> list[Finding]:
        """Return the same where it is known already which doses were given."""
        from thecal.program_review import review

        self.findings = review(running, new, self.group, self.library, history)
        return self.findings

    def settle(self, pump: Pump, running: Program | None, new: Program, *, yes: bool) -> None:
        """Continue only if every finding is settled; at a terminal a person is asked for what is missing."""
        self.settle_findings(self.judge(pump, running, new), yes=yes)

    def settle_findings(self, findings: list[Finding], *, yes: bool) -> None:
        if not yes and sys.stdin.isatty() and not any(one.kind is Kind.HARD for one in findings):
            self._ask(findings)
        settle(findings, self.reason, self.retyped)

    def _ask(self, findings: list[Finding]) -> None:
        for finding in findings:
            if finding.kind is Kind.RETYPE and not is_retyped(
                self.retyped.get(finding.field, ""), finding.value
            ):
                echo(str(finding))
                self.retyped[finding.field] = typer.prompt(f"Type the value of {finding.field} again")
        soft = [finding for finding in findings if finding.kind is Kind.SOFT]
        if soft and not self.reason.strip():
            for finding in soft:
                echo(str(finding))
            self.reason = typer.prompt("Reason")


def reviewer(library: Path | None, group: str, reason: str, again: list[str] | None) -> Reviewer:
    """Return what the options say; raise BadInputError for what they can't mean."""
    from thecal.drug_library import load_library
    from thecal.titration import GROUPS

    if group not in GROUPS:
        raise BadInputError([f"--group {group!r}, allowed: {', '.join(GROUPS)}"])
    retyped: dict[str, str] = {}
    for one in again or []:
        name, equals, value = one.rpartition("=")
        if not equals or not name:
            raise BadInputError([f"--again {one!r}, write it like --again concentration_mcg_per_ml=500"])
        retyped[name] = value
    return Reviewer(load_library(library) if library is not None else None, group, reason, retyped)
