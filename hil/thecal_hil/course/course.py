"""A course of therapy on a rig: what the host had the pump do, and what ideally comes of it.

Promises: the ideal is made from the prescription and from the instants the pump itself reported, by the oracle and
in the rig's time; nothing of the firmware's arithmetic enters it. `check` looks at every pulse from the beginning, or
from the latest power cut on: what a cut leaves of a microstep is not known, so after it another stretch begins.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fractions import Fraction

from thecal.client import Effective, Pump
from thecal.pumps.constants import chosen
from thecal_fw.core.bolus import KIND_TEMPORARY
from thecal_fw.core.dead_volume import DEAD_VOLUME_ID
from thecal_fw.core.events import EVENT_PROGRAM_EFFECTIVE
from thecal_fw.core.program import Bridge, decode
from thecal_hil.contract.pump_clock import TICK_NS, Instants, PumpClock
from thecal_hil.contract.rig import ResetCause, Rig
from thecal_hil.course.therapy import Therapy
from thecal_sim.ideal import Regimen, Span
from thecal_sim.oracle import Epoch, IdealDelivery, PulseCheck, check_pulses
from thecal_sim.stretches import Stretches
from thecal_sim.units import NS_PER_MINUTE, NS_PER_S

MICROSTEPS_PER_NL = chosen().microsteps_per_nl
"""Of the pump under test, from its description and not from the firmware: for the oracle's sake."""
OFFSET_MINUTES = 60
"""Local time differs from UTC, so that a mistake of one for the other shows."""
_GOES_ON_WITHIN_NS = 2_500_000_000
"""After a power cut: the boot, the self-test, and a moment until delivery continues."""
_LOGGED_WITHIN_NS = 100_000_000
"""The poll that logs a change comes so long after it at most."""


@dataclass(frozen=True)
class Stretch:
    """Delivery between two power cuts: what was ideal, in which time, and the pulses that came, in the rig's time, less
    what the pump's clock has lost in resets by its watchdog."""

    ideal: IdealDelivery
    begins_ns: int
    ends_ns: int
    pulses_ns: Instants

    def check(self, until_ns: int | None = None) -> PulseCheck:
        """Hold the pulses up to an instant, at most to the end, against the ideal."""
        end_ns = self.ends_ns if until_ns is None else min(until_ns, self.ends_ns)
        return check_pulses(self.ideal, self.pulses_ns.tolist(), end_ns)


def local_second(text: str) -> int:
    """Return the UTC second of a local time such as ``2026-03-06 23:50``."""
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
        self._offset_minutes = OFFSET_MINUTES
        self._knows_time_of_day = True
        self._begins_ns = rig.boot_origin_ns
        self._past: list[Stretch] = []
        self._goes_on_ns: int | None = None
        self._lost: list[tuple[int, int]] = []
        """Resets by the watchdog since the stretch began: rig time, and how much later the pump's clock began. The pump
        can't know of that, and continues as if it had not been: what is ideal stands still for so long."""

    # --- what a host does

    @property
    def pump(self) -> Pump:
        return self.rig.pump()

    def set_time(self, utc_s: int, offset_minutes: int = OFFSET_MINUTES) -> None:
        """Set the pump's clock now, and how far its local time is ahead of UTC."""
        local_before_ns = self._local_minus_rig_ns()
        reply = self.pump.set_time(utc_s, offset_minutes)
        self.clock = self._clock_now()
        self._offset_minutes = offset_minutes
        self._knows_time_of_day = True
        if self._is_delivering:
            t_ns = self._instant_ns(reply)
            self._extra = ()
            self._boluses_from_ns = t_ns + self._set_back_ns(local_before_ns)
            self._begin_epoch(t_ns, self._delivered_now())

    def _set_back_ns(self, local_before_ns: int | None) -> int:
        """Return by how much the clock was set back, if by less than a day: boluses of that time have been given."""
        local_now_ns = self._local_minus_rig_ns()
        if local_before_ns is None or local_now_ns is None:
            return 0
        back_ns = local_before_ns - local_now_ns
        return back_ns if 0 < back_ns < 86_400 * NS_PER_S else 0

    def prescribe(self, therapy: Therapy) -> int:
        """Stage, read back and commit; the rig's instant from which it holds, if delivery is under way."""
        reply = self.pump.program(therapy.program)
        self._committed = therapy
        if self._is_delivering:
            self._afresh(reply, therapy)
        return self._instant_ns(reply)

    def prescribe_after_bridge(self, therapy: Therapy, bridge: Bridge) -> int:
        """Prescribe the same, with the old drug at its rate for so long before. Both hold for a pump that delivers."""
        program = decode(therapy.program.encode())
        program.dead_volume_id, program.bridge = DEAD_VOLUME_ID, bridge
        t_ns = self.prescribe(replace(therapy, program=program))
        if self._is_delivering:
            ends_ns = t_ns + bridge.seconds * NS_PER_S
            self._history[-1] = replace(self._history[-1], regimen=Regimen.constant(bridge.rate_nl_per_day))
            self._boluses_from_ns = ends_ns
            self._begin_epoch(ends_ns, therapy)
        return t_ns

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
        """Have a bolus given; the instant at which it begins. A patient's must be given as the program has it."""
        therapy = self._delivered_now()
        given = self.pump.give_bolus(therapy.program.digest(), kind, nl_per_day, seconds)
        reply = Effective(given.effective_boot_s, given.effective_boot_us)
        t_ns = self._instant_ns(reply)
        self._extra = (*self._extra, Span(t_ns, t_ns + seconds * NS_PER_S, Fraction(nl_per_day)))
        return self._from(reply, therapy)

    def note_bolus(self, span: Span) -> None:
        """Enter into the history a bolus that was asked for at the pump itself."""
        self._extra = (*self._extra, span)
        self._begin_epoch(span.start_ns, self._delivered_now())

    def first_second_after(self, t_ns: int) -> int:
        """Return the first whole second of the pump's clock at or after an instant."""
        wall_ns = self.clock.wall_ns(t_ns)
        return t_ns + -wall_ns % NS_PER_S

    def cancel_bolus(self) -> int:
        """End what is given on demand; the instant from which that holds."""
        cancelled = self.pump.cancel_bolus()
        self._extra = ()
        reply = Effective(cancelled.effective_boot_s, cancelled.effective_boot_us)
        return self._from(reply, self._delivered_now())

    def set_temporary_rate(self, nl_per_day: int, seconds: int) -> int:
        """Have a rate take the place of the program's for a time; the instant at which it does. Of a program without
        boluses by the clock: theirs would continue."""
        therapy = self._delivered_now()
        given = self.pump.give_bolus(therapy.program.digest(), KIND_TEMPORARY, nl_per_day, seconds)
        t_ns = self._instant_ns(Effective(given.effective_boot_s, given.effective_boot_us))
        self._begin_epoch(t_ns, replace(therapy, regimen=Regimen.constant(nl_per_day)))
        self._begin_epoch(t_ns + seconds * NS_PER_S, therapy)
        return t_ns

    def end_temporary_rate(self) -> int:
        """Have the program's rate back; the instant from which it is."""
        cancelled = self.pump.cancel_bolus(is_temporary_rate=True)
        return self._from(
            Effective(cancelled.effective_boot_s, cancelled.effective_boot_us), self._delivered_now()
        )

    def follow_put_off(self) -> int:
        """Enter into the history when the latest change of a rate took effect by the pump's log, and return by how many
        seconds it was put off: one that can't be prepared in time is. It must have taken effect by now."""
        logged = [event for event in self.pump.log() if event.code == EVENT_PROGRAM_EFFECTIVE][-1]
        noted_ns = self.clock.rig_ns_of_boot(logged.boot_s, logged.boot_us)
        promised = self._history[-1]
        put_off_s = (noted_ns - promised.start_ns) // NS_PER_S
        self._history[-1] = replace(promised, start_ns=promised.start_ns + put_off_s * NS_PER_S)
        return put_off_s

    # --- what happens to the pump

    def reset(self, cause: ResetCause) -> None:
        """Reset the pump, and follow how it continues: after a power cut a stretch of its own begins."""
        self.rig.reset(cause)
        if cause is ResetCause.WATCHDOG:
            self._lost.append((self.rig.reset_ns, self.rig.boot_origin_ns - self.rig.reset_ns))
            self.clock = self._clock_now()
            return
        cut_ns = self.rig.boot_origin_ns
        self.rig.run_until(cut_ns + _GOES_ON_WITHIN_NS)
        self.clock = self.rig.clock()
        if self._history:
            self._past.append(self._stretch(cut_ns))
        self._begins_ns, self._history, self._extra, self._lost = cut_ns, [], (), []
        self._goes_on_ns = None
        self._knows_time_of_day = False
        if not self._is_delivering:
            return
        goes_on_ns = self._first_change_ns()
        if goes_on_ns is not None:
            self._boluses_from_ns = self._goes_on_ns = goes_on_ns
            self._begin_epoch(goes_on_ns, self._delivered_now())

    def _first_change_ns(self) -> int | None:
        """Return when delivery continued in the pump's present life, by its log; None if it has not."""
        boots = self.pump.interrogate().boots
        for event in self.pump.log():
            if event.boots == boots and event.code == EVENT_PROGRAM_EFFECTIVE:
                return self.clock.rig_ns_of_boot(event.boot_s, event.boot_us)
        return None

    # --- what ideally comes of it

    @property
    def stretches(self) -> list[Stretch]:
        """Return all stretches of delivery up to now; those in which nothing was ever begun are left out."""
        now = [self._stretch(self.rig.now_ns)] if self._history else []
        return [*self._past, *now]

    def _stretch(self, ends_ns: int) -> Stretch:
        if not self._past:
            self.rig.align(self._due_instants_ns)
        times = self.rig.step_times_ns
        within = times[(times > self._begins_ns) & (times <= ends_ns)]
        for reset_ns, lost_ns in reversed(self._lost):
            within = within - lost_ns * (within >= reset_ns)
        history = self._history if self._goes_on_ns is None else self._anchored(within)
        return Stretch(
            IdealDelivery(history, MICROSTEPS_PER_NL), self._begins_ns, ends_ns - self._lost_ns, within
        )

    @property
    def _lost_ns(self) -> int:
        return sum(lost_ns for _, lost_ns in self._lost)

    def _clock_now(self) -> PumpClock:
        """Return the pump's clock in the time in which pulses are held against the ideal."""
        clock = self.rig.clock()
        return replace(clock, boot_origin_ns=clock.boot_origin_ns - self._lost_ns)

    def _anchored(self, pulses_ns: Instants) -> list[Epoch]:
        """Return the history of a stretch that began by itself, with its beginning where the first pulse has it.

        The log shows when delivery continued to within a poll; the tick is the one half a microstep before the first
        pulse, if that lies just before what was logged. Every later pulse is held against it.
        """
        first = self._history[0]
        due_ns = IdealDelivery(self._history, MICROSTEPS_PER_NL).instant_of_step(
            1, first.start_ns + 3_600 * NS_PER_S
        )
        if not len(pulses_ns) or due_ns is None:
            return self._history
        boot_ns = first.start_ns + int(pulses_ns[0]) - round(due_ns) - self._begins_ns
        begins_ns = self._begins_ns + round(boot_ns / TICK_NS) * TICK_NS
        if not first.start_ns - _LOGGED_WITHIN_NS <= begins_ns <= first.start_ns:
            return self._history
        return [replace(first, start_ns=begins_ns), *self._history[1:]]

    @property
    def ideal(self) -> IdealDelivery:
        """Return the ideal course so far, in the rig's time."""
        return IdealDelivery(self._history, MICROSTEPS_PER_NL)

    def check(self) -> PulseCheck:
        """Hold every pulse up to now against the ideal course."""
        return self._stretch(self.rig.now_ns).check()

    def _due_instants_ns(self, count: int) -> list[int]:
        """Return the ideal instants of the first microsteps of the course."""
        return list(Stretches(self.ideal, self.rig.now_ns + NS_PER_MINUTE).due_instants(count))

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
        """Begin afresh from an instant on, with no bolus continuing that was under way."""
        self._boluses_from_ns = self._instant_ns(reply)
        self._extra = ()
        return self._from(reply, therapy)

    def _from(self, reply: Effective, therapy: Therapy | None) -> int:
        t_ns = self._instant_ns(reply)
        self._begin_epoch(t_ns, therapy)
        return t_ns

    def _local_minus_rig_ns(self) -> int | None:
        """Return the local time of the pump less the rig's time; None while it does not know the time of day."""
        if not self._knows_time_of_day or self.clock.wall_ticks_at_boot is None:
            return None
        return self.clock.wall_ns(0) + self._offset_minutes * NS_PER_MINUTE

    def _begin_epoch(self, t_ns: int, therapy: Therapy | None) -> None:
        """Begin an epoch from an instant on. What was to begin later, and was taken back before it did, never was."""
        local_minus_t_ns = self._local_minus_rig_ns()
        while self._history and self._history[-1].start_ns > t_ns:
            self._history.pop()
        boluses_from_ns = None if local_minus_t_ns is None else self._boluses_from_ns + local_minus_t_ns
        regimen = therapy.regimen if therapy else None
        self._history.append(Epoch(t_ns, regimen, local_minus_t_ns, boluses_from_ns, self._extra))

    def _instant_ns(self, reply: Effective) -> int:
        return self.clock.rig_ns_of_boot(reply.effective_boot_s, reply.effective_boot_us)
