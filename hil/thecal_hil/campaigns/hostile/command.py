"""``make fuzz``: every command against boards that answer anything, in process; it resumes.

Promises: what it will cost is said first; each session follows from its number; a part that was done is kept, by a
digest of the sources, and not done again; exit code 1 if a session ended in a traceback, without end, or otherwise than
the documented exit codes say. A board that has no key can claim anything of what it did: whether its word was true is
not judged here, but in ``make interrupted``.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from thecal_hil.campaigns.hostile.session import ALL, play_hostile
from thecal_hil.campaigns.interrupted.command import SOURCES
from thecal_hil.campaigns.kept_parts import digest_of, keep, kept
from thecal_hil.campaigns.stage import Stage
from thecal_hil.evidence.measurements import Evidence, Measurement, write_summary
from thecal_hil.groundwork.copies import in_a_copy

_PARTS = Path("build/hostile")
_SUMMARY = Path("build/evidence/hostile.json")
_SECONDS_PER_SESSION = 0.03
_PER_PART = 500
_PER_COPY = 20

MEASUREMENTS = (
    Measurement("sessions", "sessions with hostile boards", "sessions", least=1, reach=100_000),
    Measurement("tracebacks", "tracebacks", "sessions", most=0),
    Measurement("endless", "without end", "sessions", most=0),
    Measurement("other", "otherwise wrong", "sessions", most=0),
)


def play_part(first: int, sessions: int) -> list[str]:
    """Play sessions of these numbers; return a line for each that ended wrong. Twenty share a copy of this process,
    and each has a board of its own."""
    names = list(ALL)
    found: list[str] = []
    for begin in range(first, first + sessions, _PER_COPY):

        def some(begin: int = begin) -> list[str]:
            lines = []
            with tempfile.TemporaryDirectory() as state:
                os.environ["XDG_STATE_HOME"] = state
                for number in range(begin, min(begin + _PER_COPY, first + sessions)):
                    command = names[number % len(names)]
                    lines += [f"{number} {command}: {one}" for one in play_hostile(Stage(), command, number)]
            return lines

        found += in_a_copy(some)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="thecal-hil hostile", description=__doc__)
    parser.add_argument("--sessions", type=int, default=100_000, help="of all commands together (100000)")
    options = parser.parse_args(arguments)
    minutes = options.sessions * _SECONDS_PER_SESSION / 60
    print(
        f"fuzz: {options.sessions:,} sessions with hostile boards, about {minutes:.0f} min of one core",
        flush=True,
    )
    folder, found, began = _PARTS / digest_of(*SOURCES), list[str](), time.monotonic()
    play_part(0, len(ALL))
    for first in range(0, options.sessions, _PER_PART):
        sessions = min(_PER_PART, options.sessions - first)
        part = folder / f"{first}-{sessions}.json"
        done = kept(part)
        new = play_part(first, sessions) if done is None else done["found"]
        if done is None:
            keep(part, {"found": new})
        found += new
        for line in new[:5]:
            print(f"  {line}", flush=True)
        print(
            f"{first + sessions:,} sessions, {len(found)} wrong, {time.monotonic() - began:.0f} s", flush=True
        )
    kinds = Counter(line.split(": ")[1].split(" ")[0] for line in found)
    evidence = Evidence(MEASUREMENTS)
    evidence.take("sessions", options.sessions)
    evidence.take("tracebacks", kinds["traceback"])
    evidence.take("endless", kinds["endless"])
    evidence.take("other", len(found) - kinds["traceback"] - kinds["endless"])
    write_summary(
        _SUMMARY,
        {"passed": evidence.passed, "values": evidence.values(), "limits": evidence.limits(), "found": found},
    )
    print(f"fuzz: {'PASS' if evidence.passed else 'FAIL'} {evidence.values()}; written to {_SUMMARY}")
    return 0 if evidence.passed else 1
