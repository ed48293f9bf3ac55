"""``thecal-hil``: list verification scenarios, show them in words, run them on any rig, judge the figures.

Exit codes: 0 everything that was run has passed, 1 something has not, 2 bad input or nothing to run on.
"""

from __future__ import annotations

import shlex
import sys
import time
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from thecal_hil.cli import long_work
from thecal_hil.contract.rig import RigUnavailableError
from thecal_hil.evidence.measurements import write_json
from thecal_hil.evidence.recorded import recording
from thecal_hil.scenario.campaign import RIGS, RigWanted, hardware_of, run_all, shown_runs
from thecal_hil.scenario.coverage import coverage_of, coverage_table
from thecal_hil.scenario.document import Scenario, ScenarioError
from thecal_hil.scenario.kept import note_record
from thecal_hil.scenario.reader import LIBRARY, read_library, scenario_named
from thecal_hil.scenario.record import ScenarioRecord, Status
from thecal_hil.scenario.summary import summary_of
from thecal_hil.scenario.telling import (
    as_json,
    figures_table,
    list_table,
    record_line,
    scenario_lines,
    what_is_wrong,
    words_table,
)

EVIDENCE = Path("build/evidence/scenarios")
_REPORT = "thecal_hil.report.writing"
_JUNIT = "thecal_hil.report.junit"

app = typer.Typer(
    name="thecal-hil",
    help="Verification on the model, the emulated Pico or a board: scenarios, a day of therapy, and long work.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else 160, highlight=False)


def _fail(problem: object) -> typer.Exit:
    typer.echo(f"thecal-hil: {problem}", err=True)
    return typer.Exit(2)


def _library() -> list[Scenario]:
    try:
        return read_library()
    except ScenarioError as error:
        raise _fail(error) from error


def find(name: str) -> list[Scenario]:
    """Return a scenario of the library by its name, or of a file by its path; all cases of it, or one."""
    try:
        return scenario_named(name)
    except ScenarioError as error:
        raise _fail(error) from error


def _tagged(scenarios: list[Scenario], tags: list[str] | None) -> list[Scenario]:
    """Return those that have any of some tags; all, where none is asked for."""
    found = [one for one in scenarios if not tags or set(tags) & set(one.tags)]
    if not found:
        known = sorted({tag for one in scenarios for tag in one.tags})
        raise _fail(
            f"no scenario has the tag {', '.join(tags or ())}; there are: {', '.join(known) or 'none'}"
        )
    return found


@app.command("list", epilog="Example: thecal-hil list --coverage")
def list_scenarios(
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Show which promise, alarm and recall has which scenario.")
    ] = False,
    tag: Annotated[list[str] | None, typer.Option(help="Only those with this tag; repeatable.")] = None,
) -> None:
    """List the scenarios of the library."""
    if coverage:
        _console().print(coverage_table(coverage_of(read_library())))
        return
    scenarios = _tagged(_library(), tag)
    _console().print(list_table(scenarios))
    typer.echo(f"{len(scenarios)} scenarios in {LIBRARY}")


@app.command(epilog="Example: thecal-hil words")
def words() -> None:
    """List what a scenario can do and measure, with the values each takes. Those in brackets may be left out."""
    # A name in brackets is no mark-up here.
    Console(width=None if sys.stdout.isatty() else 200, highlight=False, markup=False).print(words_table())


@app.command(epilog="Example: thecal-hil show weekend-at-midnight")
def show(names: Annotated[list[str], typer.Argument(help="Scenarios of the library, or files.")]) -> None:
    """Describe a scenario in words."""
    for name in names:
        for scenario in find(name):
            for line in scenario_lines(scenario):
                typer.echo(line)


@app.command(epilog="Example: thecal-hil run --all --rig model --jobs 2")
def run(
    names: Annotated[list[str] | None, typer.Argument(help="Scenarios of the library, or files.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Run the whole library.")] = False,
    tag: Annotated[list[str] | None, typer.Option(help="Only those with this tag; repeatable.")] = None,
    rig: Annotated[str, typer.Option(help=f"Rig to run on: {', '.join(RIGS)}.")] = "model",
    port: Annotated[str | None, typer.Option(help="Serial port of the board, for --rig board.")] = None,
    bench: Annotated[Path | None, typer.Option(help="The bench's file, for --rig board.")] = None,
    uf2: Annotated[Path | None, typer.Option(help="Image to test instead of the one just built.")] = None,
    board: Annotated[
        str | None,
        typer.Option(
            metavar="SPEC",
            help="What of silicon is imposed on the emulated board: silicon (the default), ideal, or settings, as "
            "P=132,frames=on.",
        ),
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="How many to run at once.")] = 1,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Run on the workers of the Dask cluster there.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = EVIDENCE,
    figures: Annotated[bool, typer.Option("--figures", help="Show all figures of every scenario.")] = False,
    summary: Annotated[Path | None, typer.Option(help="Write a summary in Markdown as well.")] = None,
    junit: Annotated[Path | None, typer.Option(help="Write the results as JUnit XML as well.")] = None,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Measure nothing with an instrument whose calibration is overdue."),
    ] = False,
    report: Annotated[
        bool, typer.Option("--report", help="Write the report of all of them as well.")
    ] = False,
) -> None:
    """Run scenarios, hold every figure against its limits, write the results."""
    if rig not in RIGS:
        raise _fail(f"--rig {rig}: choose of {', '.join(RIGS)}")
    if port and bench:
        raise _fail("--port and --bench: give one of them; a bench's file says where its boards are")
    if board is not None and rig != "pico":
        raise _fail(f"--board {board}: the {rig} rig has no emulated board")
    if scheduler and rig == "board":
        raise _fail("--scheduler: boards are on this machine's bench")
    if bool(names) == every:
        raise _fail("name the scenarios to run, or give --all")
    if junit and find_spec(_JUNIT) is None:
        raise _fail("--junit: this installation can't write reports")
    if report and find_spec(_REPORT) is None:
        raise _fail("--report: this installation can't write reports")
    scenarios = _tagged(_library() if every else [one for name in names or [] for one in find(name)], tag)
    console = _console()
    records: list[ScenarioRecord] = []
    wanted = RigWanted(rig, port, uf2, bench, board)
    began = time.perf_counter()
    hardware = _hardware(wanted, strict=strict)
    with recording("scenarios", shlex.join(["thecal-hil", *sys.argv[1:]])) as recorded:
        if hardware:
            recorded.note_fact("hardware", hardware)
        try:
            with shown_runs(f"thecal-hil: {rig} rig", scenarios) as (runs, line):
                for record in run_all(scenarios, wanted, jobs, runs, scheduler):
                    records.append(record)
                    note_record(record)
                    with line.out_of_the_way():
                        _tell(console, record, figures or len(scenarios) == 1)
        except RigUnavailableError as error:
            raise _fail(error) from error
        records.sort(key=lambda record: record.identity)
        _write(records, rig, out)
        if summary:
            summary.parent.mkdir(parents=True, exist_ok=True)
            summary.write_text(summary_of(records, scenarios), encoding="utf-8")
        if junit:
            junit.parent.mkdir(parents=True, exist_ok=True)
            import_module(_JUNIT).write_junit(records, junit)
        if report:
            _report(records, out)
        recorded.exit_code = _verdict(records, rig, time.perf_counter() - began)
    raise typer.Exit(recorded.exit_code)


def _hardware(wanted: RigWanted, *, strict: bool) -> list[dict[str, Any]]:
    """Return what is measured with; warn of what is overdue, and refuse it where that is asked for."""
    try:
        hardware, overdue = hardware_of(wanted)
    except RigUnavailableError as error:
        raise _fail(error) from error
    for line in overdue:
        typer.echo(f"thecal-hil: {line}", err=True)
    if overdue and strict:
        raise _fail("--strict: nothing is measured with an instrument that is overdue")
    return hardware


def _tell(console: Console, record: ScenarioRecord, with_figures: bool) -> None:
    console.print(record_line(record), soft_wrap=True)
    ran = record.status in (Status.PASSED, Status.FAILED)
    if ran and (with_figures or record.status is Status.FAILED):
        console.print(figures_table(record))
    if record.status in (Status.FAILED, Status.ERROR):
        for line in what_is_wrong(record):
            typer.echo(f"    {line}")


def _write(records: list[ScenarioRecord], rig: str, out: Path) -> None:
    write_json(out / f"scenarios-{rig}.json", {"rig": rig, "scenarios": [as_json(one) for one in records]})


def _report(records: list[ScenarioRecord], out: Path) -> None:
    # Imported late: it draws, and that takes a second which nobody else needs.
    typer.echo(f"report: {import_module(_REPORT).write(records, out)}")


def _verdict(records: list[ScenarioRecord], rig: str, seconds: float) -> int:
    counts = {status: sum(record.status is status for record in records) for status in Status}
    said = ", ".join(f"{count} {status.value}" for status, count in counts.items() if count)
    ran = len(records) - counts[Status.SKIPPED]
    bad = [record for record in records if record.status in (Status.FAILED, Status.ERROR)]
    excused = sum(bool(record.excused) for record in bad)
    good = ran > 0 and len(bad) == excused
    if excused:
        said += f", {excused} of them excused"
    typer.echo(f"thecal-hil: {'PASS' if good else 'FAIL'} {said} on the {rig} rig in {seconds:.1f} s")
    return 0 if good else 1 if ran else 2


long_work.add_to(app)


def main() -> None:
    app()
