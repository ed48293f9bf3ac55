"""The pump's behaviour, as digests: each scenario of the library and some hundred drawn sequences, on the model.

Promises: two sets of sources that give the same file made the same edges at the same instants and logged the same
events; the program itself works with the packages of any commit since 0.4.0, so that it can be run on both.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from thecal_hil.campaigns.doses.player import ViolationError, play
from thecal_hil.campaigns.doses.sequence import sequence_in
from thecal_hil.contract.rig import Rig
from thecal_hil.rigs.opening import open_rig
from thecal_hil.scenario.reader import read_scenario
from thecal_hil.scenario.runner import run
from therapy.part import drawn

_LIBRARY = Path(__file__).parents[2] / "hil/thecal_hil/scenario/library"
_SEQUENCES_OF_A_SEED = 20
_FIRST_SEED = 1_000


def of_scenario(path: Path) -> tuple[str, str]:
    """Name and digest of one scenario of the library."""
    rig = open_rig("model")
    record = run(read_scenario(path), rig)
    return path.stem, f"{record.status.value} {_digest_of(rig)}"


def drawn_texts(seed: int) -> list[str]:
    """Return the sequences of one seed, as files. What is drawn depends on the constants of the sources as well."""
    return [sequence.as_toml() for sequence in drawn(seed, _SEQUENCES_OF_A_SEED, "model")]


def of_sequence(text: str) -> str:
    """Return the digest of one sequence."""
    rig = open_rig("model")
    whole = hashlib.sha256()
    try:
        play(sequence_in(text), rig)
    except ViolationError as violation:
        whole.update(str(violation).encode())
    whole.update(_digest_of(rig).encode())
    rig.close()
    return whole.hexdigest()[:32]


def _digest_of(rig: Rig) -> str:
    """Return the digest of all edges, then of the log: reading it takes time of the pump."""
    whole = hashlib.sha256(rig.step_times_ns.tobytes())
    for event in rig.fresh_pump().log():
        whole.update(repr(event).encode())
    return whole.hexdigest()[:32]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m house.behaviour", description=__doc__)
    parser.add_argument("--seeds", type=int, default=15, help="so many seeds of twenty sequences each")
    parser.add_argument("--write", type=Path, help="write the digests to this file")
    parser.add_argument("--compare", type=Path, help="exit 1 unless they are those of this file")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    written: dict[str, Any] = {}
    with ProcessPoolExecutor(options.processes) as pool:
        found = dict(pool.map(of_scenario, sorted(_LIBRARY.rglob("*.toml"))))
        if options.compare is None:
            texts = [text for seed in range(options.seeds) for text in drawn_texts(_FIRST_SEED + seed)]
        else:
            written = json.loads(options.compare.read_text(encoding="utf-8"))
            texts = written["sequences"]
        digests = pool.map(of_sequence, texts, chunksize=_SEQUENCES_OF_A_SEED)
        found.update((f"sequence {number}", digest) for number, digest in enumerate(digests))
    if options.write is not None:
        content = {"digests": found, "sequences": texts}
        options.write.write_text(json.dumps(content, indent=1), encoding="utf-8")
    expected = found if options.compare is None else written["digests"]
    differ = sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))
    for name in differ:
        print(f"differs: {name}: {expected.get(name)} -> {found.get(name)}")
    print(f"behaviour: {len(found)} digests, {len(differ)} differ")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
