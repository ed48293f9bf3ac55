"""Sequences of faults on the model: a sample of `make changes`, and what it would notice."""

from __future__ import annotations

import pytest

from thecal_fw.core import alarms, annunciation
from thecal_fw.core.alarm_sets import SET_BYTES
from thecal_fw.core.alarms import Alarms
from thecal_fw.core.annunciation import Annunciation
from thecal_fw.requests.server import LinkServer
from thecal_hil.campaigns.changes.case import FAULTS, Case, shrunk
from thecal_hil.campaigns.changes.fault_sequences import ACTIONS_EACH, drawn_case, run_sequence
from thecal_hil.campaigns.changes.steps import Step
from thecal_hil.contract.faults import PLANT_FAULTS, Fault
from thecal_hil.rigs.model_faults import ModelFaults


def sequence_of(*actions: tuple[str, int]) -> Case:
    return Case(FAULTS, "", "0", tuple(Step(what, amount) for what, amount in actions))


@pytest.mark.requirement("any-faults")
def test_every_fault_is_drawn():
    drawn = {step.what for seed in range(50) for step in drawn_case(seed).steps}
    assert {fault.value for fault in set(Fault) - PLANT_FAULTS} <= drawn


@pytest.mark.requirement("any-faults", "any-faults-then-exact")
@pytest.mark.parametrize("seed", range(8))
def test_after_each_action_the_pump_answers_and_is_heard_and_in_the_end_it_is_exact(seed):
    outcome = run_sequence(drawn_case(seed))
    assert outcome.wrong == []
    assert outcome.actions == ACTIONS_EACH


@pytest.mark.requirement("any-faults")
def test_a_pump_that_never_sounds_is_found_silent_and_the_case_is_short(monkeypatch):
    monkeypatch.setattr(Annunciation, "update", lambda *_: False)
    case = sequence_of(("wait", 1), (Fault.SUPPLY_LOW, 0), ("ask", 0), ("acknowledge", 0))
    assert "silent" in run_sequence(case).wrong[0]
    found = shrunk(case, lambda fewer: bool(run_sequence(fewer).wrong))
    assert [step.what for step in found.steps] == [Fault.SUPPLY_LOW]


@pytest.mark.requirement("any-faults")
def test_a_pump_that_sounds_only_once_is_found_silent(monkeypatch):
    patterns = list(annunciation.PATTERNS)
    patterns[alarms.PRIORITY_CRITICAL] = (6, 250_000, 250_000, 100_000)
    monkeypatch.setattr(annunciation, "PATTERNS", tuple(patterns))
    case = sequence_of((Fault.SUPPLY_LOW, 0), *[("hold the button", 0)] * 18)
    assert "not heard for" in run_sequence(case).wrong[0]


@pytest.mark.requirement("any-faults")
def test_a_pump_that_does_not_listen_while_the_supply_is_low_is_found_deaf(monkeypatch):
    serve = LinkServer.serve

    def listening(server: LinkServer, now_s: int, now_us: int, byte: int) -> bool:
        return server._keeper._supply.is_good() and serve(server, now_s, now_us, byte)

    monkeypatch.setattr(LinkServer, "serve", listening)
    assert "deaf" in run_sequence(sequence_of((Fault.SUPPLY_LOW, 0))).wrong[0]


@pytest.mark.requirement("any-faults")
def test_an_alarm_that_a_person_can_not_clear_is_found(monkeypatch):
    monkeypatch.setattr(Alarms, "acknowledge", lambda *_: bytearray(SET_BYTES))
    case = sequence_of((Fault.CRYSTAL_FAILS, 0), ("power cut", 0))
    assert "put in order" in run_sequence(case).wrong[0]


@pytest.mark.requirement("any-faults", "any-faults-then-exact")
def test_a_motor_that_still_slips_in_the_end_is_found(monkeypatch):
    monkeypatch.setattr(ModelFaults, "end", lambda *_: None)
    assert "once in order" in run_sequence(sequence_of((Fault.MOTOR_SLIPS, 3))).wrong[0]


@pytest.mark.requirement("any-faults")
def test_an_alarm_whose_tone_follows_on_another_without_a_pause_is_heard():
    pressed_before = sequence_of(
        ("press", 0), (Fault.PROGRAM_PAUSES, 3_782_648_541), ("stop", 0), ("refill", 2_400_558_182)
    )
    assert run_sequence(pressed_before).wrong == []


@pytest.mark.requirement("any-faults")
def test_an_alarm_for_which_only_the_answers_to_a_person_sound_is_found_silent(monkeypatch):
    update = Annunciation.update
    monkeypatch.setattr(Annunciation, "update", lambda self, s, us, *_: update(self, s, us, -1))
    case = sequence_of((Fault.SUPPLY_LOW, 0), *[("press", 0)] * 3)
    assert "have not been heard" in run_sequence(case).wrong[0]
