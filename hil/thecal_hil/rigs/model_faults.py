"""Faults of the model: see ``faults``. The simulated board has a way in for each."""

from __future__ import annotations

from collections.abc import Callable

from thecal_fw.core.self_test import TEST_BUZZER, TEST_CLOCK
from thecal_hil.contract.faults import PLANT_FAULTS, Actions, Fault, Faults
from thecal_hil.contract.plant_faults import plant_actions
from thecal_hil.contract.rig import Rig
from thecal_hil.rigs.foreign_journal import made_foreign, made_older, state_sectors
from thecal_sim.model import ModelPump
from thecal_sim.nor_flash import NorFlash
from thecal_sim.units import NS_PER_MS

_WILD_INTERVAL_NS = 2 * NS_PER_MS
_WILD_STEPS = 500
_TURNED_BIT = 1 << 10


class ModelFaults(Faults):
    possible = frozenset(Fault) - PLANT_FAULTS

    def __init__(self, rig: Rig, model: ModelPump) -> None:
        self._rig = rig
        self._model = model

    def inject_at(self, t_ns: int, fault: Fault, amount: int = 0) -> None:
        env = self._model.env

        def wait() -> object:
            yield env.timeout(t_ns - env.now_ns)
            self.inject(fault, amount)

        env.process(wait())  # type: ignore[arg-type]

    def _over_at_once(self, amount: int) -> Actions:
        model, board = self._model, self._model.board
        return {
            Fault.SENSE_NOISE: lambda: board.sense_wire.pick_up_noise(amount),
            Fault.GENERATOR_RUNS_WILD: lambda: board.train.run_wild(_WILD_INTERVAL_NS, _WILD_STEPS),
            Fault.GENERATOR_STARVES: board.train.starve,
            Fault.PROGRAM_PAUSES: lambda: model.withhold_polls(model.now_ns + amount * NS_PER_MS),
            Fault.FLASH_ROTS: lambda: board.chip.rot(amount, 0, NorFlash.SECTOR_BYTES, 0),
            Fault.FLASH_IS_FOREIGN: lambda: self._rewrite(made_foreign),
            Fault.PUMP_IS_OLDER: lambda: self._rewrite(lambda sector: made_older(sector, amount)),
            Fault.MEMORY_CHANGES: self._change_memory,
        }

    def _lasting(self, amount: int | None) -> Actions:
        board, begins = self._model.board, amount is not None
        return {
            Fault.MOTOR_STALLS: lambda: board.motor.stall(begins),
            Fault.MOTOR_SLIPS: lambda: board.motor.slip(amount or 0),
            Fault.MOTOR_RUNS_AHEAD: lambda: board.motor.run_ahead(amount or 0),
            Fault.DRIVER_STICKS_ENABLED: lambda: board.motor.stick_enabled(begins),
            Fault.DRIVER_STICKS_DISABLED: lambda: board.motor.stick_disabled(begins),
            Fault.SENSE_CUT: lambda: setattr(board.sense_wire, "connected", not begins),
            Fault.SENSE_STUCK: lambda: setattr(board.sense_wire, "stuck", amount),
            Fault.SUPPLY_LOW: lambda: setattr(board.supply, "good", not begins),
            Fault.FLASH_IS_WORN_OUT: lambda: setattr(board.chip, "takes_nothing", begins),
            Fault.CRYSTAL_FAILS: lambda: self._fail_self_test(TEST_CLOCK, begins),
            Fault.BUZZER_STUCK: lambda: self._fail_self_test(TEST_BUZZER, begins),
            **plant_actions(self._rig, amount),
        }

    def _fail_self_test(self, test: int, fails: bool) -> None:
        self_test = self._model.board.self_test
        self_test.failed = self_test.failed | test if fails else self_test.failed & ~test

    def _rewrite(self, rewritten: Callable[[bytes], bytes]) -> None:
        chip = self._model.board.chip
        for sector in state_sectors():
            content = chip.content(sector)
            changed = rewritten(bytes(content))
            for place in range(len(content)):
                if content[place] != changed[place]:
                    chip.rot(sector, place, 1, changed[place])

    def _change_memory(self) -> None:
        program = self._model.controller.orders.program
        if program is None:
            raise ValueError("there is no program in memory yet")
        program.rate_nl_per_day ^= _TURNED_BIT
