"""Results and edges as Parquet: a row for each measurement, and a row for each edge of each line.

Promise: the files hold no time of day, so the same records give the same bytes with the same pyarrow.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from thecal_hil.report.provenance import Provenance
from thecal_hil.scenario.record import ScenarioRecord

_RESULT = pa.schema(
    [
        ("scenario", pa.string()),
        ("rig", pa.string()),
        ("status", pa.string()),
        ("measurement", pa.string()),
        ("title", pa.string()),
        ("unit", pa.string()),
        ("value", pa.float64()),
        ("least", pa.float64()),
        ("most", pa.float64()),
        ("verdict", pa.string()),
        ("requirements", pa.list_(pa.string())),
        ("checkout", pa.string()),
        ("image_sha256", pa.string()),
        ("again", pa.string()),
    ]
)
_EDGE = pa.schema(
    [
        ("t_ns", pa.int64()),
        ("signal", pa.dictionary(pa.int8(), pa.string())),
        ("level", pa.uint8()),
    ]
)


def write_results(records: Sequence[ScenarioRecord], provenance: Provenance, path: Path) -> None:
    """Write one row for each measurement of each record, also those never taken, whose value is null."""
    rows = [
        {
            "scenario": record.name,
            "rig": record.rig,
            "status": record.status.value,
            "measurement": outcome.measurement.key,
            "title": outcome.measurement.title,
            "unit": outcome.measurement.unit,
            "value": outcome.value,
            "least": outcome.measurement.least,
            "most": outcome.measurement.most,
            "verdict": outcome.verdict(),
            "requirements": list(dict.fromkeys((*record.requirements, *outcome.measurement.requirements))),
            "checkout": provenance.checkout,
            "image_sha256": record.image_sha256,
            "again": record.reproduce,
        }
        for record in records
        for outcome in record.evidence
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=_RESULT), path, compression="zstd")


def write_edges(record: ScenarioRecord, path: Path) -> None:
    """Write every edge of every line in order of time: ``t_ns`` of the rig's virtual time, ``signal``, ``level``
    after it."""
    names = [signal.name for signal in record.signals]
    counts = [len(signal.t_ns) for signal in record.signals]
    t_ns = np.concatenate([np.array([], np.int64), *(signal.t_ns for signal in record.signals)])
    levels = np.concatenate([np.array([], np.uint8), *(signal.levels for signal in record.signals)])
    codes = np.repeat(np.arange(len(names), dtype=np.int8), counts)
    order = np.argsort(t_ns, kind="stable")
    signals = pa.DictionaryArray.from_arrays(pa.array(codes[order]), pa.array(names, pa.string()))
    table = pa.Table.from_arrays([pa.array(t_ns[order]), signals, pa.array(levels[order])], schema=_EDGE)
    encoding = {"t_ns": "DELTA_BINARY_PACKED"}
    pq.write_table(table, path, compression="zstd", use_dictionary=False, column_encoding=encoding)
