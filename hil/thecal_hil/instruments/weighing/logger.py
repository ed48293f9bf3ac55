"""``thecal balance``: writes what a balance shows to a file that ``thecal weigh`` reads, for as long as it takes.

Promises: each reading is in the file before the next is asked for, so that whatever ends the logger ends the file
after a whole line; a reading that does not come leaves a line without a mass, and is reported; a file that is there
already is not written over.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import serial
import typer

from thecal.errors import BadInputError, PortError
from thecal.interruption import Interruption
from thecal_hil.instruments.balance import Balance, BalanceError

_TOLD = 3


def log_balance(
    file: Path,
    device: str,
    every_s: float,
    count: int,
    baud: int,
    *,
    now_s: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> int:
    """Log ``count`` readings, 0 without end; how many came. Ctrl-C ends it. Raises BadInputError and PortError."""
    try:
        out = file.open("x", encoding="utf-8", newline="\n")
    except FileExistsError as error:
        raise BadInputError([f"{file} is there already; name another file"]) from error
    except OSError as error:
        raise BadInputError([f"{file} can't be written: {error.strerror}"]) from error
    with out:
        try:
            port = serial.Serial(device, baud, timeout=1.0, write_timeout=2.0, exclusive=True)
        except (OSError, ValueError) as error:
            file.unlink()
            raise PortError(f"{device} can't be opened: {error}") from error
        with port:
            balance = Balance(port)
            try:
                number, model = balance.cancel(), balance.model()
            except BalanceError as error:
                file.unlink()
                raise PortError(f"{device}: {error}") from error
            out.write(
                f"# balance {model}, serial number {number}, begun {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}\n"
            )
            out.write("time (s),mass (g),stable\n")
            return _log(balance, out.write, out.flush, every_s, count, now_s, pause)


def _log(
    balance: Balance,
    write: Callable[[str], object],
    flush: Callable[[], None],
    every_s: float,
    count: int,
    now_s: Callable[[], float],
    pause: Callable[[float], None],
) -> int:
    begin_s, came, missed, looks = now_s(), 0, 0, 0
    try:
        while not count or looks < count:
            pause(max(0.0, begin_s + looks * every_s - now_s()))
            looks += 1
            try:
                reading = balance.weigh()
                mass, stable = str(reading.grams), str(int(reading.is_stable))
                came += 1
            except BalanceError as error:
                mass, stable = "", ""
                missed += 1
                if missed <= _TOLD:
                    typer.echo(f"no reading: {error}", err=True)
            write(f"{now_s() - begin_s:.3f},{mass},{stable}\n")
            flush()
    except (KeyboardInterrupt, Interruption):
        pass
    return came
