"""What the campaign consists of: lives of boards and sequences of faults, in parts, and what each part costs.

Promise: parts follow from the figures to be reached alone, so a campaign that was stopped finds its parts again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MIXED, EXACT, FAULTY = "mixed", "exact", "faults"
GROUPS: Final = 40
SEQUENCES_A_PART: Final = 250

# Processor seconds on one core of 2026, for what is said beforehand.
_S_PER_LIFE: Final = 25.0
_S_PER_EXACT_LIFE: Final = 12.0
_S_PER_SEQUENCE: Final = 0.06
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


@dataclass(frozen=True)
class PartPlan:
    """kind: one of those above. board: of a life. first_seed: a life's seed, or the first of a row of sequences."""

    kind: str
    board: str
    first_seed: int
    count: int

    @property
    def name(self) -> str:
        board = "".join(letter if letter.isalnum() else "-" for letter in self.board)
        return f"{self.kind}-{board}-{self.first_seed}-{self.count}"

    @property
    def cost_s(self) -> float:
        """Of one core, about."""
        each = {MIXED: _S_PER_LIFE, EXACT: _S_PER_EXACT_LIFE, FAULTY: _S_PER_SEQUENCE}[self.kind]
        return each * self.count


def planned(seed: int, lives: int, sequences: int) -> list[PartPlan]:
    """The parts of so many lives of each board and so many sequences of faults, from a seed on."""
    parts = [PartPlan(MIXED, board, seed + number, 1) for number in range(lives) for board in MIXED_BOARDS]
    parts += [PartPlan(EXACT, board, seed, 1) for board in EXACT_BOARDS] if lives else []
    for first in range(0, sequences, SEQUENCES_A_PART):
        parts.append(PartPlan(FAULTY, "", seed + first, min(SEQUENCES_A_PART, sequences - first)))
    return parts


LIVES: Final = _LIVES_A_BOARD
SEQUENCES: Final = 10_000
