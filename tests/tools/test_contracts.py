"""The contracts of pyproject.toml let this repository through and name each import that goes the wrong way."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
ROOTS = ("firmware", "firmware/probe", "host", "sim", "hil")
PACKAGES = (
    "firmware/thecal_fw",
    "firmware/probe/thecal_probe",
    "host/thecal",
    "sim/thecal_sim",
    "hil/thecal_hil",
)
PLANTED = {
    "packages": ("host/thecal/amounts.py", "thecal_sim.units"),
    "pumps": ("host/thecal/pumps/reader.py", "thecal_fw.core.limits"),
    "firmware": ("firmware/thecal_fw/core/ledger.py", "thecal_fw.link.frames"),
    "firmware-hardware": ("firmware/thecal_fw/core/limits.py", "machine"),
    "firmware-board": ("firmware/thecal_fw/pump/controller.py", "thecal_fw.rp2.clock"),
    "firmware-link": ("firmware/thecal_fw/pump/infusion.py", "thecal_fw.link.frames"),
    "firmware-version": ("firmware/thecal_fw/store/ring.py", "thecal_fw.version"),
    "firmware-requests": ("firmware/thecal_fw/requests/server.py", "thecal_fw.store.ring"),
    "firmware-start": ("firmware/thecal_fw/start/main.py", "thecal_fw.core.ledger"),
    "probe": ("firmware/probe/thecal_probe/pins.py", "thecal_fw.core.ledger"),
    "host": ("host/thecal/errors.py", "thecal_fw.pump.controller"),
    "host-rooms": ("host/thecal/link.py", "thecal.cli.common"),
    "console-library": ("host/thecal/console/desk.py", "nicegui"),
    "console-rules": ("host/thecal/console/views/pump.py", "thecal_fw.core.limits"),
    "console-rooms": ("host/thecal/console/draft.py", "thecal.console.acts"),
    "sim": ("sim/thecal_sim/therapy/plan.py", "thecal_sim.motor"),
    "oracle": ("sim/thecal_sim/ideal.py", "thecal_fw.core.limits"),
    "verification": ("hil/thecal_hil/contract/rig.py", "thecal_hil.course.course"),
}
"""By contract, a file and what is imported in it against that contract."""


def lint(sources: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"]
    return subprocess.run(
        [*command, "--no-cache", "--no-logo", str(REPOSITORY / "pyproject.toml")],
        cwd=sources,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(sources / one) for one in ROOTS] + sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Provide what is said of a copy with an import planted against each contract."""
    sources = tmp_path_factory.mktemp("planted")
    for package in PACKAGES:
        shutil.copytree(REPOSITORY / package, sources / package, ignore=shutil.ignore_patterns("__pycache__"))
    for file, imported in PLANTED.values():
        with (sources / file).open("a", encoding="utf-8") as end:
            end.write(f"\n\ndef _planted():\n    import {imported}\n")
    done = lint(sources)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


def test_this_repository_keeps_them() -> None:
    done = lint(REPOSITORY)
    assert done.returncode == 0, done.stdout + done.stderr


def test_something_is_planted_against_each() -> None:
    contracts = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    assert [contract["id"] for contract in contracts] == list(PLANTED)


@pytest.mark.parametrize("contract", PLANTED)
def test_an_import_against_it_is_named(told: str, contract: str) -> None:
    file, imported = PLANTED[contract]
    importer = next(
        Path(file).relative_to(root) for root in reversed(ROOTS) if Path(file).is_relative_to(root)
    )
    arrow = f"{'.'.join(importer.with_suffix('').parts)} -> {imported}"
    assert arrow in told, told
