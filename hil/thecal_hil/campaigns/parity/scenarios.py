"""A scenario of the library on two boards at once, one on each path, in lock-step from power-on.

Promises: the shipped image is compared after each instruction, as `lockstep` does it; and what each half leaves behind
is compared to the byte: edges, event log, journal, and the record of the scenario with every figure and curve.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

from thecal_fw.core.flash_map import STORAGE_AT
from thecal_hil.contract.edge_digest import digest_of
from thecal_hil.contract.image import FirmwareImage
from thecal_hil.emulator import EmulatedPico
from thecal_hil.emulator.chip import FLASH_BYTES
from thecal_hil.emulator.silicon import IDEAL
from thecal_hil.evidence.measurements import Evidence
from thecal_hil.rigs.pico_rig import PicoRig, bench_board
from thecal_hil.scenario.document import Scenario
from thecal_hil.scenario.runner import run

from .lockstep import DifferenceError, Lockstep, Totals

Digests = dict[str, str]


@dataclass
class Outcome:
    """The outcome of a scenario: how it ended, what each half left behind, and what was compared on the way."""

    name: str
    status: str
    digests: Digests
    totals: Totals


def in_lockstep(scenario: Scenario, image: FirmwareImage, *, narrow_at: int = -1) -> Outcome:
    """Run a scenario on both paths together. Raises DifferenceError at the first difference."""
    slow, fast = (bench_board(image, IDEAL, compiled=compiled) for compiled in (False, True))
    lockstep = Lockstep(slow, fast, narrow_at=narrow_at)
    (status, digests), (_, others) = lockstep.drive(lambda _, board: _carry_out(scenario, image, board))
    for what, digest in digests.items():
        if digest != others[what]:
            raise DifferenceError(f"the two halves differ in: {what}", lockstep.stretches, is_exact=False)
    where = lockstep.memory_difference(whole_flash=True)
    if where:
        raise DifferenceError(f"at the end: {where}", lockstep.stretches, is_exact=False)
    return Outcome(scenario.name, status, digests, lockstep.totals)


def narrowed(scenario: Scenario, image: FirmwareImage) -> Outcome:
    """Return the same outcome; a difference of memory alone is run again to find its instruction."""
    try:
        return in_lockstep(scenario, image)
    except DifferenceError as difference:
        if difference.is_exact:
            raise
        in_lockstep(scenario, image, narrow_at=difference.stretch)
        raise


def by_itself(scenario: Scenario, image: FirmwareImage, *, compiled: bool) -> Digests:
    """Return what a scenario leaves behind on one path, run as everybody runs it: nothing looks on."""
    return _carry_out(scenario, image, bench_board(image, IDEAL, compiled=compiled))[1]


def _carry_out(scenario: Scenario, image: FirmwareImage, board: EmulatedPico) -> tuple[str, Digests]:
    rig = PicoRig(image, board=board)
    record = run(scenario, rig)
    edges = digest_of(rig.edges)
    # Reading the log comes last: it takes time of the pump.
    log = [repr(event) for event in rig.fresh_pump().log()]
    journal = bytes(board.chip.flash[STORAGE_AT:FLASH_BYTES])
    digests = {
        "edges": edges,
        "log": _sha256(log),
        "journal": hashlib.sha256(journal).hexdigest(),
        "record": _sha256(record),
    }
    rig.close()
    return record.status.value, digests


def _sha256(value: Any) -> str:
    parts = hashlib.sha256()
    _add(parts, value)
    return parts.hexdigest()


def _add(parts: Any, value: Any) -> None:
    """Add everything a record holds, each value with its type and in a form of its own."""
    parts.update(type(value).__name__.encode() + b"(")
    if isinstance(value, np.ndarray):
        parts.update(f"{value.dtype.str}{value.shape}".encode() + np.ascontiguousarray(value).tobytes())
    elif isinstance(value, Evidence):
        _add(parts, value.values())
    elif is_dataclass(value) and not isinstance(value, type):
        for one in fields(value):
            parts.update(one.name.encode() + b"=")
            _add(parts, getattr(value, one.name))
    elif isinstance(value, dict):
        for key in value:
            _add(parts, key)
            _add(parts, value[key])
    elif isinstance(value, list | tuple):
        for one in value:
            _add(parts, one)
    else:
        parts.update(repr(value).encode())
    parts.update(b")")
