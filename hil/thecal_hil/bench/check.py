"""``thecal-hil bench-check FILE``: within a minute, what is wrong with a bench, and what to do about it.

The bench's file, each device it names, who may open it and who has it, whether the pump answers and runs the image that
is to be tested, whether probe and balance answer, and which calibration is overdue. Promises: nothing is switched,
and no therapy is changed: pump, probe and balance are asked, and are sent no command; a part that is missing does
not hide the others.

Exit codes: 0 the bench is fit, 1 it is not, 2 its file can't be used.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import serial

from thecal.client import Pump
from thecal.errors import ThecalError
from thecal.ports import open_port
from thecal_hil.bench.bench import Bench, BenchError
from thecal_hil.bench.bench_file import open_boards
from thecal_hil.bench.board_lock import BoardBusyError, BoardLock
from thecal_hil.bench.board_rig import open_serial
from thecal_hil.contract.image import FirmwareImage, ImageError, image_under_test
from thecal_hil.instruments.balance import BalanceError
from thecal_hil.instruments.probe import Probe, ProbeError


class Finding(NamedTuple):
    """good: whether it is as it has to be. words: what was found, with what to do where it is not."""

    board: str
    part: str
    good: bool
    words: str


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="thecal-hil bench-check", description=__doc__)
    parser.add_argument("bench", type=Path, help="the bench's file")
    parser.add_argument(
        "--uf2", type=Path, help="the image that the pump is to run, instead of the one just built"
    )
    options = parser.parse_args(argv)
    try:
        boards = open_boards(options.bench)
    except BenchError as error:
        print(f"thecal-hil: {error}", file=sys.stderr)
        return 2
    found = [finding for board in boards for finding in findings(board, options.uf2, date.today())]
    for one in found:
        print(f"{'good' if one.good else 'WRONG'}  {one.board}, {one.part}: {one.words}")
    wrong = sum(not one.good for one in found)
    print(
        f"thecal-hil: {'PASS' if not wrong else f'FAIL {wrong} of {len(found)} are wrong'}, {len(boards)} boards"
    )
    return 1 if wrong else 0


def findings(board: Bench, uf2: Path | None, today: date) -> Iterator[Finding]:
    """Yield what is found of one board, the image first."""
    image = None
    try:
        image = image_under_test(uf2)
        yield Finding(board.name, "image", True, f"{image.version} of {image.commit}, {image.path}")
    except ImageError as error:
        yield Finding(board.name, "image", False, str(error))
    yield from _asked(board, "pump", lambda: _pump(board, image))
    if board.probe is not None:
        yield from _asked(board, "probe", lambda: _probe(board))
    if board.balance is not None:
        yield from _asked(board, "balance", lambda: _balance(board))
    overdue = board.hardware.overdue(today)
    for line in overdue:
        yield Finding(board.name, "calibration", False, line)
    if board.hardware.instruments and not overdue:
        yield Finding(
            board.name, "calibration", True, f"none of {len(board.hardware.instruments)} is overdue"
        )


def _asked(board: Bench, part: str, ask: Callable[[], tuple[bool, str]]) -> Iterator[Finding]:
    try:
        yield Finding(board.name, part, *ask())
    except (
        BenchError,
        BoardBusyError,
        ThecalError,
        ProbeError,
        BalanceError,
        serial.SerialException,
    ) as error:
        yield Finding(board.name, part, False, str(error))


def _pump(board: Bench, image: FirmwareImage | None) -> tuple[bool, str]:
    device = board.pump.device()
    with BoardLock(board.pump.lock_name()), open_port(device) as port:
        pump = Pump(port)
        runs = f"{pump.version} of {pump.commit} at {device}"
        if image is not None and (pump.version, pump.commit) != (image.version, image.commit):
            return (
                False,
                f"runs {runs}, and {image.version} of {image.commit} is to be tested: flash it with `make flash`",
            )
        return True, f"answers, runs {runs}"


def _probe(board: Bench) -> tuple[bool, str]:
    assert board.probe is not None
    device = board.probe.place.device()
    probe = Probe(open_serial(device))
    try:
        return True, f"answers at {device}, its clock shows {probe.now_ns() / 1e9:.0f} s"
    finally:
        probe.close()


def _balance(board: Bench) -> tuple[bool, str]:
    with board.opened_balance() as balance:
        found, said = (
            balance.serial_number(),
            [one.serial for one in board.hardware.instruments if one.kind == "balance"],
        )
        if said and found not in said:
            return False, f"is the one with serial number {found}, and the bench's file has {', '.join(said)}"
        return True, f"answers, {balance.model()}, serial number {found}"
