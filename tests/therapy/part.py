"""One part of the campaign: the sequences of one seed, played and judged, and the sealed bytes that are kept of it."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from thecal_hil.campaigns.doses.sequence import Sequence
from thecal_hil.campaigns.doses.shrinking import shape_of, shrunk
from thecal_hil.campaigns.weeks.sources import sources_digest
from thecal_hil.groundwork.sealed import DamagedError, sealed, unsealed
from therapy.drawn import SIZES, sequences
from therapy.started import rigs_for

MOST_SHRUNK = 3
"""Failures of a part that are made short; the others are counted."""
_MOST_TRIALS = {"model": 400, "pico": 20}
"""To make one short. On the emulated board each takes seconds."""


@dataclass
class Part:
    """sources: digest of everything the result depends on. by_shape: how often each kind of failure was seen.
    failures: short sequences, as files, each with what differs."""

    sources: str
    rig: str
    seed: int
    drawn: int
    steps: int = 0
    seconds: float = 0.0
    violations: int = 0
    by_shape: dict[str, int] = field(default_factory=dict)
    failures: list[tuple[str, str]] = field(default_factory=list)


def digest() -> str:
    """Return the digest of the packages, and of what draws and judges here."""
    here = sorted(Path(__file__).parent.glob("*.py"))
    own = hashlib.sha256(b"".join(path.read_bytes() for path in here)).hexdigest()[:16]
    return sources_digest() + own


def drawn(part_seed: int, count: int, rig_name: str) -> list[Sequence]:
    """Return so many sequences of the size for a rig, the same ones for the same seed."""
    found: list[Sequence] = []

    @seed(part_seed)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(sequences(SIZES[rig_name]))
    def draw(sequence: Sequence) -> None:
        found.append(sequence)

    draw()
    return found


def carried_out(sources: str, rig_name: str, part_seed: int, count: int) -> Part:
    begin = time.perf_counter()
    part = Part(sources, rig_name, part_seed, count)
    rigs = rigs_for(rig_name)
    for sequence in drawn(part_seed, count, rig_name):
        failure = rigs.failure_of(sequence)
        part.steps += len(sequence.steps) if failure is None else failure[0]
        if failure is None:
            continue
        part.violations += 1
        shape = shape_of(failure[1])
        part.by_shape[shape] = part.by_shape.get(shape, 0) + 1
        if part.by_shape[shape] == 1 and len(part.failures) < MOST_SHRUNK:
            short = shrunk(sequence, rigs.failure_of, _MOST_TRIALS[rig_name])
            again = rigs.failure_of(short)
            part.failures.append((short.as_toml(), again[1] if again else failure[1]))
    rigs.close()
    part.seconds = round(time.perf_counter() - begin, 1)
    return part


def as_bytes(part: Part) -> bytes:
    return sealed(json.dumps(asdict(part)).encode())


def part_in(data: bytes, expected: Part) -> Part:
    """Return a part that was kept; raise DamagedError if it is not whole, or is another one than is expected."""
    part = Part(**json.loads(unsealed(data)))
    wanted = (expected.sources, expected.rig, expected.seed, expected.drawn)
    if (part.sources, part.rig, part.seed, part.drawn) != wanted:
        raise DamagedError("is of other sources, or another part")
    return part
