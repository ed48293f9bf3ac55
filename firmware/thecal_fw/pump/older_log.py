"""The event log of older firmware, which kept no record of doses: it is read once for the boluses given on demand in
the last 24 hours.

The log is read backwards, a few events at a time. Time is the pump's own running time: however long it was without
power does not count, so a lockout ends later than it need and never sooner. Where events are missing, boluses may be.
"""

from thecal_fw.core import events
from thecal_fw.core.bolus import KIND_PRIME, KIND_SCHEDULED, Bolus
from thecal_fw.core.bolus_history import BolusHistory
from thecal_fw.core.instant import TICKS_PER_DAY, TICKS_PER_SECOND
from thecal_fw.pump.timekeeper import Timekeeper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from thecal_fw.pump.contracts import Events, Notes

_EVENTS_AT_ONCE = 8
_LATEST_START_TICKS = 2 * TICKS_PER_SECOND
"""A bolus begins no later than this after its event was logged."""


class OlderLog:
    """gap_until: tick before which boluses may have been given whose events are missing."""

    def __init__(
        self,
        sequence: int,
        time: Timekeeper,
        history: BolusHistory,
        kept: "Events",
        extra: "list[Bolus]",
        notes: "Notes",
    ) -> None:
        """sequence: of the newest event of the life before this one."""
        self._sequence = sequence
        self._time = time
        self._history = history
        self._events = kept
        self._extra = extra
        self._notes = notes
        self.gap_until = 0
        self._of_life: "list[tuple[int, ...]]" = []
        self._found: "list[Bolus]" = []
        self._newest_tick = 0
        self._is_latest_life = True

    def read_some(self) -> bool:
        """Read a few events more. Return True once all that is needed was read, and the history has it."""
        kept = self._events
        oldest = kept.oldest()
        for _ in range(_EVENTS_AT_ONCE):
            if self._sequence < oldest:
                if oldest > 1:
                    self._note_gap()
                self._end()
                return True
            sequence = self._sequence
            event = kept.get(sequence)
            self._sequence -= 1
            if event is None:
                if not kept.is_left_out(sequence):
                    self._note_gap()
            elif event[events.AT_CODE] == events.EVENT_LOST_EVENTS:
                self._note_gap()
            elif event[events.AT_CODE] == events.EVENT_RESET:
                if self._placed(event):
                    self._end()
                    return True
            elif event[events.AT_CODE] in (events.EVENT_BOLUS_BEGUN, events.EVENT_BOLUS_ENDED):
                self._of_life.append(event)
        return False

    def _note_gap(self) -> None:
        """Note that events are missing from before what was read last."""
        self.gap_until = max(self.gap_until, self._newest_tick + TICKS_PER_DAY)

    def _placed(self, reset: "tuple[int, ...]") -> bool:
        """Return True if the beginning of a life has come, so that the times of its events are known, or is long
        past."""
        base_ticks = (reset[events.AT_SECOND] - self._time.base_lifetime_s) * TICKS_PER_SECOND
        ended = None
        for event in self._of_life:
            kind = event[events.AT_SECOND] >> events.KIND_SHIFT
            if kind in (KIND_SCHEDULED, KIND_PRIME):
                continue
            tick = base_ticks + event[events.AT_BOOT_S] * TICKS_PER_SECOND
            if event[events.AT_CODE] == events.EVENT_BOLUS_ENDED:
                ended = tick + TICKS_PER_SECOND
                continue
            bolus = Bolus(
                kind,
                tick + _LATEST_START_TICKS,
                (event[events.AT_SECOND] & events.SECONDS_MASK) * TICKS_PER_SECOND,
                event[events.AT_FIRST],
            )
            if ended is not None:
                bolus.end_tick = max(bolus.start_tick, min(bolus.end_tick, ended))
            if ended is None and self._is_latest_life and not self._extra:
                self._notes.note_lost(bolus)
            self._found.append(bolus)
            ended = None
        self._of_life = []
        self._is_latest_life = False
        self._newest_tick = base_ticks
        return base_ticks + 2 * TICKS_PER_DAY < 0

    def _end(self) -> None:
        history = self._history
        # Those of this life came after all of them.
        known = history.given
        self._found.reverse()
        history.put_before(
            [bolus for bolus in self._found if not _is_known(bolus, known)], self._time.ticks_now()
        )
        self._found = []


def _is_known(bolus: Bolus, known: "list[Bolus]") -> bool:
    """Return True if this is one that a watchdog reset left under way: two of a kind are never given at a time."""
    return any(
        [
            bolus.kind == other.kind
            and -_LATEST_START_TICKS <= bolus.start_tick - other.start_tick <= 2 * _LATEST_START_TICKS
            for other in known
        ]
    )
