"""The package as somebody else has it: a wheel in a fresh environment, and the README's example in an empty folder."""

import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from thecal_hil.contract.image import REPOSITORY
from thecal_hil.scenario.reader import EXAMPLES, library_files

PACKAGED = ("firmware", "host", "sim", "hil", "pyproject.toml", "README.md", "LICENSE", "NOTICE")


def example_of_the_readme() -> str:
    """Return the test that the README shows."""
    blocks = re.findall(r"```python\n(.*?)```", (REPOSITORY / "README.md").read_text("utf-8"), re.DOTALL)
    (example,) = [block for block in blocks if "def test_" in block]
    return example


def run(*command: str | Path, folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Provide the interpreter of an environment that has the package from a wheel, and what it depends on from here."""
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "sources").mkdir()
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    # Built from a copy: what an earlier build has left beside the sources would get into the wheel.
    for part in PACKAGED:
        copy = shutil.copytree if (REPOSITORY / part).is_dir() else shutil.copy
        copy(REPOSITORY / part, folder / "sources" / part)
    wheel_of = ("--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", folder, folder / "sources")
    run(*pip, "wheel", *wheel_of, folder=folder)
    run(sys.executable, "-m", "venv", "--without-pip", folder / "venv", folder=folder)
    interpreter = folder / "venv/bin/python"
    (wheel,) = folder.glob("thecal-*.whl")
    run(*pip, "--python", interpreter, "install", "--no-deps", "--no-index", wheel, folder=folder)
    spec = find_spec("simpy")
    assert spec is not None
    assert spec.origin is not None
    # Named in a .pth file, a folder is searched for packages and the editable installs in it are not.
    (packages,) = folder.glob("venv/lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(f"{Path(spec.origin).parents[1]}\n")
    return interpreter


def test_the_package_comes_from_the_wheel(python: Path, tmp_path: Path) -> None:
    said = run(python, "-c", "import thecal_hil; print(thecal_hil.__file__)", folder=tmp_path)
    assert Path(said.strip()).is_relative_to(python.parents[1])


def test_the_readmes_example_passes_in_an_empty_folder(python: Path, tmp_path: Path) -> None:
    (tmp_path / "test_example.py").write_text(example_of_the_readme(), encoding="utf-8")
    assert "1 passed" in run(python, "-m", "pytest", "--rig", "model", folder=tmp_path)


def test_several_workers_each_have_a_rig_of_their_own(python: Path, tmp_path: Path) -> None:
    for number in range(4):
        (tmp_path / f"test_example_{number}.py").write_text(example_of_the_readme(), encoding="utf-8")
    assert "4 passed" in run(python, "-m", "pytest", "--rig", "model", "-n", "2", folder=tmp_path)


def test_a_broken_pump_fails_somebody_elses_test(python: Path, tmp_path: Path) -> None:
    slower = example_of_the_readme().replace(
        "    course.must_be_ideal()",
        "    course.rig.faults.inject(Fault.GENERATOR_STARVES)\n    course.rig.run_for(60)\n    course.must_be_ideal()",
    )
    (tmp_path / "test_example.py").write_text(
        f"from thecal_hil.contract.faults import Fault\n{slower}", encoding="utf-8"
    )
    done = subprocess.run(
        [python, "-m", "pytest", "--rig", "model"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert "1 failed" in done.stdout


def scenarios_with_an_example() -> list[str]:
    """Return the scenarios of the library whose prescription is one of the users' examples, without the long ones."""
    texts = {path.stem: path.read_text("utf-8") for path in library_files()}
    return [
        name
        for name, text in texts.items()
        if re.search(r"^file = ", text, re.MULTILINE) and "long" not in text
    ]


def test_the_examples_that_scenarios_prescribe_are_those_of_the_users() -> None:
    assert EXAMPLES.samefile(REPOSITORY / "examples")


def test_the_whole_library_is_listed_in_an_empty_folder(python: Path, tmp_path: Path) -> None:
    said = run(python, "-m", "thecal_hil.cli", "list", folder=tmp_path)
    assert f"{len(library_files())} scenarios in" in said


def test_scenarios_that_prescribe_an_example_pass_in_an_empty_folder(python: Path, tmp_path: Path) -> None:
    names = scenarios_with_an_example()
    assert len(names) > 5
    said = run(python, "-m", "thecal_hil.cli", "run", *names, "--rig", "model", folder=tmp_path)
    assert f"PASS {len(names)} passed on the model rig" in said
    assert (tmp_path / "build/evidence/scenarios/scenarios-model.json").is_file()
