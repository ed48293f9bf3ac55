"""A verification run: whether a head delivers now what its record says.

The difference is held against both uncertainties, by the number E_n of ISO 13528: 1 is where the intervals of 95 %
would only just allow it. What both share, as the same balance, is counted twice; so it accepts rather a little more.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot
from typing import Any

from thecal.calibration.estimate import Estimate

_RATE_SLACK = 1.05


@dataclass(frozen=True)
class Verification:
    """nl_per_turn: found now, at turns_per_min; expected_nl: what the record says of that rate. off_percent: now
    against then. e_n: beyond 1 in size it is not the head that the record is of. is_within_rates: the record knows such
    a rate."""

    nl_per_turn: float
    expanded_nl: float
    expected_nl: float
    expected_expanded_nl: float
    turns_per_min: float
    is_within_rates: bool

    @property
    def off_percent(self) -> float:
        return 100.0 * (self.nl_per_turn / self.expected_nl - 1.0)

    @property
    def e_n(self) -> float:
        return (self.nl_per_turn - self.expected_nl) / hypot(self.expanded_nl, self.expected_expanded_nl)

    @property
    def holds(self) -> bool:
        return abs(self.e_n) <= 1.0 and self.is_within_rates

    @property
    def text(self) -> str:
        if not self.is_within_rates:
            return f"the record knows nothing of {self.turns_per_min:.4g} turns a minute: verify at a rate that it has"
        verdict = "holds" if self.holds else "does not hold: calibrate anew, or look for what has changed"
        return f"{self.off_percent:+.2f} % against the record, E_n {self.e_n:+.2f}: it {verdict}"


def verified(found: Estimate, record: dict[str, Any]) -> Verification:
    result = record["result"]
    slope = result["slope"][0] if result["slope"] else 0.0
    reference = result["reference_turns_per_min"]
    factor = 1.0 + slope * (found.reference_turns_per_min / reference - 1.0)
    slowest, fastest = result["rates_turns_per_min"]
    return Verification(
        found.nl_per_turn,
        found.expanded_nl,
        result["nl_per_turn"] * factor,
        result["expanded_nl"] * factor,
        found.reference_turns_per_min,
        slowest / _RATE_SLACK <= found.reference_turns_per_min <= fastest * _RATE_SLACK,
    )
