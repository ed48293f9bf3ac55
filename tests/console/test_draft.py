"""A draft says exactly what its file says, keeps whatever is typed, and never takes one number for another."""

from __future__ import annotations

from pathlib import Path

import pytest

from thecal.console import draft as drafts
from thecal.console.draft import (
    draft_of_fields,
    draft_of_program,
    drawn_steps,
    fields_of_draft,
    toml_of_draft,
    value_at,
    with_bolus,
    with_mode,
    with_pattern,
    with_step,
    with_value,
    without,
)
from thecal.errors import BadInputError
from thecal.prescription import compile_prescription, load_prescription
from thecal.toml_file import read_toml, toml_in

EXAMPLES = sorted(
    path for path in (Path(__file__).parents[2] / "examples").glob("*.toml") if "library" not in path.name
)
FLEX = next(path for path in EXAMPLES if path.stem == "paediatric_flex")


def opened(path: Path = FLEX) -> drafts.Draft:
    return draft_of_fields(read_toml(path))


def numbers(draft: drafts.Draft, name: str = "school day") -> list[int]:
    return [step[drafts.NUMBER_OF] for step in draft["pattern"][name]]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_file_that_is_opened_and_saved_is_the_same_program(path: Path) -> None:
    saved = toml_in(toml_of_draft(opened(path)), path)
    assert compile_prescription(saved).program.digest() == load_prescription(path).program.digest()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_what_a_pump_runs_becomes_a_draft_of_the_very_same_program(path: Path) -> None:
    program = load_prescription(path).program
    draft = draft_of_program(program)
    assert compile_prescription(fields_of_draft(draft)).program.digest() == program.digest()


def test_a_draft_of_a_program_has_the_numbers_that_a_person_would_write() -> None:
    draft = draft_of_program(load_prescription(FLEX).program)
    assert value_at(draft, ("limits", "most_mcg_per_day")) == "260"
    assert draft["pattern"]["Mon to Fri"][0]["dose_mcg_per_day"] == "180"


@pytest.mark.parametrize(
    "typed", ["12,5", "1e2", "1.000,5", "½", "12.5 mcg", "-3", "0x10", "١٢", "1 000", "+5"]
)
def test_a_number_in_another_habit_is_refused_and_kept_as_it_was_typed(typed: str) -> None:
    draft = with_value(opened(), ("limits", "most_mcg_per_hour"), typed)
    assert value_at(draft, ("limits", "most_mcg_per_hour")) == typed
    with pytest.raises(BadInputError, match="most_mcg_per_hour"):
        compile_prescription(fields_of_draft(draft))


def test_a_time_of_day_with_one_digit_is_taken_and_anything_else_is_not() -> None:
    draft = opened()
    place = ("pattern", "school day", numbers(draft)[1], "from")
    assert value_at(with_value(draft, place, "6:05"), place) == "06:05"
    for typed in ("605", "6.05", "6:5", "25:00", "6 am"):
        assert value_at(with_value(draft, place, typed), place) == typed
        with pytest.raises(BadInputError, match="from"):
            compile_prescription(fields_of_draft(with_value(draft, place, typed)))


def test_a_step_ends_where_the_next_begins_and_keeps_its_number_when_it_moves() -> None:
    draft = opened()
    first = numbers(draft)[0]
    moved = with_value(draft, ("pattern", "school day", first, "from"), "23:15")
    assert numbers(moved)[-1] == first
    assert value_at(moved, ("pattern", "school day", first, "dose_mcg_per_day")) == value_at(
        draft, ("pattern", "school day", first, "dose_mcg_per_day")
    )
    spans = drawn_steps(moved, "school day")
    assert [begin for begin, _, _ in spans[1:]] == [end for _, end, _ in spans[:-1]]
    assert (spans[0][0], spans[-1][1]) == (0, 1440)


def test_steps_and_boluses_are_added_and_taken_away() -> None:
    draft = opened()
    longer = with_step(draft, "school day")
    assert len(longer["pattern"]["school day"]) == len(draft["pattern"]["school day"]) + 1
    assert len(set(numbers(longer))) == len(numbers(longer))
    added = (set(numbers(longer)) - set(numbers(draft))).pop()
    assert without(longer, ("pattern", "school day", added)) == draft
    with_one = with_bolus(draft, "weekend")
    number = with_one["bolus"]["weekend"][0][drafts.NUMBER_OF]
    assert without(with_one, ("bolus", "weekend", number)) == draft


def test_the_last_step_and_the_last_day_stay() -> None:
    draft = drafts.empty_draft()
    assert without(draft, ("pattern", "every day", 0)) == draft
    assert without(draft, ("pattern", "every day")) == draft


def test_a_day_that_is_removed_leaves_its_weekdays_to_another() -> None:
    less = without(opened(), ("pattern", "weekend"))
    assert set(less["week"].values()) == {"school day"}
    compile_prescription(fields_of_draft(less))


def test_another_day_begins_as_a_copy_under_a_new_name() -> None:
    draft = with_pattern(opened(), " holiday ", "weekend")
    assert drawn_steps(draft, "holiday") == drawn_steps(draft, "weekend")
    for name in ("weekend", "", "a\nb", "x" * 41):
        with pytest.raises(BadInputError, match="no new name"):
            with_pattern(draft, name, "weekend")


@pytest.mark.parametrize("mode", drafts.MODES)
def test_a_mode_has_its_fields_and_no_others(mode: str) -> None:
    draft = with_mode(opened(), mode)
    if mode == "simple continuous":
        draft = with_value(draft, ("dose_mcg_per_day",), "200")
    compiled = compile_prescription(fields_of_draft(draft))
    assert compiled.program.mode == drafts.MODE_NAMES.index(mode)


def test_a_day_with_a_gap_is_not_opened_since_it_can_not_be_drawn() -> None:
    fields = read_toml(FLEX)
    del fields["pattern"]["weekend"][0]
    with pytest.raises(BadInputError, match='pattern "weekend": nothing is prescribed from'):
        draft_of_fields(fields)


@pytest.mark.parametrize("text", ["pattern = 3", "week = 'all'", "[[pattern]]\nx = 1", "[bolus]\nx = [1]"])
def test_a_file_of_another_shape_is_refused_in_words(text: str) -> None:
    with pytest.raises(BadInputError, match="is not written as in the examples"):
        draft_of_fields(toml_in(text, "file"))


@pytest.mark.parametrize("name", ['<b>"x"</b>', "a\\b", "tab\there", "日曜日", "\x1b[31m", "]]", "\x7f"])
def test_any_name_of_a_day_comes_back_from_the_file_that_is_saved(name: str) -> None:
    draft = opened()
    draft["pattern"][name] = draft["pattern"].pop("weekend")
    assert name in toml_in(toml_of_draft(draft), "file")["pattern"]
