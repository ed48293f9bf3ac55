"""The pump makes what a request leaves on a tidy heap, and has time to tidy it while more is to be served."""

from __future__ import annotations

import pytest

from controller.pump_bench import PumpBench, continuous, delivering
from thecal_fw.link import messages
from thecal_fw.link.messages import Message
from thecal_fw.pump.memory import Memory

FREE_BYTES = 90_000


@pytest.fixture
def bench() -> PumpBench:
    bench = delivering(continuous(424_000))
    bench.run_for(30)
    return bench


class Heap:
    """The heap of a pump's machine, and when it is tidied: in which poll."""

    def __init__(self, bench: PumpBench, monkeypatch: pytest.MonkeyPatch) -> None:
        self.free_bytes = FREE_BYTES
        self.tidied: list[int] = []
        machine = bench.pump.controller.hardware.machine

        def collect() -> None:
            self.tidied.append(bench.pump.polls)
            self.free_bytes = FREE_BYTES

        monkeypatch.setattr(machine, "heap_free_bytes", lambda: self.free_bytes)
        monkeypatch.setattr(machine, "collect_garbage", collect)


def polls_for(bench: PumpBench, message: Message, *values: object) -> int:
    """Return how many polls it takes from a request to its answer."""
    before = bench.pump.polls
    bench.host.ask(message, *values)
    return bench.pump.polls - before


def test_a_change_waits_while_the_heap_is_littered_and_a_poll_tidies_it_first(
    bench: PumpBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    heap = Heap(bench, monkeypatch)
    bench.pump.controller.memory.keep_tidy()
    on_tidy_heap = polls_for(bench, messages.CANCEL_BOLUS, 0)
    bench.run_for(5)
    heap.free_bytes -= 50_000
    heap.tidied.clear()
    before = bench.pump.polls
    assert polls_for(bench, messages.CANCEL_BOLUS, 0) == on_tidy_heap + 2
    assert heap.tidied == [before + 2]


@pytest.mark.parametrize("message", [messages.GET_TIME, messages.STOP], ids=lambda message: message.name)
def test_a_stop_and_what_changes_nothing_do_not_wait_for_a_tidy_heap(
    bench: PumpBench, monkeypatch: pytest.MonkeyPatch, message: Message
) -> None:
    heap = Heap(bench, monkeypatch)
    bench.pump.controller.memory.keep_tidy()
    heap.free_bytes -= 50_000
    carried_out: list[int] = []
    handlers = bench.pump.controller._link._handlers  # type: ignore[union-attr]
    handle = handlers[message.kind]

    def handling(values: object) -> object:
        carried_out.append(bench.pump.polls)
        return handle(values)

    monkeypatch.setitem(handlers, message.kind, handling)
    before = bench.pump.polls
    bench.host.ask(message)
    assert carried_out == [before + 1]


def test_there_is_time_to_tidy_before_a_change_is_carried_out(bench: PumpBench) -> None:
    controller = bench.pump.controller
    poll, has_time = controller.poll, []

    def polling(now_s: int, now_us: int) -> int:
        left = poll(now_s, now_us)
        has_time.append((controller._has_more_to_do, controller.agenda.has_time(20_000)))
        return left

    controller.poll = polling  # type: ignore[method-assign]
    bench.host.ask(messages.CANCEL_BOLUS, 0)
    assert has_time[0] == (True, True)


def test_the_heap_is_tidied_once_much_garbage_lies_about(
    bench: PumpBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    heap, memory = Heap(bench, monkeypatch), bench.pump.controller.memory
    memory.keep_tidy()
    heap.tidied.clear()
    heap.free_bytes -= 12_000
    memory.keep_tidy()
    assert not memory.is_littered()
    assert not heap.tidied
    heap.free_bytes -= 1_000
    assert memory.is_littered()
    memory.keep_tidy()
    assert len(heap.tidied) == 1
    assert not memory.is_littered()


def test_a_heap_that_nobody_has_looked_at_counts_as_littered(bench: PumpBench) -> None:
    controller = bench.pump.controller
    assert Memory(bench.pump.controller.hardware.machine, controller.pace, controller.reports).is_littered()
