"""A bench without hardware: the images of pump and probe on an emulated Pico each, wired as docs/wiring.md has it.

Promises: what ``PicoPair`` promises of the wires; both images are the files that are flashed. The probe's switches act
on the emulated pump as their relays would: RUN and POWER reset it, SENSE_CUT opens its sense wire, MOTION_HOLD keeps
the encoder's line at its level, BUTTON presses its button.
"""

from __future__ import annotations

from pathlib import Path

from thecal_fw.rp2 import pins as pump_pins
from thecal_hil.contract.rig import BUZZER, DIRECTION, ENABLE, STEP
from thecal_hil.emulator import EmulatedPico, ResetCause
from thecal_hil.emulator.pair import SLICE_NS, PicoPair
from thecal_hil.rigs.pico_rig import PicoRig
from thecal_probe import pins as probe_pins

_FORWARD = {
    STEP: probe_pins.STEP,
    ENABLE: probe_pins.ENABLE,
    BUZZER: probe_pins.BUZZER,
    DIRECTION: probe_pins.DIRECTION,
}
_RELEASED = {"run": 1, "button": 1}
"""The pump's own resistors hold these lines high."""
_PROBE_BOOT_NS = 200_000_000
"""Until its program runs, MicroPython's prompt has the port."""
SWITCH_PINS = {name: probe_pins.FIRST_SWITCH + offset for offset, name in enumerate(probe_pins.SWITCHES)}


def emulated_probe(uf2: Path, seed: int = 1) -> EmulatedPico:
    """Return a probe that has just been powered."""
    return EmulatedPico(uf2, watch=SWITCH_PINS, released=_RELEASED, seed=seed)


class EmulatedBench:
    """A pump's rig and a probe on one virtual time. ``port``: the probe's serial port, opened."""

    def __init__(
        self, rig: PicoRig, probe: EmulatedPico, *, probe_ppb: int = 0, slice_ns: int = SLICE_NS
    ) -> None:
        self.rig, self.probe = rig, probe
        board = rig.board
        self.pair = PicoPair(
            board,
            probe,
            forward=_FORWARD,
            back={
                "run": lambda level: self._hold(ResetCause.RUN_PIN, held=not level),
                "power": lambda level: self._hold(ResetCause.POWER_ON, held=bool(level)),
                "sense_cut": self._cut_sense,
                "motion_hold": self._hold_encoder,
                "button": lambda level: rig.hold_button(not level),
            },
            follower_ppb=probe_ppb,
            slice_ns=slice_ns,
        )
        self.port = probe.serial
        self.port.timeout = self.port.write_timeout = 1.0
        self.port.open()
        self.pair.run_for(_PROBE_BOOT_NS)

    def _hold(self, cause: ResetCause, *, held: bool) -> None:
        if held:
            self.rig.board.hold_in_reset(cause)
        else:
            self.rig.board.leave_reset()

    def _cut_sense(self, level: int) -> None:
        for wire in self.rig.board.wires:
            if wire.target == pump_pins.SENSE:
                wire.connected = not level

    def _hold_encoder(self, level: int) -> None:
        self.rig.motor.stalled = bool(level)

    def probe_timer_ns(self, pair_ns: int) -> int:
        """Return what the probe's own timer would show at an instant of the pair, in nanoseconds: the truth."""
        return self.pair.follower_ns(pair_ns) - (self.probe.now_ns - self.probe.device_time_ns)
