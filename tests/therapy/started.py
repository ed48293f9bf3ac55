"""Rigs for many sequences: each sequence meets a pump that has just started.

A model starts anew for each. The emulated board, whose boot takes a good part of what a short sequence does, boots
once, and plays each sequence in a copy of its process, which begins where the boot ended and ends with the sequence.
Promises: no sequence meets what another one left behind, and one fails in a copy where it fails on a rig of its own, in
the same way.
"""

from __future__ import annotations

import json
import os
from typing import NoReturn

from thecal_hil.campaigns.doses.player import ViolationError, play
from thecal_hil.campaigns.doses.sequence import Sequence
from thecal_hil.campaigns.doses.shrinking import Failure
from thecal_hil.contract.rig import Rig
from thecal_hil.rigs.opening import open_rig


def failure_on(rig: Rig, sequence: Sequence) -> Failure | None:
    """Return where and how a sequence fails on a rig that has just started; None if it does not."""
    try:
        play(sequence, rig)
    except ViolationError as violation:
        return violation.step, violation.differences[0]
    return None


class Fresh:
    """Starts a rig for each sequence."""

    def __init__(self, rig_name: str) -> None:
        self._rig_name = rig_name

    def failure_of(self, sequence: Sequence) -> Failure | None:
        rig = open_rig(self._rig_name)
        try:
            return failure_on(rig, sequence)
        finally:
            rig.close()

    def close(self) -> None:
        pass


class Booted:
    """A started rig that never runs on itself."""

    def __init__(self, rig_name: str) -> None:
        self._rig = open_rig(rig_name)

    def failure_of(self, sequence: Sequence) -> Failure | None:
        """Return where and how a sequence fails; raise RuntimeError if its process ends without saying."""
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            os.close(reading)
            self._play(sequence, writing)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            said = pipe.read()
        _, status = os.waitpid(child, 0)
        if status or not said:
            raise RuntimeError(
                f"a sequence was not played to its end (status {status}):\n{sequence.as_toml()}"
            )
        told = json.loads(said)
        return None if told is None else (told[0], told[1])

    def _play(self, sequence: Sequence, writing: int) -> NoReturn:
        """Play in the copy; it does not return."""
        status = 1
        try:
            said = json.dumps(failure_on(self._rig, sequence))
            with os.fdopen(writing, "wb") as pipe:
                pipe.write(said.encode())
            status = 0
        finally:
            os._exit(status)

    def close(self) -> None:
        self._rig.close()


def rigs_for(rig_name: str) -> Fresh | Booted:
    """Return what plays sequences on a rig of that name at the least cost."""
    return Booted(rig_name) if rig_name == "pico" else Fresh(rig_name)
