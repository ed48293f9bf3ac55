"""Programs in words: clinical units, exact where two programs differ, and compared by time of day."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.strategies import bolus_programs, flex_programs, valid_programs
from host.conftest import EXAMPLES
from thecal.client import Event
from thecal.day_pattern import clock
from thecal.prescription import load_prescription
from thecal.reports.status_text import event_name, event_text
from thecal.words import comparison, days_to_alarm, describe, millilitres, volume_per_day_nl
from thecal_fw.core import events
from thecal_fw.core.modes import MODE_STOPPED
from thecal_fw.core.program import MINUTES_PER_DAY, Program
from thecal_fw.core.schedule import rate_at

SIMPLE = load_prescription(EXAMPLES / "simple_continuous.toml").program
FLEX = load_prescription(EXAMPLES / "paediatric_flex.toml").program


def changed(program: Program, **fields: object) -> Program:
    return Program(**{**vars(program), **fields})  # type: ignore[arg-type]


def changes(running: Program | None, new: Program) -> dict[str, tuple[str, str]]:
    return {row.label.strip(): (row.running, row.new) for row in comparison(running, new) if row.changed}


@pytest.mark.requirement(
    "told-in-words",
    "reservoir-time-told",
    "concentration-in-words",
    "steps-in-words",
    "limits-in-words",
    "volume-in-words",
)
def test_a_program_is_put_in_clinical_words():
    assert dict(describe(SIMPLE)) == {
        "mode": "simple continuous",
        "drug": "baclofen",
        "concentration": "500 mcg/mL",
        "dose": "211.9 mcg/day (0.4238 mL/day)",
        "reservoir": "20 mL",
        "low-reservoir alarm": "2 mL",
        "full to low alarm": "42.5 days",
        "accuracy assumed": "14.5 %",
        "limit in any hour": "10 mcg (0.02 mL)",
        "limit in any 24 h": "230 mcg (0.46 mL)",
    }
    assert describe(None) == [("mode", "no program")]
    assert describe(Program(MODE_STOPPED)) == [("mode", "stopped")]


@pytest.mark.requirement("told-in-words", "steps-in-words")
def test_patterns_are_named_with_their_weekdays_and_what_they_give_in_a_day():
    told = describe(FLEX, ("school day", "weekend"))
    assert ("pattern 1, 24 h", '"school day", Mon to Fri: 218.75 mcg') in told
    assert ("pattern 2, 24 h", '"weekend", Sat, Sun: 213.875 mcg') in told
    assert told[5] == ("  06:00 to 07:30", "384 mcg/day (0.768 mL/day)")
    scattered = changed(FLEX, weekdays=(0, 1, 0, 0, 0, 1, 0))
    assert "Mon, Wed to Fri, Sun: 218.75 mcg" in dict(describe(scattered)).values()
    assert "on no day: 213.875 mcg" in dict(describe(changed(FLEX, weekdays=(0,) * 7))).values()


@pytest.mark.requirement("change-shown", "reservoir-time-told", "differences-marked")
def test_a_comparison_marks_what_changes_and_nothing_else():
    assert not changes(FLEX, FLEX)
    patterns = [list(pattern) for pattern in FLEX.patterns]
    patterns[0][1] = (360, 800_000)
    assert changes(FLEX, changed(FLEX, patterns=patterns)) == {
        "pattern 1, 24 h": ("Mon to Fri: 218.75 mcg", "Mon to Fri: 219.75 mcg"),
        "06:00 to 07:30": ("384 mcg/day", "400 mcg/day"),
        "full to low alarm": ("41.4 days", "41.3 days"),
    }


@pytest.mark.requirement("differences-marked")
def test_a_step_that_moves_shows_at_the_times_at_which_the_dose_differs():
    patterns = [list(pattern) for pattern in FLEX.patterns]
    patterns[0][1] = (330, 768_000)
    moved = changes(FLEX, changed(FLEX, patterns=patterns))
    assert moved["05:30 to 06:00"] == ("180 mcg/day", "384 mcg/day")
    assert [label for label in moved if " to 0" in label] == ["05:30 to 06:00"]


@pytest.mark.requirement("differences-marked")
def test_what_differs_never_looks_the_same():
    for field, value in (
        ("rate_nl_per_day", 423_801),
        ("most_nl_per_day", 460_001),
        ("low_reservoir_nl", 2_000_001),
        ("concentration_ng_per_ml", 500_001),
    ):
        assert changes(SIMPLE, changed(SIMPLE, **{field: value})), field
    high = changed(SIMPLE, rate_nl_per_day=23_999_999, concentration_ng_per_ml=4_000_000)
    assert changes(high, changed(high, rate_nl_per_day=23_999_998))["dose"] == (
        "96000 mcg/day (23.999999 mL/day)",
        "96000 mcg/day (23.999998 mL/day)",
    )


@pytest.mark.requirement("concentration-change-shown")
def test_the_same_dose_from_another_concentration_is_a_change_of_the_volume():
    told = changes(SIMPLE, changed(SIMPLE, rate_nl_per_day=211_900, concentration_ng_per_ml=1_000_000))
    assert told["dose"] == ("211.9 mcg/day (0.4238 mL/day)", "211.9 mcg/day (0.2119 mL/day)")


def test_programs_of_different_kinds_leave_the_other_side_empty():
    told = changes(SIMPLE, FLEX)
    assert told["dose"] == ("211.9 mcg/day", "")
    assert told["06:00 to 07:30"] == ("", "384 mcg/day")
    assert changes(None, FLEX)["mode"] == ("no program", "flex")
    assert changes(FLEX, Program(MODE_STOPPED))["reservoir"] == ("20 mL", "")


def test_volumes_are_exact_to_the_nanolitre():
    assert [millilitres(nl) for nl in (0, 1, 48_000, 423_800, 20_000_000)] == [
        "0",
        "0.000001",
        "0.048",
        "0.4238",
        "20",
    ]


@pytest.mark.requirement("differences-marked")
@given(valid_programs, valid_programs)
def test_any_two_programs_compare_and_a_program_never_differs_from_itself(running, new):
    assert not changes(running, running)
    rows = comparison(running, new)
    assert len(rows) >= 9
    assert all(row.running or row.new for row in rows)


@pytest.mark.requirement("differences-marked")
@pytest.mark.parametrize(
    ("field", "value", "label", "told"),
    [
        ("catheter_nl", 180_000, "catheter holds", ("", "0.18 mL")),
        ("accuracy_permille", 10, "accuracy assumed", ("14.5 %", "1 %")),
        ("stability_days", 90, "drug is stable for", ("", "90 days from the refill")),
        ("library_digest", bytes(range(1, 9)), "drug library", ("", "0102030405060708")),
    ],
)
def test_what_dates_and_bridges_are_reckoned_with_is_compared_too(field, value, label, told):
    assert changes(SIMPLE, changed(SIMPLE, **{field: value})) == {label: told}


@pytest.mark.requirement("differences-marked")
@given(bolus_programs, st.data())
def test_a_change_of_any_single_figure_is_told(program, data):
    """The figures are the numbers and boluses that a program is made of; it could be committed before and after."""
    fields = [
        name
        for name, value in vars(program).items()
        if isinstance(value, int) and name not in ("mode", "rate_nl_per_day", "reservoir_nl")
    ]
    name = data.draw(st.sampled_from(sorted(fields)))
    assert changes(program, changed(program, **{name: getattr(program, name) + 1})), name
    for name in ("patient_bolus", "periodic_bolus"):
        bolus = getattr(program, name)
        if bolus is not None:
            more = type(bolus)(**{**vars(bolus), "rate_nl_per_day": bolus.rate_nl_per_day + 1})
            assert name.replace("_", " ") in changes(program, changed(program, **{name: more}))


@pytest.mark.requirement("volume-in-words")
@given(flex_programs())
def test_the_volume_of_a_day_and_its_words_are_those_of_the_schedule(program):
    told = describe(program)
    pattern = program.patterns[program.weekdays[0]]
    volume = sum(rate_at(program, 0, minute) for minute in range(MINUTES_PER_DAY))
    assert volume_per_day_nl(pattern) == Fraction(volume, MINUTES_PER_DAY)
    for start, rate in program.patterns[0]:
        assert any(
            label.startswith(f"  {clock(start)} to") and millilitres(rate) in text for label, text in told
        )
    days = days_to_alarm(program)
    assert days is not None
    week = sum(volume_per_day_nl(program.patterns[index]) for index in program.weekdays)
    assert days * week == 7 * (program.reservoir_nl - program.low_reservoir_nl)


@pytest.mark.requirement("bursts-in-words")
@pytest.mark.parametrize(
    ("code", "value", "number", "words"),
    [
        (events.EVENT_HELLO, 0, 8_639, "hello: 8,639 more times since the one logged before"),
        (events.EVENT_BOLUS_REFUSED, 5, 9_463, "bolus refused (lockout): 9,463 more times"),
        (events.EVENT_WRONG_KEY, 2, 1, "wrong key (clinician): 1 more time since"),
        (events.EVENT_ALARM_RAISED, 24, 2, "alarm raised (button fault): 2 more times"),
        (99, 7, 2, "event 99: 2 more times"),
    ],
)
def test_a_burst_is_told_with_its_event_what_it_was_about_and_its_number(
    code: int, value: int, number: int, words: str
) -> None:
    event = Event(1, 0, 0, 0, 0, events.EVENT_MORE, 1, number, code << events.MORE_CODE_SHIFT | value)
    assert event_name(event) == "more of the same"
    assert event_text(event).startswith(words)
