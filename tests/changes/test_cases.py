"""A life or a sequence as a file: read as it was written, and made as short as what is wrong allows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from thecal_hil.campaigns.changes.case import FAULTS, LIFE, Case, CaseError, read_case, shrunk
from thecal_hil.campaigns.changes.fault_sequences import drawn_case
from thecal_hil.campaigns.changes.life import Life
from thecal_hil.campaigns.changes.steps import Step, drawn_steps


def case_of(*names: str) -> Case:
    return Case(LIFE, "P=66", "0", tuple(Step(name, number) for number, name in enumerate(names)))


@pytest.mark.requirement("changes-replayed")
def test_a_case_is_read_as_it_was_written(tmp_path: Path):
    case = Case(LIFE, "P=66,frames=on", "7", tuple(drawn_steps("7", 3)))
    case.write(tmp_path / "case.json")
    assert read_case(tmp_path / "case.json") == case


@pytest.mark.requirement("changes-replayed")
@pytest.mark.parametrize(
    "said",
    ["", "{}", "[]", '{"kind": "life"}', json.dumps({"kind": "walk", "board": "", "seed": "", "steps": []})],
)
def test_a_file_that_is_no_case_is_refused_in_words(tmp_path: Path, said: str):
    path = tmp_path / "case.json"
    path.write_text(said, encoding="utf-8")
    with pytest.raises(CaseError, match="is no case"):
        read_case(path)


@pytest.mark.requirement("changes-shrunk")
def test_a_case_is_shrunk_to_the_steps_that_are_needed():
    def is_wrong(case: Case) -> bool:
        names = [step.what for step in case.steps]
        return "c" in names and "f" in names[names.index("c") :]

    found = shrunk(case_of(*"abcdefgh"), is_wrong)
    assert [step.what for step in found.steps] == ["c", "f"]


@pytest.mark.requirement("changes-shrunk")
def test_shrinking_ends_after_so_many_runs_with_a_case_that_is_wrong():
    runs: list[Case] = []

    def is_wrong(case: Case) -> bool:
        runs.append(case)
        return "h" in [step.what for step in case.steps]

    found = shrunk(case_of(*"abcdefgh"), is_wrong, most_runs=3)
    assert "h" in [step.what for step in found.steps]
    assert len(runs) <= 3


@pytest.mark.requirement("changes-replayed")
def test_a_case_that_is_right_is_not_shrunk():
    with pytest.raises(ValueError, match="nothing is wrong"):
        shrunk(case_of("a"), lambda _: False)


@pytest.mark.requirement("changes-replayed")
def test_a_seed_draws_the_same_steps_again_and_another_seed_others():
    assert drawn_steps("1", 5) == drawn_steps("1", 5) != drawn_steps("2", 5)
    assert drawn_case(1) == drawn_case(1) != drawn_case(2)
    assert drawn_case(1).kind == FAULTS


@pytest.mark.requirement("changes-replayed")
def test_what_a_life_tells_is_json():
    life = Life("P=66", "0")
    life.near["splice"] += 1
    assert json.loads(json.dumps(life.told()))["near"] == {"splice": 1}
