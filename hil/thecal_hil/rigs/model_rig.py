"""The firmware's controller and link on the simulated board, in the virtual time of SimPy.

Promises: the same controller and link code as on the board, run the same way; instants are exact and nothing takes time
that is not modelled, so what this rig shows is what the firmware means to do.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from thecal_fw.core.events import RESET_POWER_ON, RESET_WATCHDOG
from thecal_fw.version import COMMIT, VERSION
from thecal_hil.contract.pump_clock import Instants
from thecal_hil.contract.rig import STEP, Capability, ResetCause, Rig, SerialPort
from thecal_hil.rigs.model_faults import ModelFaults
from thecal_sim.edge_record import EdgeRecord
from thecal_sim.model import ModelPump
from thecal_sim.plant import Plant

_CAUSES = {ResetCause.POWER_ON: RESET_POWER_ON, ResetCause.WATCHDOG: RESET_WATCHDOG}
_REPLY_TIMEOUT_S = 1.0


class ModelRig(Rig):
    """One model pump. The build under test is the source itself."""

    name = "model"
    capabilities = frozenset(
        {
            Capability.VIRTUAL_TIME,
            Capability.EXACT_EDGES,
            Capability.POWER_CUT,
            Capability.WATCHDOG_RESET,
            Capability.UNREAD_PORT,
            Capability.BUTTON,
            Capability.PLANT,
        }
    )

    possible_faults = ModelFaults.possible

    def __init__(self, every_heartbeat: bool = False, serial_number: bytes = b"MODEL") -> None:
        """Both as of ``ModelPump``."""
        super().__init__((VERSION, COMMIT))
        self.model = ModelPump(every_heartbeat=every_heartbeat, serial_number=serial_number)
        self._faults = ModelFaults(self, self.model)
        self._set_timeouts()

    def _set_timeouts(self) -> None:
        self.model.serial.timeout = self.model.serial.write_timeout = _REPLY_TIMEOUT_S

    @property
    def port(self) -> SerialPort:
        return self.model.serial

    @property
    def now_ns(self) -> int:
        return int(self.model.now_ns)

    @property
    def boot_origin_ns(self) -> int:
        return self.model.boot_origin_ns

    @property
    def edges(self) -> EdgeRecord:
        return self.model.edges

    def levels_of(self, signal: str) -> tuple[Instants, NDArray[np.uint8]]:
        # Steps by the million are no reason to look through them for the few edges of another line.
        recording = self.model.board.recording
        return super().levels_of(signal) if signal == STEP else recording.others.levels_of(signal)

    def rising_ns(self, signal: str) -> Instants:
        # The model keeps steps by their rising edges, so there is no need to make an edge of each first.
        if signal == STEP:
            return np.array(self.model.step_times_ns, np.int64)
        return super().rising_ns(signal)

    def run_until(self, t_ns: int) -> None:
        self.model.run_until(t_ns)

    def reset(self, cause: ResetCause) -> None:
        self.model.reset(_CAUSES[cause])
        self.recover()

    def recover(self) -> None:
        """Find the pump again that has been reset without ``reset``, by its watchdog for one."""
        self._forget_clients()
        self.model.serial.open()
        self._set_timeouts()

    @property
    def faults(self) -> ModelFaults:
        return self._faults

    def leave_unread(self, unread: bool) -> None:
        self.model.serial.paused = unread

    def _connect_plant(self, plant: Plant) -> None:
        motor = self.model.board.motor
        motor.settle()
        motor.mechanics = plant.live_in(self.model.env, motor.settle)

    def hold_button(self, held: bool) -> None:
        self.model.board.button.held = held

    def sector_erases(self) -> tuple[int, ...]:
        chip = self.model.board.chip
        return tuple(chip.erases_of(sector) for sector in range(chip.sectors))

    def close(self) -> None:
        self.model.serial.close()
