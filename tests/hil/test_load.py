"""The bad wire and the makers of floods do what they say, and the same each time."""

from itertools import islice

from thecal_fw.link.frames import MOST_FRAME_BYTES, FrameReader, encode_frame
from thecal_hil.course.load import (
    BadWire,
    FirstOnly,
    cut_short,
    damaged,
    doubled,
    garbage,
    lost,
    valid_frames,
)

FRAME = encode_frame(0x02, 7, 3, b"some payload")


class LoopedPort:
    """A port whose far end sends everything back."""

    def __init__(self) -> None:
        self.timeout: float | None = 0.0
        self.write_timeout: float | None = 0.0
        self.waiting = bytearray()

    @property
    def in_waiting(self) -> int:
        return len(self.waiting)

    def read(self, size: int = 1) -> bytes:
        data = bytes(self.waiting[:size])
        del self.waiting[:size]
        return data

    def write(self, data: bytes) -> int:
        self.waiting += data
        return len(data)

    def reset_input_buffer(self) -> None:
        self.waiting.clear()

    def close(self) -> None: ...


def frames_in(data: bytes) -> int:
    reader = FrameReader()
    return sum(reader.push(byte) is not None for byte in data)


def test_a_good_wire_changes_nothing_however_the_bytes_come() -> None:
    wire = BadWire(LoopedPort())
    for byte in FRAME + FRAME:
        wire.write(bytes([byte]))
    assert wire.read(2 * len(FRAME)) == FRAME + FRAME
    assert wire.frames_to_pump == [FRAME, FRAME]


def test_frames_are_lost_doubled_cut_and_damaged() -> None:
    for change, frames in ((lost, 0), (doubled, 2), (cut_short, 0), (damaged, 0)):
        assert frames_in(change(FRAME)) == frames
        wire = BadWire(LoopedPort())
        wire.to_pump = change
        wire.write(FRAME)
        assert wire.read(1_000) == change(FRAME)


def test_a_fault_that_passes_leaves_the_later_frames_alone() -> None:
    wire = BadWire(LoopedPort())
    wire.to_host = FirstOnly(lost)
    wire.write(FRAME + FRAME)
    assert wire.read(1_000) == FRAME


def test_floods_repeat_byte_for_byte() -> None:
    assert list(islice(garbage(3), 200)) == list(islice(garbage(3), 200))
    assert list(islice(garbage(3), 200)) != list(islice(garbage(4), 200))
    assert all(frames_in(frame) == 1 for frame in islice(valid_frames(9), 50))


def test_garbage_holds_runs_that_are_longer_than_any_frame_and_no_frame() -> None:
    runs = list(islice(garbage(1), 300))
    assert max(map(len, runs)) > MOST_FRAME_BYTES
    assert frames_in(b"".join(runs)) == 0
