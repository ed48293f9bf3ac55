"""A rig whose time follows the wall's, times a speed, between whatever a program sends it and what it answers.

Promises: while a program talks to the pump its time goes at the ordinary pace, so that no time-out of the link, and no
session, ends sooner than on a board; soon after the last byte it goes at the speed asked for. It falls behind where the
machine is too slow, and never catches up in a rush. A pump that has left for its boot loader, and a model that has left
for the prompt, is switched off and on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from serial import SerialException

from thecal_hil.contract.rig import ResetCause, Rig
from thecal_hil.practice.troubles import Trouble, Troubles
from thecal_sim.units import NS_PER_S

TALK_S = 0.5
"""A program that has sent nothing for so long does something else."""
_STEP_S = 0.001
_LONGEST_STEP_S = 0.1
"""What the wall's time jumps by beyond this, as when the machine was asleep, counts for nothing."""
_GONE_FOR_NS = 3 * NS_PER_S
"""A board that starts again is back sooner."""


class PracticePump:
    """said: takes a line of what has happened. now_s: the wall's time, in seconds from anywhere."""

    def __init__(
        self,
        rig: Rig,
        speed: float,
        planned: Sequence[Trouble],
        said: Callable[[str], None],
        now_s: Callable[[], float],
    ) -> None:
        self.rig = rig
        self.origin_ns = rig.now_ns
        self._speed, self._said, self._now_s = speed, said, now_s
        self._troubles = Troubles(rig, self.origin_ns, planned)
        self._last_s = now_s()
        self._talk_until_s = self._last_s
        self._button_until_s: float | None = None
        self._left_at_ns: int | None = None

    # --- the link

    def take(self, data: bytes) -> None:
        """Take what a program has sent."""
        self._talk_until_s = self._now_s() + TALK_S
        try:
            self.rig.port.write(data)
        except SerialException:
            # To a pump that starts again: lost, as on a board.
            return

    def answer(self) -> bytes:
        """Return what the pump has sent."""
        try:
            waiting = self.rig.port.in_waiting
            return self.rig.port.read(waiting) if waiting else b""
        except SerialException:
            self._open_again()
            return b""

    def _open_again(self) -> None:
        port = self.rig.port
        if getattr(port, "is_attached", True):
            port.open()  # type: ignore[attr-defined] - of the ports of both rigs that a practice pump can be

    # --- time

    @property
    def is_spoken_to(self) -> bool:
        return self._now_s() < self._talk_until_s

    @property
    def elapsed_ns(self) -> int:
        """Return the pump's time since the beginning."""
        return self.rig.now_ns - self.origin_ns

    def advance(self, is_sent: Callable[[], bool]) -> None:
        """Let as much time pass as has passed on the wall, or until the pump answers or a program sends something."""
        now_s = self._now_s()
        passed_s = min(now_s - self._last_s, _LONGEST_STEP_S)
        self._last_s = now_s
        speed = 1.0 if self.is_spoken_to else self._speed
        end_ns = self.rig.now_ns + round(max(passed_s, _STEP_S) * speed * NS_PER_S)
        step_ns = max(1, round(_STEP_S * speed * NS_PER_S))
        self._look_after_it()
        while self.rig.now_ns < end_ns:
            due_ns = self._troubles.next_ns
            until_ns = min(end_ns, self.rig.now_ns + step_ns)
            self.rig.run_until(until_ns if due_ns is None else min(until_ns, max(due_ns, self.rig.now_ns)))
            for line in self._troubles.do_what_is_due():
                self._said(line)
            if is_sent() or self._has_answer() or self._now_s() - now_s > _LONGEST_STEP_S:
                return

    def _has_answer(self) -> bool:
        try:
            return self.rig.port.in_waiting > 0
        except SerialException:
            return False

    def _look_after_it(self) -> None:
        if self._button_until_s is not None and self._now_s() >= self._button_until_s:
            self.hold_button(None)
        if not self._has_left():
            self._left_at_ns = None
        elif self._left_at_ns is None:
            self._left_at_ns = self.rig.now_ns
        elif self.rig.now_ns >= self._left_at_ns + _GONE_FOR_NS:
            self._said(
                "the pump has left its program, as for its boot loader; it is switched off and on again"
            )
            self.rig.reset(ResetCause.POWER_ON)

    def _has_left(self) -> bool:
        model = getattr(self.rig, "model", None)
        if model is not None:
            return model.left_for is not None
        return not getattr(self.rig.port, "is_attached", True)

    # --- a hand at it

    def hold_button(self, seconds: float | None) -> None:
        """Hold the button for so long by the wall, or let go of it."""
        self._button_until_s = None if seconds is None else self._now_s() + seconds
        self.rig.hold_button(seconds is not None)

    def add(self, trouble: Trouble) -> None:
        self._troubles.add(trouble)

    def end(self, trouble: Trouble) -> str:
        return self._troubles.ended(trouble.what)
