"""A real board with a probe beside it: its edges have instants, and the bench can reset it and cause faults.

Promises: what ``BoardRig`` promises, and: every edge that the probe saw is in the record, its distance from any other
right to ``edge_resolution_ns`` and what the ratio of the two crystals is uncertain by; where the record as a whole lies
on the pump's clock is known to ``offset_uncertainty_ns``, which ``clock_record`` reports. A capability is there only if
the bench has the wire for it.

What the clocks' readings leave open, some milliseconds, is more than the ticks that a record is held to. So before it
is, it is *aligned*: shifted and stretched as a whole, within what the readings leave, to where the steps should have
been. If no such shift puts them there the record stays as it is. What alignment hides is a common delay of all steps
that is shorter than the uncertainty, and a rate that is off by no more than the crystals may be; it is done for the
time before the first reset only.

The rig's time is the pump's time since its first reset under the rig, carried on over later resets by the probe's
clock, turned into the pump's seconds by the ratio of the crystals.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

import serial

from thecal.errors import ThecalError
from thecal_hil.bench.board_lock import BoardLock
from thecal_hil.bench.board_rig import LONGEST_SLEEP_S, BoardRig, OpenPort, Sleep
from thecal_hil.contract.faults import Actions, Fault, Faults
from thecal_hil.contract.image import FirmwareImage
from thecal_hil.contract.pump_clock import TICK_NS
from thecal_hil.contract.rig import DRIVER_ENABLED, ENABLE, STEP, Capability, ResetCause
from thecal_hil.instruments.clock_relation import Bracket, ClockRelation, ClocksDisagreeError
from thecal_hil.instruments.probe import RESOLUTION_NS, Probe, ProbeError
from thecal_sim.edge_record import EdgeRecord
from thecal_sim.units import NS_PER_S, NS_PER_US

RUN, POWER, SENSE_CUT, MOTION_HOLD, BUTTON = "run", "power", "sense_cut", "motion_hold", "button"
_FAULT_OF: Final = {SENSE_CUT: Fault.SENSE_CUT, MOTION_HOLD: Fault.MOTOR_STALLS}
_FIRST_BRACKETS: Final = 16
_LEAST_ALIGNED: Final = 3
"""Steps: two would always fit."""
_MOST_ALIGNED: Final = 24
_STEP_SLACK_NS: Final = TICK_NS // 2 + RESOLUTION_NS
"""A step comes on the tick nearest to its ideal instant."""
_LONGEST_FAULT_S: Final = 600.0
_HELD_S: Final = 0.3
"""A reset, or a power cut: longer than the capacitors on a Pico keep it alive."""
_BACK_WITHIN_S: Final = 20.0
_LOOK_AGAIN_S: Final = 0.5


def capabilities_with(inputs: Collection[str], switches: Collection[str]) -> frozenset[Capability]:
    """Return what a bench makes possible whose probe sees these signals and has these switches wired."""
    found = set[Capability]()
    if {STEP, ENABLE} <= set(inputs):
        found.add(Capability.EXACT_EDGES)
    if {RUN, POWER} & set(switches):
        found.add(Capability.POWER_CUT)
    if BUTTON in switches:
        found.add(Capability.BUTTON)
    return frozenset(found)


def faults_with(switches: Collection[str]) -> frozenset[Fault]:
    """Return the faults that these switches can cause."""
    return frozenset(fault for switch, fault in _FAULT_OF.items() if switch in switches)


class ProbedBoardRig(BoardRig):
    """A board, a probe, and what of the probe is wired: ``inputs`` from its inputs to signals, ``switches`` by name."""

    def __init__(
        self,
        image: FirmwareImage,
        port: str | OpenPort,
        probe: Probe,
        *,
        inputs: Mapping[str, str],
        switches: Collection[str] = (),
        lock: BoardLock | None = None,
        sleep: Sleep = time.sleep,
    ) -> None:
        self.probe = probe
        self.edge_resolution_ns = RESOLUTION_NS
        self._inputs = dict(inputs)
        self._switches = frozenset(switches)
        self.capabilities = capabilities_with(self._inputs.values(), self._switches)
        self.possible_faults = faults_with(self._switches)
        self._faults = _SwitchedFaults(self)
        self._later: list[tuple[int, Callable[[], None]]] = []
        self._first, self._boot = ClockRelation(), ClockRelation()
        self._aligned: ClockRelation | None = None
        self.aligned_on = 0
        """Steps that the record was aligned on."""
        self._seen = EdgeRecord()
        """By the probe's clock."""
        super().__init__(image, port, lock=lock, sleep=sleep)
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    def _begin(self) -> None:
        """Begin with a pump that has just started, where the bench can start it, and with nothing recorded."""
        if Capability.POWER_CUT in self.capabilities:
            self._start_again()
        self._first = self._boot = self._relation_now()
        self.probe.poll()

    # --- time --------------------------------------------------------------------------------

    @property
    def now_ns(self) -> int:
        return self._rig_ns(self.probe.now_ns())

    @property
    def boot_origin_ns(self) -> int:
        return 0 if self._boot is self._first else self._rig_ns(self._boot.probe_ns(0))

    def _rig_ns(self, probe_ns: int) -> int:
        return (self._aligned or self._first).pump_ns(probe_ns)

    @property
    def offset_uncertainty_ns(self) -> int:
        """Return how far the pump's clock may be from where the rig has it, at most, since its latest reset."""
        return self._boot.uncertainty_ns(self._boot.pump_ns(self.probe.now_ns()))

    def clock_record(self) -> dict[str, float | int]:
        """Return how the clocks of pump and probe hang together, for the evidence."""
        return self._boot.as_record(self._boot.pump_ns(self.probe.now_ns())) | {
            "edge_resolution_ns": self.edge_resolution_ns,
            "aligned_on_steps": self.aligned_on,
        }

    def _relation_now(self) -> ClockRelation:
        relation = ClockRelation()
        for _ in range(_FIRST_BRACKETS):
            relation.add(self._bracket())
        return relation

    def _bracket(self) -> Bracket:
        before_ns = self.probe.now_ns()
        reading = self.pump().time()
        return Bracket(
            before_ns, reading.boot_s * NS_PER_S + reading.boot_us * NS_PER_US, self.probe.now_ns()
        )

    def run_until(self, t_ns: int) -> None:
        while self._later and self._later[0][0] <= t_ns:
            due_ns, action = self._later.pop(0)
            self._run_to(due_ns)
            action()
        self._run_to(t_ns)

    def _run_to(self, t_ns: int) -> None:
        while (left_ns := t_ns - self.now_ns) > 0:
            self._sleep(min(left_ns / NS_PER_S, LONGEST_SLEEP_S))
            self._boot.add(self._bracket())
            self._look()

    def at(self, t_ns: int, action: Callable[[], None]) -> None:
        """Do something once ``run_until`` gets to an instant, as well as this machine keeps to it."""
        self._later = sorted([*self._later, (t_ns, action)], key=lambda one: one[0])

    # --- edges -------------------------------------------------------------------------------

    @property
    def edges(self) -> EdgeRecord:
        self._look()
        return EdgeRecord(edge._replace(t_ns=self._rig_ns(edge.t_ns)) for edge in self._seen)

    def _look(self) -> None:
        for t_ns, signal, level in self.probe.poll():
            if signal in self._inputs:
                self._seen.add(t_ns, self._inputs[signal], level)

    def align(self, due_ns: Callable[[int], Sequence[int]]) -> int:
        self._look()
        steps_ns = self._steps_of_first_boot()
        pairs = list(zip(due_ns(len(steps_ns)), steps_ns, strict=False))
        self._aligned, self.aligned_on = None, 0
        if len(pairs) < _LEAST_ALIGNED:
            return 0
        chosen = [pairs[index * (len(pairs) - 1) // (_MOST_ALIGNED - 1)] for index in range(_MOST_ALIGNED)]
        relation = self._first.copy()
        try:
            for pump_ns, probe_ns in dict.fromkeys(chosen):
                relation.add(Bracket(probe_ns - _STEP_SLACK_NS, pump_ns, probe_ns + _STEP_SLACK_NS))
        except ClocksDisagreeError:
            return 0
        self._aligned, self.aligned_on = relation, relation.count - self._first.count
        return self.aligned_on

    def _steps_of_first_boot(self) -> list[int]:
        """Return rising edges of STEP while the motor was energised, by the probe's clock."""
        end_ns = None if self._boot is self._first else self._boot.probe_ns(0)
        found, enable = [], 1 - DRIVER_ENABLED
        for edge in self._seen:
            if end_ns is not None and edge.t_ns >= end_ns:
                break
            if edge.signal == ENABLE:
                enable = edge.level
            elif edge.signal == STEP and edge.level and enable == DRIVER_ENABLED:
                found.append(edge.t_ns)
        return found

    def lost_instants(self) -> int:
        return self.probe.lost + self.probe.unplaced

    # --- what the bench does to the pump -----------------------------------------------------

    def reset(self, cause: ResetCause) -> None:
        if cause is not ResetCause.POWER_ON or Capability.POWER_CUT not in self.capabilities:
            super().reset(cause)
        self._start_again()
        self._boot = self._relation_now()

    def _start_again(self) -> None:
        """Take the power away, or pull RUN low where the bench has no switch in the supply.

        With RUN the memory keeps what it held; the firmware believes none of it after any reset but the watchdog's.
        """
        self._forget_clients()
        self.probe.switch_on(POWER if POWER in self._switches else RUN, _HELD_S)
        self._port.close()
        self._sleep(_HELD_S)
        for _ in range(round(_BACK_WITHIN_S / _LOOK_AGAIN_S)):
            self._sleep(_LOOK_AGAIN_S)
            if self._is_back():
                break
        else:
            raise TimeoutError(f"the board did not come back within {_BACK_WITHIN_S:g} s of a reset")
        # A pump that has started under the rig counts from zero.
        self.counters_before = {}

    def _is_back(self) -> bool:
        try:
            self._port = self._open_port()
            self.pump()
        except (OSError, serial.SerialException, ThecalError):
            self._port.close()
            self._forget_clients()
            return False
        return True

    @property
    def faults(self) -> Faults:
        return self._faults

    def hold_button(self, held: bool) -> None:
        if Capability.BUTTON not in self.capabilities:
            super().hold_button(held)
        self.switch(BUTTON, on=held)

    def switch(self, line: str, *, on: bool) -> None:
        """Switch one of the bench's lines."""
        if line not in self._switches:
            raise NotImplementedError(f"this bench has no switch {line}")
        if on:
            self.probe.switch_on(line, _LONGEST_FAULT_S)
        else:
            self.probe.switch_off(line)

    def close(self) -> None:
        # A probe that is gone has switched off by itself, or will.
        with contextlib.suppress(ProbeError, OSError):
            for line in self._switches:
                self.probe.switch_off(line)
        super().close()
        self.probe.close()


class _SwitchedFaults(Faults):
    """Faults by the probe's switches. A held encoder looks to the pump like a motor that stands still."""

    def __init__(self, rig: ProbedBoardRig) -> None:
        self._rig = rig
        self.possible = rig.possible_faults

    def inject_at(self, t_ns: int, fault: Fault, amount: int = 0) -> None:
        self._rig.at(t_ns, lambda: self.inject(fault, amount))

    def _over_at_once(self, amount: int) -> Actions:
        return {}

    def _lasting(self, amount: int | None) -> Actions:
        def switch(line: str) -> Callable[[], None]:
            return lambda: self._rig.switch(line, on=amount is not None)

        return {
            fault: switch(line) for line, fault in _FAULT_OF.items() if fault in self._rig.possible_faults
        }
