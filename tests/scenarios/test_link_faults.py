"""A wrong byte on the link leads to silence or a typed error, never an action, and never a pulse out of place."""

import pytest

from thecal_fw.core import events
from thecal_fw.link import messages
from thecal_fw.link.frames import MOST_FRAME_BYTES, PROTOCOL_VERSION
from thecal_hil.course.course import Course, local_second
from thecal_hil.course.load import cut_short, doubled
from thecal_hil.course.raw_link import RawLink, error_name, frame_bytes
from thecal_hil.course.therapy import continuous

FULL_NL = 18_000_000
REFILL_NL = 17_000_000


@pytest.fixture
def link(course: Course) -> RawLink:
    """Provide a host that makes its frames by hand, at a pump that is delivering."""
    course.set_time(local_second("2026-03-06 12:00"))
    course.prescribe(continuous(8_000_000))
    course.refill(FULL_NL)
    course.start()
    course.rig.run_for(3)
    return RawLink(course.rig.port)


def refills(course: Course) -> list[int]:
    """Return volumes of all refills the pump has logged."""
    return [event.first for event in course.rig.fresh_pump().log() if event.code == events.EVENT_REFILLED]


def stage(link: RawLink, encoded: bytes) -> None:
    link.ask(messages.STAGE_BEGIN, len(encoded))
    link.ask(messages.STAGE_DATA, 0, tail=encoded)


@pytest.mark.requirement("old-program-until-commit")
@pytest.mark.needs("exact edges")
def test_a_commit_without_a_staged_program_is_refused(course: Course, link: RawLink) -> None:
    assert link.refusal(messages.COMMIT, bytes(32)) == "nothing staged"
    course.rig.run_for(3)
    course.must_be_ideal()


@pytest.mark.requirement("change-is-a-transaction", "old-program-until-commit")
@pytest.mark.needs("exact edges")
def test_a_commit_with_a_wrong_digest_changes_nothing(course: Course, link: RawLink) -> None:
    stage(link, continuous(1_000_000).program.encode())
    while link.refusal(messages.STAGE_CHECK, 0) == "in progress":
        pass
    assert link.refusal(messages.COMMIT, bytes(32)) == "digest differs"
    course.rig.run_for(3)
    course.must_be_ideal()
    assert course.rig.fresh_pump().interrogate().program_digest == continuous(8_000_000).program.digest()


@pytest.mark.requirement("change-is-a-transaction")
@pytest.mark.needs("exact edges")
def test_a_program_that_came_only_in_part_can_not_be_committed(course: Course, link: RawLink) -> None:
    encoded = continuous(1_000_000).program.encode()
    link.ask(messages.STAGE_BEGIN, len(encoded))
    link.ask(messages.STAGE_DATA, 0, tail=encoded[:-1])
    assert link.refusal(messages.COMMIT, continuous(1_000_000).program.digest()) == "staging incomplete"
    course.rig.run_for(3)
    course.must_be_ideal()


@pytest.mark.requirement("link-next-frame", "link-cut-frame")
@pytest.mark.needs("exact edges")
@pytest.mark.expects("garbled frames")
def test_a_frame_that_is_cut_gets_silence_and_the_next_one_an_answer(course: Course, link: RawLink) -> None:
    assert link.answer(cut_short(link.frame(messages.REFILL, REFILL_NL))) is None
    assert link.ask(messages.INTERROGATE)["frames_garbled"] == 1
    assert refills(course) == [FULL_NL]
    course.must_be_ideal()


@pytest.mark.requirement("link-garbage")
@pytest.mark.needs("exact edges")
@pytest.mark.expects("garbled frames")
def test_a_frame_with_a_wrong_crc_gets_silence(course: Course, link: RawLink) -> None:
    assert link.answer(link.frame(messages.STOP, crc_error=1)) is None
    course.rig.run_for(3)
    course.must_be_ideal()


@pytest.mark.requirement("link-overlong-frame")
@pytest.mark.needs("exact edges")
@pytest.mark.expects("overlong frames")
def test_a_run_of_bytes_longer_than_any_frame_gets_silence(course: Course, link: RawLink) -> None:
    assert link.answer(b"\x55" * (3 * MOST_FRAME_BYTES) + b"\0") is None
    assert link.ask(messages.INTERROGATE)["frames_overlong"] == 1
    course.must_be_ideal()


@pytest.mark.requirement("link-versions")
@pytest.mark.needs("exact edges")
def test_a_frame_of_another_protocol_version_is_refused_by_name(course: Course, link: RawLink) -> None:
    answer = link.answer(link.frame(messages.STOP, version=PROTOCOL_VERSION + 1))
    assert error_name(answer) == "version"
    course.rig.run_for(3)
    course.must_be_ideal()


@pytest.mark.requirement("retry-safe")
@pytest.mark.needs("exact edges")
def test_a_doubled_frame_is_answered_twice_and_carried_out_once(course: Course, link: RawLink) -> None:
    link.send(doubled(link.frame(messages.REFILL, REFILL_NL)))
    first, second = link.receive(), link.receive()
    assert first is not None
    assert second is not None
    assert (first.kind, first.request, first.payload) == (second.kind, second.request, second.payload)
    assert refills(course) == [FULL_NL, REFILL_NL]
    course.must_be_ideal()


@pytest.mark.requirement("retry-overtaken")
@pytest.mark.needs("exact edges")
def test_a_frame_that_was_overtaken_by_a_later_one_is_refused(course: Course, link: RawLink) -> None:
    overtaken, later = link.frame(messages.STOP), link.frame(messages.REFILL, REFILL_NL)
    assert error_name(link.answer(later)) == "none"
    assert error_name(link.answer(overtaken)) == "out of order"
    course.rig.run_for(3)
    course.must_be_ideal()


@pytest.mark.requirement("retry-safe")
@pytest.mark.needs("exact edges")
def test_a_second_host_ends_the_session_of_the_first(course: Course, link: RawLink) -> None:
    RawLink(course.rig.port, host_nonce=77)
    assert link.refusal(messages.STOP) == "stale session"
    course.rig.run_for(3)
    course.must_be_ideal()


@pytest.mark.requirement("link-never-disturbs")
@pytest.mark.needs("exact edges", "virtual time")
@pytest.mark.parametrize("before_ms", [300, pytest.param(30, marks=pytest.mark.campaign_on("pico"))])
def test_a_request_just_before_a_change_neither_delays_nor_spoils_it(course: Course, before_ms: int) -> None:
    rig = course.rig
    course.set_time(local_second("2026-03-06 12:00"))
    course.prescribe(continuous(24_000_000))
    course.refill(FULL_NL)
    for _ in range(2):
        rig.run_for(1.3)
        begins_ns = course.start()
        rig.run_until(begins_ns - before_ms * 1_000_000)
        rig.port.write(frame_bytes(messages.INTERROGATE.kind, 0, 1))
        rig.run_for(1.5)
        takes_effect_ns = course.prescribe(continuous(8_000_000))
        rig.run_until(takes_effect_ns - before_ms * 1_000_000)
        rig.port.write(frame_bytes(messages.INTERROGATE.kind, 0, 2))
        rig.run_for(1.5)
        rig.port.reset_input_buffer()
        course.stop()
    course.must_be_ideal()
