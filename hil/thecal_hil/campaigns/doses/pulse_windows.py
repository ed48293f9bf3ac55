"""Holds the pulses of a rig against limits and reference: what was given, whatever the pump says of it.

Every hour and every 24 hours are counted by the pulse, the highest rate by their distances, and their number against
the reference's curve to a microstep.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from thecal_hil.contract.rig import Instants
from thecal_sim.therapy.dose import Kind
from thecal_sim.therapy.plan import MOST_RATE_NL_PER_DAY
from thecal_sim.therapy.state import State
from thecal_sim.units import NS_PER_DAY, NS_PER_MINUTE, NS_PER_S, TICK_NS

SAFE_SIDE_NL = -(-MOST_RATE_NL_PER_DAY // 1_440)
"""One minute of the highest rate: what counting by the minute may miss."""
_RUNS = (8, 64, 512)
"""Pulses over which the rate is measured."""
_MOST_OFF = Fraction(51, 50)
"""Half a microstep at either end, and the tick that a pulse is placed on."""


@dataclass(frozen=True)
class InForce:
    """The limits in force from an instant on, of an hour and of 24 hours in nL."""

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
        """Return what the pulses show otherwise than they should, for what has come since this was last asked."""
        found = self._against_the_curve(steps_ns, state, now_ns)
        first, self._checked = self._checked, len(steps_ns)
        if first < len(steps_ns):
            found += self._too_fast(steps_ns, first)
            found += self._too_full(steps_ns, first, state)
        return found

    def _against_the_curve(self, steps_ns: Instants, state: State, now_ns: int) -> list[str]:
        if now_ns <= self._base_ns:
            return []
        steps = int(np.searchsorted(steps_ns, now_ns, side="right")) - self._base_steps
        given = Fraction(state.curve.volume(self._base_ns, now_ns), NS_PER_DAY)
        if abs(steps - given / self._nl_per_step) <= self._most_off:
            return []
        return [
            f"{steps} pulses, {float(steps * self._nl_per_step):.3f} nL, came since {self._base_ns / NS_PER_S:.3f} s; "
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

    def _too_full(self, steps_ns: Instants, first: int, state: State) -> list[str]:
        ends = steps_ns[first:]
        starts = np.array([one.t_ns for one in self._in_force] or [1 << 62])
        places = np.searchsorted(starts, ends, side="right") - 1
        for minutes, name in ((60, "hour"), (1_440, "24 hours")):
            window_ns = minutes * NS_PER_MINUTE
            before = np.searchsorted(steps_ns, ends - window_ns, side="right")
            counts = np.arange(first + 1, len(steps_ns) + 1) - before
            for at in np.unique(places[places >= 0]).tolist():
                one = self._in_force[at]
                limit_nl = one.hour_nl if minutes == 60 else one.day_nl
                over = (places == at) & (counts > (limit_nl / self._nl_per_step) + 1)
                for end_ns, count in zip(ends[over].tolist(), counts[over].tolist(), strict=True):
                    given_nl = float(count * self._nl_per_step)
                    if given_nl > limit_nl + self._slack_nl(end_ns - window_ns, end_ns, state):
                        when = f"before {end_ns / NS_PER_S:.3f} s"
                        return [f"{given_nl:,.0f} nL in the {name} {when}, limit {limit_nl:,} nL"]
        return []

    def _slack_nl(self, begin_ns: int, end_ns: int, state: State) -> float:
        """Return what a window may hold beyond its limit: two microsteps; the safe side after a break; anything if no
        dose began after the last break, for the basal rate is never held back. Bridges and primes into a line with
        room for them count for no limit."""
        free = [*state.bridged]
        for dose in state.doses:
            if dose.kind is Kind.PRIME and not dose.limited_rate:
                free.append((dose.begin_ns, dose.end_ns, dose.rate_nl_per_day))
        overlaps = [(min(end_ns, end) - max(begin_ns, begin), rate) for begin, end, rate in free]
        slack_nl = sum(rate * ns / NS_PER_DAY for ns, rate in overlaps if ns > 0) + 2 * float(
            self._nl_per_step
        )
        breaks = [t_ns for t_ns in self.breaks if begin_ns < t_ns <= end_ns]
        if not breaks:
            return slack_nl
        if any(max(breaks) <= dose.begin_ns < min(end_ns, dose.end_ns) for dose in state.doses):
            return slack_nl + SAFE_SIDE_NL
        return float("inf")
