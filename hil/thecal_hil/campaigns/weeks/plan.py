"""The plan of a campaign: its seeds in batches, and everything else that its results depend on.

Promise: two campaigns have the same digest only if each of their runs gives the same row.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from thecal_fw.version import COMMIT, VERSION
from thecal_hil.campaigns.weeks.sources import sources_digest
from thecal_hil.campaigns.weeks.tolerances import TOLERANCES


@dataclass(frozen=True)
class Plan:
    """Seeds from the first on, each for so many days, in batches of so many runs. ValueError for what can't be."""

    runs: int
    days: int
    first_seed: int = 0
    batch: int = 5

    def __post_init__(self) -> None:
        if min(self.runs, self.days, self.batch) < 1 or self.first_seed < 0:
            raise ValueError("runs, days and batch: 1 at least; first_seed: not negative")

    @property
    def batches(self) -> int:
        return -(-self.runs // self.batch)

    def seeds_of(self, batch: int) -> range:
        begin = self.first_seed + batch * self.batch
        return range(begin, min(begin + self.batch, self.first_seed + self.runs))


def described(plan: Plan) -> dict[str, Any]:
    """Return a plan with everything else that the results depend on."""
    spreads = {
        name: {"kind": type(spread).__name__.lower(), **asdict(spread)} for name, spread in TOLERANCES.items()
    }
    build = {"version": VERSION, "commit": COMMIT, "digest": sources_digest()}
    return {"plan": asdict(plan), "build": build, "tolerances": spreads}


def digest_of(description: dict[str, Any]) -> str:
    """Return the SHA-256 of a plan's description, hexadecimal."""
    return hashlib.sha256(json.dumps(description, sort_keys=True).encode()).hexdigest()
