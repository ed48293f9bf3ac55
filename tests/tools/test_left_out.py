"""A run of tests ends in what it left out, and a run that left out nothing says nothing of it."""

import pytest

from thecal_hil.contract.image import REPOSITORY

pytest_plugins = ["pytester"]


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY / "tests"))
    pytester.makeini('[pytest]\naddopts = -m "not campaign"\nmarkers = campaign')
    (pytester.mkdir("tests") / "flash").mkdir()
    (pytester.path / "tests/flash/test_it.py").write_text(
        "import pytest\n"
        "def test_quick(): pass\n"
        "@pytest.mark.campaign\n"
        "@pytest.mark.parametrize('n', range(3))\n"
        "def test_long(n): pass\n"
        "@pytest.mark.skip(reason='there is no sigrok-cli')\n"
        "def test_waves(): pass\n"
    )
    return pytester


@pytest.mark.parametrize("workers", ["0", "2"])
def test_what_is_left_out_is_told_with_the_reason_however_many_workers(
    project: pytest.Pytester, workers: str
) -> None:
    done = project.runpytest_subprocess("-p", "tools.left_out", "-n", workers, "tests")
    done.assert_outcomes(passed=1, skipped=1, deselected=3 if workers == "0" else 0)
    done.stdout.fnmatch_lines(
        ["*left out*", "3 tests that belong to campaigns*: flash 3", "1 skipped: there is no sigrok-cli"]
    )


def test_what_was_not_asked_for_is_told_apart_from_campaigns(project: pytest.Pytester) -> None:
    done = project.runpytest_subprocess("-p", "tools.left_out", "-k", "waves", "tests")
    done.stdout.fnmatch_lines(
        ["3 tests that belong to campaigns*: flash 3", "1 tests not asked for: flash 1"]
    )


def test_a_run_of_all_tests_says_nothing(project: pytest.Pytester) -> None:
    done = project.runpytest_subprocess("-p", "tools.left_out", "-m", "", "-k", "not waves", "tests")
    assert "campaigns" not in done.stdout.str()
    done = project.runpytest_subprocess(
        "-p", "tools.left_out", "-m", "", "tests/flash/test_it.py::test_quick"
    )
    assert "left out" not in done.stdout.str()
