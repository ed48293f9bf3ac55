"""The part of a scenario's record that the store of results keeps: its state, its figures and its edges."""

from __future__ import annotations

from array import array

import numpy as np

from thecal_hil.evidence.recorded import current
from thecal_hil.scenario.record import ScenarioRecord

_MOST_WORDS = 400


def note_record(record: ScenarioRecord) -> None:
    """Note a record in the run that is being recorded, if one is."""
    recording = current()
    if recording is None:
        return
    lines = {
        signal.name: (array("q", signal.t_ns.astype(np.int64).tobytes()), signal.levels.tobytes())
        for signal in record.signals
    }
    seeds = list(record.seeds.values())
    recording.note(
        record.identity,
        record.status.value,
        record.took_s,
        figures=record.evidence.figures(record.identity),
        lines=lines,
        image=record.image_sha256,
        seed=seeds[-1] if seeds else None,
        edges=record.edges_sha256 if lines else "",
        begins_ns=record.begins_ns,
        message=record.message[:_MOST_WORDS],
        again=record.reproduce,
        unit=record.unit,
    )
    recording.note_fact("rigs", sorted({*recording.fact("rigs", ()), record.rig}))
