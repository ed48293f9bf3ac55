"""Each mistake put into a copy of the emulator's compiled path is found by the comparison of both paths."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from thecal_hil.campaigns.parity import observing
from thecal_hil.emulator import compiled

HIL = Path(compiled.__file__).parents[3]
MUTANTS = tomllib.loads((Path(__file__).parent / "mutants.toml").read_text())["mutant"]
SEED = 1
INSTRUCTIONS = 2_000_000


@pytest.fixture(scope="module")
def caches() -> dict[str, Path]:
    """Provide what was built of the true sources: all that a mutant does not change."""
    return {"compiled": compiled.build.build(), "observer": Path(observing.observer().__file__).parent}


def first_difference(folder: Path, caches: dict[str, Path], mutant: dict[str, str] | None) -> str:
    """Compare both paths of a copy of the emulator with a mistake in it; the first difference, in words."""
    copy, cache = folder / "hil", folder / "cache"
    shutil.copytree(HIL, copy, ignore=shutil.ignore_patterns("__pycache__"))
    room = copy / "thecal_hil/emulator/compiled"
    if mutant is not None:
        path = room / mutant["file"]
        path.write_text(path.read_text().replace(mutant["was"], mutant["becomes"]))
    shutil.copytree(caches["observer"], cache / "emulator" / caches["observer"].name)
    environment = {**os.environ, "THECAL_CACHE": str(cache), "PYTHONPATH": str(copy)}
    script = (
        "from thecal_hil.emulator.compiled import build; print(build.build(build.SOURCES, ('run_loop',)))"
    )
    built = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    ).stdout.strip()
    assert Path(built).is_relative_to(cache)
    for module in caches["compiled"].iterdir():
        if not module.name.startswith("run_loop"):
            shutil.copy(module, built)
    trial = subprocess.run(
        [sys.executable, Path(__file__).with_name("trial.py"), str(SEED), str(INSTRUCTIONS)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    # A mistake that brings the whole process down is found too; an error of the trial itself is none.
    assert trial.returncode <= 0, trial.stderr
    return trial.stdout.strip() if trial.returncode == 0 else f"ended by signal {-trial.returncode}"


@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant["what"] for mutant in MUTANTS])
def test_a_mistake_has_one_place(mutant: dict[str, str]) -> None:
    assert (compiled.build.SOURCES / mutant["file"]).read_text().count(mutant["was"]) == 1


@pytest.mark.campaign
def test_a_copy_without_a_mistake_does_what_the_emulator_does(
    tmp_path: Path, caches: dict[str, Path]
) -> None:
    assert first_difference(tmp_path, caches, None) == ""


@pytest.mark.campaign
@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant["what"] for mutant in MUTANTS])
def test_a_mistake_is_found(tmp_path: Path, caches: dict[str, Path], mutant: dict[str, str]) -> None:
    difference = first_difference(tmp_path, caches, mutant)
    print(difference)
    assert difference
