"""The reach of the tests: which run which lines of the firmware, and how much processor time each takes. One run of
all of them, on the real sources, with every line followed.

It also shows that all tests pass before anything is changed. What is found is kept in the machine's cache for each
file of tests, and holds until that file or any source changes.
"""

import ast
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import coverage
import pytest

from mutants.results import keep, named, read_kept
from mutants.trial import PYTEST, in_a_fork


@dataclass(frozen=True)
class OfFile:
    """The reach of one file's tests: seconds by test, and by source file and line the numbers of the tests."""

    digest: str
    seconds: dict[str, float]
    lines: dict[str, dict[str, list[int]]]


class Reach:
    """The reach of every test.

    seconds: that each test took, with its lines followed.
    imported: names of all modules that the tests imported.
    """

    def __init__(self, files: dict[str, OfFile], imported: list[str]):
        self.imported = imported
        self.seconds = {
            test: seconds for of_file in files.values() for test, seconds in of_file.seconds.items()
        }
        self._files = files
        self._tests = {file: list(of_file.seconds) for file, of_file in files.items()}

    def tests_of(self, source: str, lines: Sequence[int]) -> set[str]:
        """Return tests that run any of these lines of a source."""
        return {
            self._tests[file][number]
            for file, of_file in self._files.items()
            for line in lines
            for number in of_file.lines.get(source, {}).get(str(line), ())
        }

    def files_of(self, source: str) -> set[str]:
        """Return files of the tests that run a line of a source."""
        return {file for file, of_file in self._files.items() if any(of_file.lines.get(source, {}).values())}


class _Follow:
    """Finds out which tests run which lines of some sources, and how long each of them takes."""

    def __init__(self, sources: Sequence[str]):
        self._coverage = coverage.Coverage(data_file=None, include=list(sources), config_file=False)
        self.seconds: dict[str, float] = {}
        self.failed = ""
        self._since_s = 0.0
        self._coverage.start()

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self._coverage.switch_context(item.nodeid)
        self._since_s = time.process_time()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        now_s = time.process_time()
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0) + now_s - self._since_s
        self._since_s = now_s
        if report.failed:
            self.failed = report.nodeid

    def of_files(self, digests: dict[str, str]) -> dict[str, OfFile]:
        """Return what was found out, by file of tests."""
        self._coverage.stop()
        data = self._coverage.get_data()
        found = {file: OfFile(digest, {}, {}) for file, digest in digests.items()}
        for test, seconds in self.seconds.items():
            found[test.split("::")[0]].seconds[test] = round(seconds, 4)
        numbers = {test: number for one in found.values() for number, test in enumerate(one.seconds)}
        for measured in data.measured_files():
            source = named(Path(measured))
            for line, tests in data.contexts_by_lineno(measured).items():
                # What runs while the tests are imported has no name of a test.
                for test in sorted(filter(None, tests)):
                    of_line = (
                        found[test.split("::")[0]].lines.setdefault(source, {}).setdefault(str(line), [])
                    )
                    of_line.append(numbers[test])
        return found


def find_reach(digests: dict[str, str], sources: Sequence[str], kept: Path, digest_of_sources: str) -> Reach:
    """Run files of tests on the sources as they are, but those with the digest of last time if all that they run has
    its own. sources: paths of those whose lines are followed.

    SystemExit if a test fails.
    """
    files, imported = _read(kept, digest_of_sources)
    files = {file: found for file, found in files.items() if digests.get(file) == found.digest}
    missing = {file: digest for file, digest in digests.items() if file not in files}
    if not missing:
        return Reach(files, imported)

    def run() -> str:
        follow = _Follow(sources)
        code = pytest.main([*PYTEST, *missing], plugins=[follow])
        if code != pytest.ExitCode.OK:
            return follow.failed or f"pytest: {pytest.ExitCode(code).name}"
        found = {file: asdict(one) for file, one in {**files, **follow.of_files(missing)}.items()}
        told = {"sources": digest_of_sources, "files": found, "imported": sorted({*imported, *sys.modules})}
        keep(kept, told)
        return ""

    verdict = in_a_fork(run)
    if verdict.is_killed:
        raise SystemExit(f"tests fail on the unchanged sources: {verdict.by}")
    return Reach(*_read(kept, digest_of_sources))


def _read(kept: Path, digest_of_sources: str) -> tuple[dict[str, OfFile], list[str]]:
    told = read_kept(kept)
    if told is None or told.get("sources") != digest_of_sources:
        return {}, []
    return {file: OfFile(**found) for file, found in told["files"].items()}, told["imported"]


def lines_of_statement(tree: ast.AST, line: int) -> range:
    """Return lines of the innermost statement that a line is in; of one with a body those above the body."""
    best = range(line, line + 1)
    for node in ast.walk(tree):
        if isinstance(node, (ast.stmt, ast.excepthandler)):
            body = getattr(node, "body", None)
            end = body[0].lineno if body else (node.end_lineno or node.lineno) + 1
            lines = range(node.lineno, max(end, node.lineno + 1))
            # Statements are walked from the outside in.
            if line in lines:
                best = lines
    return best
