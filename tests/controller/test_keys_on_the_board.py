"""The power of somebody at the link over a pump that has keys: with one, with another's, and with none."""

import pytest
from serial import SerialException

from controller.keyed_host import KEYS, KeyedHost, host_at, pair_at_button
from controller.link_host import LinkHost, RefusedError, link_of
from controller.pump_bench import MONDAY_UTC_S, PumpBench, continuous
from store.test_power_cuts import outcomes_of
from thecal_fw.core import events
from thecal_fw.core.bolus import KIND_PATIENT
from thecal_fw.core.events import RESET_POWER_ON, RESET_WATCHDOG
from thecal_fw.core.pump_state import STATE_DELIVERING
from thecal_fw.core.roles import DAMAGED, KEYED, OPEN, ROLE_CLINICIAN, ROLE_NONE, ROLE_PATIENT
from thecal_fw.link import authentication, messages
from thecal_fw.link.frames import encode_frame
from thecal_fw.requests.gatekeeper import PROOF_LASTS_S
from thecal_fw.requests.server import SESSION_QUIET_S
from thecal_fw.store.layout import Layout
from thecal_sim.nor_flash import ERASE, PROGRAM

WRONG_KEY = bytes([9]) * 32

CHANGES = [
    (messages.STAGE_BEGIN, (100,)),
    (messages.COMMIT, (bytes(32),)),
    (messages.START, (bytes(32),)),
    (messages.STOP, ()),
    (messages.REFILL, (1_000_000,)),
    (messages.SET_TIME, (MONDAY_UTC_S, 0, 0)),
    (messages.ACKNOWLEDGE, (b"\xff" * 8,)),
    (messages.BOOTLOADER, ()),
    (messages.PROMPT, ()),
]
READS = [
    (messages.INTERROGATE, ()),
    (messages.READ_PROGRAM, (0, 0)),
    (messages.GET_TIME, ()),
    (messages.READ_LOG, (1,)),
    (messages.CHALLENGE, (ROLE_CLINICIAN,)),
]


def name_of(value: object) -> str:
    return getattr(value, "name", "")


@pytest.fixture
def bench() -> PumpBench:
    """Provide a pump that delivers and whose roles both have a key."""
    pump_bench = PumpBench()
    pump_bench.deliver(continuous(9_000_000))
    pair_at_button(pump_bench.pump)
    pair_at_button(pump_bench.pump, ROLE_PATIENT)
    pump_bench.run_for(10)
    return pump_bench


@pytest.fixture
def stranger(bench: PumpBench) -> KeyedHost:
    return host_at(bench.pump)


@pytest.fixture
def clinician(bench: PumpBench) -> KeyedHost:
    host = host_at(bench.pump)
    host.prove()
    return host


def kept(bench: PumpBench) -> dict[str, int]:
    """Return what nobody without a key may change, once all that was going to happen has."""
    bench.run_for(3)
    status = LinkHost(bench.pump.serial, nonce=5)
    status.hello()
    wanted = (
        "state",
        "program_digest",
        "rate_nl_per_day",
        "fill_nl",
        "utc_s",
        "active_alarms",
        "latest_event",
        "boots",
        "uncertain_steps",
    )
    answer = status.ask(messages.INTERROGATE)
    return {name: answer[name] for name in wanted}


def events_of(bench: PumpBench, code: int) -> list[tuple[int, int]]:
    bench.host.hello()
    return [(event["first"], event["second"]) for event in bench.events(code)]


# --- pairing


@pytest.mark.requirement("key-pairing")
def test_a_key_is_taken_only_while_the_button_is_held():
    bench = PumpBench()
    host = host_at(bench.pump)
    assert host.refusal(messages.PAIR, ROLE_CLINICIAN, KEYS[ROLE_CLINICIAN])[0] == messages.ERROR_BUTTON
    assert host.ask(messages.CHALLENGE, ROLE_CLINICIAN)["access"] == OPEN
    bench.pump.board.button.held = True
    host.pair()
    challenge = host.ask(messages.CHALLENGE, ROLE_CLINICIAN)
    assert (challenge["access"], challenge["roles"]) == (KEYED, 1 << ROLE_CLINICIAN)


@pytest.mark.requirement("key-pairing")
def test_a_pump_with_keys_takes_another_only_at_the_button_even_from_a_clinician(bench, clinician):
    assert clinician.refusal(messages.PAIR, ROLE_CLINICIAN, WRONG_KEY)[0] == messages.ERROR_BUTTON
    clinician.prove()


@pytest.mark.requirement("key-replaces-one")
def test_a_lost_key_is_replaced_at_the_button_and_nothing_else_changes(bench):
    before = kept(bench)
    pair_at_button(bench.pump, ROLE_CLINICIAN, WRONG_KEY)
    after = kept(bench)
    assert {**after, "latest_event": 0} == {**before, "latest_event": 0}
    host = host_at(bench.pump)
    with pytest.raises(RefusedError):
        host.prove()
    bench.run_for(3)
    host.prove(key=WRONG_KEY)
    host_at(bench.pump, 3).prove(ROLE_PATIENT)
    bench.assert_as_prescribed()


@pytest.mark.requirement("key-pairing")
def test_pairing_is_logged_with_its_role_and_whether_it_replaced_a_key(bench):
    pair_at_button(bench.pump)
    assert events_of(bench, events.EVENT_PAIRED) == [
        (ROLE_CLINICIAN, 0),
        (ROLE_PATIENT, 0),
        (ROLE_CLINICIAN, 1),
    ]


@pytest.mark.requirement("key-pairing")
def test_a_power_cut_right_after_pairing_does_not_take_it_out_of_the_log():
    bench = PumpBench()
    pair_at_button(bench.pump)
    bench.reset(RESET_POWER_ON)
    assert events_of(bench, events.EVENT_PAIRED) == [(ROLE_CLINICIAN, 0)]


@pytest.mark.requirement("key-pairing", "key-proof-pairing")
def test_pairing_ends_what_the_key_before_had_proved(bench, clinician):
    bench.pump.board.button.held = True
    clinician.ask(messages.PAIR, ROLE_PATIENT, WRONG_KEY)
    assert clinician.refusal(messages.STOP)[0] == messages.ERROR_NOT_AUTHENTICATED


def test_the_first_key_is_the_clinicians():
    bench = PumpBench()
    bench.pump.board.button.held = True
    host = host_at(bench.pump)
    refused = host.refusal(messages.PAIR, ROLE_PATIENT, KEYS[ROLE_PATIENT])
    assert refused == (messages.ERROR_NO_KEY, ROLE_CLINICIAN)
    assert host.ask(messages.CHALLENGE, ROLE_CLINICIAN)["access"] == OPEN


@pytest.mark.parametrize("role", [ROLE_NONE, 3, 255])
@pytest.mark.parametrize("message", [messages.PAIR, messages.AUTHENTICATE, messages.CHALLENGE], ids=name_of)
def test_a_role_that_there_is_not_is_refused(bench, stranger, message, role):
    bench.pump.board.button.held = True
    values = {messages.PAIR: (WRONG_KEY,), messages.AUTHENTICATE: (bytes(16), bytes(16))}.get(message, ())
    assert stranger.refusal(message, role, *values)[0] == messages.ERROR_RANGE


def test_nothing_is_paired_while_the_supply_is_low(bench, stranger):
    bench.pump.board.supply.good = False
    bench.pump.board.button.held = True
    refused = stranger.refusal(messages.PAIR, ROLE_CLINICIAN, WRONG_KEY)
    assert refused[0] == messages.ERROR_NOT_STORED


@pytest.mark.requirement("link-never-disturbs")
def test_pairing_moves_no_pulse():
    pulses = []
    for pairs in (False, True):
        bench = PumpBench()
        bench.deliver(continuous(9_000_000))
        bench.pump.run_until(20_000_000_000)
        if pairs:
            pair_at_button(bench.pump)
        bench.pump.run_until(60_000_000_000)
        bench.assert_as_prescribed()
        pulses.append(list(bench.pump.step_times_ns))
    assert pulses[0] == pulses[1]


# --- who may do what


@pytest.mark.requirement("keys")
@pytest.mark.parametrize(("message", "values"), CHANGES, ids=name_of)
def test_without_a_key_nothing_is_changed(bench, stranger, message, values):
    before = kept(bench)
    stranger.hello()
    assert stranger.refusal(message, *values) == (messages.ERROR_NOT_AUTHENTICATED, ROLE_CLINICIAN)
    assert kept(bench) == before
    assert bench.pump.left_for is None
    bench.assert_as_prescribed()


@pytest.mark.requirement("keys")
def test_what_the_patient_may_ask_for_needs_a_key_as_well(bench, stranger):
    before = kept(bench)
    stranger.hello()
    refused = (messages.ERROR_NOT_AUTHENTICATED, ROLE_PATIENT)
    assert stranger.refusal(messages.GIVE_BOLUS, before["program_digest"], KIND_PATIENT, 0, 0) == refused
    assert stranger.refusal(messages.SIGN_OFF) == refused
    assert kept(bench) == before


@pytest.mark.requirement("keys")
@pytest.mark.parametrize(("message", "values"), READS, ids=name_of)
def test_reading_needs_no_key(stranger, message, values):
    assert stranger.refusal(message, *values)[0] == messages.ERROR_NONE


@pytest.mark.requirement("key-roles-nothing-else")
@pytest.mark.parametrize(("message", "values"), CHANGES, ids=name_of)
def test_the_patients_key_does_not_do_for_what_the_clinician_does(bench, message, values):
    patient = host_at(bench.pump)
    patient.prove(ROLE_PATIENT)
    assert patient.refusal(message, *values) == (messages.ERROR_NOT_ALLOWED, ROLE_CLINICIAN)
    assert patient.ask(messages.INTERROGATE)["state"] == STATE_DELIVERING


@pytest.mark.requirement("key-roles", "key-roles-end")
@pytest.mark.parametrize("role", [ROLE_PATIENT, ROLE_CLINICIAN])
def test_either_key_does_for_what_the_patient_may_do(bench, stranger, role):
    assert stranger.refusal(messages.SIGN_OFF) == (messages.ERROR_NOT_AUTHENTICATED, ROLE_PATIENT)
    stranger.prove(role)
    assert stranger.refusal(messages.SIGN_OFF)[0] == messages.ERROR_NONE


@pytest.mark.requirement("keys")
def test_with_the_clinicians_key_everything_goes_as_without_keys(bench, clinician):
    bench.host = clinician
    bench.stop()
    bench.run_for(2)
    bench.set_time(MONDAY_UTC_S)
    bench.deliver(continuous(6_000_000))
    bench.run_for(60)
    assert clinician.refusal(messages.ACKNOWLEDGE, bytes(8))[0] == messages.ERROR_NONE
    bench.assert_as_prescribed()


@pytest.mark.requirement("keys")
def test_a_proved_stop_overtakes_what_waits_for_a_change_as_any_stop_does(bench, clinician):
    bench.host = clinician
    bench.pump.run_until(bench.commit(continuous(6_000_000)) - 100_000_000)
    clinician.request += 1
    waiting = encode_frame(messages.GET_TIME.kind, clinician.session, clinician.request)
    bench.pump.serial.write(waiting + clinician.tagged(messages.STOP))
    assert clinician.next_frame().kind == messages.STOP.kind | messages.RESPONSE
    assert clinician.next_frame().kind == messages.GET_TIME.kind | messages.RESPONSE


def test_keys_outlast_a_reset_and_what_was_proved_does_not(bench, clinician):
    bench.host = clinician
    bench.stop()
    for cause in (RESET_POWER_ON, RESET_WATCHDOG):
        bench.reset(cause)
        assert not isinstance(bench.host, KeyedHost)
        with pytest.raises(RefusedError) as refusal:
            bench.refill(1_000_000)
        assert refusal.value.code == messages.ERROR_NOT_AUTHENTICATED
        host_at(bench.pump, 4).prove()


# --- proving


@pytest.mark.requirement("key-roles")
def test_each_role_proves_itself_with_its_own_key_only(bench, stranger):
    for role in (ROLE_CLINICIAN, ROLE_PATIENT):
        other = KEYS[ROLE_PATIENT if role == ROLE_CLINICIAN else ROLE_CLINICIAN]
        with pytest.raises(RefusedError) as refusal:
            stranger.prove(role, other)
        assert refusal.value.code == messages.ERROR_WRONG_KEY


def test_a_proof_without_a_challenge_is_none(bench, stranger):
    refused = stranger.refusal(messages.AUTHENTICATE, ROLE_CLINICIAN, bytes(16), bytes(16))
    assert refused[0] == messages.ERROR_NOT_AUTHENTICATED
    assert not stranger.ask(messages.CHALLENGE, ROLE_CLINICIAN)["wait_s"]


def test_a_role_without_a_key_can_not_be_proved():
    bench = PumpBench()
    host = host_at(bench.pump)
    wanted = messages.ERROR_NO_KEY, ROLE_CLINICIAN
    assert host.refusal(messages.AUTHENTICATE, ROLE_CLINICIAN, bytes(16), bytes(16)) == wanted


def test_a_challenge_asked_for_twice_is_the_same_and_serves_once(bench, stranger):
    nonce = stranger.ask(messages.CHALLENGE, ROLE_CLINICIAN)["pump_nonce"]
    assert stranger.ask(messages.CHALLENGE, ROLE_PATIENT)["pump_nonce"] == nonce
    stranger.prove()
    assert stranger.ask(messages.CHALLENGE, ROLE_CLINICIAN)["pump_nonce"] not in (nonce, bytes(16))


def test_a_lost_answer_to_a_proof_is_given_again(bench, stranger):
    proof = stranger.prove()
    assert LinkHost.fields_of(stranger.exchange(proof))["pump_proof"]
    assert stranger.refusal(messages.REFILL, 1_000_000)[0] == messages.ERROR_NONE
    assert len(events_of(bench, events.EVENT_AUTHENTICATED)) == 1


# --- replay, order and change


@pytest.mark.requirement("key-replay")
def test_a_recorded_request_is_carried_out_once(bench, clinician):
    clinician.ask(messages.REFILL, 3_000_000)
    recorded = clinician.sent
    first = clinician.exchange(recorded).payload
    clinician.ask(messages.REFILL, 4_000_000)
    assert clinician.exchange(recorded).payload != first
    assert clinician.ask(messages.INTERROGATE)["fill_nl"] == 4_000_000
    assert len(events_of(bench, events.EVENT_REFILLED)) == 3


@pytest.mark.requirement("key-replay-session")
def test_what_was_recorded_in_another_session_is_worth_nothing_even_under_the_same_number(bench):
    def freshly_on() -> KeyedHost:
        # A pump that has been off numbers its sessions from the beginning, and the host says hello as it did before.
        bench.pump.reset(RESET_POWER_ON)
        bench.pump.serial.open()
        return host_at(bench.pump, 0)

    first = freshly_on()
    proof = first.prove()
    first.ask(messages.REFILL, 3_000_000)
    refill = first.sent
    first.ask(messages.REFILL, 4_000_000)
    second = freshly_on()
    assert second.session == first.session
    second.ask(messages.CHALLENGE, ROLE_CLINICIAN)
    for recorded in (refill, proof, refill):
        assert second.exchange(recorded).kind == messages.KIND_ERROR
    assert second.ask(messages.INTERROGATE)["fill_nl"] == 4_000_000


@pytest.mark.requirement("key-replay-order")
def test_a_request_that_was_overtaken_comes_too_late(bench, clinician):
    overtaken = clinician.tagged(messages.REFILL, 3_000_000)
    clinician.ask(messages.REFILL, 4_000_000)
    with pytest.raises(RefusedError) as refusal:
        LinkHost.fields_of(clinician.exchange(overtaken))
    assert refusal.value.code == messages.ERROR_OUT_OF_ORDER


@pytest.mark.requirement("key-request-changed")
@pytest.mark.parametrize("place", [0, 3, 4, 12, 19])
def test_a_request_with_one_bit_changed_is_refused(bench, clinician, place):
    clinician.request += 1
    payload = bytearray(messages.REFILL.request.pack(3_000_000))
    payload += authentication.request_tag(
        clinician.session_key, clinician.session, clinician.request, messages.REFILL.kind, bytes(payload)
    )
    payload[place] ^= 1
    frame = encode_frame(
        messages.REFILL.kind | messages.TAGGED, clinician.session, clinician.request, bytes(payload)
    )
    with pytest.raises(RefusedError) as refusal:
        LinkHost.fields_of(clinician.exchange(frame))
    assert refusal.value.code == messages.ERROR_NOT_AUTHENTICATED
    assert clinician.ask(messages.INTERROGATE)["fill_nl"] == 40_000_000


@pytest.mark.requirement("key-replay-order")
def test_a_stranger_on_the_wire_can_not_put_the_clinicians_requests_out_of_order(bench, clinician):
    intruder = KeyedHost(bench.pump.serial)
    intruder.session, intruder.request = clinician.session, 65_000
    assert intruder.refusal(messages.STOP)[0] == messages.ERROR_NOT_AUTHENTICATED
    intruder.session_key = bytes(32)
    assert intruder.refusal(messages.STOP)[0] == messages.ERROR_NOT_AUTHENTICATED
    intruder.session_key = b""
    assert intruder.refusal(messages.PAIR, ROLE_CLINICIAN, WRONG_KEY)[0] == messages.ERROR_BUTTON
    clinician.ask(messages.REFILL, 4_000_000)


def test_a_tag_does_not_open_a_pump_without_keys():
    bench = PumpBench()
    host = host_at(bench.pump)
    host.session_key = bytes(32)
    assert host.refusal(messages.REFILL, 1_000_000)[0] == messages.ERROR_NOT_AUTHENTICATED
    host.session_key = b""
    assert host.refusal(messages.REFILL, 1_000_000)[0] == messages.ERROR_NONE


# --- the end of a session


@pytest.mark.requirement("key-session-ends")
def test_a_session_that_goes_quiet_ends_and_with_it_what_it_had_proved(bench, clinician):
    bench.run_for(SESSION_QUIET_S + 1)
    assert clinician.refusal(messages.STOP)[0] == messages.ERROR_NO_SESSION
    gatekeeper = link_of(bench.pump)._gatekeeper
    assert (gatekeeper._session_key, gatekeeper._nonce, gatekeeper._role) == (b"", b"", ROLE_NONE)


@pytest.mark.requirement("key-proof-time")
def test_reading_keeps_the_session_and_not_what_it_has_proved(bench, clinician):
    held_back = clinician.tagged(messages.STOP)
    for _ in range(PROOF_LASTS_S // 10 + 1):
        bench.run_for(10)
        clinician.ask(messages.INTERROGATE)
    with pytest.raises(RefusedError) as refusal:
        LinkHost.fields_of(clinician.exchange(held_back))
    assert refusal.value.code == messages.ERROR_NOT_AUTHENTICATED
    assert clinician.ask(messages.INTERROGATE)["state"] == STATE_DELIVERING
    assert not clinician.ask(messages.CHALLENGE, ROLE_CLINICIAN)["wait_s"]


@pytest.mark.requirement("key-proof-time")
def test_proved_requests_keep_what_is_proved(bench, clinician):
    for _ in range(5):
        bench.run_for(PROOF_LASTS_S - 5)
        clinician.ask(messages.REFILL, 4_000_000)


@pytest.mark.requirement("key-session-ends")
def test_after_signing_off_a_request_held_back_is_worth_nothing(bench, clinician):
    held_back = clinician.tagged(messages.STOP)
    clinician.ask(messages.SIGN_OFF)
    clinician.request += 1
    with pytest.raises(RefusedError):
        LinkHost.fields_of(clinician.exchange(held_back))
    assert clinician.ask(messages.INTERROGATE)["state"] == STATE_DELIVERING


@pytest.mark.requirement("key-proof-newer-session")
def test_a_newer_hello_ends_what_the_session_before_had_proved(bench, clinician):
    newer = host_at(bench.pump, 8)
    newer.session_key = clinician.session_key
    assert newer.refusal(messages.STOP)[0] == messages.ERROR_NOT_AUTHENTICATED


# --- wrong keys


def try_wrong_key(host: KeyedHost, role: int = ROLE_CLINICIAN) -> tuple[int, int]:
    try:
        host.prove(role, WRONG_KEY)
    except RefusedError as refusal:
        return refusal.code, refusal.detail
    raise AssertionError("a wrong key was taken")


@pytest.mark.requirement("wrong-keys")
def test_wrong_keys_are_slowed_down_whatever_session_they_come_in(bench):
    waits = []
    for attempt in range(8):
        code, wait_s = try_wrong_key(host_at(bench.pump, 100 + attempt))
        assert code == messages.ERROR_WRONG_KEY
        waits.append(wait_s)
        host = host_at(bench.pump, 200 + attempt)
        assert try_wrong_key(host)[0] == messages.ERROR_WAIT
        with pytest.raises(RefusedError):
            host.prove()
        bench.run_for(wait_s)
    assert waits == [2, 3, 5, 9, 17, 33, 65, 129]
    host_at(bench.pump, 300).prove()
    assert try_wrong_key(host_at(bench.pump, 301)) == (messages.ERROR_WRONG_KEY, 2)


@pytest.mark.requirement("wrong-keys-logged")
def test_a_burst_of_wrong_keys_is_logged_once_and_told_at_the_next_right_one(bench):
    for attempt in range(6):
        code, wait_s = try_wrong_key(host_at(bench.pump, 100 + attempt))
        assert code == messages.ERROR_WRONG_KEY
        for other in range(20):
            try_wrong_key(host_at(bench.pump, 1_000 + other))
        bench.run_for(wait_s)
    assert [first for first, _ in events_of(bench, events.EVENT_WRONG_KEY)] == [ROLE_CLINICIAN]
    host_at(bench.pump).prove()
    assert events_of(bench, events.EVENT_AUTHENTICATED) == [(ROLE_CLINICIAN, 6)]


@pytest.mark.requirement("wrong-keys")
def test_the_patients_right_key_does_not_shorten_the_wait_for_the_clinicians(bench):
    try_wrong_key(host_at(bench.pump, 100))
    host_at(bench.pump, 101).prove(ROLE_PATIENT)
    assert try_wrong_key(host_at(bench.pump, 102))[0] == messages.ERROR_WAIT


@pytest.mark.requirement("wrong-keys")
def test_wrong_tags_count_as_wrong_keys(bench, clinician):
    right, clinician.session_key = clinician.session_key, bytes(32)
    for _ in range(50):
        assert clinician.refusal(messages.STOP)[0] == messages.ERROR_NOT_AUTHENTICATED
    clinician.session_key = right
    assert clinician.refusal(messages.REFILL, 1_000_000)[0] == messages.ERROR_NONE
    assert try_wrong_key(host_at(bench.pump, 8))[0] == messages.ERROR_WAIT
    assert len(events_of(bench, events.EVENT_WRONG_KEY)) == 1


@pytest.mark.requirement("wrong-keys")
def test_whoever_is_at_the_pump_waits_for_nobody(bench):
    for attempt in range(3):
        _, wait_s = try_wrong_key(host_at(bench.pump, 100 + attempt))
        bench.run_for(wait_s)
    try_wrong_key(host_at(bench.pump, 103))
    pair_at_button(bench.pump)
    host_at(bench.pump, 104).prove()


@pytest.mark.requirement("wrong-keys-logged")
def test_strangers_write_nothing_to_the_log(bench):
    before = kept(bench)["latest_event"]
    for nonce in range(300):
        host = host_at(bench.pump, nonce)
        for message, values in CHANGES[:3]:
            host.refusal(message, *values)
    assert kept(bench)["latest_event"] == before


# --- damage


@pytest.mark.requirement("key-damage-closed")
def test_a_pump_whose_keys_are_damaged_is_closed_delivers_and_is_paired_anew_at_the_button(bench):
    first = Layout().keys
    for sector in (first, first + 1):
        bench.pump.board.chip.rot(sector, 9)
    bench.reset(RESET_WATCHDOG)
    bench.run_for(30)
    host = host_at(bench.pump)
    challenge = host.ask(messages.CHALLENGE, ROLE_CLINICIAN)
    assert (challenge["access"], challenge["pump_nonce"]) == (DAMAGED, bytes(16))
    assert host.refusal(messages.STOP)[0] == messages.ERROR_NOT_AUTHENTICATED
    refused = host.refusal(messages.AUTHENTICATE, ROLE_CLINICIAN, bytes(16), bytes(16))
    assert refused[0] == messages.ERROR_NO_KEY
    assert host.ask(messages.INTERROGATE)["state"] == STATE_DELIVERING
    assert events_of(bench, events.EVENT_KEYS_DAMAGED) == [(0, 0)]
    pair_at_button(bench.pump)
    host = host_at(bench.pump, 6)
    host.prove()
    assert host.refusal(messages.REFILL, 1_000_000)[0] == messages.ERROR_NONE


@pytest.mark.requirement("brown-out")
def test_keys_that_have_decayed_in_one_place_are_put_right_once_the_supply_is_good(bench):
    chip, first = bench.pump.board.chip, Layout().keys
    chip.rot(first, 9)
    decayed = chip.content(first)
    bench.pump.board.supply.good = False
    bench.reset(RESET_WATCHDOG)
    assert chip.content(first) == decayed
    host_at(bench.pump).prove()
    bench.pump.board.supply.good = True
    bench.reset(RESET_WATCHDOG)
    assert chip.content(first) == chip.content(first + 1) != decayed


@pytest.mark.requirement("key-power-cut", "key-power-cut-closed")
@pytest.mark.parametrize("ahead", range(4))
def test_a_power_cut_while_a_key_is_replaced_leaves_one_of_the_two_and_delivery_goes_on(ahead):
    for outcome in outcomes_of(ERASE if ahead % 2 == 0 else PROGRAM):
        bench = PumpBench()
        bench.deliver(continuous(9_000_000))
        pair_at_button(bench.pump)
        bench.run_for(5)
        _cut_while_pairing(bench, ahead, outcome)
        bench.pump.board.button.held = False
        bench.connect()
        bench.run_for(5)
        assert bench.status()["state"] == STATE_DELIVERING
        assert bench.host.ask(messages.CHALLENGE, ROLE_CLINICIAN)["access"] == KEYED
        with pytest.raises(RefusedError):
            bench.refill(1_000_000)
        fitting = [key for key in (KEYS[ROLE_CLINICIAN], WRONG_KEY) if _fits(bench, key)]
        assert len(fitting) == 1, (ahead, outcome)


def _cut_while_pairing(bench: PumpBench, ahead: int, outcome: str) -> None:
    """Cut the power at one of the operations on the keys' sectors."""
    chip, sectors = bench.pump.board.chip, (Layout().keys, Layout().keys + 1)
    seen = 0

    def look(index: int, kind: str, sector: int, offset: int) -> None:
        nonlocal seen
        if sector in sectors:
            if seen == ahead:
                chip.cut_at(index, outcome)
            seen += 1

    chip.before_operation = look
    bench.pump.board.button.held = True
    resets = len(bench.pump.resets)
    with pytest.raises((SerialException, TimeoutError)):
        host_at(bench.pump, 99).pair(ROLE_CLINICIAN, WRONG_KEY)
    chip.before_operation = None
    assert len(bench.pump.resets) == resets + 1


def _fits(bench: PumpBench, key: bytes) -> bool:
    bench.run_for(3)
    try:
        host_at(bench.pump, 6).prove(key=key)
    except RefusedError:
        return False
    return True
