"""Each missing link between published number, requirement and test is found on a small project, and named."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from thecal_hil.evidence.trace.catalogue import CatalogueError, read_catalogue
from thecal_hil.evidence.trace.marks import read_marks
from thecal_hil.evidence.trace.matrix import Matrix, matrix_of
from thecal_hil.evidence.trace.project import matrix_of_project

REPOSITORY = Path(__file__).resolve().parents[2]

WHOLE = """
[[source]]
section = "1"
topic = "wheels"
numbers = ["A 1", "A 2", "A 3"]

[[requirement]]
id = "round"
text = "The wheel is round to 1 mm."
answers = ["A 1"]

[[requirement]]
id = "quiet"
text = "The wheel makes no noise."
answers = []
why = "Nobody asks for it."

[[not_applicable]]
what = "spokes"
answers = ["A 2"]
reason = "It is a disc."

[[pending]]
what = "brake"
answers = ["A 3", "A 1"]
reason = "Not built yet."
"""

TESTS = """
import pytest

@pytest.mark.requirement("round")
def test_round(): ...

@pytest.mark.campaign
@pytest.mark.requirement("quiet", "round")
def test_quiet(): ...
"""


def project(folder: Path, catalogue: str = WHOLE, tests: str = TESTS) -> Path:
    """Return a small project with requirements and tests."""
    for name, text in (("docs/requirements.toml", catalogue), ("tests/test_wheel.py", tests)):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def matrix_in(folder: Path) -> Matrix:
    return matrix_of(read_catalogue(folder / "docs/requirements.toml"), read_marks(folder / "tests", folder))


def trace(folder: Path) -> subprocess.CompletedProcess[str]:
    """Return the command that ``make trace`` runs."""
    return subprocess.run(
        [sys.executable, "-m", "thecal_hil.cli", "trace", "--least", "0", "--root", str(folder)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "COLUMNS": "160"},
    )


@pytest.mark.requirement("trace", "trace-known-ids", "trace-answers", "trace-mutants")
def test_the_matrix_of_this_project_is_whole() -> None:
    matrix = matrix_of_project(REPOSITORY)
    assert matrix.faults == ()
    assert len(matrix.traced) >= 90


def test_a_whole_chain_passes_and_is_written_down(tmp_path: Path) -> None:
    done = trace(project(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "trace: PASS 2 requirements (1 tested outside make test only), 2 tests, " in done.stdout
    assert "1 answered by requirements, 1 only pending; 1 pending, 1 not applicable, 0 faults" in done.stdout
    assert "pending: brake (A 3, A 1): Not built yet." in done.stdout
    told = json.loads((tmp_path / "build/evidence/trace.json").read_text(encoding="utf-8"))
    assert told["passed"]
    assert (told["requirements"], told["tests"], told["pending"], told["faults"]) == (2, 2, 1, 0)
    assert told["requirement_list"][0]["tests"] == [
        {"test": "tests/test_wheel.py::test_round", "in_make_test": True},
        {"test": "tests/test_wheel.py::test_quiet", "in_make_test": False},
    ]
    assert told["source_list"][0] == {
        "section": "1",
        "topic": "wheels",
        "number": "A 1",
        "requirements": ["round"],
        "pending": ["brake"],
        "not_applicable": [],
    }
    written = (tmp_path / "build/evidence/trace.md").read_text(encoding="utf-8")
    assert "| round | The wheel is round to 1 mm. | A 1 |  | `tests/test_wheel.py::test_round`<br>" in written
    assert "*`tests/test_wheel.py::test_quiet`*" in written
    assert "| brake | A 3, A 1 | Not built yet. |" in written
    assert "Faults" not in written


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ('@pytest.mark.requirement("round")\n', "", None),
        ('requirement("quiet", "round")', 'requirement("round")', "requirement quiet: no test is evidence"),
        (
            'requirement("round")',
            'requirement("rund")',
            "tests/test_wheel.py::test_round: there is no requirement rund",
        ),
        ('id = "quiet"', 'id = "round"', "requirement round: given 2 times"),
        ('numbers = ["A 1"', 'numbers = ["A 4", "A 1"', "source A 4 (1, wheels): nothing answers it"),
        ('answers = ["A 2"]', 'answers = ["A 1"]', "source A 2 (1, wheels): nothing answers it"),
        (
            'answers = ["A 1"]',
            'answers = ["A 1", "A 9"]',
            "requirement round: answers A 9, which is not among",
        ),
        ('"A 3", "A 1"]', '"A 3", "A 9"]', "pending, brake: answers A 9, which is not among"),
        ('answers = ["A 2"]', 'answers = ["A 2", "A 9"]', "not applicable, spokes: answers A 9"),
        ('numbers = ["A 1"', 'numbers = ["A 2", "A 1"', "source number A 2: given 2 times"),
        ("def test_round", "def try_round", "not a decorator of a test"),
    ],
)
def test_each_missing_link_is_found_and_named(
    tmp_path: Path, before: str, after: str, fault: str | None
) -> None:
    assert before in WHOLE + TESTS
    matrix = matrix_in(project(tmp_path, WHOLE.replace(before, after), TESTS.replace(before, after)))
    if fault is None:
        assert matrix.faults == ()
    else:
        assert any(fault in found for found in matrix.faults), matrix.faults


def test_the_command_fails_and_names_the_fault_when_a_link_is_missing(tmp_path: Path) -> None:
    done = trace(project(tmp_path, tests=TESTS.replace('"quiet", ', "")))
    assert done.returncode == 1
    assert "fault: requirement quiet: no test is evidence for it" in done.stdout
    assert "trace: FAIL 2 requirements" in done.stdout
    assert json.loads((tmp_path / "build/evidence/trace.json").read_text(encoding="utf-8"))["fault_list"] == [
        "requirement quiet: no test is evidence for it"
    ]
    assert "requirement quiet: no test" in (tmp_path / "build/evidence/trace.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ('text = "The wheel is round to 1 mm."\n', "", "requirement 1 (round): text is missing"),
        ('text = "The wheel is round to 1 mm."', 'text = ""', "text = '', allowed: what the pump must do"),
        ("round to 1 mm.", "round to 1 mm", "ending in a full stop"),
        ("round to 1 mm.", f"{'round ' * 60}.", "at most 300 characters"),
        ('id = "round"', 'id = "Round_1"', "an id is small letters"),
        ('why = "Nobody asks for it."\n', "", "requirement 'quiet': it answers no source"),
        ('why = "Nobody', 'wy = "Nobody', "requirement 2 (quiet): wy is not known; did you mean why?"),
        ('answers = ["A 2"]', "answers = []", "not_applicable 1 (spokes): answers is empty"),
        ('answers = ["A 2"]\n', "", "not_applicable 1 (spokes): answers is missing"),
        ('answers = ["A 1"]', 'answers = "A 1"', "answers = 'A 1', allowed: a list of texts"),
        ('answers = ["A 1"]', "answers = [1]", "answers = [1], allowed: a list of texts"),
        ('reason = "It is a disc."', "reason = 3", "reason = 3, allowed: why"),
        ("[[pending]]", "[[pendin]]", "pendin is not known; did you mean pending?"),
        ("[[pending]]", "[pending]", "pending is not a list; write [[pending]] before each"),
        ("[[source]]", "[[source", "docs/requirements.toml: "),
    ],
)
def test_a_requirements_file_out_of_form_is_refused_with_the_entry_named(
    tmp_path: Path, before: str, after: str, fault: str
) -> None:
    assert before in WHOLE
    path = project(tmp_path, WHOLE.replace(before, after)) / "docs/requirements.toml"
    with pytest.raises(CatalogueError) as refused:
        read_catalogue(path)
    assert fault in str(refused.value)


def test_what_can_not_be_read_ends_with_exit_code_2(tmp_path: Path) -> None:
    project(tmp_path)
    (tmp_path / "docs/requirements.toml").unlink()
    done = trace(tmp_path)
    assert done.returncode == 2
    assert "requirements.toml" in done.stderr
    done = trace(project(tmp_path, tests="def test_it(:\n"))
    assert done.returncode == 2
    assert "test_wheel.py" in done.stderr
