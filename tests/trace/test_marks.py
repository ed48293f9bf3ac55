"""Marks are read from the sources exactly as pytest takes them, and any that can't be read so is a fault."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from thecal_hil.evidence.trace.marks import Evidence, read_marks, read_scenarios

pytest_plugins = ["pytester"]

SAMPLE = '''
import pytest

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.requirement("one")
@pytest.mark.parametrize("value", [1, 2])
def test_of_one(value): ...


@pytest.mark.campaign
@pytest.mark.requirement("two")
@pytest.mark.requirement("one", "three")
async def test_of_three(): ...


@pytest.mark.requirement("four")
class TestGroup:
    @pytest.mark.requirement("five")
    def test_of_two(self): ...

    class TestInner:
        def test_of_the_group(self): ...


def test_of_none():
    """Not @pytest.mark.requirement("six"), which is only text."""
'''

COLLECTING = """
import json
from pathlib import Path

def pytest_collection_modifyitems(items):
    Path("collected.json").write_text(json.dumps(sorted({
        (item.nodeid.split("[")[0], name)
        for item in items for mark in item.iter_markers("requirement") for name in mark.args
    })))
"""


def marks_in(folder: Path, text: str, name: str = "test_it.py"):
    (folder / name).write_text(text, encoding="utf-8")
    return read_marks(folder, folder)


def test_marks_of_functions_and_classes_are_those_that_pytest_takes(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(COLLECTING)
    found = marks_in(pytester.path, SAMPLE)
    pytester.runpytest("--collect-only", "-q", "-p", "no:cacheprovider")
    collected = json.loads((pytester.path / "collected.json").read_text(encoding="utf-8"))
    assert found.faults == []
    assert sorted([one.test, one.requirement] for one in found.evidence) == collected
    assert len(collected) == 7


def test_a_test_that_make_test_leaves_out_is_told(tmp_path: Path) -> None:
    found = marks_in(tmp_path, SAMPLE)
    assert {one.test for one in found.evidence if not one.in_make_test} == {"test_it.py::test_of_three"}
    whole = marks_in(
        tmp_path,
        "import pytest\npytestmark = [pytest.mark.campaign]\n"
        "@pytest.mark.requirement('one')\ndef test_it(): ...\n",
    )
    assert whole.evidence == [Evidence("test_it.py::test_it", "one", False)]


@pytest.mark.parametrize(
    "text",
    [
        "@pytest.mark.requirement(NAME)\ndef test_it(): ...",
        "@pytest.mark.requirement(*NAMES)\ndef test_it(): ...",
        "@pytest.mark.requirement('one', 7)\ndef test_it(): ...",
        "@pytest.mark.requirement(name='one')\ndef test_it(): ...",
        "@pytest.mark.requirement()\ndef test_it(): ...",
        "@pytest.mark.requirement\ndef test_it(): ...",
        "pytestmark = pytest.mark.requirement('one')\ndef test_it(): ...",
        "ABOUT = pytest.mark.requirement('one')\n@ABOUT\ndef test_it(): ...",
        "@pytest.mark.parametrize('x', [pytest.param(1, marks=pytest.mark.requirement('one'))])\n"
        "def test_it(x): ...",
        "if True:\n    @pytest.mark.requirement('one')\n    def test_it(): ...",
        "@pytest.mark.requirement('one')\ndef helper(): ...",
        "@pytest.mark.requirement('one')\nclass Helper:\n    def test_it(self): ...",
        "@pytest.mark.requirement('one')\ndef test_it(): ...\ndef test_it(): ...",
        "from pytest import mark\nABOUT = mark.requirement('one')",
    ],
)
def test_a_mark_in_any_other_form_or_place_is_a_fault(tmp_path: Path, text: str) -> None:
    found = marks_in(tmp_path, f"import pytest\n{text}\n")
    assert found.evidence == []
    (fault,) = found.faults
    assert fault.startswith("test_it.py:")
    assert "not a decorator of a test" in fault


def test_a_mark_in_a_file_that_pytest_does_not_collect_is_a_fault(tmp_path: Path) -> None:
    found = marks_in(tmp_path, "@pytest.mark.requirement('one')\ndef test_it(): ...", name="helpers.py")
    assert found.evidence == []
    assert len(found.faults) == 1


@pytest.mark.parametrize(
    "never",
    [
        "@pytest.mark.skip\n@pytest.mark.requirement('one')\ndef test_it(): ...",
        "@pytest.mark.xfail(reason='later')\n@pytest.mark.requirement('one')\ndef test_it(): ...",
        "pytestmark = pytest.mark.skip(reason='later')\n@pytest.mark.requirement('one')\ndef test_it(): ...",
        "@pytest.mark.skip\nclass TestIt:\n    @pytest.mark.requirement('one')\n    def test_it(self): ...",
    ],
)
def test_a_test_that_never_runs_or_may_fail_is_no_evidence(tmp_path: Path, never: str) -> None:
    found = marks_in(tmp_path, f"import pytest\n{never}\n")
    assert found.evidence == []
    assert len(found.faults) == 1
    assert "is evidence, but marked" in found.faults[0]


def test_one_requirement_named_twice_by_a_test_is_a_fault(tmp_path: Path) -> None:
    found = marks_in(tmp_path, "import pytest\n@pytest.mark.requirement('a', 'a')\ndef test_it(): ...\n")
    assert [one.requirement for one in found.evidence] == ["a"]
    assert "twice" in found.faults[0]


def test_a_scenario_is_evidence_for_what_it_names_as_a_whole_and_for_its_figures(tmp_path: Path) -> None:
    text = 'requirements = ["one"]\nlong = true\n[[check]]\nrequirements = ["two", "one"]\n[[check]]\n'
    (tmp_path / "wheel.toml").write_text(text, encoding="utf-8")
    marks = read_scenarios(tmp_path, tmp_path)
    assert marks.evidence == [Evidence("wheel.toml", "one", False), Evidence("wheel.toml", "two", False)]
    assert not marks.faults


def test_a_scenario_that_is_evidence_for_nothing_or_can_not_be_read_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("requirements = [", encoding="utf-8")
    (tmp_path / "idle.toml").write_text('title = "nothing"\n', encoding="utf-8")
    faults = read_scenarios(tmp_path, tmp_path).faults
    assert [fault.split(":")[0] for fault in faults] == ["broken.toml", "idle.toml"]
