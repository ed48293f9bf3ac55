"""A visit in the console is the library's visit: nothing changes before the review, and however it ends, it says so."""

from __future__ import annotations

import dataclasses
import time

import pytest

from console.conftest import EXAMPLES, FLEX, Bench, opened, until
from thecal.console.desk import Desk
from thecal.console.draft import draft_of_fields, with_value
from thecal.console.questions import Kind
from thecal.console.session import PumpSession
from thecal.console.visit_run import CLINIC, FAMILY, VisitRun, Wishes
from thecal.contacts import load_contacts
from thecal.toml_file import read_toml
from thecal.visit.steps import Outcome, State

CONTACTS = load_contacts(EXAMPLES / "clinic/contacts.toml")
USUAL: dict[Kind, dict[str, str]] = {
    Kind.CLOCKS: {"clock": "set"},
    Kind.WITHDRAWN: {"withdrawn": "20"},
    Kind.REASON: {"reason": "a test"},
    Kind.PROGRAM: {"program": "drawn"},
    Kind.FILL: {"fill": "19.5", "drawn_back": "19.4"},
    Kind.FINDINGS: {"reason": "a test"},
    Kind.AGREE: {"answer": "yes"},
    Kind.START: {"answer": "yes"},
}


def drawn(dose: str = "185") -> Desk:
    draft = draft_of_fields(read_toml(FLEX))
    step = draft["pattern"]["school day"][0]["#"]
    return Desk("child", draft=with_value(draft, ("pattern", "school day", step, "dose_mcg_per_day"), dose))


def begin(session: PumpSession, desk: Desk | None = None, **wishes: object) -> VisitRun:
    desk = desk or drawn()
    whole = Wishes(False, desk.compiled, None, "child", CONTACTS)
    visit = VisitRun(session, dataclasses.replace(whole, **wishes), lambda: None)
    session.ask(lambda _pump: visit.run())
    return visit


def asked(visit: VisitRun) -> Kind | None:
    """Return what it waits with; None once it is over."""
    until(lambda: visit.question is not None or visit.is_over, "a question")
    return None if visit.question is None else visit.question.kind


def answer(visit: VisitRun, values: dict[str, str]) -> None:
    question = visit.question
    assert question is not None
    visit.answer(question.number, values)
    until(lambda: visit.question is not question or visit.is_over, "the next question")


def go_through(visit: VisitRun) -> list[Kind]:
    kinds: list[Kind] = []
    while (kind := asked(visit)) is not None:
        kinds.append(kind)
        assert len(kinds) < 20, visit.question
        answer(visit, USUAL[kind])
    return kinds


def test_a_visit_asks_in_its_order_and_leaves_both_pages(delivering: Bench) -> None:
    with opened(delivering.session()) as session:
        visit = begin(session)
        kinds = go_through(visit)
        assert kinds == [Kind.WITHDRAWN, Kind.PROGRAM, Kind.FILL, Kind.FINDINGS, Kind.AGREE]
        assert visit.record is not None
        assert visit.record.is_finished, visit.record.error
        assert visit.record.program_changed
        assert set(visit.pages) == {CLINIC, FAMILY}
        assert CONTACTS.telephone in visit.pages[FAMILY]


def test_a_change_of_program_alone_asks_no_more_than_it_has_to(delivering: Bench) -> None:
    with opened(delivering.session()) as session:
        visit = begin(session, only_program=True)
        assert go_through(visit) == [Kind.FINDINGS, Kind.AGREE]
        assert visit.record is not None
        assert visit.record.program_changed
        assert visit.pages == {}


def test_an_answer_that_can_not_be_is_asked_again_with_what_is_wrong(delivering: Bench) -> None:
    with opened(delivering.session()) as session:
        visit = begin(session)
        assert asked(visit) is Kind.WITHDRAWN
        for typed in ("12,3", "-1", "1e1", "41", "much"):
            answer(visit, {"withdrawn": typed})
            assert visit.question is not None
            assert visit.question.kind is Kind.WITHDRAWN
            assert visit.question.problems
            assert visit.question.answers["withdrawn"] == typed
        visit.break_off()
        until(lambda: visit.is_over, "the end")


def test_an_answer_to_an_earlier_question_counts_for_nothing(delivering: Bench) -> None:
    with opened(delivering.session()) as session:
        visit = begin(session)
        asked(visit)
        first = visit.question
        assert first is not None
        answer(visit, {"withdrawn": "20"})
        assert asked(visit) is Kind.PROGRAM
        visit.answer(first.number, {"program": "keep"})
        time.sleep(0.1)
        assert asked(visit) is Kind.PROGRAM
        visit.break_off()
        until(lambda: visit.is_over, "the end")


@pytest.mark.parametrize("at", range(5))
def test_a_visit_that_is_broken_off_before_the_end_of_its_review_leaves_the_pump_as_it_was(
    delivering: Bench, at: int
) -> None:
    with opened(delivering.session()) as session:
        before = session.seen
        assert before is not None
        visit = begin(session)
        for _ in range(at):
            kind = asked(visit)
            assert kind is not None
            answer(visit, USUAL[kind])
        assert asked(visit) is not None
        visit.break_off()
        until(lambda: visit.is_over, "the end")
        assert visit.record is not None
        assert visit.record.state is State.BROKEN_OFF
        after = session.ask(lambda pump: pump.interrogate()).result(10)
        assert after.program_digest == before.status.program_digest
        assert after.fill_nl == before.status.fill_nl
        assert after.is_delivering


@pytest.mark.parametrize("at", range(5))
def test_a_pump_that_is_unplugged_at_any_question_ends_the_visit_with_what_was_done(
    delivering: Bench, at: int
) -> None:
    with opened(delivering.session()) as session:
        visit = begin(session)
        for _ in range(at):
            kind = asked(visit)
            assert kind is not None
            answer(visit, USUAL[kind])
        assert asked(visit) is not None
        delivering.unplug()
        until(lambda: visit.is_over, "the end")
        assert visit.record is not None
        assert visit.record.state is State.BROKEN_OFF
        assert not visit.record.program_changed
        assert all(outcome is not Outcome.NOT_KNOWN for outcome, _ in visit.record.steps.values())
        assert "port" in str(visit.record.error)


def test_no_is_no(delivering: Bench) -> None:
    with opened(delivering.session()) as session:
        visit = begin(session, only_program=True)
        while asked(visit) is not Kind.AGREE:
            kind = asked(visit)
            assert kind is not None
            answer(visit, USUAL[kind])
        answer(visit, {"answer": "no"})
        until(lambda: visit.is_over, "the end")
        assert visit.record is not None
        assert not visit.record.program_changed


def test_with_several_pumps_attached_the_pump_and_the_patient_are_confirmed_first(delivering: Bench) -> None:
    with opened(delivering.session()) as session:
        visit = begin(session, only_program=True, confirm="pump X, patient Y")
        while asked(visit) is not Kind.AGREE:
            kind = asked(visit)
            assert kind is not None
            answer(visit, USUAL[kind])
        answer(visit, {"answer": "yes"})
        assert visit.question is not None
        assert "pump X, patient Y" in visit.question.problems[0]
        answer(visit, {"answer": "yes", "confirmed": "yes"})
        assert asked(visit) is None
        assert visit.record is not None
        assert visit.record.program_changed


def test_a_value_that_looks_mistyped_is_typed_again_before_it_is_sent(delivering: Bench) -> None:
    desk = drawn("1850")
    for name, limit in (("most_mcg_per_day", "4000"), ("most_mcg_per_hour", "400")):
        desk.change(with_value(desk.draft, ("limits", name), limit))
    with opened(delivering.session()) as session:
        visit = begin(session, desk, only_program=True)
        assert asked(visit) is Kind.FINDINGS
        question = visit.question
        assert question is not None
        answer(visit, {"reason": "a test"})
        assert visit.question is not None
        assert visit.question.kind is Kind.FINDINGS
        assert visit.question.problems
        visit.break_off()
        until(lambda: visit.is_over, "the end")
        assert visit.record is not None
        assert not visit.record.program_changed


def test_clocks_that_differ_are_settled_before_anything_else(delivering: Bench) -> None:
    with opened(delivering.session()) as session:
        session.ask(lambda pump: pump.set_time(int(time.time()) - 7_200, 0)).result(10)
        visit = begin(session)
        assert asked(visit) is Kind.CLOCKS
        answer(visit, {"clock": "leave"})
        assert visit.question is not None
        assert visit.question.problems
        answer(visit, {"clock": "set"})
        go_through(visit)
        assert visit.record is not None
        assert visit.record.is_finished, visit.record.error
        assert visit.record.steps[State.SET_CLOCK][0] is Outcome.DONE
        status = session.ask(lambda pump: pump.interrogate()).result(10)
        assert abs(status.utc_s - time.time()) < 60


def test_a_console_that_ends_breaks_the_visit_off_in_order(delivering: Bench) -> None:
    with opened(delivering.session()) as session:
        visit = begin(session)
        asked(visit)
        session.close()
        until(lambda: visit.is_over, "the end")
        assert visit.record is not None
        assert visit.record.state is State.BROKEN_OFF
