"""All runs in one SQLite file, merged from the parts that writers leave.

Why SQLite and not DuckDB over Parquet: it comes with Python, so whoever can run a scenario can also write and read the
store; a merge is one transaction, which a kill or a loss of power leaves whole or undone; one file of a documented
format is what remains in ten years. Columns would pay for scans over all figures of all runs, and nobody asks for
those: a comparison takes two runs, a trend one figure. So the figures of a run lie together as packed numbers, in an
order that runs of the same kind share (a shape): a comparison reads two rows, a trend eight bytes of each run.

Promises: a run is merged once, however often its part is seen and whoever is killed meanwhile; a part is removed only
after the transaction that holds it; a damaged part is left where it is and reported; merging holds a group of parts in
memory.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import time
import zlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from math import isnan, nan
from pathlib import Path
from typing import Any, Final, NamedTuple

from thecal_hil.results.parts import DamagedPartError, parts_in, read_part, sweep, write_part
from thecal_hil.results.run import STATES, Figure, Run, Subject, subject_rest

_FILE: Final = "history.sqlite"
_PARTS: Final = "parts"
_AT_ONCE: Final = 100
"""Parts in a transaction: it takes a second at most, which is how long another merger waits."""
_WAIT_S: Final = 120
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS runs (
  no INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, kind TEXT NOT NULL, began TEXT NOT NULL, seconds REAL NOT NULL,
  command TEXT NOT NULL, exit_code INTEGER NOT NULL, checkout TEXT NOT NULL, changed TEXT NOT NULL,
  images TEXT NOT NULL, unit TEXT NOT NULL, machine TEXT NOT NULL, passed INTEGER NOT NULL, failed INTEGER NOT NULL,
  facts BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS runs_by_instant ON runs (began);
CREATE INDEX IF NOT EXISTS runs_by_checkout ON runs (checkout, began);
CREATE TABLE IF NOT EXISTS figures (
  no INTEGER PRIMARY KEY, subject TEXT NOT NULL, key TEXT NOT NULL, title TEXT NOT NULL, unit TEXT NOT NULL,
  least REAL, most REAL);
CREATE INDEX IF NOT EXISTS figures_by_key ON figures (key, subject);
CREATE TABLE IF NOT EXISTS shapes (no INTEGER PRIMARY KEY, digest TEXT UNIQUE NOT NULL, members BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS measured (run INTEGER PRIMARY KEY, shape INTEGER NOT NULL, figures BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS measured_by_shape ON measured (shape);
CREATE TABLE IF NOT EXISTS tried (
  run INTEGER PRIMARY KEY, names INTEGER NOT NULL, states BLOB NOT NULL, seconds BLOB NOT NULL, rest BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS names (no INTEGER PRIMARY KEY, digest TEXT UNIQUE NOT NULL, members BLOB NOT NULL);
"""
_HEADS: Final = (
    "id, kind, began, seconds, command, exit_code, checkout, changed, images, unit, machine, passed, failed"
)


class StoreError(Exception):
    """The store can't be used; the message says why."""


class Head(NamedTuple):
    """A run without its figures, for a list. changed: a digest of what was changed since the commit, or empty."""

    no: int
    id: str
    kind: str
    began: str
    seconds: float
    command: str
    exit_code: int
    checkout: str
    changed: str
    images: str
    unit: str
    machine: str
    passed: int
    failed: int

    @property
    def sources(self) -> str:
        """Return what ran: the same text where commit, changes since and images are the same."""
        return f"{self.checkout} {self.changed} {self.images}"


class Point(NamedTuple):
    """One figure in one run."""

    head: Head
    figure: Figure


class Tried(NamedTuple):
    """The trials of a run: its subjects' names, and by their places the states (of ``STATES``) and the seconds."""

    head: Head
    names: Sequence[str]
    states: bytes
    seconds: Sequence[float]


class Store:
    """One folder. Opened, it has all parts that were there merged; ``damaged`` has those that could not be. Raise
    StoreError if it can't be opened."""

    def __init__(self, folder: Path, *, create: bool = True) -> None:
        self.folder = folder
        self.damaged: list[str] = []
        if not create and not folder.is_dir():
            raise StoreError(
                f"there are no results in {folder}: nothing was run yet, or THECAL_RESULTS is to name them"
            )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._base = sqlite3.connect(folder / _FILE, timeout=_WAIT_S, isolation_level=None)
            self._base.execute("PRAGMA page_size = 16384")
            self._base.execute("PRAGMA synchronous = FULL")
            with self._writing():
                for statement in _SCHEMA.split(";"):
                    self._base.execute(statement)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{folder}: {error}") from error
        self._members: dict[tuple[str, int], Any] = {}
        self._figure_of: dict[int, Figure] = {}
        self.merge()

    def close(self) -> None:
        self._base.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._base.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._base.execute("ROLLBACK")
            raise
        self._base.execute("COMMIT")

    # --- taking runs in

    def add(self, run: Run) -> Path:
        """Leave a finished run, as any writer does; ``merge`` takes it in."""
        return write_part(self.folder / _PARTS, run)

    def merge(self) -> int:
        """Take in all parts; how many runs are new."""
        sweep(self.folder / _PARTS, time.time())
        new, known = 0, set(self.damaged)
        waiting = list(parts_in(self.folder / _PARTS))
        numbers: dict[Figure, int] = {}
        for begin in range(0, len(waiting), _AT_ONCE):
            taken = []
            with self._writing():
                for path in waiting[begin : begin + _AT_ONCE]:
                    try:
                        new += self._take(read_part(path), numbers)
                    except FileNotFoundError:
                        continue
                    except DamagedPartError as error:
                        if str(error) not in known:
                            self.damaged.append(str(error))
                        continue
                    taken.append(path)
            for path in taken:
                path.unlink(missing_ok=True)
        return new

    def _take(self, run: Run, numbers: dict[Figure, int]) -> int:
        if self._base.execute("SELECT 1 FROM runs WHERE id = ?", (run.id,)).fetchone():
            return 0
        states = [one.state for one in run.subjects]
        units = sorted({one.unit for one in run.subjects if one.unit})
        no = self._base.execute(
            f"INSERT INTO runs ({_HEADS}, facts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(run.id, run.kind, run.began, run.seconds, run.command, run.exit_code),
                *(run.fact("checkout"), run.fact("changed"), run.fact("images")),
                *(" ".join(units), run.fact("machine")),
                *(states.count("passed"), states.count("failed") + states.count("error")),
                zlib.compress(json.dumps(dict(run.facts)).encode()),
            ),
        ).lastrowid
        members = array("i", [self._figure_number(one, numbers) for one in run.figures])
        values = array("d", [nan if one.value is None else one.value for one in run.figures])
        shape = self._list_number("shapes", members.tobytes())
        self._base.execute("INSERT INTO measured VALUES (?, ?, ?)", (no, shape, values.tobytes()))
        names = self._list_number("names", json.dumps([one.name for one in run.subjects]).encode())
        rest = [subject_rest(one) for one in run.subjects]
        self._base.execute(
            "INSERT INTO tried VALUES (?, ?, ?, ?, ?)",
            (
                no,
                names,
                bytes(STATES.index(state) if state in STATES else 2 for state in states),
                array("f", [one.seconds for one in run.subjects]).tobytes(),
                zlib.compress(json.dumps(rest).encode()),
            ),
        )
        return 1

    def _figure_number(self, figure: Figure, numbers: dict[Figure, int]) -> int:
        declared = Figure(
            figure.subject, figure.key, figure.title, figure.unit, figure.least, figure.most, None
        )
        if (known := numbers.get(declared)) is not None:
            return known
        fields = (
            declared.subject,
            declared.key,
            declared.title,
            declared.unit,
            declared.least,
            declared.most,
        )
        row = self._base.execute(
            "SELECT no FROM figures WHERE subject = ? AND key = ? AND title = ? AND unit = ?"
            " AND least IS ? AND most IS ?",
            fields,
        ).fetchone()
        if row is None:
            insert = "INSERT INTO figures (subject, key, title, unit, least, most) VALUES (?, ?, ?, ?, ?, ?)"
            number = int(self._base.execute(insert, fields).lastrowid or 0)
        else:
            number = int(row[0])
        numbers[declared] = number
        return number

    def _list_number(self, table: str, members: bytes) -> int:
        digest = hashlib.sha256(members).hexdigest()
        row = self._base.execute(f"SELECT no FROM {table} WHERE digest = ?", (digest,)).fetchone()
        if row is not None:
            return int(row[0])
        insert = f"INSERT INTO {table} (digest, members) VALUES (?, ?)"
        return int(self._base.execute(insert, (digest, members)).lastrowid or 0)

    # --- asking

    def heads(self, where: str = "1", values: Sequence[Any] = (), most: int = -1) -> list[Head]:
        """Return runs without their figures, the newest first. where: a condition on the columns of ``runs``."""
        rows = self._base.execute(
            f"SELECT no, {_HEADS} FROM runs WHERE {where} ORDER BY began DESC, no DESC LIMIT ?",
            (*values, most),
        )
        return [Head(*row) for row in rows]

    def count(self) -> int:
        return int(self._base.execute("SELECT count(*) FROM runs").fetchone()[0])

    def run(self, head: Head) -> Run:
        """Return a whole run, as it was left."""
        (facts,) = self._base.execute("SELECT facts FROM runs WHERE no = ?", (head.no,)).fetchone()
        rest = self._base.execute("SELECT rest FROM tried WHERE run = ?", (head.no,)).fetchone()[0]
        tried = next(self.tried([head]))
        subjects = tuple(
            Subject(name, STATES[state], seconds, *more)
            for name, state, seconds, more in zip(
                tried.names, tried.states, tried.seconds, json.loads(zlib.decompress(rest)), strict=True
            )
        )
        return Run(
            *(head.id, head.kind, head.began, head.seconds, head.command, head.exit_code),
            json.loads(zlib.decompress(facts)),
            subjects,
            tuple(self.figures(head)),
        )

    def figures(self, head: Head) -> list[Figure]:
        """Return what a run measured, in its order."""
        shape, packed = self._base.execute(
            "SELECT shape, figures FROM measured WHERE run = ?", (head.no,)
        ).fetchone()
        declared = [self._figure(number) for number in self._numbers_of(shape)]
        return [_with(one, value) for one, value in zip(declared, array("d", packed), strict=True)]

    def tried(self, heads: Iterable[Head]) -> Iterator[Tried]:
        """Yield what each of the runs tried."""
        for head in heads:
            names, states, seconds = self._base.execute(
                "SELECT names, states, seconds FROM tried WHERE run = ?", (head.no,)
            ).fetchone()
            yield Tried(head, self._names_of(names), states, array("f", seconds))

    def trend(self, key: str, subject: str = "%", most: int = -1) -> dict[str, list[Point]]:
        """Return a figure in all runs that have it, the newest ``most`` of each subject, oldest first. subject: with
        % for anything."""
        wanted = {
            int(no)
            for (no,) in self._base.execute(
                "SELECT no FROM figures WHERE key = ? AND subject LIKE ?", (key, subject)
            )
        }
        found: dict[str, list[Point]] = {}
        for (shape,) in self._base.execute("SELECT no FROM shapes").fetchall() if wanted else []:
            for place, number in enumerate(self._numbers_of(shape)):
                if number in wanted:
                    self._add_points(found, shape, place, self._figure(number))
        for points in found.values():
            points.sort(key=lambda point: (point.head.began, point.head.no))
        return {name: points[-most:] if most > 0 else points for name, points in sorted(found.items())}

    def _add_points(self, found: dict[str, list[Point]], shape: int, place: int, declared: Figure) -> None:
        rows = self._base.execute(
            f"SELECT substr(m.figures, ?, 8), r.no, {_HEADS} FROM measured m"
            " JOIN runs r ON r.no = m.run WHERE m.shape = ?",
            (place * 8 + 1, shape),
        )
        points = found.setdefault(declared.subject, [])
        for packed, *head in rows:
            points.append(Point(Head(*head), _with(declared, array("d", packed)[0])))

    def keys(self) -> list[tuple[str, str]]:
        """Return the subject and key of every figure that any run had."""
        return self._base.execute(
            "SELECT DISTINCT subject, key FROM figures ORDER BY subject, key"
        ).fetchall()

    def _numbers_of(self, shape: int) -> array[int]:
        if ("shapes", shape) not in self._members:
            (members,) = self._base.execute("SELECT members FROM shapes WHERE no = ?", (shape,)).fetchone()
            self._members["shapes", shape] = array("i", members)
        return self._members["shapes", shape]

    def _names_of(self, number: int) -> list[str]:
        if ("names", number) not in self._members:
            (members,) = self._base.execute("SELECT members FROM names WHERE no = ?", (number,)).fetchone()
            self._members["names", number] = json.loads(members)
        return self._members["names", number]

    def _figure(self, number: int) -> Figure:
        if number not in self._figure_of:
            row = self._base.execute(
                "SELECT subject, key, title, unit, least, most FROM figures WHERE no = ?", (number,)
            ).fetchone()
            subject, key, title, unit, least, most = row
            self._figure_of[number] = Figure(subject, key, title, unit, least, most, None)
        return self._figure_of[number]

    def take_from(self, other: Store) -> int:
        """Take in the runs of another store that are not known here; how many are new."""
        numbers: dict[Figure, int] = {}
        new = 0
        heads = other.heads()
        for begin in range(0, len(heads), _AT_ONCE):
            with self._writing():
                for head in heads[begin : begin + _AT_ONCE]:
                    new += self._take(other.run(head), numbers)
        if (other.folder / "edges").is_dir():
            shutil.copytree(other.folder / "edges", self.folder / "edges", dirs_exist_ok=True)
        return new


def copy_store(folder: Path, to: Path) -> int:
    """Copy a store's folder while others may write to it; how many runs the copy has. Raise StoreError if
    the folder has results already."""
    source, target = Store(folder, create=False), to / _FILE
    if target.exists():
        raise StoreError(f"{to} has results already; `thecal-hil history --take {folder}` adds to those")
    to.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(target)) as base:
        source._base.backup(base)
    source.close()
    for part in ("edges", "baselines"):
        if (folder / part).is_dir():
            shutil.copytree(
                folder / part, to / part, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.partial")
            )
    copied = Store(to)
    count = copied.count()
    copied.close()
    return count


def _with(declared: Figure, value: float) -> Figure:
    return Figure(
        *(declared.subject, declared.key, declared.title, declared.unit, declared.least, declared.most),
        None if isnan(value) else value,
    )
