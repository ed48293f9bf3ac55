"""Flow and air: a thermal sensor on I2C, two bytes and a check for the flow, two and a check for its flags.

    check: CRC-8, polynomial 0x31, begun with 0xFF, as sensors of this kind have it

It sees boluses and air. Basal flow is near or below one of its counts, and its zero wanders more than that. Faults: it
does not answer, or its words are garbled.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from thecal_sim.sensors.chance import generator

_POLYNOMIAL = 0x31
_BEGIN = 0xFF
AIR_FLAG = 1


class FlowFault(StrEnum):
    NO_ANSWER = "no answer"
    GARBLED = "garbled"


@dataclass(frozen=True)
class FlowParameters:
    """nl_per_min_a_count: what a count is. zero_nl_per_min, noise_nl_per_min: of a reading, with a time constant of
    delay_ms that it lags behind."""

    nl_per_min_a_count: float = 500.0
    zero_nl_per_min: float = 400.0
    noise_nl_per_min: float = 300.0
    delay_ms: int = 50


def check_of(word: bytes) -> int:
    """Return the check that goes with a word."""
    check = _BEGIN
    for octet in word:
        check ^= octet
        for _ in range(8):
            check = (check << 1) ^ _POLYNOMIAL if check & 0x80 else check << 1
        check &= 0xFF
    return check


class FlowSensor:
    """frame: the six bytes that it answers with; None is no answer."""

    def __init__(self, parameters: FlowParameters, seed: int) -> None:
        self.parameters = parameters
        self._chance = generator(seed, 20)
        self._zero = float(generator(seed, 21).uniform(-1, 1)) * parameters.zero_nl_per_min
        self.fault: FlowFault | None = None

    def frame(self, nl_per_min: float, has_air: bool = False) -> bytes | None:
        """Return what it answers while so much has been flowing for longer than its delay."""
        if self.fault is FlowFault.NO_ANSWER:
            return None
        parts = self.parameters
        shown = nl_per_min + self._zero + parts.noise_nl_per_min * float(self._chance.standard_normal())
        counts = max(-32_768, min(32_767, round(shown / parts.nl_per_min_a_count)))
        words = counts.to_bytes(2, "big", signed=True), (AIR_FLAG if has_air else 0).to_bytes(2, "big")
        sent = b"".join(word + bytes((check_of(word),)) for word in words)
        return sent if self.fault is None else bytes((sent[0] ^ 0x10, *sent[1:]))
