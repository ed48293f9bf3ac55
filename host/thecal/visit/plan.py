"""The plan of a visit, and how it talks to the person who does it. A script has all answers beforehand."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from thecal.clocks import Wall
from thecal.errors import ThecalError

if TYPE_CHECKING:
    from thecal.clocks import Clocks
    from thecal.contacts import Contacts
    from thecal.dose_history import DoseHistory
    from thecal.judgement import Finding
    from thecal.prescription import Compiled
    from thecal.words import Row
    from thecal_fw.core.program import Program


class DeclinedError(ThecalError):
    """A person said no; nothing is done that was not done before."""


@dataclass
class Plan:
    """Volumes in nL. None: not asked for. Of a guided visit the answers come as it continues.

    no_bridge: another drug or concentration is in tubing and catheter already. wall: the time on the wall. set_clock:
    the pump's clock is to be set by it. start: delivery is to begin where the pump stands. contacts: for the family.
    """

    withdrawn_nl: int | None = None
    fill_nl: int | None = None
    drawn_back_nl: int | None = None
    compiled: Compiled | None = None
    clinic_page: Path | None = None
    handout_page: Path | None = None
    no_bridge: bool = False
    wall: Wall = field(default_factory=Wall)
    set_clock: bool = False
    start: bool = False
    contacts: Contacts | None = None


class Talk(Protocol):
    """The person, or the options of a script, behind a visit."""

    @property
    def reason(self) -> str:
        """Return why a soft limit is passed; empty if none was given."""
        ...

    def tell(self, text: str) -> None: ...

    def show_change(self, rows: list[Row]) -> None:
        """Show both programs side by side."""
        ...

    def agree(self, question: str) -> None:
        """Continue only with consent; raises DeclinedError, or BadInputError where there is nobody to ask."""
        ...

    def need_reason(self, why: str) -> None:
        """Have a reason given for this; raises BadInputError if there is none."""
        ...

    def settle_clocks(self, plan: Plan, clocks: Clocks) -> Clocks:
        """Learn which clock is right and whether the pump's is to be set: the clocks as they are known by then. Raises
        BadInputError unless that is settled."""
        ...

    def settle(self, running: Program | None, new: Program, history: DoseHistory) -> list[Finding]:
        """Judge a change of program; raises BadInputError unless every finding is settled."""
        ...

    def wants_start(self, plan: Plan) -> bool:
        """Return True if a pump that stands, and has a program that delivers, is to be started."""
        ...

    def withdrawn_nl(self, plan: Plan, expected: str, reservoir_nl: int) -> int | None: ...

    def fill_nl(self, plan: Plan, reservoir_nl: int) -> int | None: ...

    def compiled(self, plan: Plan) -> Compiled | None: ...
