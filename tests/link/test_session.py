"""Sessions: a repeated request is carried out once, one that lies behind not at all."""

import pytest

from thecal_fw.link.frames import Frame
from thecal_fw.link.session import (
    DECISION_NEW,
    DECISION_NO_SESSION,
    DECISION_OUT_OF_ORDER,
    DECISION_REPEATED,
    DECISION_STALE,
    Session,
)


def frame(session: Session, request: int, payload: bytes = b"", number: int | None = None) -> Frame:
    return Frame(1, 0x10, session.number if number is None else number, request, payload)


def open_session(nonce: int = 1) -> Session:
    session = Session()
    session.open(nonce)
    return session


@pytest.mark.requirement("hello-first")
def test_before_a_hello_every_request_is_of_no_session():
    session = Session()
    assert session.judge(frame(session, 1), True) == DECISION_NO_SESSION
    assert session.judge(frame(session, 1, number=5), False) == DECISION_NO_SESSION


def test_a_request_that_names_no_session_is_told_apart_from_one_of_another_session():
    session = open_session()
    assert session.judge(frame(session, 1, number=0), True) == DECISION_NO_SESSION
    assert session.judge(frame(session, 1, number=session.number ^ 1), True) == DECISION_STALE


@pytest.mark.requirement("retry-safe")
def test_a_repeated_change_gets_its_first_answer_again():
    session = open_session()
    first = frame(session, 1, b"x")
    assert session.judge(first, True) == DECISION_NEW
    session.remember(first, b"answer")
    assert session.judge(frame(session, 1, b"x"), True) == DECISION_REPEATED
    assert session.last_answer == b"answer"


def test_another_change_under_a_number_already_used_is_refused():
    session = open_session()
    session.remember(frame(session, 2, b"x"), b"answer")
    assert session.judge(frame(session, 2, b"y"), True) == DECISION_OUT_OF_ORDER
    assert session.judge(frame(session, 1, b"x"), True) == DECISION_OUT_OF_ORDER
    assert session.judge(frame(session, 3, b"x"), True) == DECISION_NEW


def test_reading_again_is_always_answered_anew():
    session = open_session()
    session.remember(frame(session, 5), b"answer")
    assert session.judge(frame(session, 4), False) == DECISION_NEW


def test_a_new_hello_ends_the_session_before():
    session = open_session(1)
    old = session.number
    session.open(2)
    assert session.number != old
    assert session.judge(frame(session, 1, number=old), True) == DECISION_STALE


def test_a_hello_that_arrives_twice_opens_one_session():
    session = open_session(7)
    number = session.number
    assert session.open(7) == number
    session.judge(frame(session, 1), False)
    assert session.open(7) != number


def test_numbers_of_sessions_are_never_zero_and_never_the_one_before():
    session = Session()
    before = 0
    for nonce in range(70_000):
        number = session.open(nonce * 97)
        assert number not in (0, before)
        before = number


def test_a_closed_session_answers_nothing_and_its_number_does_not_come_again_next():
    session = open_session()
    number = session.number
    session.close()
    assert session.judge(frame(session, 1, number=number), False) == DECISION_NO_SESSION
    assert session.open(250) != number
