"""The campaign on the emulated board: the shipped image with its real flash driver, cut in each flash operation of a
visit and at random instants, each time in a copy of the process that carries the visit out.

Promises: every cut begins from the very state in which the visit stood; after it the board boots from its flash as it
was left, with its memory lost; all that is checked is what the pump then reports to its host, and the steps that
came out. Of the torn outcomes those are tried that the emulated chip can hold: bits that read differently each time
are left to the model.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NoReturn

from serial import SerialException

from thecal.client import Pump
from thecal.errors import ThecalError
from thecal_fw.core.journal_condition import BLANK, GOOD
from thecal_fw.core.pump_state import STATE_STOPPED
from thecal_hil.campaigns.powercuts.invariants import LATCHING
from thecal_hil.campaigns.powercuts.scenarios import FAST, SLOW, short_visit
from thecal_hil.campaigns.powercuts.witness import Witness
from thecal_hil.emulator import ResetCause
from thecal_hil.emulator.flash_chip import Remains
from thecal_hil.groundwork.copies import CopyFailedError, in_a_copy, split
from thecal_hil.rigs.pico_rig import PicoRig

AT_REST = "instant"
OUTCOMES = {True: ("before", "partly", "after"), False: ("before", "prefix", "subset", "after")}
"""By whether the operation is an erase."""
_RECOVERY_S = 2.0


@dataclass(frozen=True)
class PicoCut:
    """operation: of the flash, counted from the visit's first; -1 for a cut at an instant, ``at_ns`` of the visit."""

    operation: int
    outcome: str
    at_ns: int = -1

    def __str__(self) -> str:
        return f"pico:{self.operation}:{self.outcome}:{self.at_ns}"


class PowerWasCutError(Exception):
    """The visit can't continue."""


class PicoVisit(Witness):
    """A host at an emulated board. Everything it does ends with PowerWasCutError once the power was cut."""

    def __init__(self, rig: PicoRig) -> None:
        super().__init__()
        self.rig = rig
        self.began_ns = rig.now_ns
        self._resets = len(rig.board.resets)

    @property
    def was_cut(self) -> bool:
        return len(self.rig.board.resets) > self._resets

    @property
    def host(self) -> Pump:
        if self.was_cut:
            raise PowerWasCutError
        return self.rig.pump()

    def delivered_steps(self) -> int:
        return self.rig.motor.turned_steps

    def run_for(self, seconds: float) -> None:
        self.rig.board.run_for(round(seconds * 1e9), lambda: self.was_cut)
        if self.was_cut:
            raise PowerWasCutError

    def carry_out(self) -> None:
        """Carry out the visit, as far as the power lasts."""
        try:
            short_visit(self)
        except (PowerWasCutError, SerialException, ThecalError):
            if not self.was_cut:
                raise

    def what_is_broken(self) -> list[str]:
        """Return what the pump reports that can't be, once the power was cut and is back."""
        self.rig.recover()
        self.rig.run_for(_RECOVERY_S)
        facts, before = self.facts, self.delivered_steps()
        status = self.rig.pump().interrogate()
        after = self.delivered_steps()
        found = []

        def must(holds: bool, what: str) -> None:
            if not holds:
                found.append(what)

        quantum = max(facts.quantum_steps, status.quantum_steps)
        must(status.lifetime_steps >= before, f"count: {before} came, {status.lifetime_steps} are known")
        must(
            status.lifetime_steps - after <= status.uncertain_steps <= quantum,
            f"uncertain: {after} came, {status.lifetime_steps} are known, {status.uncertain_steps} are uncertain",
        )
        digest = status.program_digest if status.has_program else None
        must(digest in facts.digests, f"program: {digest.hex() if digest else digest} was never committed")
        filled_at = status.lifetime_steps - status.steps_since_refill
        fills = [(nl, least, most) for nl, least, most in filter(None, facts.fills)]
        fits = any(status.fill_nl == nl and least <= filled_at <= most for nl, least, most in fills)
        must(
            fits if status.fill_known else None in facts.fills, f"reservoir: {status.fill_nl} at {filled_at}"
        )
        goes_on = status.state != STATE_STOPPED
        must(goes_on in facts.delivering, f"delivery: continuing is {goes_on}")
        must(not status.active_alarms & LATCHING, f"alarms: {status.active_alarms:#x} came from nowhere")
        must(status.journal_condition in (BLANK, GOOD), f"condition: {status.journal_condition}")
        if facts.delivering == {True}:
            rates = {program.rate_nl_per_day for program in (SLOW, FAST) if program.digest() == digest}
            must({status.rate_nl_per_day} == rates, f"delivery: {status.rate_nl_per_day} nL/day of {rates}")
        return found


class PicoTrials:
    """Cuts the visit everywhere. mine: which of all cuts, numbered in order, are to be tried."""

    def __init__(self, rig: PicoRig, seed: int, mine: Callable[[int, PicoCut], bool]) -> None:
        self._visit = PicoVisit(rig)
        self._rig = rig
        self._flash = rig.board.flash_timing
        self._seed = seed
        self._mine = mine
        self._number = 0
        self._first_operation = self._flash.operations
        self._end: Callable[[Callable[[], Any]], NoReturn] | None = None
        self._took_ns = 0
        self.counts: Counter[str] = Counter()
        self.violations: list[tuple[str, str]] = []

    def cut_everywhere(self, instants: int) -> None:
        """Cut in every outcome of each flash operation, and at so many instants of the visit, chosen at random."""
        visit, board = self._visit, self._rig.board
        took_ns, quantum_steps = in_a_copy(self._rehearse)
        self._took_ns = took_ns
        visit.facts = replace(visit.facts, quantum_steps=quantum_steps)
        chance = random.Random(self._seed)
        for at_ns in sorted(chance.randrange(took_ns) for _ in range(instants)):
            board.call_at(visit.began_ns + at_ns, partial(self._at_instant, at_ns))
        self._flash.on_operation = self._before_operation
        visit.carry_out()
        if self._end is not None:
            self._end(visit.what_is_broken)
        self._flash.on_operation = None

    def share(self) -> float:
        """Return how much of the visit is over; a cut on the way takes no time of it."""
        passed_ns = self._rig.now_ns - self._visit.began_ns
        return passed_ns / self._took_ns if self._took_ns else 0.0

    def _rehearse(self) -> tuple[int, int]:
        """Return how long the visit takes, and the largest quantum in it."""
        self._visit.carry_out()
        return self._rig.now_ns - self._visit.began_ns, self._visit.host.interrogate().quantum_steps

    def _before_operation(self, number: int, is_erase: bool) -> Remains | None:
        for outcome in OUTCOMES[is_erase]:
            cut = PicoCut(number - self._first_operation, outcome)
            if self._is_copy_for(cut, f"{'erase' if is_erase else 'program'} {outcome}"):
                chance = random.Random(f"{self._seed} {cut}")
                return partial(remains, outcome, chance)
        return None

    def _at_instant(self, at_ns: int) -> None:
        if self._is_copy_for(PicoCut(-1, AT_REST, at_ns), "at an instant"):
            self._rig.board.reset(ResetCause.POWER_ON)

    def _is_copy_for(self, cut: PicoCut, category: str) -> bool:
        """Try a cut in a copy of this process. True in the copy, which continues with the power cut; False here."""
        self._number += 1
        if self._end is not None or not self._mine(self._number, cut):
            return False
        try:
            end, broken = split()
        except CopyFailedError as failed:
            end, broken = None, [f"exception: {failed}"]
        if end is not None:
            self._end = end
            self._flash.on_operation = None
            return True
        self.counts[category] += 1
        self.violations += [(str(cut), what) for what in broken]
        return False


def remains(outcome: str, chance: random.Random, before: bytes, after: bytes) -> bytes:
    """Return what a cut leaves of a sector or page."""
    if outcome == "before":
        return before
    if outcome == "after":
        return after
    if outcome == "prefix":
        end = chance.randrange(len(after))
        return after[:end] + before[end:]
    # Some of the bits that were to change have.
    return bytes(old ^ ((old ^ new) & chance.getrandbits(8)) for old, new in zip(before, after, strict=True))
