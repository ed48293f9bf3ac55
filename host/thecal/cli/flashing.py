"""The subcommand that puts firmware on a board: flash."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from thecal.cli.common import PortOption, connected
from thecal.errors import NoAnswerError, PortError
from thecal.flash import (
    FlashError,
    Image,
    check_drive,
    check_report,
    choose_drive,
    copy_image,
    load_image,
    mounted_drives,
    wait_for_drive,
)
from thecal.ports import candidates

_BACK_WITHIN_S = 20.0
_LOOK_EVERY_S = 0.3
_DEFAULT_IMAGE = Path("build/firmware/thecal.uf2")


def add_commands(app: typer.Typer) -> None:
    app.command(epilog="Example: thecal flash --image build/firmware/thecal.uf2")(flash)


def flash(
    image: Annotated[Path, typer.Option(help="Image to flash.")] = _DEFAULT_IMAGE,
    drive: Annotated[Path | None, typer.Option(help="Drive of the board in BOOTSEL mode.")] = None,
    port: PortOption = None,
    check: Annotated[bool, typer.Option(help="Wait for the board and check what it reports.")] = True,
) -> None:
    """Put firmware on a board: one in BOOTSEL mode, or a running pump, which is sent there first."""
    loaded = load_image(image)
    status = Console(stderr=True)
    with status.status("looking for the board"):
        target = drive or _find(port, any_drive=mounted_drives())
        check_drive(target)
    with status.status(f"writing {len(loaded.content) // 1024} KiB"):
        copy_image(loaded, target)
    typer.echo(f"{image} is on {target}")
    if check:
        with status.status("waiting for the board to come back"):
            _check(loaded, port)


def _find(port: str | None, any_drive: list[Path]) -> Path:
    if any_drive:
        return choose_drive(any_drive)
    if port is None and not any(found.is_thecal for found in candidates()):
        return choose_drive([])
    with connected(port) as pump:
        pump.bootloader()
    return wait_for_drive(mounted_drives)


def _check(image: Image, port: str | None) -> None:
    deadline_s = time.monotonic() + _BACK_WITHIN_S
    while time.monotonic() < deadline_s:
        try:
            with connected(port) as pump:
                check_report(image, pump.version, pump.commit)
                typer.echo(f"the board reports firmware {pump.version} ({pump.commit})")
                return
        except (PortError, NoAnswerError):
            time.sleep(_LOOK_EVERY_S)
    raise FlashError(
        f"the board did not come back within {_BACK_WITHIN_S:g} s; unplug it and look with `thecal ports`"
    )
