"""``make interrupted``: every command and a visit, disturbed in every way at every step, against what the board logged.

Promises: what it will cost is said first; a command and way that was tried is kept, by a digest of the sources, and not
tried again; exit code 1 unless nothing was silent and no word was wrong.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from thecal_hil.campaigns.interrupted.trial import (
    AT_HEARD,
    AT_SENT,
    AT_STEPS,
    COMMANDS,
    WAYS,
    Plan,
    findings,
    play,
    stage_for,
)
from thecal_hil.campaigns.kept_parts import digest_of, keep, kept
from thecal_hil.evidence.measurements import Evidence, Measurement, write_summary
from thecal_hil.groundwork.copies import in_a_copy

_PARTS = Path("build/interrupted")
_SUMMARY = Path("build/evidence/interrupted.json")
_SECONDS_PER_TRIAL = 0.03
_CAMPAIGNS = "hil/thecal_hil/campaigns"
SOURCES = (
    "host/thecal",
    "firmware/thecal_fw",
    f"{_CAMPAIGNS}/interrupted",
    f"{_CAMPAIGNS}/hostile",
    f"{_CAMPAIGNS}/stage.py",
    f"{_CAMPAIGNS}/between.py",
)

MEASUREMENTS = (
    Measurement("trials", "commands disturbed", "trials", least=1),
    Measurement("silent", "nothing was reported", "trials", most=0),
    Measurement("wrong", "a wrong word", "trials", most=0),
    Measurement("other", "tracebacks, or keys that differ", "trials", most=0),
)


def places(command: str, way: str, seen: Plan) -> range:
    """Return where a way can be tried on a command that does so much when it is left alone."""
    if way in AT_STEPS:
        return range(seen.steps)
    if way in AT_SENT:
        return range(seen.sent)
    return range(seen.heard) if way in AT_HEARD else range(seen.writes)


def seen_undisturbed(command: str) -> Plan:
    """Return what a command does when it is left alone; it has to do what it is for."""

    def look() -> Plan:
        plan = Plan()
        ended = play(stage_for(command), command, plan)
        if ended.exit_code != 0:
            raise RuntimeError(f"{command} does not work undisturbed: {ended}")
        return plan

    return in_a_copy(look)


def try_all(command: str, way: str, at: range) -> list[str]:
    """Try a way at these places; a line for each thing that is wrong."""
    # Whatever the command imports is imported once, before copies are made.
    play(stage_for(command), command, Plan())
    stage = stage_for(command)
    found: list[str] = []
    for place in at:

        def trial(place: int = place) -> list[str]:
            with tempfile.TemporaryDirectory() as state:
                os.environ["XDG_STATE_HOME"] = state
                plan = Plan(way, place)
                ended = play(stage, command, plan)
                kept = Path(state) / "thecal/untold.txt"
                untold = kept.read_text(encoding="utf-8") if kept.exists() else ""
                return findings(stage, command, plan, ended, untold)

        found += [f"{command}, {way} at {place}: {one}" for one in in_a_copy(trial)]
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="thecal-hil interrupted", description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="try each so many-th step and byte (1)")
    parser.add_argument("--command", action="append", choices=list(COMMANDS), help="only these commands")
    parser.add_argument("--way", action="append", choices=WAYS, help="only these ways")
    options = parser.parse_args(arguments)
    planned: list[tuple[str, str, range]] = []
    for command in options.command or COMMANDS:
        seen = seen_undisturbed(command)
        for way in options.way or WAYS:
            planned.append((command, way, places(command, way, seen)[:: options.every]))
    trials = sum(len(at) for _, _, at in planned)
    print(
        f"interrupted: {trials:,} trials, about {trials * _SECONDS_PER_TRIAL / 60:.0f} min of one core",
        flush=True,
    )
    digest, found = digest_of(*SOURCES), []
    for command, way, at in planned:
        part = _PARTS / digest / f"{command} {way} {options.every}.json".replace(" ", "-")
        began = time.monotonic()
        done = kept(part)
        new = try_all(command, way, at) if done is None else done["found"]
        if done is None:
            keep(part, {"found": new, "trials": len(at)})
        found += new
        print(
            f"{command}, {way}: {len(at)} trials, {len(new)} wrong, {time.monotonic() - began:.0f} s",
            flush=True,
        )
        for line in new[:3]:
            print(f"  {line}")
    evidence = Evidence(MEASUREMENTS)
    silent, wrong = (sum(f": {kind}" in line for line in found) for kind in ("silent", "wrong word"))
    evidence.take("trials", trials)
    evidence.take("silent", silent)
    evidence.take("wrong", wrong)
    evidence.take("other", len(found) - silent - wrong)
    write_summary(
        _SUMMARY,
        {"passed": evidence.passed, "values": evidence.values(), "limits": evidence.limits(), "found": found},
    )
    print(f"interrupted: {'PASS' if evidence.passed else 'FAIL'} {evidence.values()}; written to {_SUMMARY}")
    return 0 if evidence.passed else 1
