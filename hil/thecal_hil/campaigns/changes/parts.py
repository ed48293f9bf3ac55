"""Parts of the campaign: each is done, or taken from an earlier run whose image and sources were the same.

Promises: what is kept is sealed and says what it is of; anything else is done anew. A failure is shrunk at once and
left as a file that runs again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any, Final

from thecal.whole_file import write_whole
from thecal_hil.campaigns.changes.case import FAULTS, LIFE, Case, shrunk
from thecal_hil.campaigns.changes.fault_sequences import drawn_case, run_sequence
from thecal_hil.campaigns.changes.life import run_life
from thecal_hil.campaigns.changes.plan import (
    EXACT,
    FAULTY,
    GROUPS,
    RESET,
    SPIKED,
    SPIKED_NL_PER_DAY,
    PartPlan,
)
from thecal_hil.campaigns.changes.resets import every_reset
from thecal_hil.campaigns.changes.spikes import spiked_hour
from thecal_hil.campaigns.changes.steps import drawn_steps
from thecal_hil.contract.image import FirmwareImage, image_under_test
from thecal_hil.groundwork.checkout import REPOSITORY
from thecal_hil.groundwork.sealed import DamagedError, sealed, unsealed

KEPT: Final = Path("build/changes")
FAILED: Final = Path("build/changes/failed")
_EXACT_GROUPS: Final = 15
_MOST_SHRINKING_RUNS: Final = 40

Result = dict[str, Any]


def kept_part(part: PartPlan, image: FirmwareImage) -> Result | None:
    """Return what came of a part in an earlier run; None if there was none, or of another image or other sources."""
    try:
        found: Result = json.loads(unsealed(_path(part).read_bytes()))
    except (OSError, DamagedError):
        return None
    return found if found["of"] == _of(part, image) else None


def done_part(part: PartPlan) -> Result:
    """Do a part and keep it. Runs in a process of its own."""
    image = image_under_test()
    result: Result = {"of": _of(part, image), "wrong": []}
    if part.kind == FAULTY:
        result |= _faulty(part)
    elif part.kind == SPIKED:
        result |= asdict(spiked_hour(image, part.board, part.where, SPIKED_NL_PER_DAY, part.first_seed))
    elif part.kind == RESET:
        result |= asdict(every_reset(image, part.board))
    else:
        result |= _life(part, image)
    KEPT.mkdir(parents=True, exist_ok=True)
    write_whole(_path(part), sealed(json.dumps(result).encode()))
    return result


def wrong_with(case: Case) -> list[str]:
    """Return what is wrong with a case when it is run."""
    if case.kind == FAULTS:
        return run_sequence(case).wrong
    return run_life(image_under_test(), case.board, case.seed, list(case.steps)).wrong


def _life(part: PartPlan, image: FirmwareImage) -> Result:
    seed = f"{part.kind} {part.board} {part.first_seed}"
    steps = drawn_steps(seed, _EXACT_GROUPS if part.kind == EXACT else GROUPS)
    life = run_life(image, part.board, seed, steps)
    told = life.told()
    if life.wrong:
        told["replay"] = str(_left(Case(LIFE, part.board, seed, tuple(steps)), part.name))
    return told


def _faulty(part: PartPlan) -> Result:
    wrong, replays, worst_s, actions = [], [], 0.0, 0
    for seed in range(part.first_seed, part.first_seed + part.count):
        case = drawn_case(seed)
        outcome = run_sequence(case)
        worst_s, actions = max(worst_s, outcome.worst_answer_s), actions + outcome.actions
        if outcome.wrong:
            wrong.append(f"seed {seed}: {outcome.wrong[0]}")
            replays.append(str(_left(case, f"faults-{seed}")))
    return {
        "sequences": part.count,
        "actions": actions,
        "worst_answer_s": worst_s,
        "wrong": wrong,
        "replay": ", ".join(replays),
    }


def _left(case: Case, name: str) -> Path:
    """Return the case, made as short as it gets within some runs, in a file."""
    path = FAILED / f"{name}.json"
    case.write(path)
    shrunk(case, lambda fewer: bool(wrong_with(fewer)), _MOST_SHRINKING_RUNS).write(path)
    return path


def _path(part: PartPlan) -> Path:
    return KEPT / f"{part.name}.part"


def _of(part: PartPlan, image: FirmwareImage) -> str:
    """Return the digest of what the result of a part depends on: a board on the image's bytes, the model on the
    firmware's sources."""
    if part.kind == FAULTY:
        return f"{part.name} {_digest_of(_FAULTS_DEPEND_ON)}"
    places = _SPIKES_AND_RESETS_DEPEND_ON if part.kind in (SPIKED, RESET) else _LIVES_DEPEND_ON
    return f"{part.name} {_digest_of(places)} {image.sha256}"


_LIVES_DEPEND_ON: Final = (
    "hil/thecal_hil/campaigns/changes/history.py",
    "hil/thecal_hil/campaigns/changes/life.py",
    "hil/thecal_hil/campaigns/changes/steps.py",
    "hil/thecal_hil/campaigns/changes/watched.py",
    "hil/thecal_hil/emulator",
    "hil/thecal_hil/contract/gate.py",
    "hil/thecal_hil/rigs/pico_rig.py",
    "hil/thecal_hil/course/therapy.py",
    "sim/thecal_sim",
)
_SPIKES_AND_RESETS_DEPEND_ON: Final = (
    "hil/thecal_hil/campaigns/changes/resets.py",
    "hil/thecal_hil/campaigns/changes/spikes.py",
    "hil/thecal_hil/course/course.py",
    "hil/thecal_hil/emulator",
    "hil/thecal_hil/rigs/pico_rig.py",
    "hil/thecal_hil/course/therapy.py",
    "hil/thecal_hil/rigs/used_flash.py",
    "sim/thecal_sim",
)
_FAULTS_DEPEND_ON: Final = (
    "firmware/thecal_fw",
    "hil/thecal_hil/campaigns/changes/fault_sequences.py",
    "hil/thecal_hil/campaigns/changes/steps.py",
    "hil/thecal_hil/rigs/model_faults.py",
    "hil/thecal_hil/rigs/model_rig.py",
    "hil/thecal_hil/course/therapy.py",
    "host/thecal",
    "sim/thecal_sim",
)


@cache
def _digest_of(places: Iterable[str]) -> str:
    """Return the digest of all sources at these places, by their names and bytes. Hexadecimal, 16 digits."""
    digest = hashlib.sha256()
    for place in places:
        root = REPOSITORY / place
        for path in [root] if root.is_file() else sorted(root.rglob("*.p*")):
            if path.suffix in (".py", ".pyx", ".pxi"):
                content = path.read_bytes()
                digest.update(f"{path.relative_to(REPOSITORY).as_posix()} {len(content)}\n".encode())
                digest.update(content)
    return digest.hexdigest()[:16]
