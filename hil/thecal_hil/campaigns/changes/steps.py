"""The steps of a life: steps that chance draws beforehand, each a request, a press or an alarm, and where it goes.

Promises: the same seed draws the same steps; none depends on what the pump does, so that any of them can be left out of
a life that is run again. Every kind of request there is gets drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from thecal_fw.link import messages
from thecal_hil.campaigns.changes.watched import Event

LEAST_NL_PER_DAY, MOST_NL_PER_DAY = 48_000, 24_000_000
PRESS, SUPPLY, LOW_RESERVOIR, STUCK_BUTTON = "press", "supply low", "low reservoir", "stuck button"
ALARMS: Final = (SUPPLY, LOW_RESERVOIR, STUCK_BUTTON)
TEMPORARY, END_TEMPORARY = "temporary rate", "end of the temporary rate"
HEAP, THRESHOLD, COLLECT = "fill the heap", "move the threshold", "collect next"

_MAKE_A_CHANGE: Final = tuple(
    message.name
    for message in (messages.COMMIT, messages.GIVE_BOLUS, messages.CANCEL_BOLUS, messages.SET_TIME)
)
_CHANGE_NOTHING: Final = tuple(
    message.name
    for message in messages.MESSAGES
    if message.name not in _MAKE_A_CHANGE and message != messages.STOP
)
_SENT_TOGETHER: Final = tuple(
    message.name
    for message in messages.MESSAGES
    if message.name in _CHANGE_NOTHING
    and message not in (messages.HELLO, messages.START, messages.BOOTLOADER, messages.PROMPT)
)
"""What needs no answer before the next request can be made, and does nothing to a pump that stands."""
_WITHIN_US: Final = 100_000
_THRESHOLDS: Final = (0, 4_096, 6_144, 8_192)
"""Bytes after which the collector runs by itself; 0 for only once nothing is free. The firmware sets none and keeps a
piece of 16 kB, so it never runs more often than once in four times the least of these."""
_STARTS: Final = 0.35
_TEMPORARY: Final = 0.25
_PRESSES: Final = 0.05
_ALARMS: Final = 0.03
_COMMITS: Final = 0.5


@dataclass(frozen=True)
class Step:
    """what: a message's name, or one of the names above. amount: what its values are drawn from. near: what the pump
    is at when it comes, with how long after that, or before that if negative; None for at once."""

    what: str
    amount: int
    near: str | None = None
    offset_us: int = 0


def drawn_steps(seed: str, groups: int) -> list[Step]:
    """Return so many changes of a seed, each with what comes around it."""
    draw = Random(seed)
    steps: list[Step] = []
    for group in range(groups):
        if group % 4 == 0:
            steps.append(Step(HEAP, draw.choice((16, 20, 24)) * 1_024))
        steps.append(_pressure(draw))
        for change in _change(draw):
            near = draw.choice((*Event, None))
            steps.append(_placed(draw, change, near))
            at_splice = [
                _placed(draw, _at_a_splice(draw), Event.SPLICE) for _ in range(draw.randrange(5, 11))
            ]
            steps += sorted(at_splice, key=lambda step: step.offset_us)
        # What comes after a change: its record, an erase ahead of need, and a minute later the end of a block.
        near = draw.choice((Event.BLOCK_END, Event.WRITE, Event.WRITE, Event.ERASE, Event.ERASE))
        steps += [_placed(draw, _change_nothing(draw), near) for _ in range(draw.randrange(1, 4))]
    return steps


def at_one_splice(steps: Iterable[Step]) -> Iterator[list[Step]]:
    """Yield the steps in order, those together that are sent around one splice without waiting for answers in
    between."""
    together: list[Step] = []
    for step in steps:
        if step.near == Event.SPLICE and step.what in _SENT_TOGETHER:
            if together and step.offset_us < together[-1].offset_us:
                yield together
                together = []
            together.append(step)
            continue
        if together:
            yield together
            together = []
        yield [step]
    if together:
        yield together


def _change(draw: Random) -> tuple[str, ...]:
    chance = draw.random()
    if chance < _STARTS:
        return messages.STOP.name, messages.START.name
    if chance < _STARTS + _PRESSES:
        return (PRESS,)
    if chance < _STARTS + _PRESSES + _ALARMS:
        return (draw.choice(ALARMS),)
    if chance < _STARTS + _PRESSES + _ALARMS + _TEMPORARY:
        return TEMPORARY, END_TEMPORARY
    # Most of the others change nothing about delivery, so there is no splice to be near to.
    return (messages.COMMIT.name if draw.random() < _COMMITS else draw.choice(_MAKE_A_CHANGE),)


def _at_a_splice(draw: Random) -> str:
    """Return mostly what changes nothing, and now and then another change on top."""
    return draw.choice(_MAKE_A_CHANGE) if draw.random() < 0.1 else _change_nothing(draw)


def _change_nothing(draw: Random) -> str:
    return draw.choice(_CHANGE_NOTHING)


def _pressure(draw: Random) -> Step:
    if draw.random() < 0.5:
        return Step(COLLECT, 0)
    return Step(THRESHOLD, draw.choice(_THRESHOLDS))


def _placed(draw: Random, what: str, near: Event | None) -> Step:
    offset_us = draw.randrange(-_WITHIN_US, _WITHIN_US) if near is not None else 0
    return Step(what, draw.getrandbits(32), near, offset_us)


def drawn_rate(amount: int) -> int:
    """Return a rate of delivery, as likely to lie in one decade as in the next."""
    fastest = MOST_NL_PER_DAY / LEAST_NL_PER_DAY
    return round(LEAST_NL_PER_DAY * fastest ** Random(amount).random())
