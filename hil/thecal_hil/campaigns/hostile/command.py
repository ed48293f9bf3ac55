"""``make fuzz``: every command against boards that answer anything, in this process and in processes of their own.

Promises: what it will cost is said first; each session follows from its number; a part that was done is kept, by a
digest of the sources, and not done again; exit code 1 if a session ended in a traceback, without end, otherwise than
the documented exit codes say, or with a word about the pump that its own log refutes. A board that has no key can claim
anything of the change itself, so a session in which that answer was a lie is not judged by its words.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from thecal_hil.campaigns.hostile.processes import play_process
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
_PROCESSES = 2_000
_SECONDS_PER_PROCESS = 3.0
_PROCESSES_PER_PART = 20

MEASUREMENTS = (
    Measurement("sessions", "sessions with hostile boards", "sessions", least=1, reach=100_000),
    Measurement("processes", "of them as processes", "sessions", least=1, reach=_PROCESSES),
    Measurement("tracebacks", "tracebacks", "sessions", most=0),
    Measurement("endless", "without end", "sessions", most=0),
    Measurement("other", "otherwise wrong", "sessions", most=0),
)


def play_processes(first: int, sessions: int) -> list[str]:
    """Play sessions of these numbers, each in a process of its own; return a line for each that ended wrong."""
    names = list(ALL)
    return [
        f"process {number} {names[number % len(names)]}: {one}"
        for number in range(first, first + sessions)
        for one in play_process(names[number % len(names)], number)
    ]


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
    parser.add_argument("--processes", type=int, default=_PROCESSES, help="sessions as real processes (2000)")
    options = parser.parse_args(arguments)
    minutes = (options.sessions * _SECONDS_PER_SESSION + options.processes * _SECONDS_PER_PROCESS) / 60
    print(
        f"fuzz: {options.sessions:,} sessions with hostile boards in process, {options.processes:,} as processes, about"
        f" {minutes:.0f} min of one core",
        flush=True,
    )
    folder, found, began = _PARTS / digest_of(*SOURCES), list[str](), time.monotonic()
    play_part(0, len(ALL))
    plan = [
        (play, kind, first, min(step, count - first))
        for play, kind, count, step in (
            (play_part, "in process", options.sessions, _PER_PART),
            (play_processes, "as processes", options.processes, _PROCESSES_PER_PART),
        )
        for first in range(0, count, step)
    ]
    for play, kind, first, sessions in plan:
        part = folder / f"{kind.replace(' ', '-')}-{first}-{sessions}.json"
        done = kept(part)
        new = play(first, sessions) if done is None else done["found"]
        if done is None:
            if digest_of(*SOURCES) != folder.name:
                print("fuzz: the sources were changed meanwhile; run it again", flush=True)
                return 1
            keep(part, {"found": new})
        found += new
        for line in new[:5]:
            print(f"  {line}", flush=True)
        print(
            f"{first + sessions:,} sessions {kind}, {len(found)} wrong, {time.monotonic() - began:.0f} s",
            flush=True,
        )
    kinds = Counter(line.split(": ")[1].split(" ")[0] for line in found)
    evidence = Evidence(MEASUREMENTS)
    evidence.take("sessions", options.sessions)
    evidence.take("processes", options.processes)
    evidence.take("tracebacks", kinds["traceback"])
    evidence.take("endless", kinds["endless"])
    evidence.take("other", len(found) - kinds["traceback"] - kinds["endless"])
    write_summary(
        _SUMMARY,
        {"passed": evidence.passed, "values": evidence.values(), "limits": evidence.limits(), "found": found},
    )
    print(f"fuzz: {'PASS' if evidence.passed else 'FAIL'} {evidence.values()}; written to {_SUMMARY}")
    return 0 if evidence.passed else 1
