"""Steps over a PIO loop of one instruction in one go.

A jump to itself, such as `jmp(x_dec, "here")` with or without a delay, moves no pin, FIFO or flag: it counts down to
a known end, or continues until somebody outside changes the machine. So its end can be computed instead of emulated.

Promise: `SteppedLoop.settle(now)` puts the state machine into exactly the state it would have had at `now`, had
every pass been executed; a machine left alone reaches its last pass at its exact cycle.

A loop is stepped over only once its first pass has been executed, since that pass may move side-set pins. A jump on a
pin's level is not stepped over: use `wait` instead, which costs nothing.
"""

from __future__ import annotations

from typing import Any, Final

_JMP: Final = 0b000
_ALWAYS: Final = 0b000
_X_ZERO: Final = 0b001
_X_NONZERO_THEN_DECREMENT: Final = 0b010
_Y_ZERO: Final = 0b011
_Y_NONZERO_THEN_DECREMENT: Final = 0b100
_X_NOT_Y: Final = 0b101

_ENDLESS: Final = 1 << 80
NEVER_FP: Final = 1 << 62


def _delay_cycles(machine: Any, opcode: int) -> int:
    field = (opcode >> 8) & 0x1F
    side_set_bits = (machine.pin_ctrl >> 29) & 0x7
    return field & ((1 << (5 - side_set_bits)) - 1)


class SteppedLoop:
    """One loop being stepped over: what the machine looked like at its next pass."""

    __slots__ = ("_counter", "_first_due_fp", "_machine", "_passes", "_period_fp", "end_fp")

    def __init__(self, machine: Any, counter: str | None, passes: int, period_fp: int) -> None:
        self._machine = machine
        self._counter = counter
        self._passes = passes
        self._period_fp = period_fp
        self._first_due_fp: int = machine.next_due_fp
        self.end_fp = NEVER_FP if passes == _ENDLESS else self._first_due_fp + passes * period_fp
        if counter is not None:
            setattr(machine, counter, 0)
        machine.next_due_fp = self.end_fp

    def settle(self, now_fp: int) -> None:
        done = 0
        if now_fp >= self._first_due_fp:
            done = min((now_fp - self._first_due_fp) // self._period_fp + 1, self._passes)
        if self._counter is not None:
            setattr(self._machine, self._counter, self._passes - done)
        self._machine.next_due_fp = self._first_due_fp + done * self._period_fp


def step_over(machine: Any, instructions: list[int]) -> SteppedLoop | None:
    """Return the step over the loop `machine` is in the middle of; None if it is in none, or in its last pass."""
    opcode = instructions[machine.pc]
    if opcode >> 13 != _JMP or opcode & 0x1F != machine.pc:
        return None
    condition = (opcode >> 5) & 0x7
    x, y = machine.x, machine.y
    counter = None
    if condition == _X_NONZERO_THEN_DECREMENT:
        counter, passes = "x", x
    elif condition == _Y_NONZERO_THEN_DECREMENT:
        counter, passes = "y", y
    elif (
        condition == _ALWAYS
        or (condition == _X_ZERO and x == 0)
        or (condition == _Y_ZERO and y == 0)
        or (condition == _X_NOT_Y and x != y)
    ):
        passes = _ENDLESS
    else:
        return None
    if not passes:
        return None
    return SteppedLoop(machine, counter, passes, (1 + _delay_cycles(machine, opcode)) * machine.div_fp)
