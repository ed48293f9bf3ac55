"""The end of a command that did not come to its end: what is said, where, and with which exit code.

Promise: nothing that was asked of a pump goes untold. What was done and what is not known follows every message; where
nobody can read it, since the terminal has gone, it is kept, and the next command says it.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path

from thecal import practice
from thecal.bounded import RefusedFileError, read_bounded
from thecal.cli.common import ThisRun, echo
from thecal.printable import printable

EXIT_FAILED = 1
EXIT_BAD_INPUT = 2
EXIT_OUTPUT_GONE = 141
"""As of what SIGPIPE ended."""

_MOST_KEPT_BYTES = 1_000_000

_ONLY_READ = ("alarms", "dates", "interrogate", "keys", "library", "log", "ports", "residual", "watch")
"""Commands that can change no pump: of these nobody needs to hear that none was changed."""


def account_for(run: ThisRun, message: str, *, changes_nothing: str = "") -> None:
    """Say why a command ended, and what was done by then. changes_nothing: said where nothing was asked for."""
    account = run.guard.account() or changes_nothing
    sentence = message if not account or message.endswith((".", "!", "?")) else f"{message}."
    say(" ".join(part for part in (sentence, account) if part))


def account_for_output(run: ThisRun) -> None:
    """Say so where the reader of the output has gone, unless the command only read."""
    if run.guard.account() or run.command not in _ONLY_READ:
        account_for(run, "nobody reads the output any more", changes_nothing="The pump was not changed.")


def say(text: str) -> None:
    """Say it on the standard error stream, or keep it for the next command."""
    try:
        if sys.stderr is None:
            raise OSError
        echo(text, err=True)
        sys.stderr.flush()
    except (OSError, ValueError):
        _keep(text)


def say_what_was_kept() -> None:
    """Say what an earlier command could not."""
    kept = _untold()
    try:
        if sys.stderr is None or not kept.exists():
            return
        text = printable(read_bounded(kept, _MOST_KEPT_BYTES).decode("utf-8", "replace"), lines=True)
        echo(f"an earlier command ended where nobody could read this:\n{text.rstrip()}", err=True)
        kept.unlink()
    except (OSError, RefusedFileError):
        return


def leave_output() -> None:
    """Have nothing of what was left unwritten be tried again at the end of the process."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _keep(text: str) -> None:
    with contextlib.suppress(OSError):
        kept = _untold()
        kept.parent.mkdir(parents=True, exist_ok=True)
        with kept.open("a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')}: {text}\n")


def _untold() -> Path:
    return practice.folder().parent / "untold.txt"
