"""The cost of whole commands in processor seconds, before and now: `make verify`'s day and `make test`.

Promises: the processor time of a command is that of all processes it starts, as the kernel counts it; both checkouts
run in turn in one run.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from thecal_hil.campaigns.speed.earlier import HERE, environment_of, image_of, sources_of
from thecal_hil.campaigns.speed.pico import BEFORE, BOARD

_VERIFY = """
import sys
try:
    from thecal_hil.cli.entry import main
    sys.argv.insert(1, "verify")
except ModuleNotFoundError:
    from thecal_hil.verify import main
main()
"""
"""Of this checkout, or of a commit from before the package had rooms."""


def processor_s(command: Sequence[str], folder: Path, environment: dict[str, str]) -> float:
    """Return the processor seconds of a command and all that it starts, run in a folder. Raise RuntimeError if it
    fails."""
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(
            list(command), cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            output.seek(0)
            last = output.read().decode(errors="replace").strip().splitlines()[-3:]
            raise RuntimeError(f"{' '.join(command)[:80]} in {folder} ended with {child.returncode}: {last}")
    return usage.ru_utime + usage.ru_stime


def verify_speed(pairs: int = 1) -> float:
    """Return the ratio before / now of the day that `make verify` delivers and checks, on both rigs, imports and
    all.

    The board is named now, as the one that the earlier commit has.
    """
    before = sources_of(BEFORE)
    image_of(before)

    def cost_s(sources: Path, *board: str) -> float:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-c", _VERIFY, "--out", folder, *board]
            return processor_s(command, sources, environment_of(sources))

    return statistics.median(cost_s(before) / cost_s(HERE, "--board", BOARD) for _ in range(pairs))


def tests_share() -> dict[str, float]:
    """Return the processor time of all tests now, as a share of what it was, and how many tests there are more.

    The earlier commit has a clone and a virtual environment of its own for this, since its tests look at both. Both are
    built beforehand: what is measured is what a second `make test` costs.
    """
    found: dict[str, float] = {}
    for name, root in (("before", _set_up_clone(BEFORE)), ("now", HERE)):
        with tempfile.TemporaryDirectory() as folder:
            outcomes = Path(folder) / "tests.json"
            command = ["make", "test", f"PYTEST_ARGS=--outcomes {outcomes}"]
            found[name] = processor_s(command, root, _without_make())
            summary = json.loads(outcomes.read_text(encoding="utf-8"))
        found[f"tests {name}"] = summary["passed"] + summary["skipped"]
    return {
        "share": found["now"] / found["before"],
        "tests_more": found["tests now"] - found["tests before"],
    }


def _set_up_clone(commit: str) -> Path:
    """Return a clone of a commit with everything that its `make test` builds."""
    root = HERE / "build/earlier" / f"{commit}-clone"
    ready = root / ".git/set-up"
    if not ready.exists():
        shutil.rmtree(root, ignore_errors=True)
        for command in (
            ["git", "clone", "--quiet", "--no-checkout", str(HERE), str(root)],
            ["git", "-C", str(root), "checkout", "--quiet", "--detach", commit],
            ["make", "-C", str(root), "setup", "uf2", "probe", "stock", "unix"],
        ):
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=_without_make())
        ready.touch()
    return root


def _without_make() -> dict[str, str]:
    """Return the environment, without what a `make` that runs this would hand down to another one."""
    return {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
