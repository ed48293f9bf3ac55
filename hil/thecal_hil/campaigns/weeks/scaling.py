"""``thecal-hil weeks-scaling``: what a second Dask worker brings, measured with one and two in
one run.

The cluster is of processes of this machine, on loopback. One and two take turns, so that what else the machine does
falls on both. Where it is busy, the clock on the wall says little about Dask; so the same is reported of processor
time: the work is over when the busiest worker is, and that one's seconds are the length of the run on processors of
its own.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from thecal_hil.campaigns.weeks.plan import Plan
from thecal_hil.campaigns.weeks.run import carry_out
from thecal_hil.campaigns.weeks.store import Store
from thecal_hil.campaigns.weeks.workers import DaskWorkers

LEAST_RATIO = 1.7


@dataclass
class Pace:
    """The pace of a number of workers. busiest_s: processor time of the busiest worker."""

    pump_days: int = 0
    elapsed_s: float = 0.0
    busiest_s: float = 0.0
    total_cpu_s: float = 0.0

    @property
    def days_per_s(self) -> float:
        return self.pump_days / self.elapsed_s

    @property
    def days_per_cpu_s(self) -> float:
        return self.pump_days / self.busiest_s


def measure(workers: int, plan: Plan, pace: Pace) -> None:
    """Run a plan on a cluster of so many workers, once they are warm, and add to their pace."""
    from distributed import LocalCluster

    with (
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,  # pyright: ignore[reportArgumentType] (none at all, by the documentation)
            worker_dashboard_address=None,
        ) as cluster,
        tempfile.TemporaryDirectory() as directory,
    ):
        dask = DaskWorkers(str(cluster.scheduler_address))  # pyright: ignore[reportAttributeAccessIssue]
        try:
            # What a worker has to import is no part of a campaign's pace.
            carry_out(Store(Path(directory) / "warm", Plan(4 * workers, 1, 0, 1)), dask)
            _, effort = carry_out(Store(Path(directory) / "timed", plan), dask)
        finally:
            dask.close()
    pace.pump_days += effort.runs * plan.days
    pace.elapsed_s += effort.elapsed_s
    pace.busiest_s += max(effort.cpu_s.values())
    pace.total_cpu_s += effort.total_cpu_s


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="thecal-hil weeks-scaling", description="Measure what a second Dask worker brings."
    )
    parser.add_argument("--runs", type=int, default=24)
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--turns", type=int, default=2)
    options = parser.parse_args(argv)
    plan = Plan(options.runs, options.days, batch=1)
    one, two = Pace(), Pace()
    for _ in range(options.turns):
        measure(1, plan, one)
        measure(2, plan, two)
    for workers, pace in ((1, one), (2, two)):
        print(
            f"{workers} Dask worker{'s' if workers > 1 else ''}: {pace.pump_days} pump-days, "
            f"{pace.days_per_s:.2f} a second by the wall, {pace.days_per_cpu_s:.2f} a second of the busiest worker's "
            f"processor ({pace.total_cpu_s:.1f} s of processor in all)"
        )
    by_wall, by_cpu = two.days_per_s / one.days_per_s, two.days_per_cpu_s / one.days_per_cpu_s
    print(
        f"two against one: {by_wall:.2f} by the wall, {by_cpu:.2f} by processor time; to reach {LEAST_RATIO}"
    )
    return 0 if by_wall >= LEAST_RATIO else 1
