"""The selection that a change calls for: which files of tests it is felt in, and which files may have new type
errors.

Tests come in the order of how much they say about the change for their time: over how few imports it is felt in them,
and then how few files they rest on.
"""

import fnmatch
from dataclasses import dataclass
from pathlib import PurePosixPath

from quick.import_graph import ImportGraph

MOST_TYPED = 60
"""Files to check the types of, if those that import the changed ones are no more: a third of what all 430 that the core
is felt in take."""
_CONFIGURATION = ("pyproject.toml", "requirements/dev.lock", "firmware/board/stubs.lock")
_DATA_OF = (
    ("hil/thecal_hil/scenario/library/*", "hil/thecal_hil/scenario/reader.py"),
    ("hil/thecal_hil/scenario/*.toml", "hil/thecal_hil/scenario/coverage.py"),
    ("hil/thecal_hil/report/templates/*", "hil/thecal_hil/report/page.py"),
    ("examples/*", "hil/thecal_hil/scenario/reader.py"),
    ("docs/requirements.toml", "hil/thecal_hil/evidence/trace/catalogue.py"),
    ("docs/*", "tests/docs/test_documents.py"),
    ("README.md", "tests/docs/test_documents.py"),
    ("firmware/board/pins.toml", "firmware/board/sources.py"),
    ("firmware/board/*", "firmware/board/build.py"),
    ("hil/thecal_hil/emulator/compiled/*", "hil/thecal_hil/emulator/compiled/__init__.py"),
)
"""Files that are no modules, and the module that stands for them: a change of the one is one of the other."""


@dataclass(frozen=True)
class Selection:
    """The selection of what to run on a change.

    tests: files of tests that it is felt in, those first that say the most about it.
    other_tests: how many files of tests it is not felt in.
    typed: files to check the types of, those first that it is felt in over the fewest imports; None for all.
    other_typed: in how many files more it may make type errors.
    unknown: changed files that nothing is known of.
    """

    tests: list[str]
    other_tests: int
    typed: list[str] | None
    other_typed: int
    unknown: list[str]


def select(graph: ImportGraph, changed: frozenset[str]) -> Selection:
    """Return what concerns a change.

    The types in a file depend on it and all it imports, directly or not, so a change makes no errors elsewhere; unless
    it is one of the checker's settings or takes a module away. Where names and signatures are used is checked first,
    the changed files and those that import them; types that only pass through others come last, as time allows.
    """
    modules: set[str] = set()
    unknown: list[str] = []
    for file in sorted(changed):
        if file in graph.files:
            modules.add(file)
        elif (module := _module_for(file)) is not None:
            modules.add(module)
        else:
            unknown.append(file)
    distances = graph.distances(modules)
    tests = [file for file in graph.files if is_test(file)]
    felt_in = sorted(
        (file for file in tests if file in distances),
        key=lambda file: (distances[file], graph.rests_on(file), file),
    )
    is_removed = any(file.endswith(".py") for file in unknown)
    all_types = is_removed or not changed.isdisjoint(_CONFIGURATION)
    nearest = sorted(distances, key=lambda file: (distances[file], file))
    at_least = sum(distance <= 1 for distance in distances.values())
    typed = nearest[: max(at_least, MOST_TYPED)]
    other_tests, other_typed = len(tests) - len(felt_in), len(nearest) - len(typed)
    if all_types:
        return Selection(felt_in, other_tests, None, 0, unknown)
    return Selection(felt_in, other_tests, typed, other_typed, unknown)


def is_test(file: str) -> bool:
    """Return True for a file that pytest collects."""
    path = PurePosixPath(file)
    return path.parts[0] == "tests" and path.name.startswith("test_")


def _module_for(file: str) -> str | None:
    return next((module for pattern, module in _DATA_OF if fnmatch.fnmatch(file, pattern)), None)
