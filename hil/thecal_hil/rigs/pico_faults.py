"""Faults of the emulated board: see ``faults``. They are done to its pins, its peripherals, its memory and its flash;
the program under test knows nothing of any of them.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final

from thecal_fw.core.flash_map import SECTOR_BYTES, STORAGE_AT
from thecal_fw.rp2 import pins
from thecal_hil.contract.faults import PLANT_FAULTS, Actions, Fault, Faults
from thecal_hil.contract.plant_faults import plant_actions
from thecal_hil.contract.rig import Rig
from thecal_hil.emulator import EmulatedPico
from thecal_hil.emulator.pins import Motor
from thecal_hil.rigs.foreign_journal import made_foreign, made_older, state_sectors
from thecal_sim.units import NS_PER_MS

_SRAM_START: Final = 0x2000_0000
_SRAM_BYTES: Final = 256 * 1_024
_TURNED_BIT: Final = 1 << 10
_FAILED_RING_KHZ: Final = 30_000
_RING_KHZ: Final = 6_500
_NOISE_NS: Final = 2_000

_PIO0: Final = 0x5020_0000
_SM0_CLKDIV: Final = 0x0C8
_PIO0_TXF0: Final = _PIO0 + 0x010
_WILD_DIVIDER: Final = 100 << 16
"""The generator's clock thirteen times too fast: pulses of 0.8 us, about the shortest that a driver takes."""
_DMA: Final = 0x5000_0000
_DMA_CHANNELS: Final = 12
_DMA_STRIDE: Final = 0x40
_DMA_WRITE_ADDR: Final = 0x04
_DMA_CHAN_ABORT: Final = 0x444


class PicoFaults(Faults):
    possible = frozenset(Fault) - PLANT_FAULTS

    def __init__(self, rig: Rig, board: EmulatedPico, motor: Motor) -> None:
        self._rig = rig
        self._board = board
        self._motor = motor
        self._sense, self._buzzer = board.wires

    def inject_at(self, t_ns: int, fault: Fault, amount: int = 0) -> None:
        self._board.call_at(t_ns, lambda: self.inject(fault, amount))

    def _over_at_once(self, amount: int) -> Actions:
        board = self._board
        return {
            Fault.SENSE_NOISE: lambda: self._pick_up_noise(amount),
            Fault.GENERATOR_RUNS_WILD: lambda: board.bus.write_uint32(_PIO0 + _SM0_CLKDIV, _WILD_DIVIDER),
            Fault.GENERATOR_STARVES: self._starve_generator,
            Fault.PROGRAM_PAUSES: lambda: board.pause(amount * NS_PER_MS),
            Fault.FLASH_ROTS: lambda: self._put_sector(amount, bytes(SECTOR_BYTES)),
            Fault.FLASH_IS_FOREIGN: lambda: self._rewrite(made_foreign),
            Fault.PUMP_IS_OLDER: lambda: self._rewrite(lambda sector: made_older(sector, amount)),
            Fault.MEMORY_CHANGES: self._change_memory,
        }

    def _lasting(self, amount: int | None) -> Actions:
        board, motor, begins = self._board, self._motor, amount is not None
        return {
            Fault.MOTOR_STALLS: lambda: setattr(motor, "stalled", begins),
            Fault.MOTOR_SLIPS: lambda: setattr(motor, "loses_every", amount or 0),
            Fault.MOTOR_RUNS_AHEAD: lambda: setattr(motor, "turns_twice_every", amount or 0),
            Fault.DRIVER_STICKS_ENABLED: lambda: setattr(motor, "sticks_enabled", begins),
            Fault.DRIVER_STICKS_DISABLED: lambda: setattr(motor, "sticks_disabled", begins),
            Fault.SENSE_CUT: lambda: setattr(self._sense, "connected", not begins),
            Fault.SENSE_STUCK: lambda: setattr(self._sense, "stuck", amount),
            Fault.SUPPLY_LOW: lambda: self._set_supply(not begins),
            Fault.FLASH_IS_WORN_OUT: lambda: setattr(board.flash_timing, "takes_nothing", begins),
            Fault.CRYSTAL_FAILS: lambda: setattr(
                board.chip.clocks, "ring_khz", _FAILED_RING_KHZ if begins else _RING_KHZ
            ),
            Fault.BUZZER_STUCK: lambda: setattr(self._buzzer, "stuck", 0 if begins else None),
            **plant_actions(self._rig, amount),
        }

    def _set_supply(self, is_good: bool) -> None:
        self._board.chip.gpio[pins.SUPPLY_GOOD].set_input_value(is_good)

    def _pick_up_noise(self, edges: int) -> None:
        board = self._board
        for number in range(edges):
            begin_ns = board.now_ns + (2 * number + 1) * _NOISE_NS
            board.call_at(begin_ns, lambda: setattr(self._sense, "stuck", 1))
            board.call_at(begin_ns + _NOISE_NS, lambda: setattr(self._sense, "stuck", None))

    def _starve_generator(self) -> None:
        bus = self._board.bus
        feeding = [
            channel
            for channel in range(_DMA_CHANNELS)
            if bus.read_uint32(_DMA + _DMA_STRIDE * channel + _DMA_WRITE_ADDR) == _PIO0_TXF0
        ]
        bus.write_uint32(_DMA + _DMA_CHAN_ABORT, sum(1 << channel for channel in feeding))

    # --- flash and memory

    def _sector_begin(self, sector: int) -> int:
        return STORAGE_AT + sector * SECTOR_BYTES

    def _put_sector(self, sector: int, content: bytes) -> None:
        begin = self._sector_begin(sector)
        self._board.chip.flash[begin : begin + SECTOR_BYTES] = content

    def _rewrite(self, rewritten: Callable[[bytes], bytes]) -> None:
        flash = self._board.chip.flash
        for sector in state_sectors():
            begin = self._sector_begin(sector)
            self._put_sector(sector, rewritten(bytes(flash[begin : begin + SECTOR_BYTES])))

    def _change_memory(self) -> None:
        """Turn a bit of the rate of the program wherever memory holds it, as MicroPython holds a small integer."""
        rate = self._rig.pump().interrogate().rate_nl_per_day
        board = self._board
        memory = bytearray(board.read_sram(_SRAM_START, _SRAM_BYTES))
        word, changed = (struct.pack("<I", number << 1 | 1) for number in (rate, rate ^ _TURNED_BIT))
        places = [place for place in range(0, _SRAM_BYTES, 4) if memory[place : place + 4] == word]
        if not places:
            raise ValueError(f"no rate of {rate} nL/day in memory: let the program deliver one of its own")
        for place in places:
            board.write_sram(_SRAM_START + place, changed)
