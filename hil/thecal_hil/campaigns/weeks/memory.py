"""``thecal-hil weeks-memory``: how much memory it takes to put a campaign together, whatever its
size.

The parts are synthetic: one real run, varied by a seed, as often as there are runs, in batches of the usual size. What
``make campaign`` does after its last run is then done in a process of its own: every part is checked, all are put
together, and the report is written. Promise: the figure is the greatest resident memory of that process by
``getrusage``. The kernel counts what the process that starts it held at that instant as well, so the figure is too high
sooner than too low.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from thecal_hil.campaigns.weeks.parts import part_of
from thecal_hil.campaigns.weeks.plan import Plan
from thecal_hil.campaigns.weeks.report import write_report
from thecal_hil.campaigns.weeks.results import Results
from thecal_hil.campaigns.weeks.store import Store
from thecal_hil.campaigns.weeks.week import Row, run_week
from thecal_hil.groundwork.progress import Count, shown
from thecal_hil.rigs.model_rig import ModelRig

RUNS = 1_000_000
MOST_BYTES = 1_000_000_000
_DAYS = 7
_TEMPLATE_DAYS = 2
"""Has every column that a week has."""
_SPREAD = 0.01
_BYTES_PER_RSS_UNIT = 1 if sys.platform == "darwin" else 1_024


@dataclass(frozen=True)
class PutTogether:
    """The cost of checking the parts, putting them together and reporting on them. peak_bytes: resident memory."""

    runs: int
    parts: int
    peak_bytes: int
    cpu_s: float

    def __str__(self) -> str:
        return (
            f"a campaign of {self.runs:,} runs in {self.parts:,} parts put together: at most "
            f"{self.peak_bytes / 1e6:,.0f} MB of memory, {self.cpu_s:.0f} s of processor"
        )


def put_together(runs: int, batch: int = Plan.batch) -> PutTogether:
    """Measure it with so many synthetic runs. RuntimeError if the process that does it fails."""
    with tempfile.TemporaryDirectory(dir=_directory()) as directory:
        plan = Plan(runs, _DAYS, batch=batch)
        store = Store(Path(directory), plan)
        with store.held():
            _make_parts(store)
        command = [sys.executable, "-m", "thecal_hil.cli", "weeks-memory", "--put-together", directory]
        done = subprocess.run(
            [*command, "--runs", str(runs), "--batch", str(batch)],
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(f"putting the campaign together ended with exit code {done.returncode}")
    return PutTogether(runs, plan.batches, **json.loads(done.stdout))


def _directory() -> Path:
    """Return a folder beside what else is built: a gigabyte may not fit where temporary files usually go."""
    path = Path("build")
    path.mkdir(exist_ok=True)
    return path


def _make_parts(store: Store) -> None:
    """Make the parts, written plainly: nobody's work is lost with them."""
    template = run_week(ModelRig(), 0, _TEMPLATE_DAYS)
    chance = np.random.default_rng(0)
    count = Count(store.plan.batches, "parts")
    with shown("synthetic campaign", count):
        for batch in range(store.plan.batches):
            rows = [_varied(template, seed, chance) for seed in store.plan.seeds_of(batch)]
            store.path_of(batch).write_bytes(part_of(store.contents_of(batch), rows))
            count.add()


def _varied(template: Row, seed: int, chance: np.random.Generator) -> Row:
    factors = iter((1 + _SPREAD * chance.standard_normal(len(template))).tolist())
    row = {
        name: value * factor if isinstance(value, float) else value
        for (name, value), factor in zip(template.items(), factors, strict=True)
    }
    return {**row, "seed": seed, "days": _DAYS}


def _put_together_here(store: Store) -> dict[str, float]:
    """Put it together in this process: as ``make campaign`` does it once every run is finished."""
    with store.held():
        store.check()
        results = store.put_together()
    write_report(store.directory, Results(results))
    return {"peak_bytes": _peak_bytes(), "cpu_s": time.process_time()}


def _peak_bytes() -> int:
    """Return the most resident memory of this process.

    On Linux ``getrusage`` counts what the process that started this one had then; its status does not.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1_024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _BYTES_PER_RSS_UNIT


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="thecal-hil weeks-memory", description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--batch", type=int, default=Plan.batch)
    parser.add_argument("--put-together", type=Path, metavar="DIRECTORY", help="only this, in this process")
    options = parser.parse_args(argv)
    if options.put_together is not None:
        store = Store(options.put_together, Plan(options.runs, _DAYS, batch=options.batch))
        print(json.dumps(_put_together_here(store)))
        return 0
    found = put_together(options.runs, options.batch)
    print(f"{found}; to stay below {MOST_BYTES / 1e6:,.0f} MB")
    return 0 if found.peak_bytes <= MOST_BYTES else 1
