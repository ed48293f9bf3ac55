"""The shipped UF2 on an emulated Pico, in virtual time.

Promises: the image that boots is the file under test; STEP is wired to the sense pin as on the bench; every STEP,
direction, enable, buzzer and LED edge is stamped with its exact virtual instant; the same calls give the same record.
"""

from __future__ import annotations

from dataclasses import replace

from thecal_fw.core.flash_map import SECTOR_BYTES, STORAGE_AT
from thecal_fw.link import messages
from thecal_fw.link.frames import encode_frame
from thecal_fw.rp2 import pins
from thecal_hil.contract.image import BUILT, FirmwareImage
from thecal_hil.contract.rig import (
    BUZZER,
    DIRECTION,
    ENABLE,
    LED,
    STEP,
    Capability,
    ResetCause,
    Rig,
    SerialPort,
)
from thecal_hil.emulator import EmulatedPico
from thecal_hil.emulator import ResetCause as EmulatedResetCause
from thecal_hil.emulator import compiled as compiled_code
from thecal_hil.emulator.pins import Motor
from thecal_hil.emulator.silicon import DEFAULT, IDEAL, Silicon
from thecal_hil.rigs.pico_faults import PicoFaults
from thecal_hil.rigs.stock_board import flash_with_files
from thecal_hil.rigs.used_flash import deliver_a_little, flash_before
from thecal_sim.edge_record import EdgeRecord
from thecal_sim.plant import Plant

_WATCHED = {
    STEP: pins.STEP,
    DIRECTION: pins.DIR,
    ENABLE: pins.ENABLE,
    BUZZER: pins.BUZZER,
    LED: pins.LED,
}
_PULLED_UP = {ENABLE: 1}
"""A resistor on the driver keeps the motor off while nothing drives the line."""
_SRAM_SEED = 0
"""Of what stands in memory after power-on."""
_STOCK_BOARDS = BUILT / "stock-boards"
_STOCK_LOOK_NS = 100_000_000
_STOCK_START_NS = 15_000_000_000
"""Within this a stock board imports its modules from a file system, which takes several seconds, and reads its journal
there. The hello waits until then."""
_SELF_TEST_NS = 1_200_000_000
"""From the port to the end of self-test and recovery, on flash that has to be searched: part of the boot, so done once
for many scenarios."""
_REPLY_TIMEOUT_S = 1.0
_WATCHDOG_BITES_WITHIN_NS = 8_400_000_000


def _flash_of(image: FirmwareImage, silicon: Silicon) -> bytes | None:
    """Return what the board's flash holds before the image is written: a stock board's files, or what `silicon`
    says."""
    if image.files is not None:
        return flash_with_files(image.path, image.files, _STOCK_BOARDS)
    return flash_before(silicon, image, lambda: _used_flash_of(image))


def _used_flash_of(image: FirmwareImage) -> bytes:
    rig = PicoRig(image, IDEAL)
    deliver_a_little(rig)
    return rig.board.flash_image


def default_silicon() -> Silicon:
    """Return the board where none is asked for.

    The cost of misses needs the emulator's compiled part. Where that is missing or switched off, misses cost nothing,
    and the record names the board that ran.
    """
    return DEFAULT if compiled_code.is_wanted() else replace(DEFAULT, miss_cycles=0)


def bench_board(
    image: FirmwareImage, silicon: Silicon | None = None, *, compiled: bool | None = None
) -> EmulatedPico:
    """Return a Pico with the image, wired as on the bench, at power-on. `silicon` and `compiled`: see `EmulatedPico`;
    without `silicon` it is the default board."""
    silicon = silicon or default_silicon()
    return EmulatedPico(
        image.path,
        flash_image=_flash_of(image, silicon),
        wires=[(pins.STEP, pins.SENSE), (pins.BUZZER, pins.BUZZER)],
        watch=_WATCHED,
        released=_PULLED_UP,
        silicon=silicon,
        seed=_SRAM_SEED,
        compiled=compiled,
    )


def _hello() -> bytes:
    return encode_frame(messages.HELLO.kind, 0, 0, messages.HELLO.request.pack(messages.schema_hash(), 1))


class PicoRig(Rig):
    """One emulated Pico, booted, enumerated and through with its self-test."""

    name = "pico"
    capabilities = frozenset(Capability)
    possible_faults = PicoFaults.possible

    def __init__(
        self, image: FirmwareImage, silicon: Silicon | None = None, *, board: EmulatedPico | None = None
    ) -> None:
        """A pump that runs an image. `silicon`: what of the real chip is imposed, as in `bench_board`. `board`: one of
        `bench_board` that has not run yet, and says that itself; None makes one."""
        super().__init__((image.version, image.commit))
        self.image = image
        self.image_sha256 = image.sha256
        self.starts_from_files = image.files is not None
        self.board = board or bench_board(image, silicon)
        silicon = self.board.silicon
        self.board_model = str(silicon)
        self.seeds = {"sram": _SRAM_SEED, **({"silicon": silicon.seed} if silicon.is_random else {})}
        self.motor = Motor(self.board.chip, pins.STEP, pins.ENABLE, pins.MOTION if pins.HAS_MOTION else None)
        self._faults = PicoFaults(self, self.board, self.motor)
        self._open_port()
        self.board.run_for(_SELF_TEST_NS)

    def _open_port(self) -> None:
        port = self.board.serial
        port.timeout = port.write_timeout = _REPLY_TIMEOUT_S
        if self.image.files is not None:
            self._await_stock_start()
        else:
            port.open()

    def _await_stock_start(self) -> None:
        """Run until a hello is answered, be it by a pump that reports a failed start; raise RuntimeError if none is."""
        port = self.board.serial
        # Until the firmware has the port, MicroPython takes some bytes for commands. The watchdog starts then.
        for _ in range(_STOCK_START_NS // _STOCK_LOOK_NS):
            if self.board.chip.watchdog.timer.enable:
                break
            self.board.run_for(_STOCK_LOOK_NS)
        port.open()
        port.write(_hello())
        if not self.board.run_for(_STOCK_START_NS, lambda: port.in_waiting > 0):
            raise RuntimeError("the stock board answers no hello: its firmware does not start")
        self.board.run_for(_STOCK_LOOK_NS)
        port.reset_input_buffer()

    @property
    def port(self) -> SerialPort:
        return self.board.serial

    @property
    def now_ns(self) -> int:
        return self.board.now_ns

    @property
    def boot_origin_ns(self) -> int:
        return self.board.now_ns - self.board.device_time_ns

    @property
    def reset_ns(self) -> int:
        return self.board.resets[-1].t_ns

    @property
    def edges(self) -> EdgeRecord:
        return self.board.edges

    def run_until(self, t_ns: int) -> None:
        if t_ns > self.board.now_ns:
            self.board.run_until(t_ns)

    def reset(self, cause: ResetCause) -> None:
        self._forget_clients()
        if cause is ResetCause.WATCHDOG:
            self._let_the_watchdog_bite()
        else:
            self.board.reset(EmulatedResetCause.POWER_ON)
        self._open_port()

    def restart(self, cause: EmulatedResetCause, *, held_ns: int = 0) -> None:
        """Have the pump start again by any reset that its chip knows, held for so long or in its boot loader."""
        self._forget_clients()
        self.board.reset(cause, held_ns=held_ns)
        self._open_port()

    def recover(self) -> None:
        """Find the pump again that has been reset without ``reset``, by a power cut for one."""
        self._forget_clients()
        self._open_port()

    def _let_the_watchdog_bite(self) -> None:
        """Have the program hang until the chip's own watchdog resets it, and says why."""
        resets = len(self.board.resets)
        self.board.hang()
        bitten = self.board.run_for(_WATCHDOG_BITES_WITHIN_NS, lambda: len(self.board.resets) > resets)
        if not bitten:
            raise RuntimeError("the watchdog did not reset the board: it is not enabled")

    @property
    def faults(self) -> PicoFaults:
        return self._faults

    def leave_unread(self, unread: bool) -> None:
        self.board.serial.paused = unread

    def _connect_plant(self, plant: Plant) -> None:
        plant.stand_beside(lambda: self.now_ns)
        self.motor.mechanics = plant.step

    def hold_button(self, held: bool) -> None:
        # The button takes the line to ground; the chip's own resistor has it high otherwise.
        self.board.chip.gpio[pins.BUTTON].set_input_value(not held)

    def sector_erases(self) -> tuple[int, ...]:
        first, end = STORAGE_AT // SECTOR_BYTES, pins.FLASH_BYTES // SECTOR_BYTES
        erases = self.board.flash_timing.erases
        return tuple(erases.get(sector, 0) for sector in range(first, end))

    def close(self) -> None:
        self.board.serial.close()

    def lost_instants(self) -> int:
        return self.board.backlog_drops

    def has_lost_words(self) -> bool:
        return self.board.words_lost_to_pio
