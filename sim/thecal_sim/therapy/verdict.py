"""The verdict on a request for a dose, as far as it is certain."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from thecal_sim.therapy.dose import Refusal


@dataclass(frozen=True)
class Verdict:
    """certain: reasons that hold whenever the request is judged. possible: those that hold at some instant at which it
    may be judged, or by some age of what was given before a power cut. A pump may name any reason that holds."""

    certain: frozenset[Refusal]
    possible: frozenset[Refusal]

    def allows(self, refusal: str | None) -> bool:
        """Return True if a pump may answer with this reason, or give the dose if it is None."""
        return not self.certain if refusal is None else refusal in self.possible

    @classmethod
    def of(cls, judgements: Iterable[tuple[frozenset[Refusal], frozenset[Refusal]]]) -> Verdict:
        """Return the verdict from the reasons (certain, possible) at each of the instants at which a request may be
        judged."""
        certain, possible = zip(*judgements, strict=True)
        return cls(frozenset.intersection(*certain), frozenset().union(*certain, *possible))
