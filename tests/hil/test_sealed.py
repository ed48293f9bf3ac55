"""A seal: what was changed, cut or added to since it was written is found, and said in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thecal_hil.groundwork.sealed import DamagedError, sealed, unsealed


@given(st.binary(max_size=200))
def test_what_was_sealed_is_read_again(content: bytes) -> None:
    assert unsealed(sealed(content)) == content


@given(content=st.binary(max_size=50), at=st.integers(0, 1_000), bit=st.integers(0, 7))
def test_no_bit_can_be_flipped(content: bytes, at: int, bit: int) -> None:
    data = bytearray(sealed(content))
    data[at % len(data)] ^= 1 << bit
    with pytest.raises(DamagedError):
        unsealed(bytes(data))


@given(content=st.binary(max_size=50), length=st.integers(0, 200))
def test_nothing_can_be_cut_off_or_added(content: bytes, length: int) -> None:
    data = sealed(content)
    for other in (data[: length % len(data)], data + b"\0", content):
        with pytest.raises(DamagedError):
            unsealed(other)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "does not begin with its digest"),
        (sealed(b"abcdef")[:-2], "is cut short: 4 of 6 bytes are left"),
        (sealed(b"abcdef") + b"g", "has 1 bytes more than were written"),
        (
            sealed(b"abcdef")[:-1] + b"F",
            "is damaged: its content does not have the digest that was written with it",
        ),
    ],
)
def test_what_is_wrong_is_said_in_words(data: bytes, said: str) -> None:
    with pytest.raises(DamagedError) as damaged:
        unsealed(data)
    assert str(damaged.value) == said
