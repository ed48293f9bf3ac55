"""A sample of the attack: nothing comes of it, and a pump that lets something through is found out."""

from random import Random

import pytest

from thecal_fw.core.bursts import Bursts
from thecal_fw.link import authentication, messages
from thecal_fw.link.frames import FrameReader, encode_frame
from thecal_fw.link.session import DECISION_NEW, Session
from thecal_fw.pump.patient_button import PatientButton
from thecal_fw.requests.gatekeeper import Gatekeeper
from thecal_hil.campaigns.attack.attack import attack
from thecal_hil.campaigns.attack.frames import Adversary
from thecal_hil.rigs.model_rig import ModelRig

FRAMES = 4_000


@pytest.mark.requirement("attack", "link-never-disturbs", "attack-moves-nothing")
def test_a_sample_of_the_attack_changes_nothing() -> None:
    found = attack(ModelRig(), FRAMES, seed=1, frames_a_round=1_000)
    assert found.wrong == []
    assert (found.frames, found.rounds) == (FRAMES, 4)
    assert min(found.sent.values()) >= FRAMES // 200
    assert {"not authenticated", "out of order", "stale session", "wrong key", "wait first"} <= set(
        found.answers
    )
    assert found.pulses > 30


def test_the_same_seed_gives_the_same_attack() -> None:
    assert attack(ModelRig(), 400, seed=2, frames_a_round=200) == attack(
        ModelRig(), 400, seed=2, frames_a_round=200
    )


@pytest.mark.parametrize(
    ("of", "name", "weakness"),
    [
        (Gatekeeper, "admit", lambda *_: None),
        (authentication, "are_equal", lambda one, other: True),
        (PatientButton, "is_held", lambda button: True),
        (Session, "judge", lambda session, frame, changes: DECISION_NEW),
        (Bursts, "takes", lambda *_: False),
    ],
    ids=[
        "no tag needed",
        "any tag will do",
        "the button not asked",
        "no order kept",
        "every wrong key logged",
    ],
)
def test_a_pump_with_a_weakness_is_found_out(monkeypatch: pytest.MonkeyPatch, of, name, weakness) -> None:
    monkeypatch.setattr(of, name, weakness)
    assert attack(ModelRig(), 2_000, seed=1, frames_a_round=1_000).wrong


def test_the_adversary_sends_what_it_says_and_of_every_sort() -> None:
    adversary = Adversary(3)
    adversary.session = 9
    adversary.hear([encode_frame(messages.STOP.kind | messages.TAGGED, 8, 4, bytes(16))])
    adversary.says_hello = True
    reader = FrameReader()
    data = [adversary.next() for _ in range(4_000)]
    assert all(frame.endswith(b"\0") for frame in data)
    found = [frame for byte in b"".join(data) if (frame := reader.push(byte)) is not None]
    assert sum(adversary.sent.values()) == 4_000
    assert len(found) > 3_000
    assert {frame.session for frame in found} >= {0, 8, 9}
    assert len({frame.kind for frame in found}) > 2 * len(messages.MESSAGES) - 4


def test_random_bytes_are_never_taken_for_a_frame() -> None:
    random, reader = Random(5), FrameReader()
    assert all(reader.push(byte) is None for byte in random.randbytes(200_000))
