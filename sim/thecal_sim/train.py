"""The step generator of the board on virtual time: blocks of intervals played at exact ticks.

It does what ``thecal_fw.ports.StepTrain`` says of the hardware and nothing more forgiving: breaking the contract
(an interval that is too short, a block too many, an anchor too far ahead) raises ``ContractError``, since on the
board it would end in silence. Pulses are worked out a block at a time and only stamped one by one for observers.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from itertools import accumulate

from simpy import Event

from thecal_fw.core.program_place import ROOM_FOR_ANY_PROGRAM
from thecal_sim.edge_record import Edge
from thecal_sim.edges import STEP, Recording
from thecal_sim.processor import Processor
from thecal_sim.units import NS_PER_S, NS_PER_US, TICK_NS

_MOST_QUEUED_BLOCKS = 2
_LONGEST_ANCHOR_WAIT_NS = NS_PER_S
_CLEAR_NS = 2 * TICK_NS
"""Around an anchor no old pulse may be due."""
_MASKED_US = 5_000
"""The board waits so long for an anchor with interrupts off."""
_NEVER_NS = 1 << 62


class ContractError(AssertionError):
    """The program asked the hardware for something the contract between them rules out."""


class SimulatedTrain:
    """Implements ``StepTrain``. Two blocks at most wait or play, and two more while a fresh queue is loaded.

    preparation_ns: what filling the loaded queue takes the program; a function is asked each time one is begun.
    fill_ns: what filling a block takes behind those that play.
    take_over_ns: what arming it takes, and what is reported of a dry run at the next reset.
    """

    block_pulses: int = ROOM_FOR_ANY_PROGRAM.block_pulses
    LEAST_INTERVAL_TICKS: int = 4

    def __init__(self, processor: Processor, recording: Recording) -> None:
        self._processor = processor
        self._recording = recording
        self.preparation_ns: int | Callable[[], int] = 0
        self.fill_ns = 0
        self.take_over_ns = 0
        self.margin_us = self.masked_us = 0
        self._filling: list[int] = []
        self._loaded: list[list[int]] = []
        self._is_loading = False
        self._is_started = False
        self._queued_ns = array("q")
        self._wild_ns: frozenset[int] = frozenset()
        self._block_ends_ns: list[int] = []
        self._tail_ns = 0
        self._halted_ns = 0
        self._told_falls = 0
        self._armed: Event | None = None
        self.is_as_pushed = True
        """Whether what is queued is what the program has pushed: no fault has added steps to it or taken some away."""
        self.on_change: Callable[[], None] = lambda: None
        recording.on_first_observer = self._arm

    # --- what the program calls

    def has_room(self) -> bool:
        if self._is_loading:
            return len(self._loaded) < _MOST_QUEUED_BLOCKS
        if not self._is_started:
            return False
        now_ns = self._processor.now_ns
        ends_ns = self._block_ends_ns
        while ends_ns and ends_ns[0] <= now_ns:
            ends_ns.pop(0)
        return len(ends_ns) < _MOST_QUEUED_BLOCKS

    def push(self, interval_ticks: int) -> None:
        """Queue a step; raise ContractError if it breaks the contract."""
        if interval_ticks < self.LEAST_INTERVAL_TICKS:
            raise ContractError(
                f"an interval of {interval_ticks} ticks; the least is {self.LEAST_INTERVAL_TICKS}"
            )
        if len(self._filling) == self.block_pulses:
            raise ContractError(f"more than {self.block_pulses} pulses pushed into a block")
        self._filling.append(interval_ticks)

    def release(self) -> None:
        """Release a block; raise ContractError if it breaks the contract."""
        if not self.has_room():
            raise ContractError("a block released while there was no room for one")
        if not self._filling:
            raise ContractError("an empty block released")
        block, self._filling = self._filling, []
        if self._is_loading:
            self._loaded.append(block)
            return
        self._processor.spend(self.fill_ns)
        if self._is_started and not self.starved():
            self._play(block)
            self._arm()
            self.on_change()

    def load(self) -> None:
        self._is_loading = True
        self._loaded = []
        self._filling = []
        preparation = self.preparation_ns
        self._processor.spend(preparation if isinstance(preparation, int) else preparation())

    def unload(self) -> None:
        self._is_loading = False
        self._loaded = []
        self._filling = []

    @property
    def take_over_us(self) -> int:
        return self.take_over_ns // NS_PER_US

    def start(self, anchor_s: int, anchor_us: int) -> bool:
        """Take over at an anchor; raise ContractError if it breaks the contract."""
        if not self._is_loading or not self._loaded:
            raise ContractError("start without a loaded block")
        anchor_ns = self._processor.instant_ns(anchor_s, anchor_us)
        ahead_ns = anchor_ns - self._processor.now_ns
        if ahead_ns > _LONGEST_ANCHOR_WAIT_NS:
            raise ContractError(
                f"an anchor {ahead_ns} ns ahead; at most {_LONGEST_ANCHOR_WAIT_NS} ns are allowed"
            )
        if ahead_ns <= self.take_over_ns:
            self._processor.spend(self.take_over_ns)
            self.unload()
            return False
        first = bisect_left(self._queued_ns, anchor_ns - _CLEAR_NS)
        last = bisect_right(self._queued_ns, anchor_ns + _CLEAR_NS)
        # What a generator makes that runs wild, nobody has planned, so nobody can keep clear of it.
        if not self._wild_ns.issuperset(self._queued_ns[first:last]):
            raise ContractError("an old pulse is due at the anchor")
        self.margin_us = (ahead_ns - self.take_over_ns) // NS_PER_US
        self.masked_us = min(self.margin_us, _MASKED_US)
        self._processor.wait_until(anchor_ns)
        self._withdraw_after(anchor_ns)
        self._tail_ns = anchor_ns
        self._block_ends_ns = []
        for block in self._loaded:
            self._play(block)
        self.unload()
        self._is_started = self.is_as_pushed = True
        self._arm()
        self.on_change()
        return True

    def halt(self) -> None:
        now_ns = self._halted_ns = self._processor.now_ns
        self._withdraw_after(now_ns)
        self._filling, self._loaded, self._block_ends_ns = [], [], []
        self._is_loading = self._is_started = False
        self.is_as_pushed = True
        self._tail_ns = now_ns
        self._processor.when_reached(self._force_low)

    def since_halt_us(self, s: int, us: int) -> int:
        return max(0, self._processor.instant_ns(s, us) - self._halted_ns) // NS_PER_US

    def starved(self) -> bool:
        return self._is_started and self._processor.now_ns > self._tail_ns

    # --- what the rest of the board and the probe call

    def rises_until(self, t_ns: int) -> int:
        """Return rising edges since the board was first powered, up to and including those of an instant."""
        return len(self._recording.steps_ns) + bisect_right(self._queued_ns, t_ns)

    def queued_ns(self, steps: int) -> int | None:
        """Return when the last of so many steps from now on is due, or the last one queued; None if none is."""
        self.stamp()
        if not self._queued_ns:
            return None
        return self._queued_ns[min(steps, len(self._queued_ns)) - 1]

    def queued_until(self, t_ns: int) -> array[int]:
        """Return instants of the steps queued from now on up to an instant."""
        self.stamp()
        return self._queued_ns[: bisect_right(self._queued_ns, t_ns)]

    def lasts_until_ns(self) -> int:
        """Return the latest instant at which it is not starved, with what is queued now."""
        return self._tail_ns if self._is_started else _NEVER_NS

    def run_wild(self, interval_ns: int, steps: int) -> None:
        """Give steps that nobody asked for, from now on, among those that are queued."""
        self.stamp()
        now_ns = self._processor.env.now_ns
        wild_ns = [now_ns + interval_ns * number for number in range(1, steps + 1)]
        self._wild_ns = frozenset(wild_ns)
        self._queued_ns = array("q", sorted([*self._queued_ns, *wild_ns]))
        self.is_as_pushed = False
        self._arm()
        self.on_change()

    def starve(self) -> None:
        """Lose what is queued on its way to the generator, which does not notice."""
        now_ns = self._processor.env.now_ns
        self._withdraw_after(now_ns)
        self._tail_ns = now_ns
        self.is_as_pushed = False
        self.on_change()

    def lose_power(self) -> None:
        """Lose power: nothing is queued any more and STEP goes low."""
        self._withdraw_after(self._processor.env.now_ns)
        self.halt()

    def stamp(self) -> None:
        """Bring the recording up to date with virtual time."""
        now_ns = self._processor.env.now_ns
        queued_ns, recording = self._queued_ns, self._recording
        if not recording.is_observed:
            due = bisect_right(queued_ns, now_ns)
            if due:
                recording.steps_ns.extend(queued_ns[:due])
                del queued_ns[:due]
            return
        # An observer may look at the board, and so end up here again, in the middle of this.
        while queued_ns and queued_ns[0] <= now_ns:
            rise_ns = queued_ns[0]
            self._tell_falls(rise_ns)
            del queued_ns[0]
            recording.steps_ns.append(rise_ns)
            recording.tell(Edge(rise_ns, STEP, 1))
        self._tell_falls(now_ns)

    # --- inner workings

    def _play(self, intervals_ticks: list[int]) -> None:
        self.stamp()
        times_ns = accumulate(map(TICK_NS.__mul__, intervals_ticks), initial=self._tail_ns)
        next(times_ns)
        self._queued_ns.extend(times_ns)
        self._tail_ns = self._queued_ns[-1]
        self._block_ends_ns.append(self._tail_ns)

    def _withdraw_after(self, t_ns: int) -> None:
        del self._queued_ns[bisect_right(self._queued_ns, t_ns) :]
        self._arm()

    def _force_low(self) -> None:
        self.stamp()
        steps_ns, now_ns = self._recording.steps_ns, self._processor.env.now_ns
        if steps_ns and now_ns < self._recording.fall_ns(len(steps_ns) - 1):
            self._recording.cut_last_step_short(now_ns)
            self.stamp()

    def _skip_falls(self, now_ns: int) -> None:
        """Skip the falls, since without observers nobody sees them; only the fall of the latest pulse can still lie
        ahead."""
        self._told_falls = len(self._recording.steps_ns)
        if self._told_falls and self._recording.fall_ns(self._told_falls - 1) > now_ns:
            self._told_falls -= 1

    def _tell_falls(self, until_ns: int) -> None:
        recording = self._recording
        while self._told_falls < len(recording.steps_ns):
            fall_ns = recording.fall_ns(self._told_falls)
            if fall_ns > until_ns:
                return
            self._told_falls += 1
            recording.tell(Edge(fall_ns, STEP, 0))

    def _arm(self) -> None:
        """See to it that the next edge is stamped when its instant comes, if anybody observes."""
        self._armed = None
        self.stamp()
        if not self._recording.is_observed:
            self._skip_falls(self._processor.env.now_ns)
            return
        if self._told_falls < len(self._recording.steps_ns):
            next_ns = self._recording.fall_ns(self._told_falls)
        elif self._queued_ns:
            next_ns = self._queued_ns[0]
        else:
            return
        env = self._processor.env
        self._armed = env.timeout(next_ns - env.now_ns)
        self._armed.callbacks.append(self._edge_is_due)

    def _edge_is_due(self, event: Event) -> None:
        if event is self._armed:
            self._arm()
