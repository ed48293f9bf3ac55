"""The waveform of a test that failed: every line of the pump, as Value Change Dump, from the rig's beginning on."""

from __future__ import annotations

import re
from pathlib import Path

from vcd import VCDWriter
from vcd.common import VarType

from thecal_hil.contract.rig import RESTING_LEVELS, Rig


def write_waveform(rig: Rig, folder: Path, test: str) -> Path:
    """Write it, under the test's name; the file."""
    path = folder / f"{re.sub(r'[^A-Za-z0-9_.-]+', '_', test)[-150:]}.vcd"
    changes = []
    with (
        path.open("w", encoding="utf-8", newline="\n") as file,
        VCDWriter(file, timescale="1 ns", date="", version="thecal") as writer,
    ):
        for signal, resting in RESTING_LEVELS.items():
            line = writer.register_var("pump", str(signal), VarType.wire, size=1, init=resting)
            times, levels = rig.levels_of(signal)
            changes += [(int(at), line, int(level)) for at, level in zip(times, levels, strict=True)]
        for at, line, level in sorted(changes, key=lambda change: change[0]):
            writer.change(line, at, level)
        writer.close(max(int(rig.now_ns), changes[-1][0] if changes else 0))
    return path
