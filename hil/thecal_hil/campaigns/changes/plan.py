"""The parts of the campaign: lives of boards, spikes, resets, sequences of faults; what each costs.

Promise: parts follow from the figures to be reached alone, so a campaign that was stopped finds its parts again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from thecal_hil.campaigns.changes.spikes import INPUTS

MIXED, EXACT, FAULTY, SPIKED, RESET = "mixed", "exact", "faults", "spikes", "resets"
OF_LIVES: Final = (MIXED, EXACT)
GROUPS: Final = 40
SEQUENCES_A_PART: Final = 250

# Processor seconds on one core of 2026, for what is said beforehand.
_S_PER_LIFE: Final = 25.0
_S_PER_EXACT_LIFE: Final = 12.0
_S_PER_SEQUENCE: Final = 0.06
_S_PER_SPIKED_HOUR: Final = 50.0
_S_OF_RESETS: Final = 20.0
_LIVES_A_BOARD: Final = 6

MIXED_BOARDS: Final = tuple(
    f"silicon,flash=blank,P={miss},replace={replacement},erase={erase}"
    for miss in (66, 132)
    for erase in ("45ms", "400ms")
    for replacement in ("lru", "random")
)
EXACT_BOARDS: Final = tuple(
    f"frames=on,erase=45ms,page=0.7ms,P={miss},replace={replacement}"
    for miss in (0, 40, 66, 100, 132)
    for replacement in ("lru", "random")
)
SPIKED_BOARD: Final = "silicon,flash=blank"
SPIKED_NL_PER_DAY: Final = 2_000_000
RESET_BOARDS: Final = tuple(f"silicon,flash={flash}" for flash in ("blank", "files", "zeros", "random"))


@dataclass(frozen=True)
class PartPlan:
    """kind: one of those above. board: of a life, an hour of spikes or a round of resets. first_seed: a life's seed, or
    the first of a row of sequences. where: the input that is spiked."""

    kind: str
    board: str
    first_seed: int
    count: int
    where: str = ""

    @property
    def name(self) -> str:
        board = "".join(letter if letter.isalnum() else "-" for letter in self.board + self.where)
        return f"{self.kind}-{board}-{self.first_seed}-{self.count}"

    @property
    def cost_s(self) -> float:
        """Return the time that it costs of one core, about."""
        return _S_EACH[self.kind] * self.count


_S_EACH: Final = {
    MIXED: _S_PER_LIFE,
    EXACT: _S_PER_EXACT_LIFE,
    FAULTY: _S_PER_SEQUENCE,
    SPIKED: _S_PER_SPIKED_HOUR,
    RESET: _S_OF_RESETS,
}


def planned(seed: int, lives: int, sequences: int) -> list[PartPlan]:
    """Return the parts of so many lives of each board and so many sequences of faults, from a seed on."""
    parts = [PartPlan(MIXED, board, seed + number, 1) for number in range(lives) for board in MIXED_BOARDS]
    if lives:
        parts += [PartPlan(EXACT, board, seed, 1) for board in EXACT_BOARDS]
        parts += [PartPlan(SPIKED, SPIKED_BOARD, seed, 1, where) for where in INPUTS]
        parts += [PartPlan(RESET, board, seed, 1) for board in RESET_BOARDS]
    for first in range(0, sequences, SEQUENCES_A_PART):
        parts.append(PartPlan(FAULTY, "", seed + first, min(SEQUENCES_A_PART, sequences - first)))
    return parts


LIVES: Final = _LIVES_A_BOARD
SEQUENCES: Final = 10_000
