"""The matrix of a whole project: its requirements file, the marks in its tests, and its scenarios."""

from __future__ import annotations

from pathlib import Path

from thecal_hil.trace.catalogue import read_catalogue
from thecal_hil.trace.marks import read_marks, read_scenarios
from thecal_hil.trace.matrix import Matrix, matrix_of

REQUIREMENTS = Path("docs/requirements.toml")
SCENARIOS = Path("hil/thecal_hil/scenario/library")
TESTS = Path("tests")


def matrix_of_project(root: Path) -> Matrix:
    """Raises CatalogueError for the requirements file; SyntaxError or UnicodeDecodeError for a test."""
    catalogue = read_catalogue(root / REQUIREMENTS)
    marks = read_marks(root / TESTS, root)
    of_scenarios = read_scenarios(root / SCENARIOS, root)
    marks.evidence += of_scenarios.evidence
    marks.faults += of_scenarios.faults
    return matrix_of(catalogue, marks)
