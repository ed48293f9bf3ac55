"""The reach of an edit is found by what imports what, what is changed by git's own word, and nothing is left out in
silence."""

import json
import subprocess
import tomllib
from pathlib import Path

import pytest

from quick import __main__ as quick
from quick.changes import changes_of
from quick.import_graph import ImportGraph
from quick.selection import select
from thecal_hil.contract.image import REPOSITORY
from thecal_hil.scenario.reader import read_library

pytest_plugins = ["pytester"]


def files(folder: Path, **texts: str) -> Path:
    """Return a folder of files; a double underscore in a name stands for a slash."""
    for name, text in texts.items():
        path = folder / (name.replace("__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Provide a pump of three modules, and tests of each in a folder that does not say of which."""
    (tmp_path / "src/pump").mkdir(parents=True)
    (tmp_path / "src/pump/__init__.py").touch()
    return files(
        tmp_path,
        src__pump__rate="RATE = 1\n",
        src__pump__motor="from pump.rate import RATE\n",
        src__pump__log="LINES = []\n",
        tests__a__test_first="from pump import motor\n",
        tests__a__test_second="def test_it():\n    from pump.rate import RATE\n",
        tests__b__test_third="import pump.log\n",
        tests__b__test_fourth="def test_it(board): board.run('from pump import x')\n",
        tests__b__conftest="from pump.motor import RATE\n",
    )


def felt_in(project: Path, *changed: str) -> list[str]:
    return select(ImportGraph(project, ("src", "tests")), frozenset(changed)).tests


def test_a_change_is_felt_in_what_imports_it_the_nearest_first(project: Path) -> None:
    assert felt_in(project, "src/pump/rate.py") == [
        "tests/a/test_second.py",
        "tests/a/test_first.py",
        "tests/b/test_fourth.py",
        "tests/b/test_third.py",
    ]


def test_a_change_that_nothing_imports_is_felt_in_its_own_tests_alone(project: Path) -> None:
    assert felt_in(project, "src/pump/log.py") == ["tests/b/test_third.py"]
    assert felt_in(project, "tests/b/test_fourth.py") == ["tests/b/test_fourth.py"]


def test_a_package_s_own_file_is_felt_in_all_that_imports_from_it(project: Path) -> None:
    assert len(felt_in(project, "src/pump/__init__.py")) == 4


def test_imports_that_a_test_sends_to_the_board_count_too() -> None:
    tests = select(ImportGraph(REPOSITORY), frozenset({"firmware/thecal_fw/rp2/steptrain.py"})).tests
    assert "tests/firmware/test_rp2_steptrain.py" in tests


def test_files_without_a_rule_are_told_and_data_stand_for_their_reader(project: Path) -> None:
    graph = ImportGraph(REPOSITORY)
    assert select(graph, frozenset({"LICENSE"})).unknown == ["LICENSE"]
    library = select(graph, frozenset({"hil/thecal_hil/scenario/library/a-school-day.toml"}))
    assert "tests/scenarios/test_library.py" in library.tests
    assert library.unknown == []


def test_types_are_checked_in_what_imports_a_change_and_the_others_are_counted(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quick.selection.MOST_TYPED", 3)
    graph = ImportGraph(project, ("src", "tests"))
    rate = select(graph, frozenset({"src/pump/rate.py"}))
    assert rate.typed == ["src/pump/rate.py", "src/pump/motor.py", "tests/a/test_second.py"]
    # Left out are the test of the motor, the conftest.py beside two tests, and these two.
    assert rate.other_typed == 4
    # All that import the changed file itself are checked, however many.
    package = select(graph, frozenset({"src/pump/__init__.py"}))
    assert package.typed is not None
    assert len(package.typed) == 1 + len(graph.importers["src/pump/__init__.py"]) > 3
    # And nothing is checked that does not rest on it.
    assert select(graph, frozenset({"src/pump/log.py"})).typed == ["src/pump/log.py", "tests/b/test_third.py"]


@pytest.mark.parametrize("file", ["pyproject.toml", "requirements/dev.lock", "firmware/thecal_fw/gone.py"])
def test_types_are_checked_everywhere_after_a_change_of_settings_or_a_removal(file: str) -> None:
    assert select(ImportGraph(REPOSITORY), frozenset({file})).typed is None


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(
        ["git", "-C", str(folder), "-c", "user.name=A", "-c", "user.email=a@b", *arguments],
        check=True,
        capture_output=True,
    )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    files(tmp_path, kept="A = 1\n", moved="B = 1\n")
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "first")
    return tmp_path


def test_edits_added_removed_and_renamed_files_are_changes(repository: Path) -> None:
    git(repository, "mv", "moved.py", "elsewhere.py")
    files(repository, kept="A = 2\n", new="C = 1\n")
    changes = changes_of(repository)
    assert changes.files == {"kept.py", "moved.py", "elsewhere.py", "new.py"}
    assert changes.against == "HEAD"


def test_without_edits_the_commits_of_the_branch_are_the_change(repository: Path) -> None:
    assert changes_of(repository).files == frozenset()
    git(repository, "checkout", "--quiet", "-b", "branch")
    files(repository, new="C = 1\n")
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "--message", "second")
    assert changes_of(repository).files == {"new.py"}
    assert "where this branch left main" in changes_of(repository).against
    files(repository, kept="A = 2\n")
    assert changes_of(repository).files == {"kept.py"}
    assert changes_of(repository, "HEAD~1").files == {"kept.py", "new.py"}


def test_an_unknown_revision_is_refused(repository: Path) -> None:
    with pytest.raises(SystemExit, match="git knows no such revision"):
        changes_of(repository, "no-such-thing")


def test_tests_that_there_is_no_time_for_are_counted_and_not_run(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY / "tests"))
    numbered = "import pytest\n@pytest.mark.parametrize('n', range(4))\ndef test_it(n): assert n < 3\n"
    pytester.makepyfile(test_one="def test_it(): pass\n", test_many=numbered)
    outcome = pytester.path / "outcome.json"
    arguments = (
        "-p",
        "quick.budget",
        f"--quick-outcome={outcome}",
        "-k",
        "not 1",
        "test_one.py",
        "test_many.py",
    )

    def left_out_within(seconds: float, reading: float, **outcomes: int) -> dict[str, object]:
        budget = (f"--quick-seconds={seconds}", f"--quick-reading={reading}")
        pytester.runpytest_subprocess(*arguments, *budget).assert_outcomes(**outcomes)
        return json.loads(outcome.read_text())

    none_left = {"ran": 4, "left_out": {}, "not_read": [], "deselected": 1}
    assert left_out_within(1_000, 1_000, passed=3, failed=1, deselected=1) == none_left
    left_out = {"test_one.py": 1, "test_many.py": 3}
    none_ran = {"ran": 0, "left_out": left_out, "not_read": [], "deselected": 1}
    assert left_out_within(0, 1_000, deselected=1) == none_ran
    none_read = {"ran": 0, "left_out": {}, "not_read": ["test_one.py", "test_many.py"], "deselected": 0}
    assert left_out_within(1_000, 0) == none_read


def test_twenty_scenarios_of_the_library_are_spread_over_five_subjects() -> None:
    by_subject = tomllib.loads(quick.SCENARIOS.read_text("utf-8"))
    assert set(by_subject) == {"schedule", "bolus", "reset", "alarm", "flash"}
    assert all(len(names) >= 3 for names in by_subject.values())
    names = quick.quick_scenarios()
    assert len(names) == len(set(names)) == 20
    library = {scenario.name: scenario for scenario in read_library()}
    assert [name for name in names if name not in library or library[name].is_long] == []
