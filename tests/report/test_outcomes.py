"""The outcome of each test is kept for the report, and no failure is hidden by another phase or parameter."""

import json
import os
import sys

import pytest

pytest_plugins = ["pytester"]

TESTS = """
import pytest
def test_passes(): pass
def test_fails(): assert False
@pytest.mark.parametrize("n", [0, 1, 2])
def test_of_many(n): assert n != 1
@pytest.fixture
def broken():
    yield
    raise RuntimeError
def test_breaks_afterwards(broken): pass
def test_is_skipped(): pytest.skip("no board")
@pytest.mark.parametrize("n", [0, 1])
def test_sometimes_skipped(n):
    if n: pytest.skip("no board")
"""


@pytest.fixture(autouse=True)
def _same_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a process started elsewhere find the very sources that are tested here."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))


@pytest.mark.parametrize("processes", [(), ("-n", "2")])
def test_each_test_has_its_worst_outcome(pytester: pytest.Pytester, processes: tuple[str, ...]) -> None:
    pytester.makepyfile(test_it=TESTS)
    result = pytester.runpytest_subprocess("--outcomes", "out/tests.json", *processes)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    summary = json.loads((pytester.path / "out/tests.json").read_text())
    assert {test.split("::")[1]: outcome for test, outcome in summary["outcomes"].items()} == {
        "test_passes": "passed",
        "test_fails": "failed",
        "test_of_many": "failed",
        "test_breaks_afterwards": "failed",
        "test_is_skipped": "skipped",
        "test_sometimes_skipped": "passed",
    }
    assert (summary["passed"], summary["failed"], summary["skipped"]) == (2, 3, 1)
    assert summary["exit_code"] == 1
    assert summary["checkout"]


def test_a_file_that_can_not_be_imported_is_a_failure(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_it="import nothing_of_that_name")
    pytester.runpytest_subprocess("--outcomes", "tests.json")
    assert json.loads((pytester.path / "tests.json").read_text())["failed"] == 1
