"""The desk: what lies open in the console beside the pump, the draft, the visit, what was typed and said. All windows
share it.

So a reload or a second window loses nothing. It is written from the server's one thread, but for a visit, which is
written by the session's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from thecal.console.draft import Draft, draft_of_program, empty_draft
from thecal.console.opinion import Opinion, compiled_draft, opinion_of

if TYPE_CHECKING:
    from thecal.bolus_order import BolusOrder
    from thecal.console.seen import Seen
    from thecal.console.visit_run import VisitRun
    from thecal.contacts import Contacts
    from thecal.drug_library import Library
    from thecal.prescription import Compiled

_MOST_UNDONE = 100


@dataclass(frozen=True)
class Said:
    """The outcome of something that a person did."""

    text: str
    is_problem: bool = False


@dataclass(frozen=True)
class CheckedBolus:
    """A bolus that the pump has said it would give. what: in words."""

    order: BolusOrder
    what: str


@dataclass
class Desk:
    """group, library, contacts: as on the command line. typed: what stands in fields that are no part of the draft."""

    group: str
    library: Library | None = None
    contacts: Contacts | None = None
    draft: Draft = field(default_factory=empty_draft)
    origin: str = "a new prescription"
    is_touched: bool = False
    no_bridge: bool = False
    undone: list[tuple[Draft, str]] = field(default_factory=list)
    visit: VisitRun | None = None
    typed: dict[str, str] = field(default_factory=dict)
    said: dict[str, Said] = field(default_factory=dict)
    bolus: CheckedBolus | None = None
    _followed: bytes = b"nothing"
    _opinion: tuple[object, Opinion] | None = None

    def change(self, draft: Draft, origin: str | None = None) -> None:
        """Put another draft on the desk; the one before is kept."""
        if draft == self.draft and origin is None:
            return
        self.undone = [*self.undone[-_MOST_UNDONE:], (self.draft, self.origin)]
        self.draft, self.is_touched = draft, True
        self.origin = self.origin if origin is None else origin

    def drag(self, draft: Draft) -> None:
        """Make one move of many that count as one change."""
        if draft != self.draft:
            self.draft, self.is_touched = draft, True

    def undo(self) -> None:
        if self.undone:
            self.draft, self.origin = self.undone.pop()
            self.is_touched = bool(self.undone)

    def follow(self, seen: Seen) -> None:
        """Follow the pump: while nobody has worked on the draft, it is what the pump runs."""
        running = seen.status.program_digest if seen.program is not None else b""
        if self.is_touched or running == self._followed:
            return
        self._followed = running
        self.draft = draft_of_program(seen.program)
        self.origin = "the pump's own program" if seen.program is not None else "a new prescription"
        self.undone = []

    def opinion(self, seen: Seen | None) -> Opinion:
        """Return what the library says of the draft now; worked out once for each change of anything that it rests
        on."""
        running = seen.program if seen is not None else None
        left_s = (
            seen.boluses.bridge_left_s if seen is not None and running is not None and running.bridge else 0
        )
        rests_on = (
            id(self.draft),
            None if seen is None else (seen.status.program_digest, seen.status.latest_event, len(seen.log)),
            self.group,
            self.no_bridge,
            left_s // 60,
        )
        if self._opinion is None or self._opinion[0] != rests_on:
            found = opinion_of(
                self.draft,
                running,
                seen.status if seen is not None else None,
                seen.last_dose if seen is not None else None,
                self.group,
                self.library,
                no_bridge=self.no_bridge,
                bridge_left_s=left_s,
            )
            self._opinion = (rests_on, found)
        return self._opinion[1]

    def compiled(self) -> Compiled:
        """Return the draft as a program; raise BadInputError with everything that is wrong with it."""
        return compiled_draft(self.draft, self.library)

    def is_committed(self) -> None:
        """Note that the pump has the draft, which follows the pump from now on."""
        self.is_touched, self.undone, self._followed = False, [], b"nothing"


Redraw = Callable[[], None]
