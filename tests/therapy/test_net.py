"""The net of checks notices: each of them is shown something wrong."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from thecal_fw.core import bolus_history
from thecal_hil.campaigns.doses.player import ViolationError, play
from thecal_hil.campaigns.doses.pulse_windows import PulseWindows
from thecal_hil.campaigns.doses.pump_words import Event
from thecal_hil.campaigns.doses.sequence import Sequence, SequenceError, read_sequence, sequence_in
from thecal_hil.campaigns.doses.shrinking import Failure, shrunk
from thecal_hil.campaigns.doses.told_doses import ToldDoses
from thecal_hil.groundwork.sealed import DamagedError
from thecal_hil.rigs.model_rig import ModelRig
from thecal_sim.therapy.dose import Dose, End, Kind
from thecal_sim.therapy.state import State
from thecal_sim.units import NS_PER_DAY, NS_PER_S
from therapy.part import Part, as_bytes, part_in

EVERYDAY = Path(__file__).parent / "cases/everyday_requests_and_resets.toml"
CLINICIAN = 2 << 28
NL_PER_STEP = Fraction(125, 8)


def given(seconds: int = 300, reason: End = End.WHOLE) -> Dose:
    """Return a clinician's bolus of 10 uL in five minutes from second 60 on, ended after so many seconds."""
    dose = Dose(Kind.CLINICIAN, 60 * NS_PER_S, 360 * NS_PER_S, 2_880_000)
    dose.finish((60 + seconds) * NS_PER_S, reason)
    return dose


def told(*events: Event) -> ToldDoses:
    found = ToldDoses()
    for event in events:
        found.note(event)
    return found


BEGUN = Event("bolus begun", None, 2_880_000, CLINICIAN | 300)
ENDED = Event("bolus ended", None, 10_000, CLINICIAN)


def test_a_log_that_tells_begin_and_end_differs_in_nothing() -> None:
    assert told(BEGUN, ENDED).differences([given()], 400 * NS_PER_S) == []


@pytest.mark.parametrize(
    "events",
    [
        (),
        (BEGUN,),
        (BEGUN, ENDED, ENDED),
        (BEGUN, BEGUN, ENDED),
        (BEGUN, replace(ENDED, first=9_999)),
        (BEGUN, replace(ENDED, second=CLINICIAN | 1)),
        (replace(BEGUN, second=CLINICIAN | 299), ENDED),
        (BEGUN, replace(ENDED, second=3 << 28)),
        (BEGUN, ENDED, replace(BEGUN, second=9 << 28)),
    ],
)
def test_a_begin_or_an_end_too_many_too_few_or_of_another_volume_is_seen(events: tuple[Event, ...]) -> None:
    assert told(*events).differences([given()], 400 * NS_PER_S)


def pulses(rate_nl_per_day: int, seconds: int) -> np.ndarray:
    step_ns = int(NS_PER_DAY * NL_PER_STEP / rate_nl_per_day)
    return np.arange(step_ns // 2, seconds * NS_PER_S, step_ns, dtype=np.int64)


def curve_of(rate_nl_per_day: int) -> State:
    state = State()
    state.curve.set(0, rate_nl_per_day)
    return state


def test_pulses_of_another_rate_than_the_curves_are_seen() -> None:
    windows = PulseWindows(NL_PER_STEP)
    steps_ns = pulses(1_000_000, 600)
    assert windows.differences(steps_ns, curve_of(1_000_000), 600 * NS_PER_S) == []
    assert PulseWindows(NL_PER_STEP).differences(steps_ns, curve_of(1_010_000), 600 * NS_PER_S)


def test_an_hour_that_holds_more_than_its_limit_is_seen() -> None:
    windows = PulseWindows(NL_PER_STEP)
    windows.limits_are(0, 41_667, 1_000_000)
    assert windows.differences(pulses(1_000_000, 4_000), curve_of(1_000_000), 4_000 * NS_PER_S) == []
    windows = PulseWindows(NL_PER_STEP)
    windows.limits_are(0, 41_000, 1_000_000)
    (found,) = windows.differences(pulses(1_000_000, 4_000), curve_of(1_000_000), 4_000 * NS_PER_S)
    assert "hour" in found


def test_more_than_the_highest_rate_is_seen() -> None:
    assert (
        PulseWindows(NL_PER_STEP).differences(pulses(96_000_000, 20), curve_of(96_000_000), 20 * NS_PER_S)
        == []
    )
    found = PulseWindows(NL_PER_STEP).differences(pulses(97_000_000, 20), curve_of(97_000_000), 20 * NS_PER_S)
    assert "96,000,000" in found[0]


def test_a_pump_whose_limits_are_wrong_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bolus_history.Allowance, "__init__", _allows_too_much)
    sequence = read_sequence(EVERYDAY)
    step = {"do": "give", "kind": "clinician", "rate": 10_000_000, "seconds": 860}
    with pytest.raises(ViolationError, match="limit of an hour"):
        play(Sequence({**sequence.program, "most_per_hour": 100_000}, (step,)), ModelRig())


def _allows_too_much(self: bolus_history.Allowance, *_: object) -> None:
    self.hour_nl = self.day_nl = 1_000_000


def test_a_sequence_is_the_same_after_it_was_written_and_read() -> None:
    sequence = read_sequence(EVERYDAY)
    assert sequence_in(sequence.as_toml()) == sequence


@pytest.mark.parametrize(
    "text",
    ["", "steps = []", "program = {}\nsteps = [{ do = 'sing' }]", "program = {}\nsteps = [{ do = 'give' }]"],
)
def test_a_file_that_is_no_sequence_is_refused(text: str) -> None:
    with pytest.raises(SequenceError):
        sequence_in(text)


def test_a_failing_sequence_shrinks_to_the_steps_that_it_takes() -> None:
    steps = tuple({"do": "wait", "seconds": number} for number in range(40))

    def fails_with_7_and_23(sequence: Sequence) -> Failure | None:
        seconds = [step["seconds"] for step in sequence.steps]
        return (seconds.index(23) + 1, "differs by 5") if {7, 23} <= set(seconds) else None

    short = shrunk(Sequence({}, steps), fails_with_7_and_23, most_trials=200)
    assert [step["seconds"] for step in short.steps] == [7, 23]


def test_a_part_of_other_sources_or_with_a_flipped_bit_is_not_counted() -> None:
    part = Part("sources", "model", 3, 200, steps=4_000)
    data = as_bytes(part)
    assert part_in(data, Part("sources", "model", 3, 200)) == part
    for expected in (
        Part("others", "model", 3, 200),
        Part("sources", "pico", 3, 200),
        Part("sources", "model", 4, 200),
    ):
        with pytest.raises(DamagedError):
            part_in(data, expected)
    with pytest.raises(DamagedError):
        part_in(data[:-5] + bytes([data[-5] ^ 1]) + data[-4:], part)
