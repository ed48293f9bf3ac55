"""Holds what the log tells of doses against the reference: each begin, each end, each volume, once."""

from __future__ import annotations

from thecal_hil.doses.pump_words import Event
from thecal_sim.therapy.dose import Dose, End, Kind
from thecal_sim.units import NS_PER_S

_TOLD_WITHIN_NS = 3 * NS_PER_S // 2
"""After this, what has begun or ended is in the log."""


class ToldDoses:
    """Everything that one pump's log has told of doses, by kind and in its order."""

    def __init__(self) -> None:
        self._begun: dict[str, list[tuple[int, int]]] = {kind: [] for kind in Kind}
        self._ended: dict[str, list[tuple[int, bool]]] = {kind: [] for kind in Kind}
        self.unknown: list[str] = []

    def note(self, event: Event) -> None:
        if event.name not in ("bolus begun", "bolus ended"):
            return
        if event.kind not in self._begun:
            self.unknown.append(f"the log has a dose of {event.kind}")
        elif event.name == "bolus begun":
            self._begun[event.kind].append((event.first, event.seconds))
        else:
            self._ended[event.kind].append((event.first, event.was_cut_short))

    def differences(self, doses: list[Dose], now_ns: int) -> list[str]:
        """What the log tells otherwise than the reference has it."""
        found = list(self.unknown)
        for kind in Kind:
            of_kind = [dose for dose in doses if dose.kind is kind]
            found += _begins(
                kind, self._begun[kind], [dose for dose in of_kind if _is_begun(dose, now_ns)], now_ns
            )
            ended = sorted(
                (dose for dose in of_kind if _has_ended(dose, now_ns)),
                key=lambda dose: dose.end_ns,
            )
            found += _ends(kind, self._ended[kind], ended, now_ns)
        return found


def _is_begun(dose: Dose, now_ns: int) -> bool:
    """One on demand is told before it begins."""
    return dose.is_on_demand or dose.begin_ns <= now_ns


def _has_ended(dose: Dose, now_ns: int) -> bool:
    """The end of one that never began is told when it is decided."""
    return dose.end is not None and (dose.end_ns <= now_ns or dose.end_ns == dose.begin_ns)


def _begins(kind: Kind, told: list[tuple[int, int]], doses: list[Dose], now_ns: int) -> list[str]:
    wanted = [
        (dose.rate_nl_per_day, (dose.planned_end_ns - dose.begin_ns) // NS_PER_S)
        for dose in sorted(doses, key=lambda dose: dose.begin_ns)
    ]
    due = sum(dose.begin_ns <= now_ns - _TOLD_WITHIN_NS for dose in doses)
    if told != wanted[: len(told)] or len(told) < due:
        return [f"{kind}: begun by the log {told}, by the reference {wanted} (nL/day, s)"]
    return []


def _ends(kind: Kind, told: list[tuple[int, bool]], doses: list[Dose], now_ns: int) -> list[str]:
    due = sum(dose.end_ns <= now_ns - _TOLD_WITHIN_NS for dose in doses)
    is_right = due <= len(told) <= len(doses)
    for (given_nl, was_cut_short), dose in zip(told, doses, strict=False):
        if dose.end is End.POWER_CUT:
            # What it had given by the last record; how much that is, nobody else can know.
            is_right = is_right and was_cut_short and given_nl <= dose.given_nl
        else:
            is_right = is_right and (given_nl, was_cut_short) == (dose.given_nl, dose.end is not End.WHOLE)
    if is_right:
        return []
    wanted = [(dose.given_nl, str(dose.end)) for dose in doses]
    return [f"{kind}: ended by the log {told}, by the reference {wanted} (nL given)"]
