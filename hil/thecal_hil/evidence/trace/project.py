"""The matrix of a whole project: its requirements file, the marks in its tests, and its scenarios."""

from __future__ import annotations

from pathlib import Path

from thecal_hil.evidence.trace.catalogue import read_catalogue
from thecal_hil.evidence.trace.marks import read_marks, read_scenarios
from thecal_hil.evidence.trace.matrix import Matrix, matrix_of
from thecal_hil.evidence.trace.mutants import LEAST_NAMED, mutant_faults, read_mutants

REQUIREMENTS = Path("docs/requirements.toml")
MUTANTS = Path("docs/requirement_mutants.toml")
SCENARIOS = Path("hil/thecal_hil/scenario/library")
TESTS = Path("tests")


def matrix_of_project(root: Path, least_named: int = LEAST_NAMED) -> Matrix:
    """Raise CatalogueError for a file of requirements or mutants; SyntaxError or UnicodeDecodeError for a test.

    least_named: how many safety-bearing requirements have to name a mutant.
    """
    catalogue = read_catalogue(root / REQUIREMENTS)
    marks = read_marks(root / TESTS, root)
    of_scenarios = read_scenarios(root / SCENARIOS, root)
    marks.evidence += of_scenarios.evidence
    marks.faults += of_scenarios.faults
    mutants = read_mutants(root / MUTANTS)
    return matrix_of(catalogue, marks, mutants, mutant_faults(catalogue, mutants, root, least_named))
