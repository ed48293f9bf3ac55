"""The ledger: microsteps counted, granted, and not certain. Volume is a view of it, never the other way round.

Counts run from the present reset, so that they stay small; what was delivered in the lives before is one number
that is added where a count has to outlast a reset: when it is written or reported, since it outgrows a small integer. A
microstep that may have been delivered counts as delivered: it is never given again.
"""

from thecal_fw.core.counts import MOST_COUNT

MOST_STALLS = 15
"""A count of stalls says so many where there were more: that is all the journal has room for."""


class Ledger:
    """counted: microsteps since reset, seen by the sense counter or commanded and not seen.
    unseen_steps: those of them that were not seen.
    base_steps: microsteps of all lives before this reset.
    granted: count up to which the journal allows delivery, written there before the first of them comes out.
    uncertain_steps: since the last refill, counted after a power cut though they may not have been delivered.
    lost_steps: since the last refill, counted though the motor did not turn for them.
    stalls: how often the motor stood still since the last refill.
    """

    def __init__(self) -> None:
        self.counted = 0
        self.unseen_steps = 0
        self.base_steps = 0
        self.granted = 0
        self.uncertain_steps = 0
        self.lost_steps = 0
        self.stalls = 0

    def go_on_after(self, base_steps: int) -> None:
        """Count on from so many microsteps, delivered in all lives before this reset."""
        self.base_steps = base_steps

    def restore_reservoir(self, uncertain_steps: int, lost_steps: int, stalls: int) -> None:
        """Take over how much was uncertain or lost between the last refill and this reset."""
        self.uncertain_steps, self.lost_steps, self.stalls = uncertain_steps, lost_steps, stalls

    def note_counted(self, counted: int) -> None:
        """Note how many microsteps have come since the reset, those not seen included."""
        self.counted = counted

    def note_unseen(self, steps: int) -> None:
        """Note so many more microsteps that were commanded and not seen. They may well have come, so they are never
        given again."""
        self.unseen_steps += steps

    def grant(self, granted: int) -> None:
        """Note that the journal allows delivery up to this count."""
        self.granted = granted

    def seen(self, sensed: int) -> int:
        """Return the count when the sense counter shows so many."""
        return sensed + self.unseen_steps

    def lifetime_steps(self, sensed: int) -> int:
        """Return microsteps of all of the pump's lives when the sense counter shows so many."""
        return self.base_steps + sensed + self.unseen_steps

    def note_stall(self) -> None:
        self.stalls += 1

    def add_uncertain(self, steps: int) -> None:
        self.uncertain_steps = min(self.uncertain_steps + steps, MOST_COUNT)

    def add_lost(self, steps: int) -> None:
        self.lost_steps = min(self.lost_steps + steps, MOST_COUNT)

    def begin_reservoir(self) -> None:
        """Forget what was uncertain about the old contents, which does not matter for the new ones."""
        self.uncertain_steps = 0
        self.lost_steps = 0
        self.stalls = 0
