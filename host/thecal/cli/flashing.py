"""The subcommand that puts firmware on a board: flash."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from thecal.cli.common import (
    JsonOption,
    PortOption,
    connected,
    echo,
    print_json,
    working,
)
from thecal.errors import BadInputError, NoAnswerError, NotAPumpError, PortError

if TYPE_CHECKING:
    from thecal.flash import Image
    from thecal.ports import Candidate

_LOOK_EVERY_S = 0.3
_DEFAULT_IMAGE = Path("build/firmware/thecal.uf2")


def add_commands(app: typer.Typer) -> None:
    app.command(epilog="Example: thecal flash --image build/firmware/thecal.uf2")(flash)


def flash(
    image: Annotated[Path, typer.Option(metavar="UF2", help="Image to flash.")] = _DEFAULT_IMAGE,
    drive: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where the board's BOOTSEL drive is, or will be, mounted."),
    ] = None,
    serial: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NUMBER", help="Serial number of a running board; repeat it for several boards."
        ),
    ] = None,
    usb_port: Annotated[
        str | None,
        typer.Option(metavar="PORT", help="USB port, as in 1-1.2, of a board in BOOTSEL mode, of several."),
    ] = None,
    port: PortOption = None,
    check: Annotated[
        bool, typer.Option("--check/--no-check", help="Wait for the board and check what it reports.")
    ] = True,
    wait: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=0.1, help="How long to wait for the drive and for the board."),
    ] = 20.0,
    as_json: JsonOption = False,
) -> None:
    """Put firmware on a board: one in BOOTSEL mode, or a running pump, which is sent there first.

    Through its drive where one is mounted or named, else through the boot loader's USB interface.
    """
    from thecal.flash import check_drive, copy_image, load_image, must_tell_its_commit
    from thecal.ports import candidates

    loaded = load_image(image)
    if check:
        must_tell_its_commit(loaded)
    if _goes_over_usb(drive, serial or [], usb_port):
        from thecal.cli.usb_flashing import flash_over_usb

        boards = flash_over_usb(loaded, serial or [], usb_port, port, check=check, wait_s=wait)
        _tell_boards(image, [asdict(board) for board in boards], as_json)
        return
    with working("looking for the board"):
        target = _find(port, drive, wait)
        check_drive(target)
    # Pumps that run by now are others than the board in BOOTSEL mode; none of them is to be asked.
    others = [candidate for candidate in candidates() if candidate.is_thecal]
    with working(f"writing {len(loaded.content) // 1024} KiB to {target}"):
        copy_image(loaded, target)
    if not as_json:
        echo(f"{image} is on {target}")
    reported = _check(loaded, port, others, wait) if check else None
    if as_json:
        version, commit = reported or (None, None)
        print_json({"image": str(image), "drive": str(target), "version": version, "commit": commit})
    elif reported:
        echo(f"the board reports firmware {reported[0]} ({reported[1]})")


def _goes_over_usb(drive: Path | None, serials: list[str], usb_port: str | None) -> bool:
    """Return True if the boot loader's USB interface is the way: where it is asked for, or no drive is mounted."""
    from thecal.flash import mounted_drives
    from thecal.usb_boot import HOW_TO_INSTALL, is_available

    if serials or usb_port is not None:
        if drive is not None:
            raise BadInputError(["--drive goes with neither --serial nor --usb-port: a drive has no number"])
        if not is_available():
            raise BadInputError([f"--serial and --usb-port need what is not installed: {HOW_TO_INSTALL}"])
        return True
    return drive is None and not mounted_drives() and is_available()


def _tell_boards(image: Path, boards: list[dict[str, str]], as_json: bool) -> None:
    if as_json:
        print_json({"image": str(image), "boards": boards})
        return
    for board in boards:
        name = board["serial_number"] or f"the board at USB port {board['usb_port']}"
        reports = f"; it reports firmware {board['version']} ({board['commit']})" if board["version"] else ""
        echo(f"{image} is on {name}{reports}")


def _takes_an_image(candidate: Candidate) -> bool:
    return candidate.is_thecal and not candidate.is_practice


def _find(port: str | None, drive: Path | None, wait_s: float) -> Path:
    """Return the board's drive; a pump that runs is sent there if there is no drive yet."""
    from thecal.flash import FlashError, choose_drive, mounted_drives, wait_for_drive
    from thecal.ports import candidates

    def drives() -> list[Path]:
        return mounted_drives(None if drive is None else [drive])

    found = drives()
    if found:
        if drive is None and port is not None and Path(port).exists():
            raise FlashError(
                f"{choose_drive(found)} is the drive of a board in BOOTSEL mode, and there is a port {port} too; to"
                " flash the board in BOOTSEL mode name its drive with --drive, to flash the other unplug it"
            )
        return choose_drive(found)
    if port is None and not any(_takes_an_image(candidate) for candidate in candidates()):
        # Nothing to send there: the folder named, if any, is looked at and what is wrong with it told.
        return drive or choose_drive([])
    if drive is not None and drive.is_dir() and any(drive.iterdir()):
        # Holds other files: the pump is not sent away for a folder that can't be its drive's.
        return drive
    with connected(port) as pump:
        pump.bootloader()
    return wait_for_drive(drives, wait_s)


def _check(image: Image, port: str | None, others: list[Candidate], wait_s: float) -> tuple[str, str]:
    """Return the version and commit that the board reports once it is back; raise FlashError unless they are the
    image's."""
    from thecal.flash import FlashError, check_report
    from thecal.ports import only_board

    deadline_s = time.monotonic() + wait_s
    last: Exception | None = None
    with working("waiting for the board to come back"):
        while time.monotonic() < deadline_s:
            try:
                with connected(port or only_board(besides=others)) as pump:
                    check_report(image, pump.version, pump.commit)
                    return pump.version, pump.commit
            except (PortError, NoAnswerError, NotAPumpError) as error:
                last = error
                time.sleep(_LOOK_EVERY_S)
    raise FlashError(
        f"the image is on the board, but the board did not come back within {wait_s:g} s; unplug it, plug it in"
        f" again and look with `thecal interrogate`. The last attempt: {last}"
    )
