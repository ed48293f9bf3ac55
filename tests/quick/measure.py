"""The time that `make quick` takes after an edit in each room: ``python -m quick.measure``.

A worktree of its own is set up, warmed by one run, and then edited in one room at a time, as somebody would who works
there. Promise: what is timed is the whole command, from the shell's prompt to the next; an edit after which it does not
pass counts as too slow. Exit code 1 where a room takes longer than the limit on a machine with nothing else to do.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
MOST_SECONDS = 60.0
ROOMS = {
    "core": "firmware/thecal_fw/core/schedule.py",
    "link": "firmware/thecal_fw/link/frames.py",
    "store": "firmware/thecal_fw/store/ring.py",
    "rp2": "firmware/thecal_fw/rp2/steptrain.py",
    "host": "host/thecal/prescription.py",
}
"""A module to edit in each room: one that much rests on."""
_EDIT = "\n\n_EDITED = {number}\n"


@dataclass(frozen=True)
class Timed:
    """One run: seconds by the clock, processor seconds, and whether all of it passed."""

    seconds: float
    processor_seconds: float
    passed: bool

    @property
    def is_quick(self) -> bool:
        return self.passed and self.seconds <= MOST_SECONDS


def measure() -> dict[str, Timed]:
    """Measure the time `make quick` takes after an edit in each room, in a worktree of the commit this one is at."""
    with _worktree() as tree:
        _make(tree, "setup")
        _make(tree, "quick")
        found = {}
        for number, (room, file) in enumerate(ROOMS.items()):
            path = tree / file
            original = path.read_bytes()
            path.write_bytes(original + _EDIT.format(number=number).encode())
            found[room] = _make(tree, "quick")
            path.write_bytes(original)
        return found


@contextmanager
def _worktree() -> Iterator[Path]:
    git = ["git", "-C", str(REPOSITORY), "worktree"]
    with tempfile.TemporaryDirectory(prefix="thecal-quick-") as folder:
        tree = Path(folder) / "thecal"
        subprocess.run([*git, "add", "--quiet", "--detach", str(tree), "HEAD"], check=True)
        try:
            yield tree
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)


def _make(tree: Path, target: str) -> Timed:
    before, began = _processor_seconds(), time.perf_counter()
    done = subprocess.run(
        ["make", target], cwd=tree, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    seconds = time.perf_counter() - began
    if done.returncode:
        print(done.stdout, file=sys.stderr)
    return Timed(round(seconds, 1), round(_processor_seconds() - before, 1), done.returncode == 0)


def _processor_seconds() -> float:
    """Return the processor time of all children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> int:
    """Print what was found."""
    load = os.getloadavg()[0]
    found = measure()
    print(
        json.dumps(
            {"load_before": load, "most_seconds": MOST_SECONDS}
            | {room: asdict(one) for room, one in found.items()},
            indent=2,
        )
    )
    return 0 if all(one.is_quick for one in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
