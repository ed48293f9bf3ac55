"""A campaign from its plan to its results: what is missing is done, by whoever does it, and kept as it comes.

Promises: what has been told as finished is on disk; stopped at any moment and started again, it does what is missing
and no finished run a second time, and the results are those of a campaign that was never stopped, to the byte.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from thecal_hil.campaign.store import Plan, Store
from thecal_hil.campaign.week import run_week
from thecal_hil.campaign.workers import Batch, Done, Workers

Tell = Callable[[int, int], None]
"""Told how many runs are finished, of how many."""


@dataclass
class Effort:
    """What the runs of this start of a campaign took. cpu_s: by worker."""

    runs: int = 0
    cpu_s: dict[str, float] = field(default_factory=dict)
    elapsed_s: float = 0.0

    @property
    def total_cpu_s(self) -> float:
        return sum(self.cpu_s.values())

    def add(self, done: Done) -> None:
        self.runs += len(done.rows)
        self.cpu_s[done.worker] = self.cpu_s.get(done.worker, 0.0) + done.cpu_s


def do_on_model(batch: Batch) -> Done:
    """Runs of a batch on models of this process."""
    # Imported late: whoever only hands out batches needs no firmware.
    import os
    import socket

    from thecal_hil.model_rig import ModelRig

    begun = time.thread_time()
    rows = tuple(run_week(ModelRig(), seed, batch.days) for seed in batch.seeds)
    return Done(batch.number, rows, f"{socket.gethostname()}:{os.getpid()}", time.thread_time() - begun)


def carry_out(store: Store, workers: Workers, tell: Tell = lambda finished, of: None) -> tuple[Path, Effort]:
    """Do what is missing; the file with all results. CampaignError if the directory holds another campaign."""
    effort, began = Effort(), time.monotonic()
    plan: Plan = store.plan
    with store.held():
        finished = store.finished_runs()
        tell(finished, plan.runs)
        batches = [Batch(number, plan.seeds_of(number), plan.days) for number in store.missing()]
        for done in workers.all_done(batches, do_on_model):
            store.keep(done.number, done.rows)
            effort.add(done)
            finished += len(done.rows)
            tell(finished, plan.runs)
        results = store.put_together()
    effort.elapsed_s = time.monotonic() - began
    return results, effort
