"""All that a page is made of."""

from __future__ import annotations

from dataclasses import dataclass, field

from thecal.console.control import Hold
from thecal.console.desk import Desk, Said
from thecal.console.seen import Link, Seen

STALE_AFTER_S = 1.5
"""A pump that has not answered for so long is said to be silent, though the link may still stand."""


@dataclass(frozen=True)
class Scene:
    """page: which. now_s: by the clock that ``Seen.read_s`` is of. base: what every address begins with. local: what
    this window alone shows."""

    page: str
    link: Link
    why: str
    seen: Seen | None
    now_s: float
    may_change: bool
    hold: Hold
    desk: Desk
    base: str = ""
    local: dict[str, str] = field(default_factory=dict)

    @property
    def silent_s(self) -> float:
        """Return for how long the pump has not answered."""
        return self.now_s - self.seen.read_s if self.seen is not None else 0.0

    @property
    def is_live(self) -> bool:
        return self.link is Link.LIVE and self.silent_s < STALE_AFTER_S

    @property
    def can_edit(self) -> bool:
        """Return True if this window may work on the desk."""
        return self.hold is not Hold.ELSEWHERE

    @property
    def can_act(self) -> bool:
        """Return True if this window may ask the pump for a change."""
        return self.can_edit and self.may_change and self.link is Link.LIVE

    def said(self, *areas: str) -> list[Said]:
        return [said for area in areas if (said := self.desk.said.get(area)) is not None and said.text]
