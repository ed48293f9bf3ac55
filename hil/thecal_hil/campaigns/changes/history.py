"""The ideal outcome of the changes that a pump was asked for and said when it would make them.

Promises: nothing of the firmware's arithmetic enters it; a change holds from the instant that the pump's answer names.
One that the pump's log says was put off holds from the second on which the log says it took effect; until then what
held before continues, so that no pulse may be lost by it. Instants are the rig's, in nanoseconds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from thecal_hil.course.course import MICROSTEPS_PER_NL
from thecal_sim.ideal import Epoch, IdealDelivery, Regimen, Span


@dataclass(frozen=True)
class Temporary:
    """A rate in the program's place up to an instant."""

    nl_per_day: int
    ends_ns: int


@dataclass(frozen=True)
class Promise:
    """A change: asked for at an instant, to hold from another. `epochs`: what holds from then on."""

    asked_ns: int
    holds_ns: int
    epochs: tuple[Epoch, ...]


class History:
    """Changes of one pump since it was programmed. local_minus_t_ns: its local time less the rig's."""

    def __init__(self, regimen: Regimen) -> None:
        self.local_minus_t_ns: int | None = None
        self.is_delivering = False
        self._regimen = regimen
        self._temporary: Temporary | None = None
        self._boluses: tuple[Span, ...] = ()
        self._promises: list[Promise] = []

    # --- what was asked for, and answered with an instant

    def program(self, asked_ns: int, holds_ns: int, regimen: Regimen) -> None:
        """Take over another program: nothing that was given beside the one before continues."""
        self._regimen = regimen
        self._afresh(asked_ns, holds_ns)

    def start(self, asked_ns: int, holds_ns: int) -> None:
        self.is_delivering = True
        self._afresh(asked_ns, holds_ns)

    def stop(self, asked_ns: int, holds_ns: int) -> None:
        self.is_delivering = False
        self._afresh(asked_ns, holds_ns)

    def give(self, asked_ns: int, span: Span) -> None:
        self._boluses = (*self._boluses, span)
        self._promise(asked_ns, span.start_ns)

    def set_temporary(self, asked_ns: int, holds_ns: int, temporary: Temporary) -> None:
        self._temporary = temporary
        self._promise(asked_ns, holds_ns)

    def cancel_boluses(self, asked_ns: int, holds_ns: int) -> None:
        self._boluses = ()
        self._promise(asked_ns, holds_ns)

    def cancel_temporary(self, asked_ns: int, holds_ns: int) -> None:
        self._temporary = None
        self._promise(asked_ns, holds_ns)

    def set_clock(self, asked_ns: int, holds_ns: int, local_minus_t_ns: int) -> None:
        self.local_minus_t_ns = local_minus_t_ns
        if self.is_delivering:
            self._promise(asked_ns, holds_ns)

    def _afresh(self, asked_ns: int, holds_ns: int) -> None:
        self._boluses, self._temporary = (), None
        if self.is_delivering or self._promises:
            self._promise(asked_ns, holds_ns)

    def _promise(self, asked_ns: int, holds_ns: int) -> None:
        # The change that a later request comes on top of is made at the same instant, with it or not at all.
        while self._promises and self._promises[-1].holds_ns >= holds_ns:
            self._promises.pop()
        self._promises.append(Promise(asked_ns, holds_ns, self._epochs(holds_ns)))

    def _epochs(self, holds_ns: int) -> tuple[Epoch, ...]:
        if not self.is_delivering:
            return (Epoch(holds_ns, None),)
        program = Epoch(holds_ns, self._regimen, self.local_minus_t_ns, None, self._boluses)
        temporary = self._temporary
        if temporary is None or temporary.ends_ns <= holds_ns:
            return (program,)
        instead = replace(program, regimen=Regimen.constant(temporary.nl_per_day))
        return (instead, replace(program, start_ns=temporary.ends_ns))

    # --- what the pump's log says of it

    def put_off(self, noted_ns: int, holds_ns: int) -> None:
        """Put off the change under way, which the pump logged at an instant as late; it took effect at another one.

        ValueError if no change was under way.
        """
        late = [
            promise
            for promise in self._promises
            if promise.asked_ns <= noted_ns < promise.holds_ns + _LATE_NS
        ]
        if not late:
            raise ValueError("a change is logged as late that nobody asked for")
        number = self._promises.index(late[-1])
        moved = late[-1]
        first = replace(moved.epochs[0], start_ns=holds_ns)
        rest = tuple(epoch for epoch in moved.epochs[1:] if epoch.start_ns > holds_ns)
        if len(moved.epochs) > len(rest) + 1:
            first = replace(moved.epochs[-1], start_ns=holds_ns)
        self._promises[number] = Promise(moved.asked_ns, holds_ns, (first, *rest))
        later = self._promises[number + 1 :]
        if later and later[0].holds_ns <= holds_ns:
            del self._promises[number]

    @property
    def ideal(self) -> IdealDelivery:
        """Return the ideal course of everything so far."""
        epochs: list[Epoch] = []
        for promise in self._promises:
            while epochs and epochs[-1].start_ns >= promise.holds_ns:
                epochs.pop()
            epochs.extend(promise.epochs)
        return IdealDelivery(epochs, Fraction(MICROSTEPS_PER_NL))


_LATE_NS = 3_000_000_000
"""A change that is put off was to take effect no longer before than this."""
