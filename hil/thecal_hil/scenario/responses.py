"""The responses of alarms to a prescription: the ideal course of a host's requests, with the alarms' responses laid
over it.

Promises: which response an alarm has is read from the table of the alarms, its rates from the oracle's own constants,
and only the instants from the pump's log, as the host's are from its answers. A generator that ran dry or wild is not
followed: what came of that is a divergence, and a scenario says up to where it means to be ideal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from thecal.alarm_sets import acknowledged_in
from thecal_fw.core import events
from thecal_fw.core.alarms import (
    ALARMS,
    AT_LATCHES,
    AT_RESPONSE,
    PROGRAM_LOST,
    RESPONSE_BLOCK_BOLUSES,
    RESPONSE_MINIMUM_RATE,
    RESPONSE_NONE,
    STOPPED_BY_ALARM,
)
from thecal_hil.course.course import Stretch
from thecal_sim.ideal import Epoch, IdealDelivery, Regimen
from thecal_sim.prescription import MINIMUM_RATE_NL_PER_DAY

_LATCHING = sum(1 << alarm for alarm, row in enumerate(ALARMS) if row[AT_LATCHES])
_OUTLIVES_A_RESET = _LATCHING | 1 << STOPPED_BY_ALARM | 1 << PROGRAM_LOST


@dataclass(frozen=True)
class Logged:
    """An entry of the log at its instant, as far as it bears on delivery."""

    t_ns: int
    code: int
    first: int
    second: int


@dataclass(frozen=True)
class _Change:
    """A change from an instant on: stopped by the pump itself, or the response in force."""

    t_ns: int
    is_stopped: bool
    response: int


def response_of(active: int) -> int:
    """Return the most restrictive response of some alarms, by bit."""
    return max(
        (row[AT_RESPONSE] for alarm, row in enumerate(ALARMS) if active >> alarm & 1), default=RESPONSE_NONE
    )


def followed(stretch: Stretch, log: Sequence[Logged]) -> Stretch:
    """Return a stretch whose ideal follows the alarms' responses as well."""
    asked = list(stretch.ideal.history)
    history: list[Epoch] = []
    for change in _changes(log):
        if not stretch.begins_ns <= change.t_ns <= stretch.ends_ns:
            continue
        while asked and asked[0].start_ns <= change.t_ns:
            history.append(asked.pop(0))
        if history:
            history += _answer(history, stretch.ideal.history, change)
    history = _in_order([*history, *asked])
    return replace(stretch, ideal=IdealDelivery(history, stretch.ideal.microsteps_per_nl))


def _answer(history: list[Epoch], asked: Sequence[Epoch], change: _Change) -> list[Epoch]:
    """Return the epoch that a change makes of what the host has asked for last; none if it changes nothing."""
    latest = history[-1]
    wanted = [epoch for epoch in asked if epoch.start_ns <= change.t_ns][-1]
    if change.is_stopped:
        return [] if latest.regimen is None else [Epoch(change.t_ns, None, wanted.local_minus_t_ns)]
    if wanted.regimen is None:
        return []
    epoch = _under(replace(wanted, start_ns=change.t_ns), change.response)
    return [] if _means_the_same(epoch, latest) else [epoch]


def _under(epoch: Epoch, response: int) -> Epoch:
    """Return what is to be delivered from the epoch's beginning on under a response."""
    if response >= RESPONSE_MINIMUM_RATE:
        return replace(epoch, regimen=Regimen.constant(MINIMUM_RATE_NL_PER_DAY), extra=())
    if response >= RESPONSE_BLOCK_BOLUSES:
        return replace(epoch, boluses_from_local_ns=None, extra=())
    return epoch


def _means_the_same(epoch: Epoch, latest: Epoch) -> bool:
    return replace(epoch, start_ns=latest.start_ns) == latest


def activity(log: Sequence[Logged]) -> Iterator[tuple[Logged, int]]:
    """Yield each entry with the alarms that are active by then, by bit."""
    active = 0
    for entry in log:
        if entry.code == events.EVENT_RESET:
            active &= _OUTLIVES_A_RESET
        elif entry.code == events.EVENT_ALARM_RAISED:
            active |= 1 << entry.first
        elif entry.code == events.EVENT_ALARM_CLEARED:
            active &= ~(1 << entry.first)
        acknowledged = acknowledged_in(entry.code, entry.first, entry.second)
        if acknowledged is not None:
            active &= ~acknowledged[1]
        yield entry, active


def _changes(log: Sequence[Logged]) -> Iterator[_Change]:
    for entry, active in activity(log):
        if entry.code in (events.EVENT_STOPPED, events.EVENT_HELD):
            yield _Change(entry.t_ns, True, response_of(active))
        elif entry.code == events.EVENT_PROGRAM_EFFECTIVE:
            yield _Change(entry.t_ns, False, response_of(active))


def _in_order(history: list[Epoch]) -> list[Epoch]:
    """Return the epochs by instants; of two at one instant the later one counts, which is the one that has an alarm
    in it."""
    by_start = {epoch.start_ns: epoch for epoch in history}
    return [by_start[start_ns] for start_ns in sorted(by_start)]
