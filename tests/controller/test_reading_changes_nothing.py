"""A message that does not say that it changes something changes nothing, whatever it asks."""

from __future__ import annotations

from contextlib import suppress
from random import Random

import pytest

from controller.link_host import RefusedError
from controller.pump_bench import PumpBench, delivering, flex
from thecal_fw.link import messages
from thecal_fw.link.messages import Message
from thecal_hil.course.request_values import any_values

PROGRAM = flex([[(0, 400_000), (720, 800_000)]])


def kept_in(bench: PumpBench) -> list[object]:
    """Return what a request could change: what is to be kept, the log, the program, and what is delivered."""
    controller = bench.pump.controller
    return [
        controller.changes.durable,
        controller.log.latest,
        controller.orders.number,
        controller.infusion.change_tick,
        controller.infusion.rate_nl_per_day(),
    ]


@pytest.mark.parametrize(
    "message", [one for one in messages.MESSAGES if not one.changes], ids=lambda message: message.name
)
def test_what_is_not_marked_as_changing_leaves_the_pump_as_it_is(message: Message) -> None:
    bench, chance = delivering(PROGRAM), Random(9)
    bench.run_for(30)
    bench.host.hello()
    for _ in range(20):
        before = kept_in(bench)
        with suppress(RefusedError):
            bench.host.ask_once(message, *any_values(message, chance))
        assert kept_in(bench) == before


def test_that_would_be_seen() -> None:
    bench = delivering(PROGRAM)
    bench.host.hello()
    before = kept_in(bench)
    bench.host.ask(messages.SET_TIME, 1_772_409_600, 0, 60)
    assert kept_in(bench) != before
