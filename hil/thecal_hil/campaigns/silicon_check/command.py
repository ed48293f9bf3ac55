"""``thecal-hil silicon``: one board at a time, shown and kept.

Promise: a board that is absent, busy, no pump, delivering, or gone half-way is reported as such, each in words; nothing
is written then.

The board is restarted several times, its motor stays disabled, and its clock has to be set again afterwards. It
takes three minutes. Exit codes: 0 all is as believed, 1 something differs, 2 the board could not be measured.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import typer
from rich.console import Console

from thecal.errors import ThecalError
from thecal.keys import StoredKeys
from thecal_hil.bench.board_lock import BoardBusyError, BoardLock, board_at
from thecal_hil.contract.image import ImageError, image_under_test
from thecal_hil.evidence.measurements import write_json
from thecal_hil.groundwork.checkout import checkout

from .record import all_agree, as_json, board_lines, summary, table
from .run import Measured, Measurement
from .way import SerialWay

_OUT = Path("build/evidence/silicon")
_LONGEST_CRYSTAL_S = 120


class BoardError(Exception):
    """The board could not be measured; the message says what to do."""


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="thecal-hil silicon", description=__doc__)
    parser.add_argument("--port", required=True, help="serial port of the board; its pump must stand")
    parser.add_argument(
        "--boot-loader",
        action="store_true",
        help="send it through its USB boot loader too; picotool, or you, end that",
    )
    parser.add_argument(
        "--crystal-seconds",
        type=_crystal_s,
        default=60,
        help="how long the crystal is held against this clock",
    )
    parser.add_argument("--out", type=Path, default=_OUT, help=f"folder for the record (default: {_OUT})")
    options = parser.parse_args(argv)
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    try:
        agree = check(
            options.port,
            options.out,
            console,
            options.crystal_seconds,
            through_boot_loader=options.boot_loader,
        )
    except BoardError as error:
        print(f"thecal-hil: {error}", file=sys.stderr)
        return 2
    return 0 if agree else 1


def _crystal_s(text: str) -> float:
    seconds = float(text)
    if not 1 <= seconds <= _LONGEST_CRYSTAL_S:
        raise argparse.ArgumentTypeError(f"1 to {_LONGEST_CRYSTAL_S} seconds")
    return seconds


def check(port: str, out: Path, console: Console, crystal_s: float, *, through_boot_loader: bool) -> bool:
    """Measure a board, show the record and write it; whether nothing differs. Raises BoardError."""
    measured = _measure(port, crystal_s, through_boot_loader=through_boot_loader)
    for line in board_lines(measured):
        typer.echo(line)
    console.print(table(measured))
    path = out / f"silicon-{measured.serial or 'unknown'}.json"
    write_json(path, {**as_json(measured), "image": _image_of(measured), "checkout": checkout()})
    agree = all_agree(measured)
    typer.echo(f"thecal-hil: {'PASS' if agree else 'FAIL'} {summary(measured)}; record: {path}")
    if measured.clock_was_set:
        typer.echo("the pump's clock stood meanwhile: set it with `thecal time --set`")
    return agree


def _measure(port: str, crystal_s: float, *, through_boot_loader: bool) -> Measured:
    def say(text: str) -> None:
        typer.echo(f"measuring: {text}", err=True)

    try:
        with BoardLock(board_at(port)):
            way = SerialWay(port, StoredKeys(), say)
            try:
                return Measurement(way, say, crystal_s).run(through_boot_loader=through_boot_loader)
            finally:
                way.close()
    except OSError as error:
        raise BoardError(
            f"the board on {port} has gone ({error}); plug it in again and begin anew"
        ) from error
    except (ThecalError, BoardBusyError) as error:
        raise BoardError(error) from error


def _image_of(measured: Measured) -> dict[str, str]:
    """Return the image of this checkout, if it is the one that the board says it runs."""
    try:
        image = image_under_test()
    except ImageError:
        return {}
    if (image.version, image.commit) != (measured.version, measured.commit):
        return {}
    return {"uf2": image.path.name, "sha256": image.sha256}
