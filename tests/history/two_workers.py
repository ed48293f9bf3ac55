"""The whole library on one Dask worker and on two, and on two of which one is killed in the middle.

The cluster is of processes of this machine. Where it is busy with other things, time on the wall says little about the
runner; the work is over when the busiest worker is, so its processor time is the length of the run on processors of its
own, and both are reported. Rendering is no part of it.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from history.figures import FOLDER, Row
from thecal_hil.report.writing import write
from thecal_hil.scenario.campaign import RigWanted, run_all
from thecal_hil.scenario.reader import read_library
from thecal_hil.scenario.record import ScenarioRecord

_LEAST: Final = 1.7


@contextmanager
def _cluster(workers: int) -> Iterator[tuple[str, list[int]]]:
    from distributed import Client, LocalCluster

    with LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address=None,  # pyright: ignore[reportArgumentType] (none at all, by the documentation)
        worker_dashboard_address=None,
    ) as cluster:
        address = str(cluster.scheduler_address)  # pyright: ignore[reportAttributeAccessIssue]
        with Client(address, set_as_default=False) as client:
            pids: dict[str, int] = client.run(os.getpid)  # pyright: ignore[reportAssignmentType] (not awaited)
            client.run(_warm)
        yield address, list(pids.values())


def _warm() -> None:
    """Import what every scenario needs, and boot the board: no part of a library's time."""
    list(run_all(read_library()[:1], RigWanted("model"), 1))


def _processor_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _run(address: str, pids: list[int], kill: bool = False) -> tuple[list[ScenarioRecord], float, float]:
    """Return records, time on the wall, and processor time of the busiest worker."""
    library = sorted(read_library(), key=lambda one: -one.duration_ns)
    before = {pid: _processor_s(pid) for pid in pids}
    began = time.perf_counter()
    records = []
    for record in run_all(library, RigWanted("model"), 1, scheduler=address):
        records.append(record)
        if kill and len(records) == len(library) // 2:
            os.kill(pids[0], signal.SIGKILL)
    wall = time.perf_counter() - began
    busiest = 0.0 if kill else max(_processor_s(pid) - before[pid] for pid in pids)
    return records, wall, busiest


def measured() -> list[Row]:
    with _cluster(1) as (address, pids):
        one, one_wall_s, one_busiest_s = _run(address, pids)
    with _cluster(2) as (address, pids):
        two, two_wall_s, two_busiest_s = _run(address, pids)
    with _cluster(2) as (address, pids):
        lost, _, _ = _run(address, pids, kill=True)
    began = time.perf_counter()
    write(two, FOLDER / "report")
    rendered_s = time.perf_counter() - began
    return [
        Row("scenarios of the library, on the model", len(one), ""),
        Row("one worker, on the wall", one_wall_s, "s"),
        Row("two workers, on the wall", two_wall_s, "s"),
        Row(
            "two workers beside one, by the busiest one's processor time",
            one_busiest_s / two_busiest_s,
            "x",
            least=_LEAST,
        ),
        Row("two workers beside one, on the wall", one_wall_s / two_wall_s, "x"),
        Row("rendering the report of them", rendered_s, "s"),
        Row("records that differ between one and two workers", _differing(one, two), "", most=0),
        Row(
            "records that differ or are missing where a worker was killed", _differing(one, lost), "", most=0
        ),
    ]


def _differing(one: list[ScenarioRecord], other: list[ScenarioRecord]) -> int:
    def told(records: list[ScenarioRecord]) -> dict[str, Any]:
        return {
            record.identity: (record.status, record.edges_sha256, record.evidence.values())
            for record in records
        }

    before, after = told(one), told(other)
    return (
        sum(before.get(name) != after.get(name) for name in before.keys() | after.keys())
        + len(other)
        - len(after)
    )
