"""``thecal-hil readers``: fuzz every reader of bytes, guided by the code that each input reaches; it resumes.

A reader is done after two million executions, or once ten minutes have brought no new code. Promises: what is left to
do is said first; what was found stays in ``build/fuzz``, and inputs that matter are kept with ``--keep`` for
`make test`; exit code 1 if a reader crashed, hung, took too much memory or was not fuzzed long enough, and 2 where
atheris is not installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from thecal_hil.campaigns.kept_parts import digest_of, keep, kept
from thecal_hil.campaigns.readers.catalogue import READERS
from thecal_hil.evidence.measurements import write_summary
from thecal_hil.groundwork.checkout import REPOSITORY

EXECUTIONS = 2_000_000
FLAT_S = 600.0
KEPT = REPOSITORY / "tests/readers/corpus"
_FOLDER = Path("build/fuzz")
_SUMMARY = Path("build/evidence/readers.json")
_SOURCES = (
    "host/thecal",
    "firmware/thecal_fw",
    "hil/thecal_hil/campaigns/readers",
    "hil/thecal_hil/instruments",
)
_STATUS = re.compile(r"#(\d+)\s+\w+\s+cov: (\d+) ft: (\d+) corp: (\d+)")
_ARTIFACT = re.compile(r"Test unit written to (\S+)")
_MOST_KEPT = 25
_MOST_KEPT_BYTES = 3_000
_REPLAY_WITHIN_S = 120
HOW_TO_INSTALL = (
    "atheris is not installed: `make fuzz` installs it from requirements/fuzz.lock (Linux, x86-64)"
)


@dataclass
class Fuzzed:
    """The reach of a reader's fuzzing so far. coverage: places of the code that were reached. flat_s: since the last
    new one."""

    name: str
    executions: int = 0
    seconds: float = 0.0
    flat_s: float = 0.0
    coverage: int = 0
    corpus: int = 0
    hostile: list[str] = field(default_factory=list)

    @property
    def is_done(self) -> bool:
        return self.executions >= EXECUTIONS or self.flat_s >= FLAT_S

    def told(self) -> str:
        done = "done" if self.is_done else "not done"
        return (
            f"{self.name}: {done}, {self.executions:,} executions in {self.seconds:,.0f} s, coverage {self.coverage:,}"
            f" and flat for {self.flat_s:,.0f} s, {self.corpus} inputs, {len(self.hostile)} hostile"
        )


def fuzz(name: str, most_s: float) -> Fuzzed:
    """Fuzz a reader for so long at most, continuing with what was found before."""
    folder = _FOLDER / name.replace(" ", "-")
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{digest_of(*_SOURCES)}.json"
    found = Fuzzed(**(kept(part) or {"name": name}))
    if found.is_done or found.hostile:
        return found
    extra = KEPT / folder.name
    command = [sys.executable, "-m", "thecal_hil.campaigns.readers.child", "fuzz", name, str(folder)]
    command += [str(extra)] if extra.is_dir() else []
    command += [f"-runs={EXECUTIONS - found.executions}", f"-max_total_time={max(1, int(most_s))}"]
    before, flat_before, began_s = found.executions, found.flat_s, time.monotonic()
    last_new_s, artifact = began_s, ""
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, errors="replace"
    ) as it:
        assert it.stderr is not None
        said: list[str] = []
        for line in it.stderr:
            said = [*said[-30:], line]
            status, left = _STATUS.search(line), _ARTIFACT.search(line)
            now_s = time.monotonic()
            if status:
                found.executions = before + int(status[1])
                if int(status[2]) > found.coverage:
                    found.coverage, last_new_s, flat_before = int(status[2]), now_s, 0.0
                found.corpus = int(status[4])
            if left:
                artifact = left[1]
            found.flat_s = flat_before + now_s - last_new_s
            if found.is_done:
                it.terminate()
                break
    found.seconds += time.monotonic() - began_s
    if artifact and "slow-unit" not in artifact and (why := _what_it_does(name, Path(artifact))):
        found.hostile.append(f"{artifact}: {why}")
    elif not found.executions:
        found.hostile.append("did not begin: " + " / ".join(one.strip() for one in said[-3:]))
    keep(part, asdict(found))
    return found


def _what_it_does(name: str, path: Path) -> str:
    """Return what an input does when it is read again without the fuzzer; empty if nothing is wrong with it."""
    command = [sys.executable, "-m", "thecal_hil.campaigns.readers.child", "again", name, str(path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_REPLAY_WITHIN_S)
    except subprocess.TimeoutExpired:
        return f"takes more than {_REPLAY_WITHIN_S} s"
    if not done.returncode:
        return ""
    lines = done.stderr.strip().splitlines() or [f"ended with {done.returncode}"]
    places = [line.strip() for line in lines if line.startswith("  File")]
    return f"{lines[-1][:200]} at {places[-1] if places else 'an unknown place'}"


def keep_inputs(name: str) -> int:
    """Put what reaches code into the repository, the smallest inputs that together reach as much; how many."""
    folder = _FOLDER / name.replace(" ", "-")
    merged = folder / "merged"
    merged.mkdir(exist_ok=True)
    for path in merged.iterdir():
        path.unlink()
    child = [
        sys.executable,
        "-m",
        "thecal_hil.campaigns.readers.child",
        "merge",
        name,
        str(folder),
        str(merged),
    ]
    subprocess.run(child, capture_output=True, check=False)
    into = KEPT / folder.name
    into.mkdir(parents=True, exist_ok=True)
    inputs = sorted(merged.iterdir(), key=lambda path: (path.stat().st_size, path.name))
    chosen = [path for path in inputs if 0 < path.stat().st_size <= _MOST_KEPT_BYTES]
    every = max(1, -(-len(chosen) // _MOST_KEPT))
    for path in chosen[::every]:
        (into / path.name).write_bytes(path.read_bytes())
    return len(chosen[::every])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="thecal-hil readers", description=__doc__)
    parser.add_argument("--reader", action="append", choices=list(READERS), help="only these readers")
    parser.add_argument("--seconds", type=float, default=3_600.0, help="of each reader, at most (3600)")
    parser.add_argument(
        "--keep", action="store_true", help="keep what was found for `make test`; fuzz nothing"
    )
    options = parser.parse_args(arguments)
    if importlib.util.find_spec("atheris") is None:
        print(f"readers: {HOW_TO_INSTALL}", file=sys.stderr)
        return 2
    names = options.reader or list(READERS)
    if options.keep:
        for name in names:
            print(f"{name}: {keep_inputs(name)} inputs kept")
        return 0
    print(
        f"readers: {len(names)} readers, each {EXECUTIONS:,} executions or {FLAT_S:.0f} s without new code,"
        f" {options.seconds:,.0f} s at most: up to {len(names) * options.seconds / 3_600:.1f} h of one core",
        flush=True,
    )
    found = []
    for name in names:
        found.append(fuzz(name, options.seconds))
        print(found[-1].told(), flush=True)
        for line in found[-1].hostile:
            print(f"  {line}", flush=True)
    wrong = [f"{one.name}: {line}" for one in found for line in one.hostile]
    short = [one.name for one in found if not one.is_done]
    passed = not wrong and not short and len(found) == len(READERS)
    content: dict[str, Any] = {
        "passed": passed,
        "executions": sum(one.executions for one in found),
        "readers": [asdict(one) for one in found],
        "wrong": [*wrong, *(f"{name} was not fuzzed long enough" for name in short)],
    }
    write_summary(_SUMMARY, content)
    print(
        f"readers: {'PASS' if passed else 'FAIL'} {len(found)} of {len(READERS)} readers,"
        f" {content['executions']:,} executions, {len(wrong)} hostile inputs, {len(short)} not fuzzed long enough;"
        f" written to {_SUMMARY}"
    )
    return 0 if passed else 1
