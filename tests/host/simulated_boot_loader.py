"""The boot loader of an RP2040 behind its USB interface, as the datasheet documents it (2.8.5), and no more forgiving.

It takes transfers, not calls: a command of 32 bytes, its data, an empty packet the other way. Whatever breaks a rule of
the documentation is answered with a stall and a status. It shares nothing with the client but what that document says.
"""

from __future__ import annotations

from collections.abc import Callable

from thecal.picoboot import UsbGoneError, UsbStallError

FLASH_AT, FLASH_BYTES = 0x1000_0000, 2 << 20
OK, UNKNOWN_COMMAND, BAD_LENGTH, BAD_TRANSFER, BAD_ADDRESS, BAD_ALIGNMENT, REBOOTING = 0, 1, 2, 3, 4, 5, 7
_ARGUMENTS = {0x01: 1, 0x02: 12, 0x03: 8, 0x84: 8, 0x05: 8, 0x06: 0, 0x07: 0}


class SimulatedBootLoader:
    """flash: its content. on_reboot: called when it starts what is in it. gone_after: after so many transfers its cable
    is pulled; None never."""

    def __init__(self, flash: bytes = b"", location: str = "1-1.2") -> None:
        self.location = location
        self.flash = bytearray(flash.ljust(FLASH_BYTES, b"\xff"))
        self.on_reboot: Callable[[], None] = lambda: None
        self.gone_after: int | None = None
        self.transfers = 0
        self.is_exclusive = self.is_out_of_xip = self.is_stalled = self.is_closed = self.has_rebooted = False
        self.spoils_writes = False
        self._status = (0, OK, 0)
        self._writing: tuple[int, int] | None = None
        self._to_host = bytearray()
        self._awaits = "command"

    # --- the bulk endpoints

    def write(self, data: bytes) -> None:
        self._transfer()
        if self._awaits == "acknowledgement":
            self._must(not data, BAD_TRANSFER)
            self._awaits = "command"
        elif self._awaits == "data":
            address, size = self._writing or (0, 0)
            self._must(len(data) == size, BAD_TRANSFER)
            self._program(address, data)
            self._awaits = "answer"
        else:
            self._must(self._awaits == "command" and len(data) == 32, BAD_LENGTH)
            self._command(data)

    def read(self, size: int) -> bytes:
        self._transfer()
        if self._awaits == "to host":
            part = bytes(self._to_host[:size])
            del self._to_host[:size]
            if not self._to_host:
                self._awaits = "acknowledgement"
            return part
        self._must(self._awaits == "answer", BAD_TRANSFER)
        self._awaits = "command"
        if self.has_rebooted:
            self.on_reboot()
        return b""

    # --- the control endpoint

    def status(self) -> bytes:
        self._transfer(is_control=True)
        token, code, command = self._status
        return token.to_bytes(4, "little") + code.to_bytes(4, "little") + bytes([command, 0]) + bytes(6)

    def reset_interface(self) -> None:
        self._transfer(is_control=True)
        self.is_stalled, self._awaits, self._writing = False, "command", None
        self._to_host.clear()

    def close(self) -> None:
        self.is_closed = True

    # --- what it does

    def _transfer(self, *, is_control: bool = False) -> None:
        self.transfers += 1
        if self.gone_after is not None and self.transfers > self.gone_after:
            raise UsbGoneError("no such device")
        if self.is_stalled and not is_control:
            raise UsbStallError

    def _must(self, holds: bool, code: int) -> None:
        if not holds:
            self.is_stalled = True
            self._status = (self._status[0], code, self._status[2])
            raise UsbStallError

    def _command(self, data: bytes) -> None:
        word = [int.from_bytes(data[at : at + 4], "little") for at in range(0, 32, 4)]
        number, argument_bytes = data[8], data[9]
        self._status = (word[1], OK, number)
        self._must(word[0] == 0x431FD10B, UNKNOWN_COMMAND)
        self._must(number in _ARGUMENTS, UNKNOWN_COMMAND)
        self._must(argument_bytes == _ARGUMENTS[number] and data[10:12] == b"\0\0", BAD_LENGTH)
        self._must(not self.has_rebooted, REBOOTING)
        transfer, address, size = word[3], word[4], word[5]
        self._must(transfer == (size if number in (0x84, 0x05) else 0), BAD_TRANSFER)
        self._awaits = "answer"
        if number == 0x01:
            self.is_exclusive = data[16] in (1, 2)
        elif number == 0x02:
            self.has_rebooted = True
        elif number == 0x03:
            self._must_be_flash(address, size)
            self._must(not (address % 4_096 or size % 4_096), BAD_ALIGNMENT)
            begin = address - FLASH_AT
            self.flash[begin : begin + size] = b"\xff" * size
        elif number == 0x84:
            self._must_be_flash(address, size)
            begin = address - FLASH_AT
            self._to_host[:] = self.flash[begin : begin + size]
            self._awaits = "to host"
        elif number == 0x05:
            self._must_be_flash(address, size)
            self._must(not (address % 256 or size % 256), BAD_ALIGNMENT)
            self._writing, self._awaits = (address, size), "data"
        elif number == 0x06:
            self.is_out_of_xip = True

    def _must_be_flash(self, address: int, size: int) -> None:
        self._must(
            address >= FLASH_AT and address + size <= FLASH_AT + FLASH_BYTES and self.is_out_of_xip,
            BAD_ADDRESS,
        )

    def _program(self, address: int, data: bytes) -> None:
        begin = address - FLASH_AT
        for offset, value in enumerate(data):
            self.flash[begin + offset] &= value
        if self.spoils_writes:
            self.flash[begin + len(data) // 2] ^= 1
