"""A long run of the tests reports how many are done, where nobody watches."""

from __future__ import annotations

import os
import sys

import pytest

pytest_plugins = ["pytester"]

TESTS = "import pytest\n@pytest.mark.parametrize('number', range(4))\ndef test_it(number): print('heard')\n"
EVERY_TEST_IS_A_MINUTE = "from thecal_hil.groundwork import progress\nprogress.PLAIN_EVERY_S = 0\n"


@pytest.fixture(autouse=True)
def _same_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a process started elsewhere find the very sources that are tested here."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))


@pytest.mark.parametrize("arguments", [(), ("-n", "2"), ("-p", "no:capture"), ("-s",)])
def test_a_long_run_says_on_the_error_stream_how_many_tests_are_done(
    pytester: pytest.Pytester, arguments: tuple[str, ...]
) -> None:
    pytester.makeini("[pytest]\nthecal_tests_to_go = true\n")
    pytester.makeconftest(EVERY_TEST_IS_A_MINUTE)
    pytester.makepyfile(test_it=TESTS)
    result = pytester.runpytest_subprocess(*arguments)
    result.assert_outcomes(passed=4)
    told = [line for line in result.errlines if line.startswith("tests: ")]
    assert told[-1] == "tests: 4 of 4 tests, 100 %, finishing"
    assert [line.split(",")[0] for line in told] == [f"tests: {done} of 4 tests" for done in range(1, 5)]


def test_a_short_run_says_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_it=TESTS)
    assert not pytester.runpytest_subprocess().errlines
