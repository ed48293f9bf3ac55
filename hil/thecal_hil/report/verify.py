"""``thecal-hil verify``: deliver a day of therapy on the emulated board and hold every pulse against the prescription.

The day is a scenario of the library, made as long as asked for. Leaves ``verify.json`` and ``verify.html`` in the
evidence folder and ends in one line, ``verify: PASS ...`` or ``verify: FAIL ...``. Exit codes: 0 passed, 1 failed, 2
bad input or nothing to test.
"""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from thecal.durations import duration_ns
from thecal.errors import BadInputError
from thecal.toml_file import read_toml
from thecal_hil.contract.elapsed import share_of_time
from thecal_hil.contract.pump_clock import TICK_NS
from thecal_hil.contract.rig import Rig, RigUnavailableError
from thecal_hil.course.drills import most_restart_ms
from thecal_hil.evidence.measurements import figure_text, write_summary
from thecal_hil.groundwork.checkout import REPOSITORY
from thecal_hil.groundwork.progress import Share, shown
from thecal_hil.report.page import page_of_run
from thecal_hil.rigs.opening import open_rig
from thecal_hil.scenario.attempt import Twin, utc_second
from thecal_hil.scenario.document import Prescribed, Scenario
from thecal_hil.scenario.reader import LIBRARY, read_scenario
from thecal_hil.scenario.record import ScenarioRecord, Status
from thecal_hil.scenario.runner import run, twin_of
from thecal_hil.scenario.stretched import stretched
from thecal_hil.scenario.telling import figures_table, what_is_wrong
from thecal_sim.units import NS_PER_S

DAY = LIBRARY / "a-day-around-midnight.toml"
PRESCRIPTION = REPOSITORY / "examples/paediatric_flex.toml"
EVIDENCE = Path("build/evidence")
_SHORTEST_NS, _LONGEST_NS = 300 * NS_PER_S, 7 * 86_400 * NS_PER_S
_REACH_X = 500
"""A good speed, for the reader to compare with; it decides nothing."""


def length_ns(text: str) -> int:
    """Return the nanoseconds of a duration such as 24h, 20m or 1h30m. Raise BadParameter for what is none."""
    length = duration_ns(text)
    if length is None:
        raise typer.BadParameter(f"{text!r} is not a duration; write it as 24h, 20m or 1h30m")
    if not _SHORTEST_NS <= length <= _LONGEST_NS:
        raise typer.BadParameter(f"{text} is out of range, which is 5m to 168h")
    return length


def day_of(prescription: Path, length: int) -> Scenario:
    """Return the day's scenario as long as wanted; raises BadInputError for a prescription that the host refuses."""
    name = prescription.stem.replace("_", " ")
    return stretched(read_scenario(DAY), length, Prescribed(name, read_toml(prescription)))


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
    out: Annotated[Path, typer.Option(help="Folder for verify.json and verify.html.")] = EVIDENCE,
    as_json: Annotated[bool, typer.Option("--json", help="Print the JSON instead of the table.")] = False,
) -> None:
    """Deliver a prescription on a rig and check every pulse against the prescription and the model."""
    if rig not in ("pico", "model"):
        raise typer.BadParameter(f"{rig!r}: choose of pico, model", param_hint="--rig")
    if not prescription.exists():
        raise typer.BadParameter(f"{prescription} is not there", param_hint="--prescription")
    try:
        scenario = day_of(prescription, length_ns(duration))
        tested = open_rig(rig, uf2=uf2, board_model=board)
    except (BadInputError, RigUnavailableError) as error:
        typer.echo(f"verify: {error}", err=True)
        raise typer.Exit(2) from error
    # What an earlier run has left must not stand for this one, however this one ends.
    (out / "verify.json").unlink(missing_ok=True)
    record, speed_x = deliver(with_limits_of(scenario, tested), tested)
    record.reproduce = f"thecal-hil verify --duration {duration} --rig {rig} --prescription {prescription}"
    line = line_of(record, speed_x)
    console = Console(stderr=as_json, highlight=False)
    if record.status in (Status.PASSED, Status.FAILED):
        content = report(record, scenario, speed_x, out)
        (out / "verify.html").write_text(page_of_run(record, line), encoding="utf-8", newline="\n")
        if as_json:
            typer.echo(json.dumps(content, indent=2))
        else:
            console.print(figures_table(record))
            console.print(f"evidence: {out / 'verify.json'}, {out / 'verify.html'}")
    if record.status is Status.FAILED:
        console.print("\n".join(what_is_wrong(record)), markup=False, soft_wrap=True)
    typer.echo(line, err=as_json)
    raise typer.Exit(0 if record.status is Status.PASSED else 1)


def with_limits_of(scenario: Scenario, rig: Rig) -> Scenario:
    """Return the same, with as long for a reset as the pump of this rig may take."""

    def fitting(measure: str, most: float | None) -> float | None:
        return most_restart_ms(rig) if measure == "reset to delivering" else most

    return replace(
        scenario,
        checks=tuple(
            replace(
                one, measurement=replace(one.measurement, most=fitting(one.measure, one.measurement.most))
            )
            for one in scenario.checks
        ),
    )


def deliver(scenario: Scenario, rig: Rig) -> tuple[ScenarioRecord, float]:
    """Return the record, and how many times real time it took; the model runs beside it in a process of its own."""
    work = Share(share_of_time(rig, scenario.duration_ns))
    with (
        ProcessPoolExecutor(1, get_context("spawn")) as beside,
        shown(f"verify: delivering on the {rig.name} rig", work),
    ):
        twin = beside.submit(twin_of, scenario)
        began, began_ns = time.perf_counter(), rig.now_ns
        ended: list[float] = []

        def awaited() -> Twin:
            ended.append(time.perf_counter())
            return twin.result()

        record = run(scenario, rig, awaited)
        worked_s = (ended[0] if ended else time.perf_counter()) - began
        rig.close()
        return record, (record.ends_ns - began_ns) / NS_PER_S / worked_s


def line_of(record: ScenarioRecord, speed_x: float) -> str:
    """Return the one line that a run ends in."""
    if record.status in (Status.ERROR, Status.SKIPPED):
        return f"verify: FAIL {record.message}"
    values = {
        key: float("nan") if value is None else value for key, value in record.evidence.values().items()
    }
    figures = (
        f"{figure_text(values['hours'])} h on the {record.rig} rig, {figure_text(values['pulses'])} pulses, "
        f"worst edge {values['worst_edge_ticks']:.3f} ticks, "
        f"volume error {figure_text(values['worst_volume_error_steps'])} microstep, "
        f"agreement {values['agreement_ticks']:.3f} ticks, {speed_x:,.0f} x real time"
    )
    if record.status is Status.PASSED:
        return f"verify: PASS {figures}"
    return f"verify: FAIL {'; '.join(record.evidence.failures())} ({figures})"


def report(record: ScenarioRecord, scenario: Scenario, speed_x: float, out: Path) -> dict[str, Any]:
    """Write the figures as JSON; returns its content."""
    setup = scenario.setup
    assert setup.prescription is not None
    assert setup.clock_local is not None
    prescribed = scenario.prescriptions[setup.prescription]
    version, commit = record.build
    content: dict[str, Any] = {
        "verdict": "PASS" if record.status is Status.PASSED else "FAIL",
        "rig": record.rig,
        **{key: _plain(value) for key, value in record.evidence.values().items()},
        "speed_x": speed_x,
        "speed_x_to_reach": _REACH_X,
        "tick_us": TICK_NS / 1_000,
        "uf2_sha256": record.image_sha256,
        "version": version,
        "commit": commit,
        "scenario": record.name,
        "prescription": prescribed.name,
        "program_digest": prescribed.therapy().program.digest().hex(),
        "edges_sha256": record.edges_sha256,
        "start_utc_s": utc_second(setup.clock_local, setup.utc_offset_min),
        "fill_nl": setup.fill_nl,
        "seeds": record.seeds,
        "board_model": record.board_model,
        "divergence": None if record.divergence is None else record.divergence.text,
        "limits": record.evidence.limits(),
        "python": platform.python_version(),
    }
    write_summary(out / "verify.json", content)
    return content


def _plain(value: float | None) -> float | int | None:
    """Return whole figures as integers; a figure that is none as null."""
    if value is None or value != value:
        return None
    return int(value) if float(value).is_integer() else value


def main(argv: Sequence[str]) -> int:
    command = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    command.command(epilog="Example: thecal-hil verify --duration 20m")(verify)
    try:
        command(list(argv), prog_name="thecal-hil verify")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    return 0
