"""Writing an image through a boot loader on USB, and what is said of the board where that does not come to its end.

Promises: only the sectors of the image are touched, so journal and keys stay; everything is read back before the board
is started. The first sector, without which the boot ROM starts nothing, is erased first and written last: a board that
lost its supply or its cable half-way stays in its boot loader, and never runs half an image. What a failure leaves is
reported, and where nothing was written yet the board is started again as it was.
"""

from __future__ import annotations

from thecal.flash import FlashError, Image
from thecal.picoboot import SECTOR_BYTES, BootDevice, Picoboot, PicobootError
from thecal.uf2 import blocks_of

FLASH_BEGIN, FLASH_BYTES = 0x1000_0000, 16 << 20


def sectors_of(image: Image) -> dict[int, bytes]:
    """Return the content of every sector of flash that the image has something of, by address, the rest of it
    erased. Raise FlashError if it has something beyond the flash."""
    sectors: dict[int, bytearray] = {}
    for address, data in blocks_of(image.content):
        if not FLASH_BEGIN <= address < FLASH_BEGIN + FLASH_BYTES:
            raise FlashError(f"{image.path} has something for 0x{address:08x}, which is not in flash")
        sector = address - address % SECTOR_BYTES
        within = address - sector
        sectors.setdefault(sector, bytearray(b"\xff" * SECTOR_BYTES))[within : within + len(data)] = data
    return {sector: bytes(content) for sector, content in sorted(sectors.items())}


def write_image(image: Image, device: BootDevice) -> None:
    """Raise FlashError saying what state the board is in."""
    sectors = sectors_of(image)
    first, *others = sectors
    is_touched, boot = False, Picoboot(device)
    try:
        boot.begin()
        boot.take()
        is_touched = True
        boot.erase(first)
        for address in (*others, first):
            if address != first:
                boot.erase(address)
            boot.write(address, sectors[address])
        for address, content in sectors.items():
            if boot.read(address, SECTOR_BYTES) != content:
                # Nothing starts without it, so nobody takes the board for one that is in order.
                boot.erase(first)
                raise PicobootError(f"its flash holds something else than was written, at 0x{address:08x}")
    except PicobootError as error:
        raise FlashError(f"{error}. {_left_behind(boot, device.location, is_touched)}") from error
    try:
        boot.reboot()
    except PicobootError as error:
        raise FlashError(
            f"{error}. The image is whole on the board at USB port {device.location}, which may not have started it:"
            " plug it in again"
        ) from error


def _left_behind(boot: Picoboot, location: str, is_touched: bool) -> str:
    where = f"the board at USB port {location}"
    if is_touched:
        return (
            f"It is not known that the image is whole on {where}, which stays in its boot loader and delivers nothing:"
            " flash it again; its journal and keys are untouched"
        )
    try:
        boot.begin()
        boot.reboot()
    except PicobootError:
        return f"Nothing was written; {where} is still in its boot loader: plug it in again, and it starts as it was"
    return f"Nothing was written; {where} is asked to start again as it was"
