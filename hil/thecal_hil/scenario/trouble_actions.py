"""The troubles in the course of a scenario: resets, faults of the board, hosts that die, wires that are bad.

Promise: each begins at the instant of the call and, if it lasts for a time of its own, is over when the call returns.
"""

from __future__ import annotations

from collections.abc import Callable

from thecal_fw.link import messages
from thecal_fw.link.frames import MOST_PAYLOAD_BYTES
from thecal_hil.contract.faults import Fault
from thecal_hil.contract.rig import ResetCause
from thecal_hil.course.load import (
    BadWire,
    cut_short,
    damaged,
    doubled,
    flood,
    garbage,
    lost,
    settle,
    valid_frames,
)
from thecal_hil.course.raw_link import RawLink
from thecal_hil.scenario.alarm_causes import rotten_programs
from thecal_hil.scenario.attempt import Attempt
from thecal_hil.scenario.params import Given
from thecal_sim.units import NS_PER_S

CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "lost": lost,
    "doubled": doubled,
    "cut short": cut_short,
    "damaged": damaged,
}
DEATHS = ("half-way", "before the commit")
_UNREAD_EVERY_S = 0.1


class EveryNth:
    """Applies a change to each n-th frame, the first one included."""

    def __init__(self, change: Callable[[bytes], bytes], every: int) -> None:
        self._change = change
        self._every = every
        self._count = 0

    def __call__(self, frame: bytes) -> bytes:
        self._count += 1
        return self._change(frame) if self._count % self._every == 1 % self._every else frame


def power_cut(attempt: Attempt, given: Given) -> None:
    attempt.reset(ResetCause.POWER_ON)


def watchdog_reset(attempt: Attempt, given: Given) -> None:
    attempt.reset(ResetCause.WATCHDOG)


def begin_fault(attempt: Attempt, given: Given) -> None:
    attempt.rig.faults.inject(Fault(given["fault"]), given["amount"])


def end_fault(attempt: Attempt, given: Given) -> None:
    attempt.rig.faults.end(Fault(given["fault"]))


def rot_programs(attempt: Attempt, given: Given) -> None:
    for sector in rotten_programs():
        attempt.rig.faults.inject(Fault.FLASH_ROTS, sector)


def die_while_programming(attempt: Attempt, given: Given) -> None:
    """Send a program in part, or in whole and read back, and never commit it."""
    encoded = attempt.therapy(given["prescription"]).program.encode()
    link = RawLink(attempt.rig.port, host_nonce=4_000)
    link.ask(messages.STAGE_BEGIN, len(encoded))
    sent = encoded[: len(encoded) // 2] if given["when"] == "half-way" else encoded
    size = MOST_PAYLOAD_BYTES - messages.STAGE_DATA.request.size
    for offset in range(0, len(sent), size):
        link.ask(messages.STAGE_DATA, offset, tail=sent[offset : offset + size])
    another_host(attempt, given)


def die(attempt: Attempt, given: Given) -> None:
    link = RawLink(attempt.rig.port, host_nonce=5_000)
    frame = link.frame(messages.STOP)
    attempt.rig.port.write(frame[: len(frame) // 2])
    attempt.rig.run_for(1)
    # The next host closes whatever run of bytes is open before it begins.
    attempt.rig.port.write(b"\0")
    settle(attempt.rig)
    another_host(attempt, given)


def another_host(attempt: Attempt, given: Given) -> None:
    attempt.rig.fresh_pump()


def make_noise(attempt: Attempt, given: Given) -> None:
    attempt.seeds["link noise"] = given["seed"]
    flood(attempt.rig, given["lasting"] / NS_PER_S, garbage(given["seed"]))
    another_host(attempt, given)


def flood_link(attempt: Attempt, given: Given) -> None:
    link = RawLink(attempt.rig.port, host_nonce=6_000)
    flood(attempt.rig, given["lasting"] / NS_PER_S, valid_frames(link.session))
    another_host(attempt, given)


def leave_unread(attempt: Attempt, given: Given) -> None:
    rig = attempt.rig
    frames = valid_frames(RawLink(rig.port, host_nonce=6_500).session)
    rig.leave_unread(True)
    for _ in range(round(given["lasting"] / NS_PER_S / _UNREAD_EVERY_S)):
        rig.port.write(next(frames))
        rig.run_for(_UNREAD_EVERY_S)
    rig.leave_unread(False)
    settle(rig)
    another_host(attempt, given)


def make_wire_bad(attempt: Attempt, given: Given) -> None:
    wire = BadWire(attempt.rig.port)
    change = EveryNth(CHANGES[given["change"]], given["every"])
    attempt.go_through(wire)
    # Only now: the host has to find the pump first.
    if given["direction"] == "to pump":
        wire.to_pump = change
    else:
        wire.to_host = change


def mend_wire(attempt: Attempt, given: Given) -> None:
    another_host(attempt, given)
