"""The steps of a visit and what follows each, as a table.

Nothing changes the pump before everything has been looked at, judged and agreed to: the new program is reviewed and
has passed the pump's own check before the reservoir's new contents are reported. A step that fails ends the visit; what
was done by then stays done, each step whole or not at all, and the record says which.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """The place where a visit is; the names are what people read."""

    INTERROGATE = "interrogate"
    CLOCK = "clocks"
    RESIDUAL = "residual check"
    REVIEW = "review of the new program"
    SET_CLOCK = "set the clock"
    REFILL = "refill"
    REPROGRAM = "reprogram"
    START = "start delivery"
    DATES = "confirm dates"
    PRINT_OUT = "print-out"
    FINISHED = "finished"
    BROKEN_OFF = "broken off"


class Outcome(StrEnum):
    """The outcome of a step."""

    DONE = "done"
    SKIPPED = "not asked for"
    FAILED = "NOT done"
    NOT_KNOWN = "NOT KNOWN whether it was done"
    NOT_REACHED = "not reached"


@dataclass(frozen=True)
class Row:
    """The steps that follow one that was done, and one that was not asked for (None: it always is).
    changes_pump: whether a failure leaves a question that only the pump can answer."""

    changes_pump: bool
    when_done: State
    when_skipped: State | None


TABLE: dict[State, Row] = {
    State.INTERROGATE: Row(False, State.CLOCK, None),
    State.CLOCK: Row(False, State.RESIDUAL, None),
    State.RESIDUAL: Row(False, State.REVIEW, State.REVIEW),
    State.REVIEW: Row(False, State.SET_CLOCK, State.SET_CLOCK),
    State.SET_CLOCK: Row(True, State.REFILL, State.REFILL),
    State.REFILL: Row(True, State.REPROGRAM, State.REPROGRAM),
    State.REPROGRAM: Row(True, State.START, State.START),
    State.START: Row(True, State.DATES, State.DATES),
    State.DATES: Row(False, State.PRINT_OUT, State.PRINT_OUT),
    State.PRINT_OUT: Row(False, State.FINISHED, State.FINISHED),
}
STEPS = tuple(TABLE)


def after(state: State, outcome: Outcome) -> State:
    """Return where a visit goes from a step."""
    row = TABLE[state]
    if outcome is Outcome.DONE:
        return row.when_done
    if outcome is Outcome.SKIPPED and row.when_skipped is not None:
        return row.when_skipped
    return State.BROKEN_OFF
