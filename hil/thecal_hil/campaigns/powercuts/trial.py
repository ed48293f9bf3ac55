"""One cut, and all the second cuts during the recovery from it.

Promises: every boot runs the whole pump (controller, link, loop and board in virtual time) on a flash as the cut left
it; everything random follows from the scenario, the operation, the outcome and the seed.
"""

from __future__ import annotations

import zlib
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass

from thecal_hil.campaigns.powercuts.invariants import broken, not_resumed
from thecal_hil.campaigns.powercuts.recording import ROT, Operation
from thecal_hil.campaigns.powercuts.witness import Facts
from thecal_sim.model import ModelPump
from thecal_sim.nor_flash import AFTER, BEFORE, ERASE, TORN_ERASE, TORN_PROGRAM, NorFlash, PowerCutError
from thecal_sim.units import NS_PER_S

RECOVERY_NS = 3 * NS_PER_S
"""The boot, what it writes, and the first upkeep, as long as nothing else is due."""


@dataclass(frozen=True)
class Cut:
    """A cut of the campaign. second_operation and second_outcome: of the cut during recovery, if any (-1: none)."""

    scenario: str
    operation: int
    outcome: str
    seed: int
    second_operation: int = -1
    second_outcome: str = ""

    def __str__(self) -> str:
        text = f"{self.scenario}:{self.operation}:{self.outcome}:{self.seed}"
        return text if self.second_operation < 0 else f"{text}:{self.second_operation}:{self.second_outcome}"

    def number(self) -> int:
        """Return a seed that is this cut's alone."""
        return zlib.crc32(str(self).encode())


def cut_of(text: str) -> Cut:
    """Return what ``str`` of a cut says. Raise ValueError for what is no cut."""
    parts = text.split(":")
    if len(parts) not in (4, 6):
        raise ValueError(
            f"{text} is no cut: scenario:operation:outcome:seed, and :operation:outcome of a second"
        )
    second = (int(parts[4]), parts[5]) if len(parts) == 6 else (-1, "")
    return Cut(parts[0], int(parts[1]), parts[2], int(parts[3]), *second)


def outcomes_of(kind: str) -> tuple[str, ...]:
    return (BEFORE, *(TORN_ERASE if kind == ERASE else TORN_PROGRAM), AFTER)


class Trials:
    """Carries out cuts of one scenario, and counts them by category. violations: what did not hold, and after
    which cut."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.violations: list[tuple[str, str]] = []

    def cut_everywhere(self, chip: NorFlash, operation: Operation, cut: Cut) -> None:
        """Cut once, and then once more at each operation of the recovery from it, each in the next outcome of its
        kind."""
        kinds = self.cut_once(chip, operation, cut)
        for index, kind in enumerate(kinds):
            outcomes = outcomes_of(kind)
            outcome = outcomes[(cut.number() + index) % len(outcomes)]
            self.cut_twice(
                chip,
                operation,
                Cut(cut.scenario, cut.operation, cut.outcome, cut.seed, index, outcome),
            )

    def cut_once(self, chip: NorFlash, operation: Operation, cut: Cut) -> list[str]:
        """Cut once; return the kinds of the operations of the recovery."""
        after = chip_after(chip, operation, cut)
        kinds: list[str] = []
        after.before_operation = lambda index, kind, sector, offset: kinds.append(kind)
        self._count(cut, f"{operation.kind} {cut.outcome}")
        self._boot(after, operation.facts, _steps(operation, cut.outcome), cut)
        return kinds

    def cut_twice(self, chip: NorFlash, operation: Operation, cut: Cut) -> None:
        """Cut once, and in the recovery from it; raise ValueError if the recovery has no such operation."""
        after = chip_after(chip, operation, Cut(cut.scenario, cut.operation, cut.outcome, cut.seed))
        kinds: list[str] = []
        after.before_operation = lambda index, kind, sector, offset: kinds.append(kind)
        after.cut_at(after.operation + cut.second_operation, cut.second_outcome)
        least, most = _steps(operation, cut.outcome)
        # What a boot raises is what the campaign looks for, so it is reported and not let through.
        try:
            pump = ModelPump(chip=after)
            pump.run_for(2 * RECOVERY_NS)
            if not pump.resets:
                raise ValueError("the recovery has no such operation")
            again_ns, _ = pump.resets[0]
            delivered = bisect_right(pump.step_times_ns, again_ns)
            found = broken(pump.controller, operation.facts, least + delivered, most + delivered, 2)
            found += not_resumed(pump.controller, operation.facts)
        except Exception as error:
            found = [f"exception: {type(error).__name__}: {error}"]
        self._count(cut, f"recovery {kinds[cut.second_operation]} {cut.second_outcome}")
        self._report(cut, found)

    def _boot(self, chip: NorFlash, facts: Facts, steps: tuple[int, int], cut: Cut) -> None:
        try:
            pump = ModelPump(chip=chip)
            found = broken(pump.controller, facts, *steps, 1)
            pump.run_for(RECOVERY_NS)
            found += not_resumed(pump.controller, facts)
        except Exception as error:
            found = [f"exception: {type(error).__name__}: {error}"]
        self._report(cut, found)

    def _report(self, cut: Cut, found: list[str]) -> None:
        for what in found:
            self.violations.append((str(cut), what))

    def _count(self, cut: Cut, category: str) -> None:
        self.counts[category] += 1
        self.counts[f"scenario {cut.scenario}"] += 1


def _steps(operation: Operation, outcome: str) -> tuple[int, int]:
    least = operation.before_steps
    return least, least if outcome == BEFORE else operation.after_steps


def chip_after(chip: NorFlash, operation: Operation, cut: Cut) -> NorFlash:
    """Return a copy of the chip on which the operation was cut, with power again. Raise ValueError for an
    operation that can't be cut."""
    after = chip.copy(cut.number())
    after.cut_at(after.operation, cut.outcome)
    try:
        operation.do(after)
    except PowerCutError:
        after.power_up()
        return after
    raise ValueError(f"{cut}: a {operation.kind} can't be cut")


def can_be_cut(operation: Operation) -> bool:
    return operation.kind != ROT
