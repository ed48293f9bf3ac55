"""Many scenarios on one kind of rig, one after another or in several processes at once.

Promises: each scenario finds a rig as fresh as if it were the only one; an emulated board is booted once in each
process and used in copies of it (see ``copies``). Records come in the order in which they are done, and are the same
however many processes there are. Each takes a board of the bench that is free and has what the scenario needs, and
lets it go afterwards.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from uuid import uuid4

from thecal_hil.contract.elapsed import share_of_time
from thecal_hil.contract.rig import Rig, RigUnavailableError
from thecal_hil.groundwork.copies import CopyFailedError, in_a_copy
from thecal_hil.groundwork.progress import ProgressLine, shown
from thecal_hil.groundwork.progress_of_runs import Place, Runs, runs_of
from thecal_hil.rigs.opening import RIG_NAMES, boards_at, image_for, open_rig, rig_class
from thecal_hil.scenario.cluster import done_on_cluster
from thecal_hil.scenario.document import Scenario
from thecal_hil.scenario.reader import LIBRARY, argument_of, read_scenario
from thecal_hil.scenario.record import ScenarioRecord, Status
from thecal_hil.scenario.runner import blank_record, lacking, run

RIGS = RIG_NAMES
"""What scenarios can be asked to run on."""
_DEAR_TO_BOOT = ("pico",)
_ONE_OF_A_KIND = ("board",)


@dataclass(frozen=True)
class RigWanted:
    """The rig to run on, and what it takes to open one."""

    name: str
    port: str | None = None
    uf2: Path | None = None
    bench: Path | None = None
    board_model: str | None = None
    """What of real silicon is imposed on the emulated board."""
    run: str = field(default_factory=lambda: uuid4().hex, compare=False)
    """What the processes that share a bench's boards have in common."""

    def open(self) -> Rig:
        return open_rig(self.name, port=self.port, uf2=self.uf2, board_model=self.board_model)

    def arguments(self) -> str:
        """Return the arguments as given on the command line."""
        given = {
            "--rig": self.name,
            "--port": self.port,
            "--bench": self.bench,
            "--uf2": self.uf2,
            "--board": self.board_model,
        }
        return " ".join(f"{option} {shlex.quote(str(value))}" for option, value in given.items() if value)


@cache
def _booted(wanted: RigWanted) -> Rig:
    return wanted.open()


def run_one(scenario: Scenario, wanted: RigWanted, place: Place | None = None) -> ScenarioRecord:
    """Run one scenario on a fresh rig; raise RigUnavailableError if none is available. place: where the run reports
    how far it is."""
    began = time.perf_counter()
    record = _record_of(scenario, wanted, place)
    if scenario.quarantine is not None and scenario.quarantine.excuses(date.today()):
        record.excused = scenario.quarantine.told()
    record.took_s = time.perf_counter() - began
    record.reproduce = f"thecal-hil run {argument_of(scenario)} {wanted.arguments()}"
    return record


def _record_of(scenario: Scenario, wanted: RigWanted, place: Place | None) -> ScenarioRecord:
    if wanted.bench is not None and wanted.name == "board":
        return _run_on_bench(scenario, wanted, place)
    missing = lacking(scenario, rig_class(wanted.name))
    if missing:
        return blank_record(
            scenario, wanted.name, Status.SKIPPED, f"the {wanted.name} rig has no {', '.join(missing)}"
        )
    if wanted.name in _DEAR_TO_BOOT:
        _booted(wanted)
        try:
            return in_a_copy(lambda: _reported(scenario, _booted(wanted), place))
        except CopyFailedError as failed:
            return blank_record(scenario, wanted.name, Status.ERROR, str(failed))
    rig = wanted.open()
    try:
        return _reported(scenario, rig, place)
    finally:
        rig.close()


def _reported(scenario: Scenario, rig: Rig, place: Place | None) -> ScenarioRecord:
    """Run it, reporting by the rig's time how far it is."""
    if place is None:
        return run(scenario, rig)
    with place.reporting(share_of_time(rig, scenario.duration_ns)):
        return run(scenario, rig)


def _run_on_bench(scenario: Scenario, wanted: RigWanted, place: Place | None) -> ScenarioRecord:
    # Imported late: not every rig needs the instruments of a bench.
    from thecal_hil.bench.bench import BenchError
    from thecal_hil.bench.board_choice import NoBoardFitsError, take
    from thecal_hil.bench.board_lock import BoardBusyError

    try:
        (taken,) = take(boards_at(None, wanted.bench), scenario.needs, wanted.run)
        with taken.lock:
            rig = taken.open_rig(image_for(wanted.uf2))
            try:
                record = _reported(scenario, rig, place)
                record.unit = taken.board.hardware.unit or str(taken.board.pump)
                return record
            finally:
                rig.close()
    except NoBoardFitsError as error:
        return blank_record(scenario, wanted.name, Status.SKIPPED, str(error))
    except (BenchError, BoardBusyError) as error:
        raise RigUnavailableError(str(error)) from error


def _run_file(path: Path, case: str, wanted: RigWanted, place: Place | None) -> ScenarioRecord:
    """Run one scenario of a file. path: of the library the name alone, since it lies elsewhere on every machine."""
    return run_one(read_scenario(path if path.is_absolute() else LIBRARY / path, case), wanted, place)


def _place_of(scenario: Scenario) -> Path:
    return Path(scenario.path.name) if scenario.path.parent == LIBRARY else scenario.path.absolute()


def run_all(
    scenarios: Sequence[Scenario],
    wanted: RigWanted,
    jobs: int,
    runs: Runs | None = None,
    scheduler: str | None = None,
) -> Iterator[ScenarioRecord]:
    """Yield records as they are done. Raise RigUnavailableError if a rig is not available. runs: of these scenarios,
    to report how far they are. scheduler: of a Dask cluster whose workers do it."""
    if scheduler is not None:
        pieces = [(_place_of(one), one.case, wanted, None) for one in scenarios]
        yield from done_on_cluster(scheduler, _run_file, pieces)
        return
    places = [None] * len(scenarios) if runs is None else runs.places()
    work = list(zip(scenarios, places, strict=True))
    is_only_one = wanted.name in _ONE_OF_A_KIND and wanted.bench is None
    if jobs <= 1 or is_only_one or len(scenarios) == 1:
        for scenario, place in work:
            yield run_one(scenario, wanted, place)
        return
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        for done in as_completed(
            pool.submit(_run_file, _place_of(scenario), scenario.case, wanted, place)
            for scenario, place in work
        ):
            yield done.result()


def hardware_of(wanted: RigWanted) -> tuple[list[dict[str, Any]], list[str]]:
    """Return what a bench measures with, as a record has it, and a line for each instrument that is overdue.

    Raise RigUnavailableError if its file is wrong.
    """
    if wanted.bench is None:
        return [], []
    # Imported late: not every rig needs the instruments of a bench.
    from thecal_hil.bench.bench import BenchError

    try:
        boards = boards_at(None, wanted.bench)
    except BenchError as error:
        raise RigUnavailableError(str(error)) from error
    today = date.today()
    overdue = [line for board in boards for line in board.hardware.overdue(today)]
    return [board.hardware.told(board.name, today) for board in boards], overdue


@contextmanager
def shown_runs(what: str, scenarios: Sequence[Scenario]) -> Iterator[tuple[Runs, ProgressLine]]:
    """Show the progress line of scenarios, by the virtual time of each, while they are run."""
    with runs_of([scenario.duration_ns for scenario in scenarios]) as runs, shown(what, runs) as line:
        yield runs, line
