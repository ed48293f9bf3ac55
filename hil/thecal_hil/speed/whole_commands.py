"""What whole commands cost in processor seconds, before and now: `make verify`'s day and `make test`.

Promises: the processor time of a command is that of all processes it starts, as the kernel counts it; both checkouts run in
turn in one run, with the same packages.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from thecal_hil.speed.earlier import HERE, environment_of, image_of, sources_of
from thecal_hil.speed.pico import BEFORE

_VERIFY = "from thecal_hil.verify import main; main()"
_TEST_IMAGES = ("uf2", "probe", "stock", "unix", "mpy-cross")


def processor_s(command: Sequence[str], sources: Path) -> float:
    """Processor seconds of a command and all that it starts, run in a checkout. RuntimeError if it fails."""
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(
            list(command), cwd=sources, env=environment_of(sources), stdout=output, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            output.seek(0)
            last = output.read().decode(errors="replace").strip().splitlines()[-3:]
            raise RuntimeError(f"{' '.join(command)[:80]} in {sources} ended with {child.returncode}: {last}")
    return usage.ru_utime + usage.ru_stime


def verify_speed(pairs: int = 1) -> float:
    """Ratio before / now of the day that `make verify` delivers and checks, on both rigs, imports and all."""
    before = sources_of(BEFORE)
    image_of(before)

    def cost_s(sources: Path) -> float:
        with tempfile.TemporaryDirectory() as folder:
            return processor_s([sys.executable, "-c", _VERIFY, "--out", folder], sources)

    return statistics.median(cost_s(before) / cost_s(HERE) for _ in range(pairs))


def test_share() -> dict[str, float]:
    """Processor time of all tests now, as a share of what it was, and how many tests there are now and were.

    Both run with everything built beforehand: that is what a second `make test` costs.
    """
    found = {}
    for name, sources in (("before", sources_of(BEFORE)), ("now", HERE)):
        build = [sys.executable, "firmware/board/build.py"]
        for image in _TEST_IMAGES:
            subprocess.run([*build, image], cwd=sources, check=True, stdout=subprocess.DEVNULL)
        with tempfile.TemporaryDirectory() as folder:
            outcomes = Path(folder) / "tests.json"
            command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--outcomes", str(outcomes)]
            found[name] = processor_s(command, sources)
            found[f"tests {name}"] = len(json.loads(outcomes.read_text(encoding="utf-8"))["tests"])
    return {
        "share": found["now"] / found["before"],
        "tests_more": found["tests now"] - found["tests before"],
    }
