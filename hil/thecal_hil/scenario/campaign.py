"""Many scenarios on one kind of rig, one after another or in several processes at once.

Promises: each scenario finds a rig as fresh as if it were the only one; an emulated board is booted once in each
process and used in copies of it (see ``copies``). Records come in the order in which they are done, and are the same
however many processes there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path

from thecal_hil.copies import CopyFailedError, in_a_copy
from thecal_hil.rig import Rig
from thecal_hil.rigs import open_rig, rig_class
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

    def open(self) -> Rig:
        return open_rig(self.name, port=self.port, uf2=self.uf2)

    def arguments(self) -> str:
        """As given on the command line."""
        port = f" --port {self.port}" if self.port else ""
        uf2 = f" --uf2 {self.uf2}" if self.uf2 else ""
        return f"--rig {self.name}{port}{uf2}"


@cache
def _booted(wanted: RigWanted) -> Rig:
    return wanted.open()


def run_one(scenario: Scenario, wanted: RigWanted) -> ScenarioRecord:
    """One scenario on a fresh rig; raises RigUnavailableError if there is none to be had."""
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


def _run_file(path: Path, wanted: RigWanted) -> ScenarioRecord:
    return run_one(read_scenario(path), wanted)


def run_all(scenarios: Sequence[Scenario], wanted: RigWanted, jobs: int) -> Iterator[ScenarioRecord]:
    """Records as they are done. A rig that can't be had raises RigUnavailableError."""
    if jobs <= 1 or wanted.name in _ONE_OF_A_KIND or len(scenarios) == 1:
        for scenario in scenarios:
            yield run_one(scenario, wanted)
        return
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        for done in as_completed(pool.submit(_run_file, scenario.path, wanted) for scenario in scenarios):
            yield done.result()
