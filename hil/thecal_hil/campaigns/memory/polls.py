"""The time for which each poll of a board's program holds its loop, seen from outside.

Promise: nothing is added to the program. It feeds the watchdog at the end of each poll, so what lies between one feed
and the next one is a poll, and what is collected before it. What the flash held the processor for is left out.
"""

from __future__ import annotations

from typing import Final

from thecal_hil.rigs.pico_rig import PicoRig

_LOAD: Final = 0x04
"""The watchdog's register that a feed writes (RP2040 datasheet, 4.7.6)."""


class Polls:
    """The polls of one board until its next reset."""

    def __init__(self, rig: PicoRig) -> None:
        self._rig = rig
        self._began_ns = 0
        self._longest_ns = 0
        watchdog = rig.board.chip.watchdog
        write = watchdog.write_uint32

        def write_and_note(offset: int, value: int) -> None:
            write(offset, value)
            if offset == _LOAD:
                self._note_fed()

        watchdog.write_uint32 = write_and_note  # type: ignore[method-assign]
        self.begin()

    def begin(self) -> None:
        """Begin a poll now at the earliest: the board may have slept until now."""
        self._began_ns = self._now_ns()
        self._longest_ns = 0

    def longest_ms(self) -> float:
        """Return the longest poll since ``begin``, the one under way as far as it is."""
        return max(self._longest_ns, self._now_ns() - self._began_ns) / 1e6

    def _now_ns(self) -> int:
        return self._rig.now_ns - self._rig.board.flash_timing.held_ns

    def _note_fed(self) -> None:
        now_ns = self._now_ns()
        self._longest_ns = max(self._longest_ns, now_ns - self._began_ns)
        self._began_ns = now_ns
