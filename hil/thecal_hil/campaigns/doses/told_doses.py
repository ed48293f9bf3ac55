"""Holds what the log reports of doses against the reference: each begin, each end, each volume, once."""

from __future__ import annotations

from thecal_hil.campaigns.doses.pump_words import Event
from thecal_sim.therapy.dose import Dose, End, Kind
from thecal_sim.units import NS_PER_DAY, NS_PER_S

_TOLD_WITHIN_NS = 3 * NS_PER_S // 2
"""After this, what has begun or ended is in the log."""


class ToldDoses:
    """Everything that one pump's log has reported of doses, by kind and in its order."""

    def __init__(self) -> None:
        self._begun: dict[str, list[tuple[int, int]]] = {kind: [] for kind in Kind}
        self._ended: dict[str, list[Event]] = {kind: [] for kind in Kind}
        self._under_way: set[int] = set()
        self._wrong: list[str] = []

    def note(self, event: Event) -> None:
        if event.name not in ("bolus begun", "bolus ended"):
            return
        if event.kind not in self._begun:
            self._wrong.append(f"the log has a dose of {event.kind}")
        elif event.name == "bolus begun":
            self._begun[event.kind].append((event.first, event.seconds))
            self._under_way |= {event.number}
        else:
            self._ended[event.kind].append(event)
            if event.number not in self._under_way:
                self._wrong.append(
                    f"the end of dose {event.number} is reported, and no begin, or both ends of one"
                )
            if event.number:
                self._under_way.discard(event.number)

    def differences(self, doses: list[Dose], now_ns: int) -> list[str]:
        """Return what the log shows otherwise than the reference has it."""
        found = list(self._wrong)
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
    """Return True if a dose has begun; one on demand is reported before it begins."""
    return dose.is_on_demand or dose.begin_ns <= now_ns


def _has_ended(dose: Dose, now_ns: int) -> bool:
    """Return True if a dose has ended; the end of one that never began is reported when it is decided."""
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


def _ends(kind: Kind, told: list[Event], doses: list[Dose], now_ns: int) -> list[str]:
    due = sum(dose.end_ns <= now_ns - _TOLD_WITHIN_NS for dose in doses)
    is_right = due <= len(told) <= len(doses)
    if is_right and all(_is_end_of(dose, event) for event, dose in zip(told, doses, strict=False)):
        return []
    said = [(event.first, event.was_cut_short) for event in told]
    wanted = [(dose.given_nl, str(dose.end)) for dose in doses]
    return [f"{kind}: ended by the log {said}, by the reference {wanted} (nL given)"]


def _is_end_of(dose: Dose, event: Event) -> bool:
    if event.end is not None and event.end is not dose.end:
        return False
    if dose.end is End.POWER_CUT:
        # What it had given by the last record; how much that is, nobody else can know.
        return event.was_cut_short and event.first <= dose.given_nl
    doubt_nl = -(-dose.rate_nl_per_day * dose.end_doubt_ns // NS_PER_DAY)
    is_volume_right = dose.given_nl - doubt_nl <= event.first <= dose.given_nl
    return is_volume_right and event.was_cut_short == (dose.end is not End.WHOLE)
