"""A campaign from its plan to its results: what is missing is done, by whoever does it, and kept as it comes.

Promises: what lies in the directory is checked before work begins, and what counts as finished is on disk; stopped at
any moment and started again, it does what is missing and no finished run a second time, and the results are those of a
campaign that was never stopped, to the byte.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from thecal_hil.campaigns.weeks.store import Store
from thecal_hil.campaigns.weeks.week import run_week
from thecal_hil.campaigns.weeks.workers import Batch, Done, Workers
from thecal_hil.groundwork.progress import Count, shown


@dataclass
class Effort:
    """The effort of the runs of this start of a campaign. cpu_s: by worker."""

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
    """Do runs of a batch on models of this process."""
    # Imported late: whoever only hands out batches needs no firmware.
    import os
    import socket

    from thecal_hil.rigs.model_rig import ModelRig

    begun = time.thread_time()
    rows = tuple(run_week(ModelRig(), seed, batch.days) for seed in batch.seeds)
    return Done(batch.number, rows, f"{socket.gethostname()}:{os.getpid()}", time.thread_time() - begun)


def carry_out(store: Store, workers: Workers) -> tuple[Path, Effort]:
    """Do what is missing; the file with all results. CampaignError if the directory holds another campaign, or parts
    that are not what was written."""
    effort, began = Effort(), time.monotonic()
    plan = store.plan
    with store.held():
        missing = store.missing()
        there = Count(plan.batches - len(missing), "parts")
        with shown("campaign: checking what is finished", there):
            store.check(there.add)
        finished = Count(plan.runs, "runs", store.finished_runs())
        batches = [Batch(number, plan.seeds_of(number), plan.days) for number in missing]
        with shown("campaign", finished):
            for done in workers.all_done(batches, do_on_model):
                store.keep(done.number, done.rows)
                effort.add(done)
                finished.add(len(done.rows))
        added = Count(plan.batches, "parts")
        with shown("campaign: putting together", added):
            results = store.put_together(added.add)
    effort.elapsed_s = time.monotonic() - began
    return results, effort
