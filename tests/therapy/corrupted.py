"""One life of a pump whose history of doses is corrupted again and again, in memory and in flash, while doses are asked
for: what the meter lets pass is held against the pulses, what it holds back against the reference."""

from __future__ import annotations

from collections import Counter
from copy import copy
from random import Random
from typing import Any

from thecal_fw.core.bolus import Bolus
from thecal_fw.core.dose_record import RECORD_BYTES, complete, sequence_in
from thecal_fw.store.layout import Layout
from thecal_hil.campaigns.doses.player import Player
from thecal_hil.campaigns.doses.pulse_windows import SAFE_SIDE_NL, PulseWindows
from thecal_hil.campaigns.doses.sequence import MONDAY_UTC_S, Sequence, Step
from thecal_hil.rigs.model_rig import ModelRig
from thecal_sim.nor_flash import NorFlash
from thecal_sim.therapy.dose import Dose, Kind
from thecal_sim.therapy.metering import may_hold, must_hold
from thecal_sim.therapy.plan import plan_of
from thecal_sim.therapy.state import State
from thecal_sim.units import NS_PER_S

CORRUPTIONS = 25
"""Of a life."""
_HOUR_S, _DAY_S = 3_600, 86_400
_RESET_OF = 5
"""One of so many corruptions is in flash, with a reset of the board behind it."""
_MOST_BASAL = 400_000
_MOST_DOSE_NL = 150_000
METER = "limit by the meter"


class _RoundedWindows(PulseWindows):
    """Windows that may be passed by the rounding, since the reasoning of this pump is corrupted."""

    def _slack_nl(self, begin_ns: int, end_ns: int, state: State) -> float:
        return super()._slack_nl(begin_ns, end_ns, state) + SAFE_SIDE_NL


class CorruptedPlayer(Player):
    """A player whose pump's history is corrupted. outcomes: what became of what was asked for."""

    def __init__(self, rig: ModelRig, random: Random) -> None:
        super().__init__(rig)
        self._model = rig.model
        self._random = random
        self.outcomes: Counter[str] = Counter()
        self._windows = _RoundedWindows(self._nl_per_step)
        self._does["corrupt memory"] = self._corrupt_memory
        self._does["corrupt flash"] = self._corrupt_flash

    def _judge(
        self, asked_ns: int, refusal: str | None, begin_ns: int, kind: Kind | None, rate: int, seconds: int
    ) -> None:
        plan, state = self._plan, self.therapy.state
        assert plan is not None
        assert kind is not None
        if kind is Kind.PATIENT and plan.patient is not None:
            rate, seconds = plan.patient.rate_nl_per_day, 60 * plan.patient.minutes
        self.therapy.advance(asked_ns)
        begin_ns = begin_ns or asked_ns + NS_PER_S
        wanted = Dose(kind, begin_ns, begin_ns + seconds * NS_PER_S, rate)
        self.outcomes["asked"] += 1
        if refusal is None:
            self.outcomes["given"] += 1
            is_too_much = must_hold(state, plan, wanted)
            dose = self.therapy.begin(begin_ns, kind, rate, seconds)
            if is_too_much and (kind is not Kind.PRIME or dose.limited_rate):
                self._differences.append("a dose is given with which a window is passed")
        elif refusal == METER:
            self.outcomes["held"] += 1
            if not may_hold(state, plan, wanted):
                self.outcomes["needless"] += 1
                self._differences.append("a dose is held back needlessly")
        else:
            self.outcomes["refused otherwise"] += 1

    def _corrupt_memory(self, _: Step) -> None:
        """Do anything to what the pump remembers of doses on demand."""
        self.outcomes["corruptions"] += 1
        random, history = self._random, self._model.controller.on_demand.history
        what = random.randrange(6)
        # The history alone: a dose under way stays what it is.
        history.given = [copy(bolus) for bolus in history.given]
        if what <= 1:
            history.given = []
        elif what == 2:
            history.given = [bolus for bolus in history.given if random.random() < 0.5]
        for bolus in history.given:
            if what == 3:
                bolus.rate_nl_per_day >>= random.randrange(1, 28)
            elif what == 4:
                ticks = random.randrange(10_000_000_000)
                bolus.start_tick, bolus.end_tick = bolus.start_tick - ticks, bolus.end_tick - ticks
            elif what == 5:
                bolus.end_tick = bolus.start_tick + random.randrange(100_000)
        if what == 5 and random.random() < 0.2:
            history.given.append(
                Bolus(random.randrange(5), random.randrange(1 << 30), random.randrange(1 << 20), 1, 1)
            )

    def _corrupt_flash(self, _: Step) -> None:
        """Let records of doses rot, or put others in their place that read right; then the watchdog bites."""
        self.outcomes["corruptions"] += 1
        random, layout, chip = self._random, Layout(), self._model.board.chip
        newest = max(_records(chip, layout), default=-1)
        is_forged = random.random() < 0.5
        for number in range(newest, newest - random.randrange(1, 4), -1):
            for first in (layout.doses_a, layout.doses_b):
                if number >= 0:
                    _spoil(chip, layout, first, number, random, is_forged)
        self._reset_by_watchdog()


def _records(chip: NorFlash, layout: Layout) -> list[int]:
    found = []
    for sector in range(layout.doses_a, layout.meter):
        content = chip.content(sector)
        for offset in range(0, len(content), RECORD_BYTES):
            found.append(sequence_in(content[offset : offset + RECORD_BYTES]))
    return found


def _spoil(chip: NorFlash, layout: Layout, first: int, number: int, random: Random, is_forged: bool) -> None:
    slots = chip.SECTOR_BYTES // RECORD_BYTES
    sector, offset = first + number // slots % layout.dose_sectors, number % slots * RECORD_BYTES
    record = bytearray(chip.content(sector)[offset : offset + RECORD_BYTES])
    if not is_forged:
        chip.rot(sector, offset + random.randrange(RECORD_BYTES), 1, random.randrange(256))
    elif sequence_in(record) == number:
        # No dose was ever given, by a record that is whole.
        record[2] = 0
        complete(record, number)
        for at, value in enumerate(record):
            chip.rot(sector, offset + at, 1, value)


def drawn_program(random: Random) -> dict[str, Any]:
    """Return a program with limits as narrow as they may be, or with a little room."""
    basal = random.randrange(48_000, _MOST_BASAL)
    fields: dict[str, Any] = {"mode": "continuous", "rate": basal, "most_per_bolus": _MOST_DOSE_NL}
    if random.random() < 0.4:
        minutes = sorted(random.sample(range(1, 1_440), 3))
        fields = {
            "mode": "flex",
            "patterns": [[[0, basal], *([at, random.randrange(48_000, _MOST_BASAL)] for at in minutes)]],
            "boluses": [[]],
            "most_per_bolus": _MOST_DOSE_NL,
        }
    if random.random() < 0.5:
        fields["patient"] = [random.randrange(1_000_000, 40_000_000), random.randrange(1, 4), 15, 12]
    most = plan_of(fields).most_by_the_clock
    rate, minutes_each, _, most_per_day = fields.get("patient", [0, 0, 15, 12])
    patient_hour = -(-rate * min(4 * minutes_each, 60) // 1_440)
    patient_day = -(-rate * min(most_per_day * minutes_each, 1_440) // 1_440)
    fields["most_per_hour"] = most[60] + patient_hour + random.randrange(1_000, _MOST_DOSE_NL)
    fields["most_per_day"] = most[1_440] + patient_day + random.randrange(_MOST_DOSE_NL, 3 * _MOST_DOSE_NL)
    return fields


def drawn_life(random: Random) -> Sequence:
    """Return corruptions, each with doses asked for after it."""
    steps: list[Step] = []
    program = drawn_program(random)
    plan = plan_of(program)
    # Alone a dose keeps the limit of an hour, as a rule.
    most_nl = min(_MOST_DOSE_NL, 11 * (plan.most_nl_per_hour - plan.most_by_the_clock[60]) // 10)
    for _ in range(CORRUPTIONS):
        in_flash = random.randrange(_RESET_OF) == 0
        steps.append({"do": "corrupt flash" if in_flash else "corrupt memory"})
        for _ in range(random.randrange(1, 3)):
            seconds = random.choice((30, 60, 300, 1_200))
            steps.append(
                {
                    "do": "give",
                    "kind": random.choice(("clinician", "clinician", "clinician", "patient", "prime")),
                    "rate": min(90_000_000, random.randrange(most_nl // 4, most_nl) * _DAY_S // seconds),
                    "seconds": seconds,
                }
            )
            steps.append(
                {"do": "wait", "seconds": random.choice((70, seconds + 5, 1_500, 2_900, _HOUR_S, 3_700))}
            )
    return Sequence(program, tuple(steps), MONDAY_UTC_S + random.randrange(_DAY_S))


def live(seed: int) -> Counter[str]:
    """Live the life of a seed and return its outcomes. Raise ViolationError at the first that is not as it should
    be."""
    random = Random(seed)
    sequence = drawn_life(random)
    rig = ModelRig()
    try:
        player = CorruptedPlayer(rig, random)
        player.play(sequence)
    finally:
        rig.close()
    return player.outcomes
