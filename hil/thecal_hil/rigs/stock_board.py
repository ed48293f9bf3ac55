"""A stock MicroPython board with the firmware on its file system, for where no image of our own can be built.

Promises: files are put on through the board's own prompt, as on a bench; what is there is read back and compared by its
SHA-256; the result is the board's whole flash, to start emulated boards from, and is prepared once for the same
image and files.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from thecal_hil.emulator import EmulatedPico, EmulatedUsbSerial
from thecal_hil.groundwork.sealed import DamagedError, sealed, unsealed

_REPLY_TIMEOUT_S = 20.0
_INTERRUPT = b"\r\x03\x03"
_TO_RAW_PROMPT = b"\x01"
_EXECUTE = b"\x04"
_RAW_PROMPT = b"raw REPL; CTRL-B to exit\r\n>"
_ACCEPTED = b"OK"
_READY = b"ready\r\n"
_END_OF_OUTPUT = b"\x04>"
_SETTLE_NS = 300_000_000
_TOOLS = """
import hashlib, micropython, os, sys
buffer = bytearray(512)

def receive(files):
    # Bytes of a file may have any value, so none may interrupt.
    micropython.kbd_intr(-1)
    print("ready")
    for name, size in files:
        with open(name, "wb") as file:
            while size:
                piece = memoryview(buffer)[:min(size, len(buffer))]
                sys.stdin.buffer.readinto(piece)
                file.write(piece)
                size -= len(piece)
    micropython.kbd_intr(3)

def digest(name):
    found = hashlib.sha256()
    with open(name, "rb") as file:
        while size := file.readinto(buffer):
            found.update(memoryview(buffer)[:size])
    return found.digest().hex()
"""
"""What the board runs to take files and to report what it then holds."""


class StockBoardError(Exception):
    """The files could not be put on the board; the message holds the board's own words."""


def flash_with_files(stock_uf2: Path, folder: Path, cache: Path) -> bytes:
    """Return the flash of a stock board that holds all files of a folder; prepared once for each pair, and again
    where what is kept of it is damaged."""
    kept = cache / f"stock-{_digest(stock_uf2, folder)[:24]}.flash"
    try:
        return unsealed(kept.read_bytes())
    except (FileNotFoundError, DamagedError):
        flash = _prepare(stock_uf2, folder)
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=cache, suffix=".partial", delete=False) as partial:
        partial.write(sealed(flash))
    os.replace(partial.name, kept)  # noqa: PTH105 - several may prepare it at the same time
    return flash


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _digest(stock_uf2: Path, folder: Path) -> str:
    digest = hashlib.sha256(stock_uf2.read_bytes())
    for path in _files(folder):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _prepare(stock_uf2: Path, folder: Path) -> bytes:
    board = EmulatedPico(stock_uf2)
    prompt = _Prompt(board)
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in _files(folder)}
    prompt.run(_TOOLS)
    for name in sorted({Path(name).parent.as_posix() for name in files} - {"."}):
        prompt.run(f"os.mkdir({name!r})")
    sizes = [(name, len(content)) for name, content in files.items()]
    prompt.run(f"receive({sizes!r})", b"".join(files.values()))
    for name, content in files.items():
        digest = prompt.run(f"print(digest({name!r}))").strip()
        if digest != hashlib.sha256(content).hexdigest():
            raise StockBoardError(f"{name} is not on the board as it was sent: {digest}")
    return board.flash_image


class _Prompt:
    """The raw prompt of a MicroPython board."""

    def __init__(self, board: EmulatedPico) -> None:
        self._port: EmulatedUsbSerial = board.serial
        self._port.timeout = self._port.write_timeout = _REPLY_TIMEOUT_S
        self._port.open()
        board.run_for(_SETTLE_NS)
        self._port.write(_INTERRUPT + _TO_RAW_PROMPT)
        self._expect(_RAW_PROMPT)

    def run(self, code: str, data: bytes = b"") -> str:
        """Return what the code prints; the data are sent to it once it runs."""
        self._port.write(code.encode() + _EXECUTE)
        self._expect(_ACCEPTED)
        if data:
            self._expect(_READY)
            self._port.write(data)
        output, _, error = self._expect(_END_OF_OUTPUT).removesuffix("\x04>").partition("\x04")
        if error:
            raise StockBoardError(f"the board says: {error}")
        return output

    def _expect(self, ending: bytes) -> str:
        answer = self._port.read_until(ending)
        if not answer.endswith(ending):
            raise StockBoardError(f"no prompt from the board; it said: {answer[-200:]!r}")
        return answer.decode()
