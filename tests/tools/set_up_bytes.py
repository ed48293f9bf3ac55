"""The bytes that the first `make verify` on a new machine fetches, beside what it fetched before the locks were
split.

Promises: the Python packages are really fetched, for the Python that runs this, with no cache in use, and their files'
sizes are summed; nothing is taken from what an index says. System packages are what their archive's index says of all
that is needed on a machine with no package at all, so more than a machine that has some has to fetch.

Run as a program it prints the figures and exits with 1 where the packages are more than half of what they were.
"""

import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
BEFORE_COMMIT = "f0750af"
"""The last commit with one lock for everything."""
BEFORE_LOCKS = ("requirements.lock", "firmware/board/stubs.lock")
NOW_LOCKS = ("requirements/verify.lock",)
SYSTEM_GROUPS = ("python", "cross", "native")
MOST_PART = 0.5


@dataclass(frozen=True)
class SetUpBytes:
    """Bytes that a first `make verify` fetches. system: None on a machine without apt."""

    python_before: int
    python_now: int
    sources: int
    system: int | None

    @property
    def part(self) -> float:
        """Return the python packages now, as a part of those before."""
        return self.python_now / self.python_before

    @property
    def is_light(self) -> bool:
        return self.part <= MOST_PART


def measure() -> SetUpBytes:
    """Measure the time `make quick` takes after an edit in each room, in a worktree of the commit this one is at."""
    return SetUpBytes(
        python_before=python_bytes(_at(BEFORE_COMMIT, lock) for lock in BEFORE_LOCKS),
        python_now=python_bytes((REPOSITORY / lock).read_text("utf-8") for lock in NOW_LOCKS),
        sources=sources_bytes(),
        system=system_bytes(),
    )


def _at(commit: str, path: str) -> str:
    command = ["git", "-C", str(REPOSITORY), "show", f"{commit}:{path}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def python_bytes(locks: Iterable[str]) -> int:
    """Return bytes of the files that pip fetches for these texts of requirements."""
    total = 0
    for text in locks:
        with tempfile.TemporaryDirectory() as folder:
            lock, fetched = Path(folder) / "lock.txt", Path(folder) / "fetched"
            lock.write_text(text, encoding="utf-8")
            pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-qq", "--no-cache-dir"]
            command = [*pip, "download", "--no-deps", "--dest", str(fetched), "--requirement", str(lock)]
            subprocess.run(command, check=True)
            total += sum(path.stat().st_size for path in fetched.iterdir())
    return total


def sources_bytes() -> int:
    """Return bytes of the archives in pins.toml, from the cache that the build has fetched them into."""
    sys.path.insert(0, str(REPOSITORY / "firmware/board"))
    import sources

    pins = tomllib.loads(sources.PINS_PATH.read_text("utf-8"))
    downloads = sources.cache_folder() / "downloads"
    return sum((downloads / entry["name"]).stat().st_size for entry in pins["file"])


def system_bytes() -> int | None:
    """Return bytes of the system packages and all they need, on a machine that has none."""
    lines = (REPOSITORY / "firmware/board/system_packages.txt").read_text("utf-8").splitlines()
    rows = [[cell.strip() for cell in line.split("|")] for line in lines if line and not line.startswith("#")]
    packages = [row[1] for row in rows if row[0] in SYSTEM_GROUPS]
    nothing_installed = ["-o", "Dir::State::status=/dev/null"]
    command = ["apt-get", "install", "--print-uris", "-qq", "--yes", "--no-install-recommends"]
    try:
        done = subprocess.run(
            [*command, *nothing_installed, *packages], capture_output=True, text=True, check=True
        )
    except (FileNotFoundError, subprocess.CalledProcessError):
        return None
    return sum(int(line.split()[2]) for line in done.stdout.splitlines())


def main() -> int:
    """Print the figures."""
    found = measure()
    print(json.dumps(asdict(found) | {"part": round(found.part, 4), "most_part": MOST_PART}, indent=2))
    return 0 if found.is_light else 1


if __name__ == "__main__":
    sys.exit(main())
