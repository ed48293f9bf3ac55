"""Finding and opening the pump's serial port.

Boards are recognised by what their USB device says about itself, without opening anything: no byte is ever written to
a port that is not a Thecal board's or was not named by a person. Practice pumps of this user count as boards, and are
found by what they have written down of themselves (see ``practice``).
"""

from __future__ import annotations

import errno
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import serial
from serial.tools import list_ports

from thecal import practice
from thecal.errors import PortError

_MAKER = "Thecal"
_PROBE = "Thecal bench probe"
"""A board of ours too, but no pump: see docs/wiring.md."""
_WRITE_TIMEOUT_S = 2.0
_BAUD = 115_200


@dataclass(frozen=True)
class Candidate:
    """A serial port of this computer. ``is_thecal``: its USB device says that it is a Thecal pump, or it is one to
    practise on, ``is_practice``."""

    device: str
    description: str
    serial_number: str
    is_thecal: bool
    is_practice: bool = False
    location: str = ""
    """Bus and ports of its USB device, as in 1-1.2; empty where that is not known."""


def candidates() -> list[Candidate]:
    """Return every serial port, Thecal boards first, and the practice pumps that run."""
    found = [_candidate(port) for port in list_ports.comports()]
    found += [
        Candidate(pump.device, practice.DESCRIPTION, pump.serial_number, is_thecal=True, is_practice=True)
        for pump in practice.running()
    ]
    return sorted(found, key=lambda port: (not port.is_thecal, port.device))


def _candidate(port: Any) -> Candidate:
    words = f"{port.manufacturer or ''} {port.product or ''} {port.description or ''}"
    is_thecal = _MAKER in words and _PROBE not in words
    location = str(getattr(port, "location", None) or "").partition(":")[0]
    described = port.product or port.description or ""
    return Candidate(port.device, described, port.serial_number or "", is_thecal, location=location)


def only_board(besides: Collection[Candidate] = ()) -> str:
    """Return the device of the one Thecal board that is attached; raise PortError naming the candidates otherwise.

    besides: boards that are not meant.
    """
    ports = [port for port in candidates() if port not in besides]
    boards = [port for port in ports if port.is_thecal]
    if len(boards) == 1:
        return boards[0].device
    if boards:
        lines = "\n".join(f"  {board.device}  {_name(board)}" for board in boards)
        raise PortError(f"{len(boards)} Thecal boards are attached; choose one with --port:\n{lines}")
    lines = "\n".join(f"  {port.device}  {port.description}" for port in ports) or "  none"
    raise PortError(
        "no Thecal board is attached. A board with a stock MicroPython image does not say what it is; name its port"
        " with --port. Without any board, `thecal demo` gives a practice pump. Serial ports of this computer:\n"
        f"{lines}"
    )


def _name(board: Candidate) -> str:
    return f"serial number {board.serial_number}{', a practice pump' if board.is_practice else ''}"


def open_port(device: str) -> serial.Serial:
    """Open a port for this process alone; raises PortError saying what is in the way."""
    try:
        return serial.serial_for_url(device, _BAUD, write_timeout=_WRITE_TIMEOUT_S, exclusive=True)
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
    if device.startswith("socket://") and "refused" in text:
        return f"nobody listens at {device}; `thecal ports` lists the practice pumps that run"
    if number == errno.ENOTTY or "Inappropriate ioctl" in text or number == errno.EISDIR:
        return f"{device} is no serial port; `thecal ports` lists those there are"
    return f"{device} can't be opened as a serial port: {text}"
