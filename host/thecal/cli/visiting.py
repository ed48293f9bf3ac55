"""The subcommand for a whole visit to the clinic: visit, guided at a terminal or scripted."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from thecal.cli.common import JsonOption, PortOption, YesOption, connected, echo, print_json
from thecal.cli.reporting import (
    ContactsOption,
    NoTelephoneOption,
    contacts_of,
    need_two_files,
    need_writable,
    write_page,
)
from thecal.cli.residual import EXIT_EVALUATE, residual_document
from thecal.cli.reviewing import (
    DEFAULT_GROUP,
    AgainOption,
    GroupOption,
    LibraryOption,
    NoBridgeOption,
    ReasonOption,
    reviewer,
)
from thecal.cli.wall import NowOption, SetClockOption, wall_of
from thecal.errors import BadInputError
from thecal.interruption import Interruption
from thecal.typed import volume_nl

if TYPE_CHECKING:
    from thecal.visit.plan import Plan
    from thecal.visit.record import Record


def add_commands(app: typer.Typer) -> None:
    app.command(epilog="Example: thecal visit --withdrawn 12.3 --fill 20 --program p.toml --yes")(visit)


def visit(
    port: PortOption = None,
    withdrawn: Annotated[str | None, typer.Option(metavar="ML", help="Drawn from the reservoir.")] = None,
    fill: Annotated[str | None, typer.Option(metavar="ML", help="Filled into the reservoir.")] = None,
    drawn_back: Annotated[
        str | None, typer.Option(metavar="ML", help="Drawn back after the fill, to check it.")
    ] = None,
    program: Annotated[Path | None, typer.Option(help="New prescription, a TOML file.")] = None,
    no_bridge: NoBridgeOption = False,
    library: LibraryOption = None,
    group: GroupOption = DEFAULT_GROUP,
    now: NowOption = None,
    set_clock: SetClockOption = False,
    start: Annotated[bool, typer.Option("--start", help="Begin delivery if the pump stands.")] = False,
    contacts: ContactsOption = None,
    no_telephone: NoTelephoneOption = False,
    reason: ReasonOption = "",
    again: AgainOption = None,
    report: Annotated[Path | None, typer.Option(help="Write the clinic's report to this file.")] = None,
    handout: Annotated[Path | None, typer.Option(help="Write the patient's hand-out to this file.")] = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Guide through a visit: interrogate, clocks, residual, refill, reprogram, dates, print-out."""
    from thecal.cli.visit_talk import ConsoleTalk
    from thecal.prescription import load_prescription
    from thecal.visit.plan import Plan
    from thecal.visit.visit import Visit

    judge = reviewer(library, group, reason, again)
    for path in (report, handout):
        need_writable(path)
    need_two_files(report, handout)
    if drawn_back is not None and fill is None:
        raise BadInputError(["--drawn-back goes with --fill; it checks what was filled"])
    plan = Plan(
        _nl(withdrawn, "--withdrawn"),
        _nl(fill, "--fill"),
        _nl(drawn_back, "--drawn-back"),
        judge.with_library(load_prescription(program)) if program is not None else None,
        report,
        handout,
        no_bridge,
        wall_of(now),
        set_clock,
        start,
        contacts_of(contacts, handout, no_telephone=no_telephone),
    )
    is_guided = not yes and not as_json and sys.stdin.isatty()
    talk = ConsoleTalk(judge, is_guided, yes, as_json)
    record = Visit(lambda: connected(port), plan, talk, _write).run()
    _tell(record, judge.reason, as_json)
    if isinstance(record.error, Interruption):
        raise typer.Exit(record.error.exit_code)
    if not record.is_finished:
        raise typer.Exit(1)
    if record.must_evaluate or record.is_standing:
        raise typer.Exit(EXIT_EVALUATE)


def _nl(text: str | None, name: str) -> int | None:
    return None if text is None else volume_nl(text, name)


def _write(plan: Plan, clinic: str, handout: str) -> list[str]:
    written: list[str] = []
    for path, text in ((plan.clinic_page, clinic), (plan.handout_page, handout)):
        if path is not None:
            write_page(path, text)
            written.append(str(path))
    return written


def _tell(record: Record, reason: str, as_json: bool) -> None:
    if as_json:
        print_json(_document(record, reason))
    else:
        stands = ", but THE PUMP STANDS" if record.is_finished and record.is_standing else ""
        echo(f"the visit is {record.state}{stands}:")
        for name, text in record.lines():
            echo(f"  {name}: {text}")
    for warning in () if as_json else record.warnings:
        echo(f"warning: {warning}", err=True)
    if record.error is not None:
        echo(f"the visit was broken off: {record.error}", err=True)


def _document(record: Record, reason: str) -> dict[str, Any]:
    from thecal.visit.steps import STEPS, Outcome

    reached = {step: record.steps.get(step, (Outcome.NOT_REACHED, "")) for step in STEPS}
    read = record.now
    dates = vars(read.dates) if read is not None and read.dates is not None else {}
    return {
        "finished": record.is_finished,
        "steps": [
            {"step": str(step), "outcome": str(outcome), "text": text}
            for step, (outcome, text) in reached.items()
        ],
        "residual": residual_document(record.residual) if record.residual is not None else None,
        "filled_nl": record.filled_nl,
        "program_changed": record.program_changed,
        "program_digest": read.status.program_digest if read is not None else None,
        "findings": [str(finding) for finding in record.findings],
        "reason": reason,
        "dates": {name: date.isoformat() if date is not None else None for name, date in dates.items()},
        "warnings": record.warnings,
        "written": record.written,
        "standing": record.is_standing,
        "must_evaluate": record.must_evaluate,
    }
