"""``thecal flash`` through the boot loader's USB interface: which boards, in turn, and what became of each."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from thecal.cli.common import connected, working
from thecal.errors import NoAnswerError, NotAPumpError, PortError, ThecalError
from thecal.flash import FlashError, Image, check_report

if TYPE_CHECKING:
    from thecal.ports import Candidate
    from thecal.usb_boot import BootBoard

_LOOK_EVERY_S = 0.2


@dataclass(frozen=True)
class Flashed:
    """The outcome for one board; version and commit are empty where they were not looked at."""

    usb_port: str
    serial_number: str
    version: str = ""
    commit: str = ""


@dataclass(frozen=True)
class _Target:
    """A running pump to be sent to its boot loader, or a board that is there already."""

    pump: Candidate | None
    board: BootBoard | None

    @property
    def name(self) -> str:
        if self.pump is not None:
            return f"the pump with serial number {self.pump.serial_number}"
        return f"the board at USB port {self.board.location if self.board is not None else '?'}"


def flash_over_usb(
    image: Image,
    serials: Sequence[str],
    usb_port: str | None,
    port: str | None,
    *,
    check: bool,
    wait_s: float,
) -> list[Flashed]:
    """Flash the boards named, or the only one there is. Raises FlashError, with what was done before."""
    targets = _targets(serials, usb_port, port)
    done: list[Flashed] = []
    for number, target in enumerate(targets):
        try:
            done.append(_flash(image, target, check, wait_s))
        except ThecalError as error:
            left = [one.name for one in targets[number + 1 :]]
            before = (
                f"; done before: {', '.join(one.serial_number or one.usb_port for one in done)}"
                if done
                else ""
            )
            after = f"; not tried: {', '.join(left)}" if left else ""
            raise FlashError(f"{target.name}: {error}{before}{after}") from error
    return done


def _targets(serials: Sequence[str], usb_port: str | None, port: str | None) -> list[_Target]:
    from thecal.ports import candidates
    from thecal.usb_boot import boot_boards

    running = [one for one in candidates() if one.is_thecal and not one.is_practice]
    boards = boot_boards()
    if serials:
        return [_Target(_with_serial(running, serial, boards), None) for serial in dict.fromkeys(serials)]
    if usb_port is not None:
        at = [board for board in boards if board.location == usb_port]
        if not at:
            raise FlashError(
                f"no board in BOOTSEL mode is at USB port {usb_port}; there are: {_places(boards)}"
            )
        return [_Target(None, at[0])]
    if port is not None:
        named = [one for one in running if one.device == port]
        if not named:
            raise FlashError(
                f"{port} is no Thecal board whose USB port is known; name its serial number with --serial"
            )
        return [_Target(named[0], None)]
    if len(boards) == 1:
        return [_Target(None, boards[0])]
    if boards:
        raise FlashError(
            f"{len(boards)} boards are in BOOTSEL mode; choose with --usb-port: {_places(boards)}"
        )
    if len(running) == 1:
        return [_Target(running[0], None)]
    if running:
        names = ", ".join(one.serial_number for one in running)
        raise FlashError(
            f"{len(running)} Thecal boards are attached; choose with --serial, once for each: {names}"
        )
    raise FlashError(
        "no board was found, running or in BOOTSEL mode. Hold BOOTSEL while plugging the board in"
    )


def _with_serial(running: list[Candidate], serial: str, boards: list[BootBoard]) -> Candidate:
    for one in running:
        if one.serial_number == serial:
            return one
    there = ", ".join(one.serial_number for one in running) or "none"
    boot = f". In BOOTSEL mode, where an RP2040 has no number of its own: {_places(boards)}" if boards else ""
    raise FlashError(f"no running Thecal board has serial number {serial}; there are: {there}{boot}")


def _places(boards: list[BootBoard]) -> str:
    return ", ".join(board.location for board in boards) or "none"


def _flash(image: Image, target: _Target, check: bool, wait_s: float) -> Flashed:
    from thecal.ports import candidates
    from thecal.usb_boot import open_board
    from thecal.usb_flash import sectors_of, write_image

    sectors_of(image)
    pump = target.pump
    board = target.board
    if board is None:
        assert pump is not None
        board = _sent_away(pump, wait_s)
    others = {one.device for one in candidates() if one.is_thecal}
    with (
        working(f"writing {len(image.content) // 1024} KiB to {target.name}"),
        closing(open_board(board)) as device,
    ):
        write_image(image, device)
    serial = pump.serial_number if pump is not None else ""
    if not check:
        return Flashed(board.location, serial)
    return _checked(image, board.location, serial, others, wait_s)


def _sent_away(pump: Candidate, wait_s: float) -> BootBoard:
    """Return a running pump's board in its boot loader: the one that appears where the pump was."""
    from thecal.usb_boot import boot_boards

    before = {board.location for board in boot_boards()}
    with connected(pump.device) as client:
        client.bootloader()
    end_s = time.monotonic() + wait_s
    with working("waiting for its boot loader"):
        while time.monotonic() < end_s:
            new = [board for board in boot_boards() if board.location not in before]
            for board in new:
                if board.location == pump.location or (not pump.location and len(new) == 1):
                    return board
            time.sleep(_LOOK_EVERY_S)
    raise FlashError(
        f"it was sent to its boot loader, which did not appear within {wait_s:g} s. Nothing was written, and it"
        " delivers nothing until it is plugged in again; it starts as it was then"
    )


def _checked(image: Image, location: str, serial: str, others: set[str], wait_s: float) -> Flashed:
    """Return what the board reports once it is back, which has to be the image's version and commit."""
    from thecal.ports import candidates

    end_s = time.monotonic() + wait_s
    last: Exception | None = None
    with working("waiting for the board to come back"):
        while time.monotonic() < end_s:
            for one in candidates():
                is_it = (
                    one.serial_number == serial
                    if serial
                    else one.location == location or one.device not in others
                )
                if not one.is_thecal or one.is_practice or not is_it:
                    continue
                try:
                    with connected(one.device) as pump:
                        check_report(image, pump.version, pump.commit)
                        return Flashed(location, one.serial_number, pump.version, pump.commit)
                except (PortError, NoAnswerError, NotAPumpError) as error:
                    last = error
            time.sleep(_LOOK_EVERY_S)
    told = f". The last attempt: {last}" if last is not None else ""
    raise FlashError(
        f"the image is on the board and reads back as it should, but the board did not come back within {wait_s:g} s;"
        f" plug it in again and look with `thecal interrogate`{told}"
    )
