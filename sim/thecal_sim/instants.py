"""Lists of instants, whoever made them: plain lists, compact arrays or NumPy's."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from numpy.typing import NDArray

Instants: TypeAlias = "Sequence[int] | array[int] | NDArray[Any]"
"""Whole nanoseconds in rising order."""


def whole_numbers(instants: Instants) -> list[int]:
    """Return the instants as integers of any size, so that arithmetic with them never overflows. Raise TypeError
    for any that is no whole number."""
    to_list = getattr(instants, "tolist", None)
    numbers = list(instants) if to_list is None else to_list()
    if any(type(number) is not int for number in numbers):
        raise TypeError("instants must be whole numbers of nanoseconds")
    return numbers
