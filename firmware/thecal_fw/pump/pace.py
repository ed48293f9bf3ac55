"""The times that this board takes for what must not come late, and how long beforehand each of that is therefore
begun.

Measured at every reset, before anything is delivered and with the flash cache as cold as it is then: taking over a
queue, preparing a change, collecting garbage, writing a record. Measured again whenever it is done. A lead is a stated
multiple of the longest so far, so a slower chip, a larger program and a fuller heap are begun for sooner. A board too
slow for that fails its self-test.
"""

from thecal_fw.core.instant import TICK_US, UNKNOWN_US

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.ports import Clock, StepTrain

_FACTOR = 2
"""A lead is so many times the longest that was measured."""
_LEAST_LEAD_US = 20_000
_LEAST_SLACK_US = 25_000
"""For what the loop is at when a preparation falls due, measured or not."""
_MASKED_US = 5_000
"""The step generator waits so long for an anchor with interrupts off."""
_REST_OF_REQUEST_US = 100_000
"""What is left of a request once the change tick is chosen, apart from a record that may be written."""
_LEAST_NOTICE_US = 200_000
_LEAST_WRITE_US = 20_000
_LEAST_FILL_US = 100_000
"""Holds for the first block, which is filled once the first queue has taken over."""

MOST_PREPARE_US = 200_000
"""Beyond this a change would take effect up to two seconds after it was asked for, and a poll last half of one."""
MOST_TAKE_OVER_US = 2_000
"""Less than half of the time the step generator has for it."""


class Pace:
    """take_over_us: how long taking over a queue took in a dry run at this reset, in microseconds like all of these.
    prepare_us, collect_us, write_us, fill_us: longest that preparing a change, a garbage collection, writing a record
    and filling the queue have taken since the reset.

    least_margin_us: least that was left before its anchor when a change was ready; UNKNOWN_US before the first.
    least_masked_us: least that was left then of the wait with interrupts off; likewise.
    """

    def __init__(self, clock: "Clock", train: "StepTrain") -> None:
        self._clock = clock
        self._train = train
        self.take_over_us = train.take_over_us
        self.prepare_us = 0
        self.collect_us = 0
        self.write_us = 0
        self.fill_us = 0
        self.least_margin_us = UNKNOWN_US
        self.least_masked_us = UNKNOWN_US

    def begin(self) -> "tuple[int, int]":
        """Return the present instant, for ``since``."""
        self._clock.read()
        return self._clock.s, self._clock.us

    def since(self, begun: "tuple[int, int]") -> int:
        """Return microseconds from an instant to now; reads the clock."""
        self._clock.read()
        return (self._clock.s - begun[0]) * 1_000_000 + self._clock.us - begun[1]

    def note_prepared(self, us: int) -> None:
        self.prepare_us = max(self.prepare_us, us)

    def note_collected(self, us: int) -> None:
        self.collect_us = max(self.collect_us, us)

    def note_written(self, us: int) -> None:
        self.write_us = max(self.write_us, us)

    def note_filled(self, us: int) -> None:
        self.fill_us = max(self.fill_us, us)

    def note_taken_over(self) -> None:
        """Note that a queue has taken over just now."""
        train = self._train
        self.least_margin_us = min(self.least_margin_us, train.margin_us)
        self.least_masked_us = min(self.least_masked_us, train.masked_us)

    def is_too_slow(self) -> bool:
        """Return True if the leads this board needs are longer than delivery has time for."""
        return self.prepare_us > MOST_PREPARE_US or self.take_over_us > MOST_TAKE_OVER_US

    # --- what follows

    def lead_ticks(self) -> int:
        """Return the time from the beginning of a preparation to its anchor."""
        return self._lead_us() // TICK_US

    def slack_ticks(self) -> int:
        """Return how much sooner still a preparation is begun: the loop may be at something else."""
        return self._slack_us() // TICK_US

    def notice_ticks(self) -> int:
        """Return the least time from asking for a change to its effect."""
        rest_us = max(_REST_OF_REQUEST_US, self.write_lead_us())
        return max(_LEAST_NOTICE_US, self._lead_us() + self._slack_us() + rest_us) // TICK_US

    def write_lead_us(self) -> int:
        """Return the time that has to be free for a record to be written."""
        return max(_LEAST_WRITE_US, _FACTOR * self.write_us)

    def fill_lead_us(self) -> int:
        """Return the time that has to be free for the queue to be filled."""
        return max(_LEAST_FILL_US, _FACTOR * self.fill_us)

    def grant_ticks(self) -> int:
        """Return how much sooner than its preparation a start is made durable: a record is written, and the collector
        may run before that as it may before the preparation."""
        return (self.write_lead_us() + self.collect_us) // TICK_US

    def collect_lead_us(self) -> int:
        """Return the time that has to be free for a garbage collection."""
        return max(_LEAST_SLACK_US, _FACTOR * self.collect_us)

    def _lead_us(self) -> int:
        return max(_LEAST_LEAD_US, _MASKED_US + _FACTOR * (self.prepare_us + self.take_over_us))

    def _slack_us(self) -> int:
        # The heap is tidied for the preparation, and what the loop is at may have it tidied just before.
        return max(_LEAST_SLACK_US, self.prepare_us + 2 * self.collect_us)
