"""Runs a function in a copy of this process, for what is dear to prepare and is used up by trying it.

An emulated board takes seconds to boot and can't be copied as an object. The operating system copies the whole process
instead, at next to no cost; what the function does to the board is gone with the copy.

Promise: nothing changes in this process but what the function returned, or raised, is known here; and a copy lives no
longer than somebody waits for it.
"""

from __future__ import annotations

import ctypes
import os
import pickle
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, NoReturn, TypeVar

T = TypeVar("T")

_PR_SET_PDEATHSIG = 1


class CopyFailedError(Exception):
    """The function raised; the message holds the traceback. Or the copy of the process died, which it then says."""


def in_a_copy(function: Callable[[], T]) -> T:
    """Return what the function returns, which must be something `pickle` takes."""
    end, result = split()
    if end is None:
        return result
    end(function)


def split() -> tuple[Callable[[Callable[[], Any]], NoReturn] | None, Any]:
    """Copy this process in the midst of what it does, and wait until the copy has ended. Raise CopyFailedError if
    the copy fails or ends without a word.

    In the copy: a function that ends it with what another one returns, and None. Here: None, and that result.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    reading, writing = os.pipe()
    parent = os.getpid()
    child = os.fork()
    if not child:
        os.close(reading)
        _end_with(parent)
        return partial(_end, writing), None
    os.close(writing)
    try:
        with os.fdopen(reading, "rb") as pipe:
            said = pipe.read()
        _, status = os.waitpid(child, 0)
    except BaseException:
        # Whatever ends the waiting, as a time-out of somebody's does, ends what was waited for.
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise
    if not said:
        raise CopyFailedError(f"the copy ended without a word ({os.waitstatus_to_exitcode(status)})")
    succeeded, result = pickle.loads(said)
    if not succeeded:
        raise CopyFailedError(result)
    return None, result


def _end_with(parent: int) -> None:
    """Have this copy end when the process ends that it is a copy of, however that does. On Linux; elsewhere it
    continues to its end, and informs nobody."""
    if not sys.platform.startswith("linux"):
        return
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _end(writing: int, function: Callable[[], Any]) -> NoReturn:
    try:
        try:
            said = pickle.dumps((True, function()))
        except BaseException:
            said = pickle.dumps((False, traceback.format_exc()))
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(said)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(0)
