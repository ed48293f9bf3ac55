"""The dose gate of the board on virtual time: it takes the driver's enable away at the very last edge granted.

It looks at the edges on the sense wire, whatever made them, and no program is involved. When it would run out is worked
out from the queue of the step generator and looked at again whenever that, the grant or the wire changes, so
that no event is needed for each step, and a timer that is put off leaves none behind. As in the chip, eight grants at
most wait behind the one that is being used up, whatever number of steps they have.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from thecal_sim.processor import Processor
from thecal_sim.train import SimulatedTrain
from thecal_sim.wire import Wire

FIFO_GRANTS = 8


class SimulatedGate:
    """Implements ``DoseGate``. ``switch`` is called with whether the gate lets the driver be enabled."""

    def __init__(
        self, processor: Processor, train: SimulatedTrain, wire: Wire, switch: Callable[[bool], None]
    ) -> None:
        self._processor = processor
        self._train = train
        self._wire = wire
        self._switch = switch
        self._is_open = False
        self._has_tripped = False
        self._limit = 0
        self._waiting: deque[int] = deque()  # the count of edges at which each grant is taken up
        self._next_look = processor.env.timer(self.look)
        train.on_change = self.look
        wire.on_change = self.look

    # --- what the program calls

    def arm(self, steps: int) -> None:
        """Raise ValueError unless it is for one step at least."""
        if steps <= 0:
            raise ValueError("a gate is armed for at least one step")
        self._processor.when_reached(lambda: self._open(steps))

    def grant(self, steps: int) -> bool:
        """Raise ValueError unless it is of one step at least."""
        if steps <= 0:
            raise ValueError("at least one step is granted")
        while self._waiting and self._waiting[0] <= self._wire.rises():
            self._waiting.popleft()
        if self._is_open and len(self._waiting) >= FIFO_GRANTS:
            return False
        self._processor.when_reached(lambda: self._extend(steps))
        return True

    def close(self) -> None:
        self._processor.when_reached(self.reset)

    def has_tripped(self) -> bool:
        return self._has_tripped

    # --- the board

    def reset(self) -> None:
        """Close the gate, as after a reset."""
        self._is_open = self._has_tripped = False
        self._next_look.due_ns = None
        self._switch(False)

    def _open(self, steps: int) -> None:
        self._limit = self._wire.rises() + steps
        self._waiting.clear()
        self._is_open, self._has_tripped = True, False
        self._switch(True)
        self.look()

    def _extend(self, steps: int) -> None:
        if self._is_open:
            self._waiting.append(self._limit)
            self._limit += steps
            self.look()

    def look(self) -> None:
        """See whether all that was granted is used up, and find out when to look again."""
        self._next_look.due_ns = None
        if not self._is_open:
            return
        left = self._limit - self._wire.rises()
        if left <= 0:
            self._is_open = False
            self._has_tripped = True
            self._switch(False)
            return
        self._next_look.due_ns = self._train.queued_ns(left)
