"""The troubles of a practice pump, and when they come: as a person writes it, and as it is carried out.

``occlusion@2h`` closes the line two hours after the beginning, ``occlusion@2h..3h`` opens it again an hour later, and
``worn-tubing=150@1d`` says by how much. Times are the pump's. Promises: each begins and ends at its very instant of
the pump's time, at whatever speed that goes; what can't be read or is not possible is refused before anything runs,
with all there is to choose from.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from thecal.durations import duration_ns, duration_text
from thecal.errors import BadInputError
from thecal_hil.contract.faults import Fault
from thecal_hil.contract.rig import ResetCause, Rig

_AMOUNT = re.compile(r"[0-9]{1,6}")
_USUAL_AMOUNTS = {
    Fault.MOTOR_SLIPS: 10,
    Fault.MOTOR_RUNS_AHEAD: 10,
    Fault.SENSE_NOISE: 50,
    Fault.PROGRAM_PAUSES: 2_000,
    Fault.PUMP_IS_OLDER: 180,
    Fault.TUBING_WEAR: 150,
    Fault.BACK_PRESSURE: 20,
}
"""Where none is given: as much as is noticed. Of the others it is zero."""
_RESETS = {"power cut": ResetCause.POWER_ON, "watchdog reset": ResetCause.WATCHDOG}

What = Fault | ResetCause


@dataclass(frozen=True)
class Trouble:
    """begins_ns, ends_ns: since the beginning; it lasts to the end if ends_ns is None."""

    what: What
    amount: int
    begins_ns: int
    ends_ns: int | None = None

    @property
    def name(self) -> str:
        return name_of(self.what)


def name_of(what: What) -> str:
    if isinstance(what, ResetCause):
        return next(name for name, cause in _RESETS.items() if cause is what)
    return str(what)


def _key(name: str) -> str:
    """Return how a name is written where blanks and apostrophes are in the way."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower().replace("'", "")).strip("-")


def names(possible: Collection[Fault]) -> dict[str, What]:
    """Return all that can go wrong, by how it is written."""
    found: dict[str, What] = {_key(fault): fault for fault in Fault if fault in possible}
    return {**found, **{_key(name): cause for name, cause in _RESETS.items()}}


def read(text: str, possible: Collection[Fault], *, now_ns: int = 0) -> Trouble:
    """Return a trouble as a person writes it; without a time it begins at now_ns. Raise BadInputError if it can't be
    read."""
    named, _, times = text.strip().partition("@")
    name, has_amount, amount = named.partition("=")
    begins, lasts, ends = times.partition("..")
    known = names(possible)
    what = known.get(_key(name))
    if what is None:
        raise BadInputError(
            [
                f"{text!r} is nothing that can go wrong here; write it like occlusion@2h, occlusion@2h..3h or"
                f" worn-tubing=150@1d. There are: {', '.join(known)}"
            ]
        )
    if has_amount and (isinstance(what, ResetCause) or not _AMOUNT.fullmatch(amount)):
        raise BadInputError(
            [f"{text!r}: {amount!r} is no amount of it, which is a whole number up to 999999"]
        )
    begins_ns = _instant(text, begins, now_ns)
    ends_ns = _instant(text, ends, now_ns) if lasts else None
    if ends_ns is not None and (isinstance(what, ResetCause) or ends_ns <= begins_ns):
        why = "a reset is over at once" if isinstance(what, ResetCause) else "it ends before it begins"
        raise BadInputError([f"{text!r}: {why}"])
    usual = 0 if isinstance(what, ResetCause) else _USUAL_AMOUNTS.get(what, 0)
    return Trouble(what, int(amount) if has_amount else usual, begins_ns, ends_ns)


def _instant(text: str, written: str, now_ns: int) -> int:
    if not written:
        return now_ns
    ns = 0 if written == "0" else duration_ns(written)
    if ns is None:
        raise BadInputError(
            [f"{text!r}: {written!r} is no time after the beginning; write it like 2h, 90m or 1h30m"]
        )
    return ns


class Troubles:
    """The troubles that are still to begin or to end, in order. ``said``: called with each in words."""

    def __init__(self, rig: Rig, origin_ns: int, planned: Sequence[Trouble]) -> None:
        """origin_ns: the rig's instant of the beginning."""
        self._rig, self._origin_ns = rig, origin_ns
        self._ahead: list[tuple[int, bool, Trouble]] = []
        for trouble in planned:
            self.add(trouble)

    def add(self, trouble: Trouble) -> None:
        self._ahead.append((trouble.begins_ns, True, trouble))
        if trouble.ends_ns is not None:
            self._ahead.append((trouble.ends_ns, False, trouble))
        self._ahead.sort(key=lambda one: one[:2])

    @property
    def next_ns(self) -> int | None:
        """Return the rig's instant of the next one."""
        return self._origin_ns + self._ahead[0][0] if self._ahead else None

    def do_what_is_due(self) -> list[str]:
        """Begin and end what is due by now; what was done, in words."""
        done: list[str] = []
        while self._ahead and self._origin_ns + self._ahead[0][0] <= self._rig.now_ns:
            at_ns, begins, trouble = self._ahead.pop(0)
            when = duration_text(at_ns) if at_ns else "0"
            done.append(f"{when}: {self._begun(trouble) if begins else self.ended(trouble.what)}")
        return done

    def _begun(self, trouble: Trouble) -> str:
        what = trouble.what
        if isinstance(what, ResetCause):
            self._rig.reset(what)
            return f"{trouble.name}: the pump starts again"
        try:
            self._rig.faults.inject(what, trouble.amount)
        except (NotImplementedError, ValueError, IndexError) as error:
            return f"{trouble.name} is not available: {error}"
        return f"{trouble.name} begins" + (f" ({trouble.amount})" if trouble.amount else "")

    def ended(self, what: What) -> str:
        """End something that lasts; what was done, in words."""
        try:
            if isinstance(what, Fault):
                self._rig.faults.end(what)
                return f"{name_of(what)} ends"
        except (NotImplementedError, KeyError):
            pass
        return f"{name_of(what)} is over at once; there is nothing to end"
