"""``thecal-hil bisect SCENARIO``: find the commit that made a scenario fail, or made one of its figures worse.

Each commit that git bisect asks about is checked out into a clone under ``build/bisect`` (the checkout at hand is left
alone), its image is built where the rig needs one, and the scenario as it is written today is run by that commit's own
tools. With ``--figure`` a commit is bad if the figure lies nearer to its value at the bad end than to that at the good
one. Promises: an image is built once for the same sources of the firmware, and kept for later searches; a commit on
which the scenario can't be run is skipped, and named if the answer hangs on it; both ends are tried before anything
is searched.

Exit codes: 0 the commit is named, 1 it can't be found, 2 bad input.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from thecal.errors import BadInputError

_FOLDER: Final = Path("build/bisect")
_LIBRARY: Final = Path("hil/thecal_hil/scenario/library")
_SOURCES: Final = ("firmware", "firmware/board", "firmware/probe", "host", "sim", "hil")
_OF_AN_IMAGE: Final = ("firmware", "host/thecal/pumps", "pumps")
"""The bytes of an image follow from these folders."""
_NAMED: Final = "is the first bad commit"
_PASSED, _FAILED = "passed", "failed"


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="thecal-hil bisect", description=__doc__)
    parser.add_argument("scenario", help="of the library, or a file")
    parser.add_argument("--good", required=True, metavar="COMMIT", help="where it held")
    parser.add_argument("--bad", default="HEAD", metavar="COMMIT", help="where it does not (default: HEAD)")
    parser.add_argument("--rig", choices=("model", "pico"), default="model")
    parser.add_argument(
        "--figure", metavar="KEY", help="search where this figure moved, instead of a failure"
    )
    parser.add_argument("--project", type=Path, default=Path(), help="the checkout (default: where you are)")
    parser.add_argument(
        "--folder", type=Path, default=_FOLDER, help=f"for clone and images (default: {_FOLDER})"
    )
    options = parser.parse_args(argv)
    try:
        search = Search(options.project, options.folder, options.scenario, options.rig, options.figure)
        return search.run(options.good, options.bad)
    except BadInputError as error:
        print(f"thecal-hil: {error}", file=sys.stderr)
        return 2


@dataclass(frozen=True)
class Found:
    """The outcome of a commit's run. value: of the figure in question. state: empty where it can't be run."""

    state: str
    value: float | None = None
    why: str = ""

    def told(self) -> str:
        value = "" if self.value is None else f", figure {self.value:.10g}"
        return f"{self.state or 'can not be run'}{value}{': ' + self.why if self.why else ''}"


@dataclass
class Counts:
    runs: int = 0
    built: int = 0
    from_cache: int = 0


@dataclass
class Search:
    """One search. counts: what it took."""

    project: Path
    folder: Path
    scenario: str
    rig: str
    figure: str | None
    counts: Counts = field(default_factory=Counts)

    def __post_init__(self) -> None:
        self.folder = self.folder.resolve()
        top = _git(self.project, "rev-parse", "--show-toplevel")
        if not top:
            raise BadInputError([f"{self.project.resolve()} is in no checkout of git"])
        self.project = Path(top)
        given = Path(self.scenario)
        self._file = given if given.suffix == ".toml" else self.project / _LIBRARY / f"{self.scenario}.toml"
        if not self._file.is_file():
            raise BadInputError([f"there is no scenario {self.scenario}"])
        self._content = self._file.read_bytes()
        self._tree = self.folder / "tree"

    def run(self, good: str, bad: str) -> int:
        ends = {name: self._commit(name) for name in (good, bad)}
        self._clone()
        at_good, at_bad = self._tried(ends[good]), self._tried(ends[bad])
        self._judge_ends(at_good, at_bad)
        if self._is_bad(at_good, at_good, at_bad) or not self._is_bad(at_bad, at_good, at_bad):
            print(f"thecal-hil: can't say: {good} {at_good.told()}; {bad} {at_bad.told()}")
            return 1
        said = self._bisect("start", ends[bad], ends[good])
        while _NAMED not in said and "only 'skip'ped" not in said:
            commit = _git(self._tree, "rev-parse", "HEAD")
            found = self._tried(commit)
            verdict = "skip" if not found.state else "bad" if self._is_bad(found, at_good, at_bad) else "good"
            print(f"{verdict:4}  {_subject(self._tree, commit)}: {found.told()}", flush=True)
            said = self._bisect(verdict)
        return self._conclude(said)

    def _judge_ends(self, at_good: Found, at_bad: Found) -> None:
        for name, found in (("good", at_good), ("bad", at_bad)):
            if not found.state:
                raise BadInputError([f"the {name} end {found.told()}"])
            if self.figure is not None and found.value is None:
                raise BadInputError([f"the {name} end has no figure {self.figure}"])

    def _is_bad(self, found: Found, at_good: Found, at_bad: Found) -> bool:
        if self.figure is None:
            return found.state != _PASSED
        if found.value is None or at_good.value is None or at_bad.value is None:
            return True
        return abs(found.value - at_bad.value) < abs(found.value - at_good.value)

    def _conclude(self, said: str) -> int:
        counts = self.counts
        cost = f"{counts.runs} runs, {counts.built} images built, {counts.from_cache} from the cache"
        if _NAMED not in said:
            print(f"thecal-hil: can't say which: all that are left can't be run; {cost}")
            return 1
        commit = said.partition(f" {_NAMED}")[0].split()[-1]
        print(f"thecal-hil: {_subject(self._tree, commit)} {_NAMED}; {cost}")
        return 0

    # --- one commit

    def _tried(self, commit: str) -> Found:
        _git(self._tree, "checkout", "--quiet", "--force", "--detach", commit)
        out = self.folder / "out"
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        scenario = out / self._file.name
        scenario.write_bytes(self._content)
        command = [
            sys.executable,
            "-m",
            "thecal_hil.cli",
            "run",
            str(scenario),
            "--rig",
            self.rig,
            "--out",
            str(out),
        ]
        if self.rig == "pico":
            image = self._image()
            if image is None:
                return Found("", why="its image can't be built")
            command += ["--uf2", str(image)]
        self.counts.runs += 1
        ran = subprocess.run(
            command, cwd=self._tree, env=self._environment(), capture_output=True, text=True, check=False
        )
        results = out / f"scenarios-{self.rig}.json"
        if ran.returncode not in (0, 1) or not results.is_file():
            return Found("", why=(ran.stderr.strip().splitlines() or ["no results"])[-1])
        (told,) = json.loads(results.read_text(encoding="utf-8"))["scenarios"]
        figure: dict[str, Any] = told["figures"].get(self.figure, {}) if self.figure else {}
        return Found(told["status"], figure.get("value"))

    def _image(self) -> Path | None:
        """Return the image of the commit that is checked out, built unless one of the same sources was."""
        trees = [_git(self._tree, "rev-parse", f"HEAD:{part}") for part in _OF_AN_IMAGE]
        key = hashlib.sha256(" ".join([*trees, os.environ.get("THECAL_PUMP", "")]).encode()).hexdigest()[:20]
        kept = self.folder / "images" / key / "thecal.uf2"
        if kept.with_suffix(".json").is_file():
            self.counts.from_cache += 1
            return kept
        self.counts.built += 1
        built = subprocess.run(
            [sys.executable, "firmware/board/build.py", "uf2"],
            cwd=self._tree,
            env=self._environment(),
            capture_output=True,
            check=False,
        )
        if built.returncode != 0:
            return None
        kept.parent.mkdir(parents=True, exist_ok=True)
        made = self._tree / "build/firmware/thecal.uf2"
        shutil.copyfile(made, kept)
        shutil.copyfile(made.with_suffix(".json"), kept.with_suffix(".json"))
        return kept

    def _environment(self) -> dict[str, str]:
        path = os.pathsep.join(str(self._tree / part) for part in _SOURCES)
        return {**os.environ, "PYTHONPATH": path, "THECAL_RESULTS": "none"}

    # --- git

    def _commit(self, name: str) -> str:
        commit = _git(self.project, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
        if not commit:
            raise BadInputError([f"there is no commit {name} in {self.project}"])
        return commit

    def _clone(self) -> None:
        """Clone the project anew, sharing its objects: the clone holds nothing that could not be made again."""
        shutil.rmtree(self._tree, ignore_errors=True)
        self._tree.parent.mkdir(parents=True, exist_ok=True)
        _git(
            self.project, "clone", "--quiet", "--shared", "--no-checkout", str(self.project), str(self._tree)
        )
        if not self._tree.is_dir():
            raise BadInputError([f"{self.project} can't be cloned to {self._tree}"])

    def _bisect(self, *arguments: str) -> str:
        ran = subprocess.run(
            ["git", "-C", str(self._tree), "bisect", *arguments], capture_output=True, text=True, check=False
        )
        said = ran.stdout + ran.stderr
        if ran.returncode != 0 and "only 'skip'ped" not in said:
            raise BadInputError([f"git bisect {arguments[0]}: {said.strip()}"])
        return said


def _git(folder: Path, *arguments: str) -> str:
    ran = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False)
    return ran.stdout.strip() if ran.returncode == 0 else ""


def _subject(folder: Path, commit: str) -> str:
    return _git(folder, "log", "-1", "--format=%h %s", commit)
