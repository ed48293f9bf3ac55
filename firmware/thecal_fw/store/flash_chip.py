"""The contract between the journal and a flash. Read by people and by the type checker only; nothing imports it at
run time."""

from typing import Protocol

from thecal_fw.core.octets import Octets, Writable


class FlashChip(Protocol):
    """As ``ports.Flash`` has it."""

    @property
    def SECTOR_BYTES(self) -> int: ...  # noqa: N802 - a constant of each flash

    @property
    def PAGE_BYTES(self) -> int: ...  # noqa: N802

    def read_into(self, sector: int, offset: int, buffer: Writable) -> None: ...

    def program(self, sector: int, offset: int, data: Octets) -> None: ...

    def erase(self, sector: int) -> None: ...
