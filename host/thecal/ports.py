"""Finding and opening the pump's serial port.

Boards are recognised by what their USB device says about itself, without opening anything: no byte is ever written to
a port that is not a Thecal board's or was not named by a person.
"""

from __future__ import annotations

import errno
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import serial
from serial.tools import list_ports

from thecal.errors import PortError

_MAKER = "Thecal"
_PROBE = "Thecal bench probe"
"""A board of ours too, but no pump: see docs/wiring.md."""
_WRITE_TIMEOUT_S = 2.0
_BAUD = 115_200


@dataclass(frozen=True)
class Candidate:
    """A serial port of this computer. ``is_thecal``: its USB device says that it is a Thecal pump."""

    device: str
    description: str
    serial_number: str
    is_thecal: bool


def candidates() -> list[Candidate]:
    """Every serial port, Thecal boards first."""
    found = [_candidate(port) for port in list_ports.comports()]
    return sorted(found, key=lambda port: (not port.is_thecal, port.device))


def _candidate(port: Any) -> Candidate:
    words = f"{port.manufacturer or ''} {port.product or ''} {port.description or ''}"
    is_thecal = _MAKER in words and _PROBE not in words
    return Candidate(port.device, port.product or port.description or "", port.serial_number or "", is_thecal)


def only_board(besides: Collection[Candidate] = ()) -> str:
    """Device of the one Thecal board that is attached; raises PortError naming the candidates otherwise.

    besides: boards that are not meant.
    """
    ports = [port for port in candidates() if port not in besides]
    boards = [port for port in ports if port.is_thecal]
    if len(boards) == 1:
        return boards[0].device
    if boards:
        lines = "\n".join(f"  {board.device}  serial number {board.serial_number}" for board in boards)
        raise PortError(f"{len(boards)} Thecal boards are attached; choose one with --port:\n{lines}")
    lines = "\n".join(f"  {port.device}  {port.description}" for port in ports) or "  none"
    raise PortError(
        "no Thecal board is attached. A board with a stock MicroPython image does not say what it is; name its port"
        f" with --port. Serial ports of this computer:\n{lines}"
    )


def open_port(device: str) -> serial.Serial:
    """Open a port for this process alone; raises PortError saying what is in the way."""
    try:
        return serial.Serial(device, _BAUD, write_timeout=_WRITE_TIMEOUT_S, exclusive=True)
    except (OSError, ValueError) as error:
        raise PortError(_what_is_wrong(device, error)) from error


def _what_is_wrong(device: str, error: Exception) -> str:
    text, number = str(error), getattr(error, "errno", None)
    if number == errno.ENOENT or "FileNotFound" in text or "could not find" in text.lower():
        return f"there is no port {device}; `thecal ports` lists those there are"
    if number in (errno.EBUSY, errno.EAGAIN) or "exclusively lock" in text or "Access is denied" in text:
        return f"{device} is busy: another program has it open; close that first"
    if number in (errno.EACCES, errno.EPERM):
        return (
            f"no permission to open {device}; on Debian, add your user to the group dialout and log in again"
        )
    if number == errno.ENOTTY or "Inappropriate ioctl" in text or number == errno.EISDIR:
        return f"{device} is no serial port; `thecal ports` lists those there are"
    return f"{device} can't be opened as a serial port: {text}"
