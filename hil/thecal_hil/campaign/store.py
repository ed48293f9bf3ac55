"""Results of a campaign on disk: a plan, one Parquet file for each finished batch, and all of them as one in the end.

Promises: a batch is in its file as a whole or not at all, whatever stops the program when, and is there once it counts
as finished; the directory belongs to one campaign at a time; a plan is never mixed with the results of another one. The
bytes of the results are those of the rows in the order of their seeds, not of how and when they came about.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from thecal_fw.version import COMMIT, VERSION
from thecal_hil.campaign.sources import sources_digest
from thecal_hil.campaign.tolerances import TOLERANCES
from thecal_hil.campaign.week import Row
from thecal_hil.evidence import write_json

_PARTIAL = ".partial"


class CampaignError(Exception):
    """A campaign can't go on here; the message says why, for a person."""


@dataclass(frozen=True)
class Plan:
    """What is to be run: seeds from the first on, each for so many days, in batches of so many."""

    runs: int
    days: int
    first_seed: int = 0
    batch: int = 5

    def __post_init__(self) -> None:
        if min(self.runs, self.days, self.batch) < 1 or self.first_seed < 0:
            raise ValueError("runs, days and batch: 1 at least; first_seed: not negative")

    @property
    def batches(self) -> int:
        return -(-self.runs // self.batch)

    def seeds_of(self, batch: int) -> range:
        begin = self.first_seed + batch * self.batch
        return range(begin, min(begin + self.batch, self.first_seed + self.runs))


def _described(plan: Plan) -> dict[str, Any]:
    """A plan with everything else that the results depend on."""
    spreads = {
        name: {"kind": type(spread).__name__.lower(), **asdict(spread)} for name, spread in TOLERANCES.items()
    }
    build = {"version": VERSION, "commit": COMMIT, "digest": sources_digest()}
    return {"plan": asdict(plan), "build": build, "tolerances": spreads}


class Store:
    """A directory that holds a campaign; made where there is none. CampaignError if it holds a different one."""

    def __init__(self, directory: Path, plan: Plan) -> None:
        self.directory, self.plan = directory, plan
        self._parts = directory / "parts"
        self._parts.mkdir(parents=True, exist_ok=True)

    @property
    def results(self) -> Path:
        return self.directory / "results.parquet"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep others out of the directory, and hold the plan in it against ours."""
        with (self.directory / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CampaignError(f"{self.directory}: another campaign is at work there") from None
            self._must_be_ours()
            for left_over in self._parts.glob(f"*{_PARTIAL}"):
                left_over.unlink()
            yield

    def _must_be_ours(self) -> None:
        path, ours = self.directory / "plan.json", _described(self.plan)
        if not path.exists():
            if any(self._parts.glob("part-*.parquet")):
                raise CampaignError(
                    f"{self.directory} holds runs and not the plan they are of; choose another directory"
                )
            write_json(path, ours)
        elif (theirs := json.loads(path.read_text())) != ours:
            different = ", ".join(sorted(key for key in ours if theirs.get(key) != ours[key]))
            raise CampaignError(
                f"{self.directory} holds a campaign with another {different}; choose another directory"
            )

    def missing(self) -> list[int]:
        """Batches that are not finished."""
        return [batch for batch in range(self.plan.batches) if not self._part(batch).exists()]

    def finished_runs(self) -> int:
        missing = sum(len(self.plan.seeds_of(batch)) for batch in self.missing())
        return self.plan.runs - missing

    def keep(self, batch: int, rows: Sequence[Row]) -> None:
        """Write a finished batch. ValueError if its rows are not those of its seeds."""
        if [row["seed"] for row in rows] != list(self.plan.seeds_of(batch)):
            raise ValueError(f"batch {batch}: rows of other seeds")
        _write(self._part(batch), pa.Table.from_pylist(list(rows)))

    def table(self) -> pa.Table:
        """All finished runs, in the order of their seeds."""
        parts = [pq.read_table(self._part(batch)) for batch in range(self.plan.batches) if self._has(batch)]
        if not parts:
            raise CampaignError(f"{self.directory}: no run is finished")
        return pa.concat_tables(parts).combine_chunks()

    def put_together(self) -> Path:
        """Write all runs as one file, once there are all. CampaignError before."""
        if self.missing():
            raise CampaignError(f"{self.directory}: {len(self.missing())} batches are not finished")
        _write(self.results, self.table())
        return self.results

    def _has(self, batch: int) -> bool:
        return self._part(batch).exists()

    def _part(self, batch: int) -> Path:
        return self._parts / f"part-{batch:06}.parquet"


def _write(path: Path, table: pa.Table) -> None:
    """Through a file beside it, which takes its name once it is on disk."""
    partial = path.with_name(path.name + _PARTIAL)
    with partial.open("wb") as file:
        pq.write_table(table, file)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
