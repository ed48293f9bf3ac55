"""A safety-bearing requirement without a mutant is a fault, and a mutant that its own tests miss is a survivor."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from thecal_hil.evidence.trace.catalogue import CatalogueError, read_catalogue
from thecal_hil.evidence.trace.marks import Evidence
from thecal_hil.evidence.trace.mutants import mutant_faults, read_mutants
from thecal_hil.evidence.trace.trial import tests_of as chosen_tests

REQUIREMENTS = """
[[source]]
section = "1"
topic = "wheels"
numbers = ["A 1"]

[[requirement]]
id = "round"
safety = true
text = "The wheel is round to 1 mm."
answers = ["A 1"]

[[requirement]]
id = "quiet"
text = "The wheel makes no noise."
answers = []
why = "Nobody asks for it."
"""

MUTANTS = """
[[mutant]]
requirement = "round"
mistake = "a wheel that is 2 mm off passes"
file = "host/thecal/wheel.py"
was = "off_mm <= 1"
becomes = "off_mm <= 2"
"""

WHEEL = "def is_round(off_mm):\n    return off_mm <= 1\n\n\ndef is_quiet(loud):\n    return not loud\n"

TESTS = """
import pytest
from thecal.wheel import is_quiet, is_round

@pytest.mark.requirement("round")
def test_a_wheel_that_is_too_far_off_is_not_round():
    assert is_round(1) and not is_round(LIMIT)

@pytest.mark.requirement("quiet")
def test_quiet():
    assert is_quiet(False)
"""

CONFTEST = """
from hypothesis import settings
settings.register_profile("mutants", max_examples=5)
"""


def project(folder: Path, **files: str) -> Path:
    """Return a small project whose wheel is tested at 2 mm; any of its files may be given otherwise."""
    content = {
        "docs/requirements.toml": REQUIREMENTS,
        "docs/requirement_mutants.toml": MUTANTS,
        "host/thecal/__init__.py": "",
        "host/thecal/wheel.py": WHEEL,
        "tests/conftest.py": CONFTEST,
        "tests/test_wheel.py": TESTS.replace("LIMIT", "2"),
        "pyproject.toml": '[tool.pytest.ini_options]\naddopts = ["--import-mode=importlib"]\n',
    }
    for name, text in {**content, **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def faults_in(folder: Path, least_named: int = 1) -> list[str]:
    catalogue = read_catalogue(folder / "docs/requirements.toml")
    return mutant_faults(
        catalogue, read_mutants(folder / "docs/requirement_mutants.toml"), folder, least_named
    )


def trials(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Return the command that ``make trace-mutants`` runs."""
    return subprocess.run(
        [sys.executable, "-m", "thecal_hil.cli", "trace-mutants", "--least", "1", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def test_a_mutant_in_its_place_is_no_fault(tmp_path: Path) -> None:
    assert faults_in(project(tmp_path)) == []


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ('requirement = "round"', 'requirement = "quiet"', "requirement round: bears on safety and names no"),
        ('requirement = "round"', 'requirement = "rund"', "there is no requirement rund"),
        ('was = "off_mm <= 1"', 'was = "off_mm <= 3"', "its text stands 0 times in host/thecal/wheel.py"),
        ('was = "off_mm <= 1"', 'was = "off_mm"', "its text stands 2 times in host/thecal/wheel.py"),
        ('becomes = "off_mm <= 2"', 'becomes = "off_mm <= 1"', "changes nothing"),
        ("host/thecal/wheel.py", "host/thecal/whel.py", "there is no file host/thecal/whel.py"),
        ("host/thecal/wheel.py", "tests/test_wheel.py", "is none of the sources"),
    ],
)
def test_a_mutant_that_is_missing_or_out_of_place_is_a_fault_with_its_name(
    tmp_path: Path, before: str, after: str, fault: str
) -> None:
    assert before in MUTANTS
    folder = project(tmp_path, **{"docs/requirement_mutants.toml": MUTANTS.replace(before, after)})
    found = faults_in(folder, least_named=0)
    assert any(fault in one for one in found), found


def test_two_mutants_that_are_the_same_change_are_a_fault(tmp_path: Path) -> None:
    again = MUTANTS.replace('"round"', '"quiet"')
    folder = project(tmp_path, **{"docs/requirement_mutants.toml": MUTANTS + again})
    assert faults_in(folder) == ["mutant of host/thecal/wheel.py: 'off_mm <= 1' is changed alike by 2"]


def test_too_few_requirements_with_a_mutant_are_a_fault(tmp_path: Path) -> None:
    found = faults_in(project(tmp_path), least_named=2)
    assert found == ["1 safety-bearing requirements name a mutant, fewer than 2"]


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ('was = "off_mm <= 1"\n', "", "was is missing; give text that stands once"),
        ('mistake = "a', 'misteak = "a', "misteak is not known; did you mean mistake?"),
        ("[[mutant]]", "[[mutants]]", "mutants is not known; did you mean mutant?"),
        ('becomes = "off_mm <= 2"', "becomes = 2", "becomes = 2, allowed: what is put in its place"),
    ],
)
def test_a_file_of_mutants_out_of_form_is_refused_with_the_entry_named(
    tmp_path: Path, before: str, after: str, fault: str
) -> None:
    folder = project(tmp_path, **{"docs/requirement_mutants.toml": MUTANTS.replace(before, after)})
    with pytest.raises(CatalogueError) as refused:
        read_mutants(folder / "docs/requirement_mutants.toml")
    assert fault in str(refused.value)


def test_a_mutant_that_the_requirements_own_test_notices_passes_and_is_not_tried_again(
    tmp_path: Path,
) -> None:
    folder = project(tmp_path)
    done = trials(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 of 1 mutants to try" in done.stdout
    assert "noticed  round: a wheel that is 2 mm off passes: tests/test_wheel.py::test_a_wheel" in done.stdout
    assert (folder / "host/thecal/wheel.py").read_text() == WHEEL
    told = json.loads((folder / "build/evidence/trace-mutants.json").read_text())
    assert (told["mutants"], told["tried"], told["noticed"]) == (1, 1, 1)
    again = trials(folder)
    assert again.returncode == 0
    assert "0 of 1 mutants to try" in again.stdout
    (folder / "tests/test_wheel.py").write_text(TESTS.replace("LIMIT", "3"))
    assert "1 of 1 mutants to try" in trials(folder).stdout


def test_a_mutant_that_only_tests_of_other_requirements_would_notice_survives(tmp_path: Path) -> None:
    missed = TESTS.replace("LIMIT", "3").replace("assert is_quiet(False)", "assert not is_round(2)")
    done = trials(project(tmp_path, **{"tests/test_wheel.py": missed}))
    assert done.returncode == 1
    assert "SURVIVED round: a wheel that is 2 mm off passes: all its tests pass" in done.stdout
    assert "trace-mutants: FAIL 1 mutants, 0 noticed" in done.stdout


def test_a_test_that_fails_without_the_mistake_too_shows_nothing(tmp_path: Path) -> None:
    broken = TESTS.replace("LIMIT", "1")
    done = trials(project(tmp_path, **{"tests/test_wheel.py": broken}))
    assert done.returncode == 1
    assert "its test fails without the mistake too" in done.stdout


def test_a_mutant_with_which_nothing_can_be_imported_is_not_noticed(tmp_path: Path) -> None:
    unreadable = MUTANTS.replace('becomes = "off_mm <= 2"', 'becomes = "off_mm <= ("')
    done = trials(project(tmp_path, **{"docs/requirement_mutants.toml": unreadable}))
    assert done.returncode == 1
    assert "SURVIVED" in done.stdout
    assert "pytest ended with" in done.stdout


def test_a_requirement_that_names_no_mutant_can_not_be_chosen(tmp_path: Path) -> None:
    done = trials(project(tmp_path), "quiet")
    assert done.returncode != 0
    assert "no mutant is named for quiet" in done.stderr


def test_tests_are_those_of_the_rig_and_the_quickest_come_first() -> None:
    evidence = [
        Evidence("hil/thecal_hil/scenario/library/wheel.toml", "round", True),
        Evidence("tests/hil/test_board.py::test_it", "round", True),
        Evidence("tests/controller/test_wheel.py::test_it", "round", True),
        Evidence("tests/core/test_wheel.py::test_it", "round", True),
        Evidence("tests/core/test_wheel.py::test_for_hours", "round", False),
    ]
    library = "tests/scenarios/test_library.py::test_a_scenario_of_the_library_holds"
    assert chosen_tests(evidence, board=False) == [
        "tests/core/test_wheel.py::test_it",
        "tests/controller/test_wheel.py::test_it",
        f"{library}[model-wheel]",
    ]
    assert chosen_tests(evidence, board=True) == [
        "tests/hil/test_board.py::test_it",
        f"{library}[pico-wheel]",
    ]
