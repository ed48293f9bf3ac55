"""Holds the pulses of a rig against limits and reference: what was given, whatever the pump says of it.

Every hour and every 24 hours are counted by the pulse, the highest rate by their distances, and their number against
the reference's curve to a microstep.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from thecal_hil.rig import Instants
from thecal_sim.therapy.dose import Dose
from thecal_sim.therapy.plan import MOST_RATE_NL_PER_DAY
from thecal_sim.therapy.state import State
from thecal_sim.units import NS_PER_DAY, NS_PER_MINUTE, TICK_NS

SAFE_SIDE_NL = -(-MOST_RATE_NL_PER_DAY // 1_440)
"""One minute of the highest rate: what counting by the minute may miss."""
_RUNS = (8, 64, 512)
"""Pulses over which the rate is measured."""
_MOST_OFF = Fraction(51, 50)
"""Half a microstep at either end, and the tick that a pulse is placed on."""


@dataclass(frozen=True)
class InForce:
    """From an instant on: limits of an hour and of 24 hours in nL."""

    t_ns: int
    hour_nl: int
    day_nl: int


class PulseWindows:
    """breaks: instants at which the basal rate was changed by somebody or something and not by the program."""

    def __init__(self, nl_per_step: Fraction) -> None:
        self._nl_per_step = nl_per_step
        self._in_force: list[InForce] = []
        self.breaks: list[int] = []
        self._checked = 0
        self._base_ns = self._base_steps = 0
        self._most_off = _MOST_OFF

    def limits_are(self, t_ns: int, hour_nl: int, day_nl: int) -> None:
        self._in_force.append(InForce(t_ns, hour_nl, day_nl))
        self.breaks.append(t_ns)

    def begin_anew(self, t_ns: int, steps_ns: Instants, most_off: Fraction = _MOST_OFF) -> None:
        """Compare with the curve from an instant on only: what came before is not known to a microstep."""
        self._base_ns = t_ns
        self._base_steps = int(np.searchsorted(steps_ns, t_ns, side="right"))
        self._most_off = most_off

    def differences(self, steps_ns: Instants, state: State, now_ns: int) -> list[str]:
        """What the pulses show otherwise than they should, for what has come since this was last asked."""
        found = self._against_the_curve(steps_ns, state, now_ns)
        first, self._checked = self._checked, len(steps_ns)
        if first < len(steps_ns):
            found += self._too_fast(steps_ns, first)
            found += self._too_full(steps_ns, first, state.doses)
        return found

    def _against_the_curve(self, steps_ns: Instants, state: State, now_ns: int) -> list[str]:
        if now_ns <= self._base_ns:
            return []
        steps = int(np.searchsorted(steps_ns, now_ns, side="right")) - self._base_steps
        given = Fraction(state.curve.volume(self._base_ns, now_ns), NS_PER_DAY)
        if abs(steps - given / self._nl_per_step) <= self._most_off:
            return []
        return [
            f"{steps} pulses, {float(steps * self._nl_per_step):.3f} nL, came since {self._base_ns / 1e9:.3f} s; "
            f"the reference has {float(given):.3f} nL"
        ]

    def _too_fast(self, steps_ns: Instants, first: int) -> list[str]:
        interval_ns = NS_PER_DAY * self._nl_per_step / MOST_RATE_NL_PER_DAY
        for run in _RUNS:
            recent = steps_ns[max(0, first - run) :]
            # A microstep that was owed may come at once after a start.
            least_ns = int((run - 1) * interval_ns) - TICK_NS
            if len(recent) > run and int((recent[run:] - recent[:-run]).min()) < least_ns:
                return [f"more than {MOST_RATE_NL_PER_DAY:,} nL/day over {run} pulses"]
        return []

    def _too_full(self, steps_ns: Instants, first: int, doses: list[Dose]) -> list[str]:
        for minutes, name in ((60, "hour"), (1_440, "24 hours")):
            window_ns = minutes * NS_PER_MINUTE
            ends = steps_ns[first:]
            counts = np.arange(first + 1, len(steps_ns) + 1) - np.searchsorted(
                steps_ns, ends - window_ns, side="right"
            )
            for at in np.unique(
                np.searchsorted([one.t_ns for one in self._in_force], ends, side="right") - 1
            ).tolist():
                if at < 0:
                    continue
                one = self._in_force[at]
                limit_nl = one.hour_nl if minutes == 60 else one.day_nl
                until = self._in_force[at + 1].t_ns if at + 1 < len(self._in_force) else 1 << 62
                over = (
                    (counts * float(self._nl_per_step) > limit_nl + float(self._nl_per_step))
                    & (ends >= one.t_ns)
                    & (ends < until)
                )
                for end_ns, count in zip(ends[over].tolist(), counts[over].tolist(), strict=True):
                    given_nl = float(count * self._nl_per_step)
                    if given_nl > limit_nl + self._slack_nl(end_ns - window_ns, end_ns, doses):
                        return [
                            f"{given_nl:,.0f} nL in the {name} before {end_ns / 1e9:.3f} s, limit {limit_nl:,} nL"
                        ]
        return []

    def _slack_nl(self, begin_ns: int, end_ns: int, doses: list[Dose]) -> float:
        """What a window may hold beyond its limit: nothing without a break; the safe side after one; anything if no dose
        began after the last one, for the basal rate is never held back."""
        breaks = [t_ns for t_ns in self.breaks if begin_ns < t_ns <= end_ns]
        if not breaks:
            return 2 * float(self._nl_per_step)
        if any(breaks[-1] <= dose.begin_ns < end_ns for dose in doses if dose.end_ns > dose.begin_ns):
            return SAFE_SIDE_NL + float(self._nl_per_step)
        return float("inf")
