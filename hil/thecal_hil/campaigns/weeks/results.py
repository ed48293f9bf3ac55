"""All runs of a campaign as one Parquet file: written as they come, read a column or a group of rows at a time.

Promises: whatever the number of runs, writing holds one group of rows in memory, and reading a column holds eight bytes
a run. The bytes of the file follow from the rows in their order alone, not from the batches they were done in; the file
is there as a whole or not at all.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from thecal_hil.campaigns.weeks.parts import Rows
from thecal_hil.campaigns.weeks.week import Row

ROWS_IN_A_GROUP = 65_536
"""Some 30 MB at a time."""
PARTIAL = ".partial"


class ResultsWriter:
    """Takes rows part by part. ValueError if one has other columns than the first."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._writer: pq.ParquetWriter | None = None
        self._group: Rows | None = None
        self._filled = 0

    def write(self, rows: Rows) -> None:
        if self._group is None:
            self._group = np.empty(ROWS_IN_A_GROUP, rows.dtype)
        if rows.dtype != self._group.dtype:
            raise ValueError("other columns than the parts before it")
        while len(rows):
            room = self._group[self._filled : self._filled + len(rows)]
            room[:] = rows[: len(room)]
            rows = rows[len(room) :]
            self._filled += len(room)
            if self._filled == ROWS_IN_A_GROUP:
                self._write_group()

    def close(self) -> None:
        """Write what is left. ValueError if there was nothing at all."""
        if self._group is None:
            raise ValueError("no rows")
        if self._filled:
            self._write_group()
        if self._writer is not None:
            self._writer.close()

    def _write_group(self) -> None:
        assert self._group is not None
        rows = self._group[: self._filled]
        table = pa.table({name: np.ascontiguousarray(rows[name]) for name in rows.dtype.names or ()})
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._file, table.schema)
        self._writer.write_table(table, ROWS_IN_A_GROUP)
        self._filled = 0


class Results:
    """The file, to be read."""

    def __init__(self, path: Path) -> None:
        self._file = pq.ParquetFile(path)
        self.names: tuple[str, ...] = tuple(self._file.schema_arrow.names)
        self.runs: int = self._file.metadata.num_rows

    def column(self, name: str) -> NDArray[np.float64]:
        """Return all values of a column, in the order of the seeds."""
        return np.asarray(self._file.read([name])[name].to_numpy(), np.float64)

    def groups(self) -> Iterator[pa.Table]:
        """Yield all rows, so many at a time."""
        for number in range(self._file.num_row_groups):
            yield self._file.read_row_group(number)


def rows_at(table: pa.Table, places: NDArray[np.int64]) -> list[Row]:
    return table.take(pa.array(places)).to_pylist()


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """Yield a file beside the path, which takes its name once it is on disk; gone if the block fails."""
    partial = path.with_name(path.name + PARTIAL)
    try:
        with partial.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
