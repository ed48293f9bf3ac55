"""Keys as a person meets them: pairing at the button, commands that prove themselves, and what is said without one."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from keyring.backends.fail import Keyring as NoKeyring

from controller.link_host import link_of
from host.conftest import EXAMPLES, Bench
from host.memory_keyring import MemoryKeyring, key_store
from host.scripted_port import ScriptedPort, error, greeting
from thecal.client import Pump
from thecal.errors import NotPairedError, PumpRefusedError, WrongPumpError
from thecal.keys import NoKeys
from thecal.link import Link
from thecal_fw.core import events
from thecal_fw.core.roles import ROLE_CLINICIAN, ROLE_NONE, ROLE_PATIENT
from thecal_fw.link import messages
from thecal_fw.link.frames import FrameReader, encode_frame
from thecal_fw.link.layouts import Message
from thecal_sim.model import ModelPump

SIMPLE = str(EXAMPLES / "simple_continuous.toml")
KEY, OTHER_KEY = bytes([5]) * 32, bytes([6]) * 32


class SomeKeys(NoKeys):
    """Keys by role, of any pump."""

    def __init__(self, **keys: bytes) -> None:
        self._keys = {ROLE_CLINICIAN: keys.get("clinician"), ROLE_PATIENT: keys.get("patient")}
        self.asked = 0

    def key(self, serial: str, role: int) -> bytes | None:
        self.asked += 1
        return self._keys[role]


@pytest.fixture
def store() -> Iterator[MemoryKeyring]:
    """Provide a store in which all batches of the plan are finished."""
    backend = MemoryKeyring()
    with key_store(backend):
        yield backend


@pytest.fixture
def paired(bench: Bench, store: MemoryKeyring) -> Bench:
    """Provide a pump that has this computer's key of the clinician."""
    hold_button(bench, True)
    assert bench.thecal("pair", "--role", "clinician").returncode == 0
    hold_button(bench, False)
    return bench


def hold_button(bench: Bench, held: bool) -> None:
    bench.do(lambda model: setattr(model.board.button, "held", held))


def a_pump(*roles: int, key: bytes = KEY) -> ModelPump:
    """Return a pump that has this key for these roles."""
    model = ModelPump()
    model.board.button.held = True
    client = Pump(model.serial, host_nonce=1)
    for role in roles:
        client.pair(role, key)
    model.board.button.held = False
    return model


# --- the command


@pytest.mark.requirement("key-pairing")
def test_a_computer_is_paired_while_the_button_is_held(bench: Bench, store: MemoryKeyring):
    refused = bench.thecal("pair", "--role", "clinician", "--wait", "0")
    assert refused.returncode == 1
    assert "Nobody held the button on the board" in refused.stderr
    assert store.entries == {}
    assert bench.json("keys")["access"] == "open"
    hold_button(bench, True)
    done = bench.thecal("pair", "--role", "clinician")
    assert (done.returncode, done.stderr) == (0, "hold the button on the board until this is done\n")
    assert done.stdout == "pump MODEL and this computer have a new key of the clinician\n"
    assert bench.json("pair", "--role", "patient") == {"serial": "MODEL", "role": "patient"}
    shown = bench.json("keys")
    assert shown["access"] == "keyed"
    assert shown["in_pump"] == shown["here"] == {"patient": True, "clinician": True}
    assert "the pump has a key, this computer has a key" in bench.ok("keys")
    assert {len(bytes.fromhex(key)) for key in store.entries.values()} == {32}
    assert len(set(store.entries.values())) == 2


@pytest.mark.requirement("keys")
def test_a_paired_computer_does_everything_as_before(paired: Bench):
    paired.ok("time", "--set")
    paired.ok("program", SIMPLE, "--yes", "--reason", "a test")
    paired.ok("refill", "20", "--yes")
    assert "delivering" in paired.ok("start")
    paired.ok("stop", "--yes")
    log = paired.ok("log")
    assert "clinician, its first key" in log
    assert "authenticated" in log


@pytest.mark.requirement("keys")
def test_another_computer_reads_and_is_told_what_to_do(paired: Bench, store: MemoryKeyring):
    store.entries.clear()
    assert "STOPPED" in paired.ok("interrogate")
    for command in (
        ("refill", "20", "--yes"),
        ("program", SIMPLE, "--yes", "--reason", "a test"),
        ("stop", "--yes"),
        ("time", "--set"),
    ):
        done = paired.thecal(*command)
        assert done.returncode == 1
        assert "pump MODEL has keys, and this needs the clinician's" in done.stderr
        assert "`thecal pair --role clinician`" in done.stderr


@pytest.mark.requirement("wrong-keys")
def test_a_key_that_was_replaced_is_told_and_the_next_one_has_to_wait(paired: Bench, store: MemoryKeyring):
    store.entries["thecal pump", "MODEL clinician"] = OTHER_KEY.hex()
    assert "`thecal pair` gives both a new one" in paired.refused(1, "refill", "20", "--yes")
    # Two seconds, of which one may have passed.
    assert re.search("Wait [12] s", paired.refused(1, "refill", "20", "--yes"))
    hold_button(paired, True)
    assert paired.thecal("pair", "--role", "clinician").returncode == 0
    paired.ok("refill", "20", "--yes")


@pytest.mark.requirement("key-pairing")
def test_the_first_key_has_to_be_the_clinicians(bench: Bench, store: MemoryKeyring):
    hold_button(bench, True)
    refused = bench.thecal("pair", "--role", "patient")
    assert "The clinician has to be given one, with `thecal pair --role clinician`" in refused.stderr
    assert (refused.returncode, store.entries) == (1, {})


@pytest.mark.requirement("key-store")
def test_a_computer_without_a_key_store_gives_the_pump_no_key(bench: Bench):
    hold_button(bench, True)
    with key_store(NoKeyring()):
        told = bench.refused(1, "pair", "--role", "clinician")
    assert "this computer's key store takes no key" in told
    assert "keyrings.cryptfile" in told
    assert bench.do(lambda model: model.controller.keys.roles) == 0


@pytest.mark.requirement("key-store")
def test_a_key_store_that_keeps_nothing_is_found_out_before_the_pump_has_the_key(
    bench: Bench, store: MemoryKeyring
):
    store.forgets = True
    hold_button(bench, True)
    assert "key store keeps nothing" in bench.refused(1, "pair", "--role", "clinician")
    assert bench.do(lambda model: model.controller.keys.roles) == 0


@pytest.mark.requirement("key-store")
def test_a_pump_without_keys_needs_no_key_store(bench: Bench):
    with key_store(NoKeyring()):
        bench.ok("refill", "20", "--yes")
        bench.ok("time", "--set")


@pytest.mark.requirement("key-nowhere-else")
def test_the_key_is_in_no_file_argument_or_variable(
    bench: Bench, store: MemoryKeyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    hold_button(bench, True)
    arguments = ("pair", "--role", "clinician")
    done = bench.thecal(*arguments)
    (key,) = store.entries.values()
    assert list(tmp_path.rglob("*")) == []
    for said in (done.stdout, done.stderr, *arguments, *os.environ.values()):
        assert key not in said
    assert key not in bench.ok("log")
    assert bench.refused(2, "pair", "--role", "clinician", "--key", key)


def test_a_garbled_entry_in_the_key_store_is_no_key(paired: Bench, store: MemoryKeyring):
    for garbled in ("", "no key", "00" * 31):
        store.entries["thecal pump", "MODEL clinician"] = garbled
        assert "which this computer has not got" in paired.refused(1, "refill", "20", "--yes")


# --- the library


@pytest.mark.requirement("keys")
def test_a_client_proves_itself_before_its_first_change_and_once_in_a_session():
    model = a_pump(ROLE_CLINICIAN)
    keys = SomeKeys(clinician=KEY)
    client = Pump(model.serial, host_nonce=2, keys=keys)
    client.interrogate()
    assert keys.asked == 0
    client.refill(20_000_000)
    asked = keys.asked
    client.refill(19_000_000)
    assert keys.asked == asked
    assert client.interrogate().fill_nl == 19_000_000
    assert events_of(client, events.EVENT_AUTHENTICATED) == 1


def events_of(client: Pump, code: int) -> int:
    return sum(event.code == code for event in client.log())


@pytest.mark.requirement("key-proof-time")
def test_a_client_that_was_quiet_for_long_proves_itself_anew():
    model = a_pump(ROLE_CLINICIAN)
    client = Pump(model.serial, host_nonce=2, keys=SomeKeys(clinician=KEY))
    client.refill(20_000_000)
    model.run_for(500_000_000_000)
    client.refill(19_000_000)
    for _ in range(15):
        model.run_for(10_000_000_000)
        client.interrogate()
    client.refill(18_000_000)
    assert client.interrogate().fill_nl == 18_000_000
    assert events_of(client, events.EVENT_AUTHENTICATED) == 3


@pytest.mark.requirement("key-session-ends")
def test_a_client_that_closes_its_port_leaves_nothing_proved():
    model = a_pump(ROLE_CLINICIAN)
    client = Pump(model.serial, host_nonce=2, keys=SomeKeys(clinician=KEY))
    client.refill(20_000_000)
    link = link_of(model)
    gatekeeper = link._gatekeeper
    assert gatekeeper._role == ROLE_CLINICIAN
    client.close()
    model.run_for(100_000_000)
    assert (gatekeeper._role, gatekeeper._session_key) == (ROLE_NONE, b"")


@pytest.mark.requirement("key-roles")
def test_a_client_uses_the_key_that_is_enough(monkeypatch: pytest.MonkeyPatch):
    model = a_pump(ROLE_CLINICIAN, ROLE_PATIENT)
    client = Pump(model.serial, host_nonce=2, keys=SomeKeys(patient=KEY))
    with pytest.raises(NotPairedError, match="needs the clinician's"):
        client.refill(20_000_000)
    client._link.ask(messages.SIGN_OFF)
    link = Link(model.serial, host_nonce=3, keys=SomeKeys(patient=KEY))
    monkeypatch.setattr(messages.REFILL, "role", ROLE_PATIENT)
    link.ask(messages.REFILL, 20_000_000)
    monkeypatch.undo()
    with pytest.raises(
        PumpRefusedError, match="takes the key of the clinician, and this computer has another"
    ):
        link.ask(messages.REFILL, 20_000_000)


@pytest.mark.requirement("key-roles")
def test_what_a_request_asks_for_can_make_it_the_patients(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(messages.REFILL, "lesser", ("fill_nl", 19_000_000, ROLE_PATIENT))
    model = a_pump(ROLE_CLINICIAN, ROLE_PATIENT)
    link = Link(model.serial, host_nonce=2, keys=SomeKeys(patient=KEY))
    with pytest.raises(NotPairedError, match="needs the clinician's"):
        link.ask(messages.REFILL, 20_000_000)
    link.ask(messages.REFILL, 19_000_000)
    with pytest.raises(PumpRefusedError, match="takes the key of the clinician"):
        link.ask(messages.REFILL, 20_000_000)
    assert link.ask(messages.INTERROGATE)["fill_nl"] == 19_000_000


def test_a_pump_that_does_not_have_the_key_is_found_out():
    def answer(frame):
        if frame.kind == messages.HELLO.kind:
            return greeting(frame)
        if frame.kind == messages.CHALLENGE.kind:
            fields, message = (1, 4, 0, bytes(16)), messages.CHALLENGE
        elif frame.kind == messages.AUTHENTICATE.kind:
            fields, message = (bytes(16),), messages.AUTHENTICATE
        else:
            return error(frame, messages.ERROR_NOT_AUTHENTICATED, ROLE_CLINICIAN)
        payload = message.response.pack(*fields)
        return encode_frame(frame.kind | messages.RESPONSE, frame.session, frame.request, payload)

    client = Pump(ScriptedPort(answer), keys=SomeKeys(clinician=KEY))
    with pytest.raises(WrongPumpError, match="does not have its key: nothing was changed"):
        client.refill(20_000_000)


def test_a_pump_that_refuses_its_own_proof_is_not_asked_for_ever():
    model = a_pump(ROLE_CLINICIAN)
    client = Pump(model.serial, host_nonce=2, keys=SomeKeys(clinician=KEY))
    link = link_of(model)
    link._gatekeeper.admit = _never
    with pytest.raises(PumpRefusedError, match="not authenticated"):
        client.refill(20_000_000)


def _never(
    frame: object, message: Message, values: object, payload: bytes, tag: bytes | None, now_s: int
) -> None:
    from thecal_fw.requests.staging import RequestRefusedError

    if message.role != ROLE_NONE:
        raise RequestRefusedError(messages.ERROR_NOT_AUTHENTICATED, message.role)


def test_the_nonces_of_a_client_differ_from_session_to_session():
    nonces = set()
    for _ in range(5):
        written: list[bytes] = []
        model = a_pump(ROLE_CLINICIAN)
        write = model.serial.write
        model.serial.write = lambda data, write=write, written=written: (
            written.append(bytes(data)),
            write(data),
        )[1]
        Pump(model.serial, keys=SomeKeys(clinician=KEY)).refill(20_000_000)
        reader = FrameReader()
        for frame in filter(None, map(reader.push, b"".join(written))):
            if frame.kind == messages.AUTHENTICATE.kind:
                fields = messages.AUTHENTICATE.request.unpack(frame.payload)
                assert fields is not None
                nonces.add(fields["host_nonce"])
    assert len(nonces) == 5
