"""``thecal-hil verify``: deliver a day of therapy on the emulated board and hold every pulse against the prescription.

Leaves ``verify.json`` and ``verify.png`` in the evidence folder and ends in one line, ``verify: PASS ...`` or
``verify: FAIL ...``. Exit codes: 0 passed, 1 failed, 2 bad input or nothing to test.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from thecal.errors import BadInputError, ThecalError
from thecal_hil.campaigns.verify.day import DayPlan, Record, carry_out, plan_around_midnight
from thecal_hil.campaigns.verify.day_picture import draw
from thecal_hil.campaigns.verify.verdict import judge, measurements, report, table
from thecal_hil.contract.elapsed import share_of_time
from thecal_hil.contract.gate import GateError
from thecal_hil.contract.image import REPOSITORY
from thecal_hil.contract.rig import Rig, RigUnavailableError
from thecal_hil.course.drills import most_restart_ms
from thecal_hil.course.therapy import prescribed_in
from thecal_hil.evidence.measurements import Evidence
from thecal_hil.groundwork.progress import Share, shown
from thecal_hil.rigs.opening import open_rig
from thecal_sim.units import NS_PER_S

PRESCRIPTION = REPOSITORY / "examples/paediatric_flex.toml"
EVIDENCE = Path("build/evidence")
_UNITS_S = {"h": 3_600, "m": 60, "s": 1}
_SHORTEST_S = 300
_LONGEST_S = 7 * 86_400


def duration_s(text: str) -> int:
    """Return seconds of a duration such as 24h, 20m or 1h30m."""
    parts = re.findall(r"(\d+)([hms])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise typer.BadParameter(f"{text!r} is not a duration; write it as 24h, 20m or 1h30m")
    seconds = sum(int(number) * _UNITS_S[unit] for number, unit in parts)
    if not _SHORTEST_S <= seconds <= _LONGEST_S:
        raise typer.BadParameter(f"{text} is out of range, which is 5m to 168h")
    return seconds


def verify(
    duration: Annotated[str, typer.Option(help="How long to deliver: 24h, 20m, 1h30m.")] = "24h",
    rig: Annotated[
        str, typer.Option(help="Rig to verify: pico, or model for a quick look without an image.")
    ] = "pico",
    prescription: Annotated[Path, typer.Option(help="Prescription to deliver.")] = PRESCRIPTION,
    uf2: Annotated[Path | None, typer.Option(help="Image to verify instead of the one just built.")] = None,
    board: Annotated[
        str | None,
        typer.Option(
            metavar="SPEC",
            help="What of real silicon is imposed on the emulated board, as thecal-hil run has it (default: silicon).",
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for verify.json and verify.png.")] = EVIDENCE,
    as_json: Annotated[bool, typer.Option("--json", help="Print the JSON instead of the table.")] = False,
) -> None:
    """Deliver a prescription on a rig and check every pulse against the prescription and the model."""
    if rig not in ("pico", "model"):
        raise typer.BadParameter(f"{rig!r}: choose of pico, model", param_hint="--rig")
    if not prescription.exists():
        raise typer.BadParameter(f"{prescription} is not there", param_hint="--prescription")
    console = Console(stderr=as_json)
    try:
        plan = plan_around_midnight(prescribed_in(prescription), duration_s(duration))
        tested = open_rig(rig, uf2=uf2, board_model=board)
    except (BadInputError, RigUnavailableError) as error:
        typer.echo(f"verify: {error}", err=True)
        raise typer.Exit(2) from error
    image = getattr(tested, "image", None)
    evidence = Evidence(measurements(most_restart_ms(tested)))
    # What an earlier run has left must not stand for this one, however this one ends.
    (out / "verify.json").unlink(missing_ok=True)
    try:
        record, model = _deliver(plan, tested)
    except (ThecalError, GateError, OSError, RuntimeError) as error:
        typer.echo(f"verify: FAIL {error}", err=as_json)
        raise typer.Exit(1) from error
    verdict = judge(plan, evidence, record, model, image.sha256 if image else "")
    draw(verdict, out / "verify.png")
    content = report(verdict, prescription, out)
    if as_json:
        typer.echo(json.dumps(content, indent=2))
    else:
        console.print(table(verdict))
        console.print(f"evidence: {out / 'verify.json'}, {out / 'verify.png'}", highlight=False)
    typer.echo(verdict.line(), err=as_json)
    raise typer.Exit(0 if verdict.passed else 1)


def _deliver(plan: DayPlan, rig: Rig) -> tuple[Record, Record]:
    """Return the record of the rig under test, and that of the model, which runs beside it in a process of its own."""
    work = Share(share_of_time(rig, plan.duration_s * NS_PER_S))
    with (
        ProcessPoolExecutor(1, get_context("spawn")) as beside,
        shown(f"verify: delivering on the {rig.name} rig", work),
    ):
        model: Future[Record] = beside.submit(_on_the_model, plan)
        record = carry_out(plan, rig)
        rig.close()
        return record, model.result()


def _on_the_model(plan: DayPlan) -> Record:
    return carry_out(plan, open_rig("model"))


def main(argv: Sequence[str]) -> int:
    command = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    command.command(epilog="Example: thecal-hil verify --duration 20m")(verify)
    try:
        command(list(argv), prog_name="thecal-hil verify")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    return 0
