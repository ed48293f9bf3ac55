"""``make verify`` installs its own lock alone, so nothing that it imports may come from the other lock."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
_PINNED = re.compile(r"^([a-z0-9][a-z0-9._-]*)==", re.MULTILINE)


def pinned(lock: str) -> set[str]:
    return set(_PINNED.findall((REPOSITORY / "requirements" / lock).read_text(encoding="utf-8")))


def modules_of(distributions: set[str]) -> set[str]:
    """Names that are imported of installed distributions."""
    return {
        module
        for module, owners in packages_distributions().items()
        if {re.sub(r"[-_.]+", "-", owner).lower() for owner in owners} <= distributions
    }


def test_a_day_is_verified_with_the_packages_of_its_own_lock_alone(tmp_path: Path) -> None:
    absent = modules_of(pinned("dev.lock") - pinned("verify.lock"))
    assert {"cobs", "pytest", "hypothesis"} <= absent
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    for module in absent:
        # A module in the way is inherited by the processes that are started, as a blocked import would not be.
        (hidden / f"{module}.py").write_text(f"raise ModuleNotFoundError('no module named {module}')\n")
    path = os.pathsep.join([str(hidden), *(part for part in sys.path if part)])
    command = [sys.executable, "-m", "thecal_hil.cli", "verify"]
    ended = subprocess.run(
        [*command, "--duration", "5m", "--out", str(tmp_path)],
        env={**os.environ, "PYTHONPATH": path},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
