"""Sources of an earlier commit beside this checkout, and a program that is run on either of them.

Promise: the program is the same file both times, run by the same interpreter with the same packages; only where our own
packages come from differs, and the program has to say where that was.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).resolve().parents[4]
"""The checkout that this file belongs to."""
_ROOTS: Final = ("firmware", "host", "sim", "hil")


def sources_of(commit: str, repository: Path = HERE) -> Path:
    """Return the folder with the sources of a commit, taken out of the history once. Raise CalledProcessError if it
    is not in there."""
    folder = repository / "build/earlier" / commit
    if not folder.is_dir():
        packed = subprocess.run(
            [
                "git",
                "archive",
                "--format=tar",
                commit,
            ],
            cwd=repository,
            check=True,
            stdout=subprocess.PIPE,
        ).stdout
        partial = folder.with_name(f"{commit}.partial-{os.getpid()}")
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(partial, filter="data")
        try:
            partial.rename(folder)
        except OSError:
            # Another run was faster.
            shutil.rmtree(partial)
    return folder


def image_of(sources: Path) -> Path:
    """Return the firmware image of a checkout, built from its own sources where that has not been done."""
    image = sources / "build/firmware/thecal.uf2"
    if not image.is_file():
        command = [sys.executable, "firmware/board/build.py", "uf2"]
        subprocess.run(command, cwd=sources, check=True, stdout=subprocess.DEVNULL)
    return image


def environment_of(sources: Path) -> dict[str, str]:
    """Return this process's environment, with our own packages from those sources."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(str(sources / root) for root in _ROOTS)}


def run_on(sources: Path, program: Path, *arguments: str) -> dict[str, Any]:
    """Return what a program prints, which is one JSON object with ``sources``: the file that one of our packages came
    from.

    CalledProcessError if it fails, RuntimeError if it has run on other sources.
    """
    done = subprocess.run(
        [sys.executable, str(program), *arguments],
        check=True,
        stdout=subprocess.PIPE,
        env=environment_of(sources),
    )
    found = json.loads(done.stdout)
    if not Path(found["sources"]).resolve().is_relative_to(sources.resolve()):
        raise RuntimeError(f"{program.name} ran on {found['sources']}, which is not in {sources}")
    return found
