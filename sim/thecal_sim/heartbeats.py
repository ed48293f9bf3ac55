"""Heartbeats that are certain to find nothing, passed over as one.

Between two things that are due, the firmware wakes every few seconds to see that all is well: most of what it does in
half a year. On the model it is known beforehand what such a look finds: nothing outside the pump changes unless
virtual time has an event for it, and each simulated part knows whether it continues as the program has left it. So the
heartbeats up to the last one before anything can happen are passed over, and that last one is polled again.

Promise: the pump, its surroundings and their record are then the same, to the bit, as if each heartbeat had been
polled. Whatever is not certain is polled. What a heartbeat leaves behind by itself is done here for those passed over:
the watchdog is fed, the self-test has looked at so many more pieces of the image, and the controller expects the next
poll so much later. All else that it settles (counts, the motor's watch) comes out the same when it is settled at once.
"""

from __future__ import annotations

from thecal_fw.core.pump_state import STATE_DELIVERING
from thecal_fw.pump.controller import HEARTBEAT_S, Controller
from thecal_sim.board import SimulatedBoard
from thecal_sim.units import NS_PER_S

HEARTBEAT_NS = HEARTBEAT_S * NS_PER_S


class ModelController(Controller):
    """The firmware's controller, unchanged, which lets the model read what it knows about the heartbeats ahead."""

    def next_due(self) -> tuple[int, int]:
        """Return (s, us) since reset at which a poll first has something to do, whatever it finds."""
        return min((self.agenda.deadline_s, self.agenda.deadline_us), (self.supervisor.check_s, 0))

    def last_poll(self) -> tuple[int, int]:
        """Return (s, us) since reset of the last poll, if no more than a heartbeat is due after it."""
        return self.wake_s - HEARTBEAT_S, self.wake_us

    def has_settled(self) -> bool:
        """Return True if what the last poll found is dealt with, so that the next heartbeat does not find it again."""
        hardware = self.hardware
        if hardware.button.has_moved():
            self.button.note_moved()
        if self._link is None or self._link.has_something_waiting or self.button.waits:
            return False
        if hardware.supply.is_good() != self.supervisor.supply_was_good:
            return False
        if self.infusion.state != STATE_DELIVERING:
            return True
        is_as_counted = self.ledger.counted == self.infusion.delivery.due
        return is_as_counted and not hardware.train.starved() and not hardware.gate.has_tripped()

    def pass_over(self, heartbeats: int) -> None:
        """Pass over so many heartbeats that have found nothing."""
        self.wake_s += heartbeats * HEARTBEAT_S


class Heartbeats:
    """The heartbeats of one life of the program."""

    def __init__(self, board: SimulatedBoard, controller: ModelController) -> None:
        self._board = board
        self._controller = controller

    def pass_over(self, after_more: bool) -> int:
        """Pass over the heartbeats that can't find anything, once the program is done with a poll; return how many.

        after_more: that poll was more than a heartbeat itself, so time may have passed since.

        The controller's next wake-up is then the last heartbeat before anything is due. Nothing is left in virtual time
        that is due up to then.
        """
        board, controller = self._board, self._controller
        if controller.next_due()[0] - board.clock.s <= 2 * HEARTBEAT_S or controller.motor.is_stalled():
            return 0
        if after_more and not controller.has_settled():
            return 0
        # The poll may have taken a while, and heartbeats are counted from its beginning.
        polled_ns = board.processor.instant_ns(*controller.last_poll())
        passed = self._certain_to_find_nothing(polled_ns) - 1
        if passed <= 0:
            return 0
        board.watchdog.feed_at(polled_ns + passed * HEARTBEAT_NS)
        board.self_test.pass_over(passed)
        controller.pass_over(passed)
        return passed

    def _certain_to_find_nothing(self, polled_ns: int) -> int:
        """Return how many of the heartbeats after a poll, one after the other."""
        board, controller = self._board, self._controller
        until_ns = min(
            board.env.clear_until_ns(but_for=board.watchdog.timer),
            board.processor.instant_ns(*controller.next_due()) - 1,
        )
        if until_ns - polled_ns < 2 * HEARTBEAT_NS:
            return 0
        until_ns = board.sure_until_ns(until_ns)
        heartbeats = min((until_ns - polled_ns) // HEARTBEAT_NS, board.self_test.calls_without_news())
        # Unsound, it would not feed the watchdog; an infusion that is sound at the last one is so at those before.
        last_s = controller.last_poll()[0] + heartbeats * HEARTBEAT_S
        return heartbeats if controller.infusion.is_sound(last_s) else 0
