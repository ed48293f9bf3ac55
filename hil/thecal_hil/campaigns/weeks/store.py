"""A campaign on disk: a plan, a part for each finished batch, and all of them as one file in the end.

Promises: a batch is in its part as a whole or not at all, whatever stops the program when, and is there once it counts
as finished; the directory belongs to one campaign at a time; a plan is never mixed with the results of another one.
What lies in the directory is not trusted: each part is checked before work begins and again when it is put together,
and one that is not what was written stops the campaign, by its name and with what to do. The bytes of the results are
those of the rows in the order of their seeds, not of how and when they came about.
"""

from __future__ import annotations

import fcntl
import json
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from thecal_hil.campaigns.weeks.parts import Contents, PartError, Rows, part_of, read_rows
from thecal_hil.campaigns.weeks.plan import Plan, described, digest_of
from thecal_hil.campaigns.weeks.results import PARTIAL, ResultsWriter, written
from thecal_hil.campaigns.weeks.week import Row
from thecal_hil.evidence.measurements import write_json

_NAMED = 10
"""Parts and batches that a message names; of more it gives the number."""


class CampaignError(Exception):
    """A campaign can't continue here; the message says why, for a person."""


class WrongPartsError(CampaignError):
    """Parts are not what was written. faults: what is wrong, by the part's path."""

    def __init__(self, faults: dict[Path, str]) -> None:
        self.faults = faults
        named = list(faults)[:_NAMED]
        lines = [f"{len(faults)} of the campaign's parts can't be used:"]
        lines += [f"  {path} {faults[path]}" for path in named]
        if len(faults) > _NAMED:
            lines.append(f"  and {len(faults) - _NAMED} more")
        names = " ".join(shlex.quote(str(path)) for path in named)
        lines.append(f"Remove them and give the same command again; it does their runs anew: rm {names}")
        super().__init__("\n".join(lines))


def _nothing() -> None:
    pass


class Store:
    """A directory that holds a campaign; made where there is none. CampaignError if it holds a different one."""

    def __init__(self, directory: Path, plan: Plan) -> None:
        self.directory, self.plan = directory, plan
        self._description = described(plan)
        self._digest = digest_of(self._description)
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
            for left_over in self._parts.glob(f"*{PARTIAL}"):
                left_over.unlink()
            yield

    def _must_be_ours(self) -> None:
        path, ours = self.directory / "plan.json", self._description
        if not path.exists():
            if any(self._parts.iterdir()):
                raise CampaignError(
                    f"{self.directory} holds runs and not the plan they are of; choose another directory"
                )
            write_json(path, ours)
            return
        try:
            theirs = json.loads(path.read_text(encoding="utf-8"))
            different = ", ".join(sorted(key for key in ours if theirs.get(key) != ours[key]))
        except (ValueError, AttributeError) as error:
            raise CampaignError(f"{path} can't be read ({error}); choose another directory") from error
        if different:
            raise CampaignError(
                f"{self.directory} holds a campaign with another {different}; choose another directory"
            )

    def missing(self) -> list[int]:
        """Return batches that are not finished."""
        there = {path.name for path in self._parts.iterdir()}
        return [batch for batch in range(self.plan.batches) if self.path_of(batch).name not in there]

    def finished_runs(self) -> int:
        missing = sum(len(self.plan.seeds_of(batch)) for batch in self.missing())
        return self.plan.runs - missing

    def keep(self, batch: int, rows: Sequence[Row]) -> None:
        """Write a finished batch. ValueError if its rows are not those of its seeds."""
        part = part_of(self.contents_of(batch), rows)
        with written(self.path_of(batch)) as file:
            file.write(part)

    def contents_of(self, batch: int) -> Contents:
        """Return what the part of a batch is to be of."""
        seeds = self.plan.seeds_of(batch)
        return Contents(self._digest, batch, seeds.start, len(seeds))

    def check(self, checked: Callable[[], None] = _nothing) -> None:
        """Hold each part that is there against what it is to be. WrongPartsError with all that are wrong."""
        known = {self.path_of(batch).name: batch for batch in range(self.plan.batches)}
        faults: dict[Path, str] = {}
        for name in sorted(path.name for path in self._parts.iterdir()):
            path = self._parts / name
            if name not in known:
                faults[path] = "belongs to no batch of this campaign"
            else:
                self._rows(known[name], faults)
            checked()
        if faults:
            raise WrongPartsError(faults)

    def put_together(self, added: Callable[[], None] = _nothing) -> Path:
        """Write all runs as one file, once there are all. CampaignError before; WrongPartsError if a part has changed
        since it was checked."""
        if missing := self.missing():
            named = ", ".join(str(batch) for batch in missing[:_NAMED])
            more = ", ..." if len(missing) > _NAMED else ""
            raise CampaignError(f"{self.directory}: {len(missing)} batches are not finished: {named}{more}")
        faults: dict[Path, str] = {}
        with written(self.results) as file:
            writer = ResultsWriter(file)
            for batch in range(self.plan.batches):
                rows = self._rows(batch, faults)
                if not faults and rows is not None:
                    try:
                        writer.write(rows)
                    except ValueError as error:
                        faults[self.path_of(batch)] = f"has {error}"
                added()
            if faults:
                raise WrongPartsError(faults)
            writer.close()
        return self.results

    def _rows(self, batch: int, faults: dict[Path, str]) -> Rows | None:
        """Return the rows of a batch; None, with what is wrong noted, if its part can't be used."""
        path = self.path_of(batch)
        try:
            return read_rows(path, self.contents_of(batch))
        except PartError as error:
            faults[path] = str(error)
        return None

    def path_of(self, batch: int) -> Path:
        """Return where the part of a batch is, or will be."""
        return self._parts / f"batch-{batch:06}.part"
