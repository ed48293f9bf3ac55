"""Sets of alarms as a host takes them: one whole number with a bit for each alarm, where the pump has eight bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from thecal_fw.core import events
from thecal_fw.core.alarm_sets import SET_BYTES
from thecal_fw.core.alarms import ALARM_NAMES

EVERY_ALARM = b"\xff" * SET_BYTES

_SETS = ("active_alarms", "silenced_alarms")
"""Fields of answers that are sets of alarms."""


def bits_in(alarms: bytes | bytearray) -> int:
    """Return the bits of a set as the pump has it."""
    return int.from_bytes(alarms, "little")


def set_of(bits: int) -> bytes:
    """Return a set as the pump has it."""
    return bits.to_bytes(SET_BYTES, "little")


def names_of(bits: int) -> list[str]:
    """Return names of the alarms whose bits are set."""
    return [name for alarm, name in enumerate(ALARM_NAMES) if bits >> alarm & 1]


def with_bits(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of an answer, with bits for each set of alarms among them."""
    return {name: bits_in(value) if name in _SETS else value for name, value in answer.items()}


def acknowledged_in(code: int, first: int, second: int) -> tuple[int, int] | None:
    """Return the bits of the alarms that an event says were acknowledged, and of those that cleared with that; None
    for an event that says nothing of it."""
    for of_half, from_byte in events.ACKNOWLEDGED_FROM_BYTE:
        if code == of_half:
            return first << 8 * from_byte, second << 8 * from_byte
    return None
