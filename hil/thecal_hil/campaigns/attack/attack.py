"""Frames by the million from somebody without a key, at a pump that has keys and delivers.

Rounds: somebody with the clinician's key proves it and makes a request, while the adversary hears all of it; then the
adversary sends into that very session, and afterwards into sessions of their own. Promises: the same seed sends the
same frames. After each round the pump is as the clinician left it, its log holds what the clinician did and at most
the first wrong key of a burst, it was not reset, every pulse so far is as prescribed, and the clinician can continue.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from serial import SerialException, SerialTimeoutException

from thecal.client import Pump
from thecal.errors import ThecalError
from thecal.keys import NoKeys
from thecal.status import Status
from thecal_fw.core import events
from thecal_fw.core.bursts import HOUR_S
from thecal_fw.core.roles import KEYED, ROLE_CLINICIAN, ROLE_PATIENT
from thecal_fw.link import messages
from thecal_fw.link.frames import cobs_decode
from thecal_hil.campaigns.attack.frames import Adversary
from thecal_hil.campaigns.attack.lies import LIES, SOURCES, lies
from thecal_hil.campaigns.kept_parts import digest_of, keep, kept
from thecal_hil.contract.rig import Rig, RigUnavailableError
from thecal_hil.course.course import Course, local_second
from thecal_hil.course.load import BadWire, settle
from thecal_hil.course.therapy import continuous
from thecal_hil.evidence.measurements import write_summary
from thecal_hil.groundwork.progress import Share, shown
from thecal_hil.rigs.opening import open_rig
from thecal_sim.units import NS_PER_S

FRAMES = {"model": 1_000_000, "pico": 20_000}
FRAMES_A_ROUND = 5_000
THERAPY = continuous(8_765_000)
FULL_NL = 18_000_000
_KEYS = {ROLE_CLINICIAN: bytes(range(32)), ROLE_PATIENT: bytes(range(100, 132))}
_PAUSE_S = {"model": 0.001, "pico": 0.012}
"""What one frame takes the pump, about: the adversary sends a little faster than it is served."""
_IMPATIENCE_S = 0.01
_FRAMES_AT_ONCE = 2
_EVIDENCE = Path("build/evidence")
_LIES_KEPT = Path("build/lies")
_LIES_A_PART = 500
_SECONDS_A_LIE = 0.04
_MOST_SHOWN = 10


class _ClinicianKeys(NoKeys):
    def key(self, serial: str, role: int) -> bytes | None:
        return _KEYS[role]


@dataclass
class Attack:
    """sent: frames by their sort. answers: how often the pump gave each. wrong: what did not hold, and when."""

    rig: str
    seed: int
    frames: int = 0
    rounds: int = 0
    hours: float = 0
    pulses: int = 0
    worst_edge_ticks: float = 0
    sent: dict[str, int] = field(default_factory=dict)
    answers: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


class _Siege:
    """One pump and who is at it."""

    def __init__(self, attack: Attack, rig: Rig) -> None:
        self.attack = attack
        self.rig = rig
        self.course = Course(rig)
        self.adversary = Adversary(attack.seed)
        self._answers: Counter[str] = Counter()
        self._proved = 0
        self.course.set_time(local_second("2026-03-06 08:00"))
        self.course.prescribe(THERAPY)
        self.course.refill(FULL_NL)
        self.course.start()
        rig.hold_button(True)
        for role, key in _KEYS.items():
            rig.pump().pair(role, key)
        rig.hold_button(False)
        rig.run_for(3)
        self._begin_ns = rig.now_ns
        self._before = self._status()
        self._first_event = self._before.latest_event + 1

    def must(self, holds: bool, what: str) -> None:
        if not holds:
            self.attack.wrong.append(f"after {self.attack.frames} frames: {what}")

    def _status(self) -> Status:
        return self.rig.fresh_pump().interrogate()

    def round(self, frames: int) -> None:
        wire = BadWire(self.rig.port)
        clinician = Pump(wire, host_nonce=1_000 + self.attack.rounds, keys=_ClinicianKeys())
        self.adversary.says_hello = False
        self.rig.run_for(clinician.access().wait_s)
        self._go_on(clinician)
        self.adversary.hear(wire.frames_to_pump)
        self.adversary.session = clinician._link._session
        self._send(frames // 2)
        wire.reset_input_buffer()
        self._go_on(clinician)
        self.adversary.hear(wire.frames_to_pump)
        self.adversary.says_hello = True
        self._send(frames - frames // 2)
        self._look()
        self.attack.rounds += 1

    def _go_on(self, clinician: Pump) -> None:
        """Make a change that changes nothing: it is in the log and nowhere else."""
        try:
            clinician.acknowledge(0)
            self._proved += 1
        except ThecalError as error:
            self.must(False, f"the clinician is kept out: {error}")

    def _send(self, frames: int) -> None:
        port, pause_s = self.rig.port, _PAUSE_S[self.rig.name]
        patience_s, port.write_timeout = port.write_timeout, _IMPATIENCE_S
        for _ in range(0, frames, _FRAMES_AT_ONCE):
            data = self.adversary.next() + self.adversary.next()
            # What the pump has no room for yet waits in the host's own buffer.
            with suppress(SerialTimeoutException):
                port.write(data)
            self.rig.run_for(_FRAMES_AT_ONCE * pause_s)
            self._listen()
            self.attack.frames += _FRAMES_AT_ONCE
        port.write_timeout = patience_s
        settle(self.rig)
        port.write(b"\0")
        settle(self.rig)

    def _listen(self) -> None:
        """Count the answers, and read the number of the present session out of them as anybody could."""
        port = self.rig.port
        waiting = port.in_waiting
        for frame in port.read(waiting).split(b"\0") if waiting else ():
            body = cobs_decode(frame)
            if not body or len(body) < 12:
                continue
            if body[1] == messages.KIND_ERROR:
                self._answers[messages.ERROR_NAMES[body[7]]] += 1
            else:
                self._answers["carried out"] += 1
            if body[1] == messages.HELLO.kind | messages.RESPONSE:
                self.adversary.session = body[2] | body[3] << 8

    def _look(self) -> None:
        """Hold everything against what the clinician left behind."""
        now, before = self._status(), self._before
        for name in (
            "state",
            "mode",
            "program_digest",
            "rate_nl_per_day",
            "fill_nl",
            "active_alarms",
            "silenced_alarms",
            "time_source",
            "offset_minutes",
            "boots",
            "uncertain_steps",
            "lost_steps",
        ):
            was, found = getattr(before, name), getattr(now, name)
            self.must(was == found, f"{name} was {was!r} and is {found!r}")
        drift_s = now.utc_s - now.boot_s - (before.utc_s - before.boot_s)
        self.must(abs(drift_s) <= 1, f"the clock was changed by {drift_s} s")
        access = self.rig.pump().access()
        roles = sum(1 << role for role in _KEYS)
        self.must((access.access, access.roles) == (KEYED, roles), f"the keys are {access}")
        self._look_at_log()
        check = self.course.check()
        self.must(check.divergence is None, str(check.divergence))
        self.must(check.worst_edge_ticks <= 1, f"worst edge: {check.worst_edge}")
        self.must(check.worst_volume_steps <= 1, f"worst volume error: {check.worst_volume}")
        self.attack.worst_edge_ticks = float(check.worst_edge_ticks)

    def _look_at_log(self) -> None:
        found = Counter(
            event.second >> events.MORE_CODE_SHIFT if event.code == events.EVENT_MORE else event.code
            for event in self.rig.pump().log(self._first_event)
        )
        hours = (self.rig.now_ns - self._begin_ns) / NS_PER_S / HOUR_S
        bursts = found.pop(events.EVENT_WRONG_KEY, 0)
        # The first one, and each hour the number of the others, for each of two roles.
        self.must(bursts <= 2 * (hours + 2), f"{bursts} wrong keys are in the log")
        self.must(
            found.pop(events.EVENT_ALARM_ACKNOWLEDGED, 0) == self._proved,
            "the log lacks what the clinician did",
        )
        self.must(
            found.pop(events.EVENT_AUTHENTICATED, 0) <= 2 * (self.attack.rounds + 1),
            "somebody has proved a key who has none",
        )
        names = ", ".join(events.EVENT_NAMES[code] for code in found)
        self.must(not found, f"the log reports what nobody with a key did: {names}")

    def finish(self) -> None:
        attack = self.attack
        attack.sent = dict(sorted(self.adversary.sent.items()))
        attack.answers = dict(sorted(self._answers.items()))
        attack.pulses = len(self.rig.step_times_ns)
        attack.hours = round((self.rig.now_ns - self._begin_ns) / NS_PER_S / 3_600, 3)


def attack(rig: Rig, frames: int, seed: int, frames_a_round: int = FRAMES_A_ROUND) -> Attack:
    """Send so many frames from the adversary of the seed."""
    result = Attack(rig.name, seed)
    siege = _Siege(result, rig)
    try:
        with shown(f"attack on the {rig.name} rig", Share(lambda: result.frames / frames)):
            while result.frames < frames:
                siege.round(min(frames_a_round, frames - result.frames))
    except (ThecalError, SerialException) as error:
        siege.must(False, f"the pump is gone: {error}")
    siege.finish()
    return result


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="thecal-hil attack", description=__doc__)
    parser.add_argument("--rig", action="append", choices=sorted(FRAMES), help="default: all of them")
    parser.add_argument(
        "--frames", type=int, help="default: " + ", ".join(f"{n:,} on {r}" for r, n in FRAMES.items())
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--lies", type=int, default=LIES, help=f"to the host, after the frames ({LIES:,})")
    options = parser.parse_args(argv)
    failed = False
    for name in options.rig or list(FRAMES):
        frames = options.frames or FRAMES[name]
        print(f"attack: {frames:,} frames on the {name} rig, seed {options.seed}", flush=True)
        began = time.monotonic()
        try:
            rig = open_rig(name)
        except RigUnavailableError as error:
            print(f"attack: {error}")
            return 2
        result = attack(rig, frames, options.seed)
        evidence = _EVIDENCE / f"attack-{name}.json"
        write_summary(evidence, result.__dict__)
        for what, counts in (("sent", result.sent), ("answered", result.answers)):
            print(f"  {what}: " + ", ".join(f"{count:,} {sort}" for sort, count in counts.items()))
        for wrong in result.wrong:
            print(wrong)
        failed |= bool(result.wrong)
        print(
            f"attack: {'FAIL' if result.wrong else 'PASS'} {result.frames:,} frames on {name}, {result.pulses:,}"
            f" pulses in {result.hours:g} h, worst edge {result.worst_edge_ticks:.2f} ticks,"
            f" {len(result.wrong)} violations, {time.monotonic() - began:.0f} s; written to {evidence}",
            flush=True,
        )
    return int(failed) | _lie(options.lies, options.seed)


def _lie(count: int, seed: int) -> int:
    """Lie to the host; parts of an earlier run are taken over. Return the exit code."""
    if not count:
        return 0
    print(
        f"attack: {count:,} lies to the host, about {count * _SECONDS_A_LIE / 60:.0f} min of one core",
        flush=True,
    )
    folder, began, wrong, tried = (
        _LIES_KEPT / digest_of(*SOURCES),
        time.monotonic(),
        list[str](),
        Counter[str](),
    )
    with shown("lies to the host", Share(lambda: tried.total() / count)):
        for first in range(seed, seed + count, _LIES_A_PART):
            lies_here = min(_LIES_A_PART, seed + count - first)
            part = folder / f"{first}-{lies_here}.json"
            found = kept(part)
            if found is None:
                ways, new = lies(first, lies_here)
                found = {"ways": dict(ways), "wrong": new}
                keep(part, found)
            tried.update(found["ways"])
            wrong += found["wrong"]
    evidence = _EVIDENCE / "attack-lies.json"
    write_summary(evidence, {"lies": tried.total(), "ways": dict(tried), "wrong": wrong})
    for way, times in tried.items():
        print(f"  {times:,} times: {way}")
    for line in wrong[:_MOST_SHOWN]:
        print(line)
    print(
        f"attack: {'FAIL' if wrong else 'PASS'} {tried.total():,} lies to the host in {len(tried)} ways, {len(wrong)}"
        f" believed or not told, {time.monotonic() - began:.0f} s; written to {evidence}",
        flush=True,
    )
    return int(bool(wrong))
