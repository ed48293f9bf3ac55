"""Proofs: HMAC after its published vectors, and tags that fit one request of one session and nothing else."""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thecal_fw.core.roles import ROLE_CLINICIAN, ROLE_NONE, ROLE_PATIENT
from thecal_fw.link import messages
from thecal_fw.link.authentication import (
    TAG_BYTES,
    are_equal,
    hmac_sha256,
    host_proof,
    pump_nonce,
    pump_proof,
    request_tag,
    session_key,
)
from thecal_fw.link.frames import MOST_PAYLOAD_BYTES
from thecal_fw.link.layouts import Message

# RFC 4231, all test cases with a whole digest.
RFC_4231 = [
    (
        b"\x0b" * 20,
        b"Hi There",
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    ),
    (
        b"Jefe",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    (
        b"\xaa" * 20,
        b"\xdd" * 50,
        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
    ),
    (
        bytes(range(1, 26)),
        b"\xcd" * 50,
        "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    ),
    (
        b"\xaa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
    (
        b"\xaa" * 131,
        b"This is a test using a larger than block-size key and a larger than block-size data. "
        b"The key needs to be hashed before being used by the HMAC algorithm.",
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    ),
]

KEY = bytes(range(32))
SESSION_KEY = session_key(KEY, ROLE_CLINICIAN, 7, b"p" * 16, b"h" * 16)
REQUEST = (7, 3, messages.STOP.kind, b"payload")


@pytest.mark.requirement("keys")
@pytest.mark.parametrize(
    ("key", "message", "digest"), RFC_4231, ids=[f"case {n}" for n in (1, 2, 3, 4, 6, 7)]
)
def test_hmac_gives_what_its_standard_says(key, message, digest):
    assert hmac_sha256(key, message).hex() == digest


@given(st.binary(max_size=150), st.binary(max_size=300))
def test_hmac_agrees_with_an_independent_implementation(key, message):
    assert hmac_sha256(key, message) == hmac.new(key, message, hashlib.sha256).digest()


@pytest.mark.parametrize("length", [0, 63, 64, 65])
def test_hmac_agrees_with_it_around_the_length_of_a_block(length):
    key = bytes(range(length))
    assert hmac_sha256(key, b"message") == hmac.new(key, b"message", hashlib.sha256).digest()


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_only_equal_bytes_are_equal(one, other):
    assert are_equal(one, other) == (one == other)
    assert are_equal(one, bytes(one))


def test_a_session_key_differs_with_everything_it_is_made_of():
    made = [
        SESSION_KEY,
        session_key(bytes(32), ROLE_CLINICIAN, 7, b"p" * 16, b"h" * 16),
        session_key(KEY, ROLE_PATIENT, 7, b"p" * 16, b"h" * 16),
        session_key(KEY, ROLE_CLINICIAN, 8, b"p" * 16, b"h" * 16),
        session_key(KEY, ROLE_CLINICIAN, 7, b"q" * 16, b"h" * 16),
        session_key(KEY, ROLE_CLINICIAN, 7, b"p" * 16, b"i" * 16),
    ]
    assert len(set(made)) == len(made)


@pytest.mark.requirement("key-replay")
@pytest.mark.parametrize(
    "other",
    [
        (8, 3, messages.STOP.kind, b"payload"),
        (7, 4, messages.STOP.kind, b"payload"),
        (7, 3, messages.START.kind, b"payload"),
        (7, 3, messages.STOP.kind, b"payloae"),
        (7, 3, messages.STOP.kind, b"payload\0"),
    ],
)
def test_a_tag_fits_one_request_of_one_session(other):
    assert request_tag(SESSION_KEY, *other) != request_tag(SESSION_KEY, *REQUEST)


def test_no_proof_can_be_taken_for_another():
    proofs = {host_proof(SESSION_KEY), pump_proof(SESSION_KEY), request_tag(SESSION_KEY, *REQUEST)}
    assert len(proofs) == 3
    assert {len(proof) for proof in proofs} == {TAG_BYTES}


def test_the_pumps_nonce_never_comes_again_even_if_the_source_of_randomness_has_failed():
    stuck = bytes(16)
    made = [
        pump_nonce(KEY, stuck, boots, challenges, s, us)
        for boots in range(1, 4)
        for challenges in range(3)
        for s in range(3)
        for us in range(3)
    ]
    assert len(set(made)) == len(made)


def test_whoever_lacks_the_key_can_not_foresee_the_pumps_nonce():
    assert pump_nonce(KEY, bytes(16), 1, 1, 0, 0) != pump_nonce(bytes(32), bytes(16), 1, 1, 0, 0)


@pytest.mark.requirement("key-roles-nothing-else")
def test_every_message_that_changes_therapy_needs_the_clinician():
    free = {message.name for message in messages.MESSAGES if message.role == ROLE_NONE}
    assert free == {
        *(message.name for message in messages.MESSAGES if not message.changes),
        "authenticate",
        "pair",
    }
    assert {message.name for message in messages.MESSAGES if message.role == ROLE_PATIENT} == {
        "check_tone",
        "sign_off",
    }


@pytest.mark.requirement("key-roles-nothing-else")
def test_a_message_that_does_not_say_who_may_make_it_is_closed_if_it_changes_anything():
    assert Message("a", 1, True, 0, [], [], "").role == ROLE_CLINICIAN
    assert Message("a", 1, False, 0, [], [], "").role == ROLE_NONE
    assert Message("a", 1, True, 0, [], [], "", ROLE_PATIENT).role == ROLE_PATIENT


def test_the_tagged_kind_of_no_message_is_the_kind_of_another():
    kinds = {message.kind for message in messages.MESSAGES}
    assert not kinds & {kind | messages.TAGGED for kind in kinds}
    assert all(kind | messages.TAGGED < messages.RESPONSE for kind in kinds)


def test_every_request_of_fixed_length_has_room_for_its_tag():
    for message in messages.MESSAGES:
        assert message.request.size + TAG_BYTES <= MOST_PAYLOAD_BYTES
