"""Many scenarios on one kind of rig, one after another or in several processes at once.

Promises: each scenario finds a rig as fresh as if it were the only one; an emulated board is booted once in each
process and used in copies of it (see ``copies``). Records come in the order in which they are done, and are the same
however many processes there are. Each takes a board of the bench that is free and has what the scenario needs, and
lets it go afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from uuid import uuid4

from thecal_hil.copies import CopyFailedError, in_a_copy
from thecal_hil.rig import Rig
from thecal_hil.rigs import RigUnavailableError, boards_at, image_for, open_rig, rig_class
from thecal_hil.scenario.document import Scenario
from thecal_hil.scenario.reader import read_scenario
from thecal_hil.scenario.record import ScenarioRecord, Status
from thecal_hil.scenario.runner import blank_record, lacking, run

_DEAR_TO_BOOT = ("pico",)
_ONE_OF_A_KIND = ("board",)


@dataclass(frozen=True)
class RigWanted:
    """Which rig to run on, and what it takes to open one."""

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
        """As given on the command line."""
        port = f" --port {self.port}" if self.port else f" --bench {self.bench}" if self.bench else ""
        uf2 = f" --uf2 {self.uf2}" if self.uf2 else ""
        board = f" --board {self.board_model}" if self.board_model else ""
        return f"--rig {self.name}{port}{uf2}{board}"


@cache
def _booted(wanted: RigWanted) -> Rig:
    return wanted.open()


def run_one(scenario: Scenario, wanted: RigWanted) -> ScenarioRecord:
    """One scenario on a fresh rig; raises RigUnavailableError if there is none to be had."""
    if wanted.bench is not None and wanted.name == "board":
        record = _run_on_bench(scenario, wanted)
        record.reproduce = f"thecal-hil run {scenario.name} {wanted.arguments()}"
        return record
    missing = lacking(scenario, rig_class(wanted.name))
    if missing:
        return blank_record(
            scenario, wanted.name, Status.SKIPPED, f"the {wanted.name} rig has no {', '.join(missing)}"
        )
    if wanted.name in _DEAR_TO_BOOT:
        _booted(wanted)
        try:
            record = in_a_copy(lambda: run(scenario, _booted(wanted)))
        except CopyFailedError as failed:
            record = blank_record(scenario, wanted.name, Status.ERROR, str(failed))
    else:
        rig = wanted.open()
        try:
            record = run(scenario, rig)
        finally:
            rig.close()
    record.reproduce = f"thecal-hil run {scenario.name} {wanted.arguments()}"
    return record


def _run_on_bench(scenario: Scenario, wanted: RigWanted) -> ScenarioRecord:
    # Imported late: not every rig needs the instruments of a bench.
    from thecal_hil.bench import BenchError
    from thecal_hil.board_choice import NoBoardFitsError, take
    from thecal_hil.board_lock import BoardBusyError

    try:
        (taken,) = take(boards_at(None, wanted.bench), scenario.needs, wanted.run)
        with taken.lock:
            rig = taken.open_rig(image_for(wanted.uf2))
            try:
                return run(scenario, rig)
            finally:
                rig.close()
    except NoBoardFitsError as error:
        return blank_record(scenario, wanted.name, Status.SKIPPED, str(error))
    except (BenchError, BoardBusyError) as error:
        raise RigUnavailableError(str(error)) from error


def _run_file(path: Path, wanted: RigWanted) -> ScenarioRecord:
    return run_one(read_scenario(path), wanted)


def run_all(scenarios: Sequence[Scenario], wanted: RigWanted, jobs: int) -> Iterator[ScenarioRecord]:
    """Records as they are done. A rig that can't be had raises RigUnavailableError."""
    is_only_one = wanted.name in _ONE_OF_A_KIND and wanted.bench is None
    if jobs <= 1 or is_only_one or len(scenarios) == 1:
        for scenario in scenarios:
            yield run_one(scenario, wanted)
        return
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        for done in as_completed(pool.submit(_run_file, scenario.path, wanted) for scenario in scenarios):
            yield done.result()
