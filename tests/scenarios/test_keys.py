"""Keys on any rig: given at the button, kept over resets, and asked for by whatever changes therapy."""

import pytest

from thecal.client import Pump
from thecal.errors import NotPairedError, PumpRefusedError
from thecal.keys import NoKeys
from thecal_fw.core import events
from thecal_fw.core.roles import KEYED, OPEN, ROLE_CLINICIAN, ROLE_PATIENT
from thecal_fw.link import messages
from thecal_hil.contract.rig import ResetCause, Rig
from thecal_hil.course.course import Course, local_second
from thecal_hil.course.therapy import continuous

FULL_NL = 18_000_000
KEYS = {ROLE_CLINICIAN: bytes(range(32)), ROLE_PATIENT: bytes(range(1, 33))}
pytestmark = [pytest.mark.needs("a hand at the button"), pytest.mark.needs("exact edges")]


class KeysOf(NoKeys):
    """The keys of some roles."""

    def __init__(self, *roles: int) -> None:
        self._roles = roles

    def key(self, serial: str, role: int) -> bytes | None:
        return KEYS[role] if role in self._roles else None


def client(rig: Rig, *roles: int) -> Pump:
    return Pump(rig.port, host_nonce=50 + sum(roles), keys=KeysOf(*roles))


@pytest.fixture
def keyed(course: Course) -> Course:
    """Provide a pump that delivers, and whose roles both have a key."""
    course.set_time(local_second("2026-03-06 12:00"))
    course.prescribe(continuous(8_000_000))
    course.refill(FULL_NL)
    course.start()
    course.rig.run_for(3)
    course.rig.hold_button(True)
    for role, key in KEYS.items():
        course.pump.pair(role, key)
    course.rig.hold_button(False)
    return course


@pytest.mark.requirement("key-pairing")
def test_a_key_is_taken_only_while_the_button_is_held(course: Course) -> None:
    with pytest.raises(PumpRefusedError, match="button not held"):
        course.pump.pair(ROLE_CLINICIAN, KEYS[ROLE_CLINICIAN])
    assert course.pump.access().access == OPEN
    course.rig.hold_button(True)
    course.pump.pair(ROLE_CLINICIAN, KEYS[ROLE_CLINICIAN])
    course.rig.hold_button(False)
    with pytest.raises(PumpRefusedError, match="button not held"):
        course.pump.pair(ROLE_CLINICIAN, bytes(32))
    assert course.pump.access().access == KEYED
    client(course.rig, ROLE_CLINICIAN).refill(FULL_NL)


@pytest.mark.requirement("keys")
def test_with_a_key_therapy_is_changed_and_without_one_it_is_not(keyed: Course) -> None:
    rig = keyed.rig
    with pytest.raises(NotPairedError):
        client(rig).stop()
    clinician = client(rig, ROLE_CLINICIAN)
    clinician.refill(17_000_000)
    with pytest.raises(NotPairedError):
        client(rig, ROLE_PATIENT).refill(FULL_NL)
    rig.run_for(20)
    assert rig.fresh_pump().interrogate().fill_nl == 17_000_000
    keyed.must_be_ideal()


@pytest.mark.requirement("keys")
@pytest.mark.needs("power cut")
@pytest.mark.needs("watchdog reset")
@pytest.mark.expects("watchdog reset")
def test_keys_outlast_resets_and_delivery_goes_on_with_them(keyed: Course) -> None:
    rig = keyed.rig
    for cause in (ResetCause.POWER_ON, ResetCause.WATCHDOG):
        rig.reset(cause)
        rig.run_for(5)
        assert rig.pump().access().access == KEYED
        assert rig.pump().interrogate().is_delivering
        with pytest.raises(NotPairedError):
            rig.pump().refill(FULL_NL)
        client(rig, ROLE_CLINICIAN).refill(FULL_NL)


@pytest.mark.requirement("key-replay-session")
def test_two_sessions_never_have_the_same_nonce_and_what_was_proved_in_one_is_worth_nothing_in_the_next(
    keyed: Course,
) -> None:
    nonces = set()
    for _ in range(4):
        pump = client(keyed.rig, ROLE_CLINICIAN)
        nonces.add(pump._link.ask(messages.CHALLENGE, ROLE_CLINICIAN)["pump_nonce"])
        pump.acknowledge(0)
    assert len(nonces) == 4
    codes = [event.code for event in keyed.rig.fresh_pump().log()]
    assert codes.count(events.EVENT_AUTHENTICATED) == codes.count(events.EVENT_ALARM_ACKNOWLEDGED) == 4
