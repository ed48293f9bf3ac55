"""The record of a calibration: everything that its result follows from, as JSON with a digest.

Promises: a record that was changed is found by its digest; numbers are kept to the last bit; what was read is enough to
work the result out anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from thecal.bounded import RefusedFileError, read_bounded
from thecal.calibration.estimate import Estimate
from thecal.calibration.judging import Finding
from thecal.calibration.sheet import Sheet
from thecal.errors import BadInputError

FORMAT = "thecal calibration 1"
_DIGEST = "digest"
_LARGEST_BYTES = 10_000_000


def record_of(sheet: Sheet, found: Estimate, findings: Sequence[Finding], made_on: date) -> dict[str, Any]:
    content = {
        "format": FORMAT,
        "made_on": made_on.isoformat(),
        "about": sheet.about,
        "result": {
            "nl_per_turn": found.nl_per_turn,
            "expanded_nl": found.expanded_nl,
            "expanded_percent": found.expanded_percent,
            "coverage_percent": 95,
            "coverage_factor": found.factor,
            "degrees_of_freedom": found.dof,
            "reference_turns_per_min": found.reference_turns_per_min,
            "rates_turns_per_min": list(found.rates),
            "slope": found.slope,
            "lost_turns_at_reversal": found.lost_turns,
            "evaporated_per_h": found.evaporated_per_h,
            "scatter_percent": 100.0 * found.scatter,
        },
        "uncertainty": [{"part": one.name, "u_nl": one.u_nl} for one in found.parts],
        "findings": [asdict(one) for one in findings],
        "may_be_applied": not any(one.must_evaluate for one in findings),
        "setting": asdict(sheet.setting),
        "runs": [asdict(run) for run in found.runs],
    }
    # As JSON has it: what comes back of a file has lists where there were tuples.
    plain = json.loads(json.dumps(content))
    return {**plain, _DIGEST: digest_of(plain)}


def digest_of(content: dict[str, Any]) -> str:
    """Return the SHA-256 of a record without its digest, as JSON with sorted names and no blanks."""
    kept = {name: value for name, value in content.items() if name != _DIGEST}
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def read_calibration_record(path: Path) -> dict[str, Any]:
    """Raise BadInputError for what is no record, and for one that is not as it was written."""
    try:
        content = json.loads(read_bounded(path, _LARGEST_BYTES).decode("utf-8"))
    except RefusedFileError as error:
        raise BadInputError([f"{path}: {error}"]) from error
    except (ValueError, RecursionError) as error:
        raise BadInputError([f"{path}: is no record of a calibration: {error}"]) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise BadInputError([f"{path}: is no record of a calibration that this version reads ({FORMAT})"])
    if content.get(_DIGEST) != digest_of(content):
        raise BadInputError([f"{path}: has been changed since it was written: its digest is another"])
    return content
