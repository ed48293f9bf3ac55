"""Short lives of the shipped image on slow boards: a sample of `make changes`, and what it would notice."""

from __future__ import annotations

import os
from collections import Counter

import pytest

from thecal_fw.link import messages
from thecal_hil.campaigns.changes import life as lives
from thecal_hil.campaigns.changes.life import run_life
from thecal_hil.campaigns.changes.steps import ALARMS, COLLECT, PRESS, Step, drawn_steps
from thecal_hil.campaigns.changes.watched import Event
from thecal_hil.contract.faults import Fault
from thecal_hil.contract.image import image_under_test
from thecal_hil.course.raw_link import RawLink
from thecal_hil.emulator.heap import Heap
from thecal_hil.emulator.silicon import Silicon
from thecal_hil.rigs.pico_rig import PicoRig

BOARD = "silicon,flash=blank,P=132,replace=random"
_DRAWN = 60
"""Lives: what is rare comes in some of them only."""

pytestmark = pytest.mark.skipif(
    "THECAL_UF2" in os.environ, reason="a stock image is used: too slow for these"
)


@pytest.mark.requirement("change-loses-no-pulse", "leads-from-measured-times")
def test_every_kind_of_request_press_and_alarm_is_drawn():
    drawn = Counter(step.what for seed in range(_DRAWN) for step in drawn_steps(str(seed), 40))
    assert {message.name for message in messages.MESSAGES} <= set(drawn)
    assert {PRESS, *ALARMS} <= set(drawn)
    near = Counter(step.near for seed in range(_DRAWN) for step in drawn_steps(str(seed), 40))
    assert set(Event) <= set(near)


@pytest.mark.requirement("change-loses-no-pulse", "leads-from-measured-times")
def test_a_pump_with_its_heap_nearly_full_makes_every_change_exactly():
    life = run_life(image_under_test(), BOARD, "sample", groups=5)
    assert life.wrong == []
    assert life.splices >= 3
    assert life.near[Event.SPLICE] >= 5
    assert life.full_heap_requests > life.requests / 2
    assert life.late == 0


COMMITS = [
    Step(COLLECT, 0),
    *[Step(messages.COMMIT.name, number, Event.SPLICE, -50_000) for number in (5, 7)],
]


@pytest.mark.requirement("change-loses-no-pulse", "leads-from-measured-times")
def test_a_queue_that_is_lost_while_a_change_is_made_is_noticed(monkeypatch):
    request = lives._Run._request

    def starving(run: lives._Run, name: str, draw: object) -> None:
        request(run, name, draw)  # type: ignore[arg-type]
        run.rig.run_for(1.5)
        run.rig.faults.inject(Fault.GENERATOR_STARVES)

    monkeypatch.setattr(lives._Run, "_request", starving)
    life = run_life(image_under_test(), "P=66", "1", COMMITS)
    assert life.timing_faults or life.wrong


@pytest.mark.requirement("change-loses-no-pulse", "leads-from-measured-times")
def test_a_change_made_at_another_instant_than_was_promised_is_noticed(monkeypatch):
    holds_ns = lives._Run._holds_ns

    def later(run: lives._Run, answer: dict[str, int] | None) -> int | None:
        promised_ns = holds_ns(run, answer)
        return None if promised_ns is None else promised_ns + 30_000

    monkeypatch.setattr(lives._Run, "_holds_ns", later)
    assert any(
        "edge" in wrong or "pulse" in wrong
        for wrong in run_life(image_under_test(), "P=66", "1", COMMITS).wrong
    )


@pytest.mark.requirement("change-loses-no-pulse", "leads-from-measured-times")
def test_a_heap_that_is_filled_from_outside_stays_full_over_collections_and_the_pump_goes_on():
    rig = PicoRig(image_under_test(), Silicon.read("P=66"))
    rig.port.timeout = 3
    link = RawLink(rig.port)
    heap = Heap(rig.board)

    def collect() -> None:
        heap.collect_next()
        link.ask(messages.INTERROGATE)

    def ask() -> None:
        link.ask(messages.INTERROGATE)
        rig.run_for(0.3)

    heap.leave_only_what_stays(ask)
    assert heap.largest_free_bytes() > 40_000
    assert heap.fill(16_384) > 30_000
    for _ in range(3):
        collect()
        assert heap.largest_free_bytes() <= 16_384
    assert link.ask(messages.INTERROGATE)["heap_free_bytes"] < 40_000
    heap.collect_every(1_024)
    for _ in range(10):
        link.ask(messages.GET_TIME)
    assert len(rig.board.resets) == 1
    rig.close()
