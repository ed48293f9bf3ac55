"""The questions to a person before a change, and what is said after it: the same at the terminal and in the console."""

from __future__ import annotations

from collections.abc import Sequence

from thecal.alarm_sets import names_of

STOP = "A sudden stop means withdrawal. Stop delivery?"
CANCEL_BOLUS = "End the bolus that is under way?"
NO_BOLUS = "no bolus was under way"
BOLUS_ENDED = "the bolus has been ended; `thecal log` shows how much of it was given"
NOT_STORED = "the pump could not write this to its memory; until it can, a power cut undoes it"


def acknowledge(alarms: int) -> str:
    """Return the question before alarms are acknowledged. alarms: by bit."""
    return f"Acknowledge {', '.join(names_of(alarms))}?"


def acknowledged_rows(before: int, active: int, silenced: int) -> Sequence[tuple[str, str]]:
    """Return what became of alarms that were acknowledged, by bit."""
    return [
        (label, ", ".join(names_of(shown)) or "none")
        for label, shown in (
            ("cleared", before & ~active),
            ("silenced", silenced),
            ("sounding", active & ~silenced),
        )
    ]
