"""The parts of a campaign on disk: each the rows of one batch, sealed, with what they are of.

Promises: a part says itself which campaign, which batch and which seeds it holds, all of it under one digest. One that
is read is whole, of this campaign, of the batch its name says, and holds each seed of that batch once, in order, with
the columns of a row; otherwise PartError says in words what is wrong.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from thecal.bounded import RefusedFileError, read_bounded
from thecal_hil.campaigns.weeks.week import Row
from thecal_hil.groundwork.sealed import DamagedError, sealed, unsealed

Rows = NDArray[np.void]
"""Rows as they follow each other in memory, with a named field for each column."""


_KINDS = ("<i8", "<f8")
_MOST_HEAD_BYTES = 1_000_000
_MOST_RUN_BYTES = 10_000
"""A row has some eighty columns of eight bytes."""


class PartError(Exception):
    """A part can't be used; the message says what is wrong with it."""


@dataclass(frozen=True)
class Contents:
    """The contents of a part. plan: digest of the campaign's plan. batch: its number. Seeds: the first, and how
    many."""

    plan: str
    batch: int
    first_seed: int
    runs: int

    def seeds(self) -> str:
        last = self.first_seed + self.runs - 1
        return f"seed {last}" if self.runs == 1 else f"seeds {self.first_seed} to {last}"


def read_rows(path: Path, expected: Contents) -> Rows:
    """Return the rows of a part's file; raise PartError as ``rows_of`` does."""
    try:
        data = read_bounded(path, _MOST_HEAD_BYTES + expected.runs * _MOST_RUN_BYTES)
    except RefusedFileError as error:
        raise PartError(str(error)) from error
    return rows_of(data, expected)


def part_of(contents: Contents, rows: Sequence[Row]) -> bytes:
    """Return the bytes of a part. Raise ValueError if the rows are not those of its seeds, or differ in their
    columns."""
    if [row["seed"] for row in rows] != _seeds_of(contents):
        raise ValueError(f"batch {contents.batch}: rows of other seeds")
    names = list(rows[0])
    if any(list(row) != names for row in rows):
        raise ValueError(f"batch {contents.batch}: rows of different columns")
    kinds = [(name, "<i8" if all(isinstance(row[name], int) for row in rows) else "<f8") for name in names]
    values = np.array([tuple(row.values()) for row in rows], dtype=kinds)
    head = [json.dumps(one).encode() + b"\n" for one in (asdict(contents), kinds)]
    return sealed(b"".join([*head, values.tobytes()]))


def rows_of(data: bytes, expected: Contents) -> Rows:
    """Return the rows of a part, which is to be of the contents expected; raise PartError if it is not."""
    try:
        said, kinds, values = unsealed(data).split(b"\n", 2)
        found = Contents(**json.loads(said))
        rows = np.frombuffer(values, _dtype_of(kinds))
    except DamagedError as error:
        raise PartError(str(error)) from error
    except (ValueError, TypeError, RecursionError) as error:
        raise PartError(f"is no part of a campaign: {error}") from error
    if found.plan != expected.plan:
        raise PartError("is of a campaign with another plan or other sources")
    if found.batch != expected.batch:
        raise PartError(
            f"is a copy of batch {found.batch}, with {found.seeds()} in place of {expected.seeds()}"
        )
    has_seeds = "seed" in (rows.dtype.names or ())
    if found != expected or not has_seeds or rows["seed"].tolist() != _seeds_of(expected):
        raise PartError(f"does not hold {expected.seeds()}, each once and in order")
    return rows


@lru_cache(maxsize=4)
def _dtype_of(kinds: bytes) -> np.dtype[np.void]:
    """Return the type of the columns of a row. All parts of a campaign have the same."""
    columns = [(name, kind) for name, kind in json.loads(kinds)]
    if not all(isinstance(name, str) and kind in _KINDS for name, kind in columns):
        raise ValueError("a column is neither of integers nor of numbers")
    return np.dtype(columns)


def _seeds_of(contents: Contents) -> list[int]:
    return list(range(contents.first_seed, contents.first_seed + contents.runs))
