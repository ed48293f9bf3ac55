"""Sixty-four commits on the sources at hand, one of which breaks something: how many images it takes to name it.

Each commit changes a remark in a module of the firmware, so each has an image of its own; one, drawn by a printed seed,
has the mistake too. The scenario runs on the emulated board, from each commit's own image and tools.
"""

from __future__ import annotations

import contextlib
import io
import os
import random
import shutil
import subprocess
from pathlib import Path
from typing import Final

from history.copied_tree import ROOT, change
from history.figures import FOLDER, Row
from thecal_hil.results.bisect import Search

_COMMITS: Final = 64
_SEED: Final = 20261203
_SCENARIO: Final = "a-button-that-sticks"
_MISTAKE: Final = ("firmware/thecal_fw/core/press.py", "STUCK_S = 60\n", "STUCK_S = 75\n")
_NAMES: Final = {
    f"GIT_{who}_{what}": "history@check" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
}


def measured() -> list[Row]:
    folder = FOLDER / "searched"
    planted = random.Random(_SEED).randrange(1, _COMMITS + 1)
    project = _project(folder / "project", planted)
    good = _git(project, "rev-parse", f"HEAD~{_COMMITS}")
    print(f"  seed {_SEED}: the mistake is in commit {planted} of {_COMMITS}", flush=True)
    search = Search(project, folder / "bisect", _SCENARIO, "pico", None)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        code = search.run(good, "HEAD")
    print("\n".join(f"  {line}" for line in said.getvalue().splitlines()), flush=True)
    named = code == 0 and f"commit {planted} is the first bad commit" in said.getvalue()
    images = len(list((folder / "bisect/images").glob("*/thecal.uf2")))
    return [
        Row("commits searched", _COMMITS, ""),
        Row("the commit with the mistake is named", named, "", least=1),
        Row("images built, in this search and an earlier one of the same commits", images, "images", most=8),
        Row("runs of the scenario", search.counts.runs, "runs", most=8),
    ]


def _project(folder: Path, planted: int) -> Path:
    """Return a clone of this checkout as it stands, with the commits; one that is there is taken, and so are its
    images."""
    if (folder / "made").is_file() and (folder / "made").read_text() == _git(ROOT, "rev-parse", "HEAD"):
        return folder
    shutil.rmtree(folder.parent, ignore_errors=True)
    folder.parent.mkdir(parents=True)
    _git(ROOT, "clone", "--quiet", "--shared", str(ROOT), str(folder))
    for number in range(1, _COMMITS + 1):
        at = folder / "firmware/thecal_fw/core/press.py"
        if number == planted:
            change(folder, *_MISTAKE)
        at.write_text(
            at.read_text(encoding="utf-8").rsplit("\n# Remark", 1)[0].rstrip() + f"\n\n# Remark {number}.\n"
        )
        _git(folder, "commit", "--quiet", "--all", "--message", f"commit {number}")
    (folder / "made").write_text(_git(ROOT, "rev-parse", "HEAD"))
    return folder


def _git(folder: Path, *arguments: str) -> str:
    ran = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **_NAMES},
    )
    return ran.stdout.strip()
