"""A course of therapy on a rig: what the host had the pump do, and what ideally comes of it.

Promises: the ideal is made from the prescription and from the instants the pump itself reported, by the oracle and
in the rig's time; nothing of the firmware's arithmetic enters it. `check` looks at every pulse from the beginning.
"""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction

from thecal.client import Effective, Pump
from thecal_hil.pump_clock import NS_PER_S, PumpClock
from thecal_hil.rig import Rig
from thecal_hil.therapy import Therapy
from thecal_sim.ideal import Span
from thecal_sim.oracle import Epoch, IdealDelivery, PulseCheck, check_pulses
from thecal_sim.stretches import Stretches

MICROSTEPS_PER_NL = Fraction(3_200, 50_000)
"""The bench prototype's pump head and motor, written down here anew for the oracle's sake."""
OFFSET_MINUTES = 60
"""Local time differs from UTC, so that a mistake of one for the other shows."""
_NS_PER_MINUTE = 60 * NS_PER_S


def local_second(text: str) -> int:
    """UTC second of a local time such as ``2026-03-06 23:50``."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) - OFFSET_MINUTES * 60


class Course:
    """Does what a host does to the pump of a rig, and keeps the history the oracle needs of it."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.clock = PumpClock(rig.boot_origin_ns)
        self._history: list[Epoch] = []
        self._committed: Therapy | None = None
        self._is_delivering = False
        self._boluses_from_ns = 0
        self._extra: tuple[Span, ...] = ()

    # --- what a host does

    @property
    def pump(self) -> Pump:
        return self.rig.pump()

    def set_time(self, utc_s: int) -> None:
        """Set the pump's clock now."""
        reply = self.pump.set_time(utc_s, OFFSET_MINUTES)
        self.clock = self.rig.clock()
        if self._is_delivering:
            self._afresh(reply, self._delivered_now())

    def prescribe(self, therapy: Therapy) -> int:
        """Stage, read back and commit; the rig's instant from which it holds, if delivery is under way."""
        reply = self.pump.program(therapy.program)
        self._committed = therapy
        if self._is_delivering:
            self._afresh(reply, therapy)
        return self._instant_ns(reply)

    def refill(self, fill_nl: int) -> None:
        self.pump.refill(fill_nl)

    def start(self) -> int:
        """Begin delivery; the instant at which it does."""
        therapy = self._delivered_now()
        reply = self.pump.start(therapy.program.digest())
        self._is_delivering = True
        return self._afresh(reply, therapy)

    def stop(self) -> int:
        """Stop delivery at once; the instant of the tick at which it did."""
        reply = self.pump.stop()
        self._is_delivering = False
        return self._afresh(reply, None)

    def give_bolus(self, kind: int, nl_per_day: int, seconds: int) -> int:
        """Have a bolus given; the instant at which it begins. A patient's must be told as the program has it."""
        therapy = self._delivered_now()
        given = self.pump.give_bolus(therapy.program.digest(), kind, nl_per_day, seconds)
        reply = Effective(given.effective_boot_s, given.effective_boot_us)
        t_ns = self._instant_ns(reply)
        self._extra = (*self._extra, Span(t_ns, t_ns + seconds * NS_PER_S, Fraction(nl_per_day)))
        return self._from(reply, therapy)

    def cancel_bolus(self) -> int:
        """End what is given on demand; the instant from which that holds."""
        cancelled = self.pump.cancel_bolus()
        self._extra = ()
        reply = Effective(cancelled.effective_boot_s, cancelled.effective_boot_us)
        return self._from(reply, self._delivered_now())

    # --- what ideally comes of it

    @property
    def ideal(self) -> IdealDelivery:
        """The ideal course so far, in the rig's time."""
        return IdealDelivery(self._history, MICROSTEPS_PER_NL)

    def check(self) -> PulseCheck:
        """Hold every pulse up to now against the ideal course."""
        self.rig.align(self._due_instants_ns)
        return check_pulses(self.ideal, self.rig.step_times_ns.tolist(), self.rig.now_ns)

    def _due_instants_ns(self, count: int) -> list[int]:
        """Ideal instants of the first microsteps of the course."""
        return list(Stretches(self.ideal, self.rig.now_ns + _NS_PER_MINUTE).due_instants(count))

    def must_be_ideal(self) -> PulseCheck:
        """Raise AssertionError unless every pulse so far is within a tick and no volume error exceeds a microstep."""
        found = self.check()
        assert found.divergence is None, str(found.divergence)
        assert found.worst_edge_ticks <= 1, f"worst edge: {found.worst_edge}"
        assert found.worst_volume_steps <= 1, f"worst volume error: {found.worst_volume}"
        return found

    def _delivered_now(self) -> Therapy:
        if self._committed is None:
            raise ValueError("nothing has been prescribed yet")
        return self._committed

    def _afresh(self, reply: Effective, therapy: Therapy | None) -> int:
        """From an instant on, with no bolus going on that was under way."""
        self._boluses_from_ns = self._instant_ns(reply)
        self._extra = ()
        return self._from(reply, therapy)

    def _from(self, reply: Effective, therapy: Therapy | None) -> int:
        t_ns = self._instant_ns(reply)
        local_minus_t_ns = None
        if self.clock.wall_ticks_at_boot is not None:
            local_minus_t_ns = self.clock.wall_ns(0) + OFFSET_MINUTES * _NS_PER_MINUTE
        boluses_from_ns = None if local_minus_t_ns is None else self._boluses_from_ns + local_minus_t_ns
        regimen = therapy.regimen if therapy else None
        self._history.append(Epoch(t_ns, regimen, local_minus_t_ns, boluses_from_ns, self._extra))
        return t_ns

    def _instant_ns(self, reply: Effective) -> int:
        return self.clock.rig_ns_of_boot(reply.effective_boot_s, reply.effective_boot_us)
