"""A figure that the campaign measures, what it has to reach, and what it cost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """reach: in words. holds: None for a figure that is only reported."""

    what: str
    found: str
    reach: str
    holds: bool | None

    def __str__(self) -> str:
        verdict = {True: "holds", False: "FALLS SHORT", None: "reported"}[self.holds]
        return f"{verdict:11} {self.what}: {self.found}" + (
            f" (to reach: {self.reach})" if self.reach else ""
        )


@dataclass(frozen=True)
class Assumed:
    """times: noise, drift and compliance beyond what is assumed."""

    times: float = 1.0

    @property
    def is_as_assumed(self) -> bool:
        return self.times == 1.0

    @property
    def words(self) -> str:
        return "" if self.is_as_assumed else f", noise, drift and compliance {self.times:g} times as large"
