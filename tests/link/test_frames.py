"""Frames: whatever bytes come in, no exception comes out, and a whole frame is always found again."""

import pytest
from cobs import cobs
from hypothesis import given
from hypothesis import strategies as st

from thecal_fw.link.frames import (
    MOST_FRAME_BYTES,
    MOST_PAYLOAD_BYTES,
    Frame,
    FrameReader,
    cobs_decode,
    cobs_encode,
    encode_frame,
)

words = st.integers(0, 0xFFFF)
kinds = st.integers(0, 0xFF)
payloads = st.binary(max_size=MOST_PAYLOAD_BYTES)


def frames_in(data: bytes, reader: FrameReader | None = None) -> list[Frame]:
    reader = reader or FrameReader()
    return [frame for frame in map(reader.push, data) if frame is not None]


@given(st.binary(max_size=254))
def test_cobs_encodes_as_an_independent_implementation_does(data):
    assert bytes(cobs_encode(data)) == cobs.encode(data)


@pytest.mark.parametrize("size", [0, 1, 253, 254])
@pytest.mark.parametrize("byte", [0, 1])
def test_the_shortest_and_longest_bodies_are_encoded_right(size, byte):
    assert bytes(cobs_encode(bytes([byte]) * size)) == cobs.encode(bytes([byte]) * size)


def test_what_no_frame_holds_is_not_encoded():
    with pytest.raises(ValueError, match="255 bytes to encode, at most 254"):
        cobs_encode(bytes(255))


@given(st.binary(max_size=1_500))
def test_cobs_decodes_what_an_independent_implementation_encodes(data):
    assert cobs_decode(cobs.encode(data)) == data


@given(st.binary(max_size=300))
def test_cobs_decodes_or_refuses_any_bytes_as_an_independent_implementation_does(data):
    try:
        expected = cobs.decode(data)
    except cobs.DecodeError:
        expected = None
    assert cobs_decode(data) == expected


@given(kinds, words, words, payloads)
def test_a_frame_comes_out_as_it_went_in(kind, session, request, payload):
    (frame,) = frames_in(encode_frame(kind, session, request, payload))
    assert (frame.kind, frame.session, frame.request, frame.payload) == (kind, session, request, payload)


@given(kinds, words, words, payloads)
def test_no_frame_is_longer_than_stated_and_its_only_zero_ends_it(kind, session, request, payload):
    frame = encode_frame(kind, session, request, payload)
    assert len(frame) <= MOST_FRAME_BYTES
    assert frame.index(0) == len(frame) - 1


@pytest.mark.requirement("link-garbage")
@given(st.binary(max_size=3_000))
def test_any_bytes_at_all_raise_nothing(data):
    frames_in(data)


@pytest.mark.requirement("link-next-frame")
@given(st.binary(max_size=1_000), payloads)
def test_after_any_garbage_and_a_zero_the_next_frame_is_found(garbage, payload):
    found = frames_in(garbage + b"\0" + encode_frame(1, 2, 3, payload))
    assert found
    assert found[-1].payload == payload


@pytest.mark.requirement("link-garbage")
@given(payloads, st.data())
def test_a_frame_with_any_one_bit_flipped_is_never_taken_for_another(payload, data):
    frame = bytearray(encode_frame(1, 2, 3, payload))
    place = data.draw(st.integers(0, len(frame) - 1))
    frame[place] ^= 1 << data.draw(st.integers(0, 7))
    assert frames_in(bytes(frame) + b"\0") == []


@pytest.mark.requirement("link-next-frame")
@given(payloads, st.data())
def test_a_frame_that_is_cut_is_lost_and_takes_none_with_it(payload, data):
    frame = encode_frame(1, 2, 3, payload)
    cut = frame[: data.draw(st.integers(0, len(frame) - 2))]
    assert [found.request for found in frames_in(cut + b"\0" + encode_frame(1, 2, 4))] == [4]


@pytest.mark.requirement("link-garbage-counted")
def test_garbage_is_counted():
    reader = FrameReader()
    frames_in(b"\x05abc\0" + b"\x01" * (2 * MOST_FRAME_BYTES) + b"\0" + b"\0\0", reader)
    assert (reader.garbled, reader.overlong) == (1, 1)


def test_a_payload_too_long_for_a_frame_is_refused():
    with pytest.raises(ValueError, match="at most 236"):
        encode_frame(1, 1, 1, bytes(MOST_PAYLOAD_BYTES + 1))
