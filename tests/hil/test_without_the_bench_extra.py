"""Somebody who installed the package for the pump's commands alone: pytest starts, and what needs more says what."""

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from thecal_hil.contract.image import REPOSITORY
from thecal_hil.groundwork import bench_extra

PACKAGED = ("firmware", "host", "sim", "hil", "pyproject.toml", "README.md", "LICENSE", "NOTICE")
IMPORTED_AS = {"pyvcd": "vcd"}
WHAT_TO_INSTALL = 'pip install "thecal[bench]"'


def names_of_the_extra() -> set[str]:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    return {Requirement(text).name for text in project["optional-dependencies"]["bench"]}


def with_what_they_need(names: list[str]) -> set[str]:
    """Return distributions with all that they depend on, without any extras."""
    found: set[str] = set()
    while names:
        name = names.pop()
        if name in found:
            continue
        found.add(name)
        for requirement in map(Requirement, distribution(name).requires or ()):
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                names.append(requirement.name)
    return found


def folders_of(name: str) -> Iterator[Path]:
    """Yield the files and folders of a distribution, as they lie side by side with those of others."""
    of = distribution(name)
    for first in {path.parts[0] for path in of.files or () if ".." not in path.parts}:
        yield Path(str(of.locate_file(first)))


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Provide the interpreter of a fresh environment: the package from a wheel, its own dependencies, pytest, and no
    more."""
    folder = tmp_path_factory.mktemp("without")
    (folder / "sources").mkdir()
    for part in PACKAGED:
        copy = shutil.copytree if (REPOSITORY / part).is_dir() else shutil.copy
        copy(REPOSITORY / part, folder / "sources" / part)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    wheel_of = ("--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", folder, folder / "sources")
    subprocess.run([*pip, "wheel", *wheel_of], check=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    interpreter = folder / "venv/bin/python"
    (wheel,) = folder.glob("thecal-*.whl")
    subprocess.run([*pip, "--python", interpreter, "install", "--no-deps", "--no-index", wheel], check=True)
    (packages,) = folder.glob("venv/lib/python*/site-packages")
    host_alone = with_what_they_need(["keyring", "pyserial", "rich", "typer", "pytest"])
    for found in {path for name in host_alone for path in folders_of(name)}:
        if not (packages / found.name).exists() and found.exists():
            (packages / found.name).symlink_to(found)
    return interpreter


def run(*command: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_nothing_of_the_extra_is_in_that_environment(python: Path, tmp_path: Path) -> None:
    look = "import importlib.util as u, sys; print([n for n in sys.argv[1:] if u.find_spec(n)])"
    assert run(python, "-c", look, *bench_extra.MODULES, folder=tmp_path).stdout.strip() == "[]"


def test_the_modules_looked_for_are_those_of_the_extra() -> None:
    assert set(bench_extra.MODULES) == {IMPORTED_AS.get(name, name) for name in names_of_the_extra()}


def test_pytest_runs_tests_that_ask_for_no_rig(python: Path, tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text("def test_it(): pass\n")
    done = run(python, "-m", "pytest", folder=tmp_path)
    assert "1 passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("fixture", ["rig", "course"])
def test_a_test_that_asks_for_a_rig_fails_with_what_to_install(
    python: Path, tmp_path: Path, fixture: str
) -> None:
    (tmp_path / "test_own.py").write_text(
        f"import pytest\n@pytest.mark.needs('plant')\ndef test_it({fixture}): pass\ndef test_other(): pass\n"
    )
    done = run(python, "-m", "pytest", "--strict-markers", folder=tmp_path)
    assert "1 passed, 1 error" in done.stdout, done.stdout + done.stderr
    assert WHAT_TO_INSTALL in done.stdout
    assert "Traceback" not in done.stdout


def test_a_rig_asked_for_by_name_is_refused_with_what_to_install(python: Path, tmp_path: Path) -> None:
    done = run(python, "-m", "pytest", "--rig", "model", folder=tmp_path)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert WHAT_TO_INSTALL in done.stderr


def test_the_command_of_the_bench_says_what_to_install(python: Path, tmp_path: Path) -> None:
    done = run(python.with_name("thecal-hil"), "--help", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("thecal-hil needs ")
    assert done.stderr.endswith(f"which is not installed: {WHAT_TO_INSTALL}\n")


def test_the_pump_s_own_command_works(python: Path, tmp_path: Path) -> None:
    done = run(python.with_name("thecal"), "--help", folder=tmp_path)
    assert done.returncode == 0, done.stderr


def test_another_missing_module_is_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_name: str) -> None:
        raise ModuleNotFoundError("No module named 'thecal_hil.gone'", name="thecal_hil.gone")

    monkeypatch.setattr(bench_extra, "import_module", broken)
    with pytest.raises(ModuleNotFoundError, match="gone"):
        bench_extra.import_with_bench("thecal_hil.cli.command", "thecal-hil")
