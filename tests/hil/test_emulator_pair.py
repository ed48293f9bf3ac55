"""Two emulated Picos in one time: an edge of the one comes to the other at its exact instant."""

from __future__ import annotations

from pathlib import Path

import pytest

from thecal_hil.emulator import EmulatedPico
from thecal_hil.emulator.bare_metal import SLEEP_FOREVER, write_uf2
from thecal_hil.emulator.pair import LAG_NS, SLICE_NS, PicoPair
from thecal_hil.emulator.units import CYCLE_NS

pytestmark = pytest.mark.usefixtures("either_path")

OUTPUT, INPUT, ANSWER = 2, 3, 4
IO_BANK0 = 0x4001_4000
SIO_OE_SET, SIO_OUT_SET, SIO_OUT_CLEAR = 0xD000_0024, 0xD000_0014, 0xD000_0018
SIO_FUNCTION = 5


class NotingPin:
    """An input that notes when which level came."""

    def __init__(self, two: Two) -> None:
        self._two = two

    def set_input_value(self, level: bool) -> None:
        self._two.arrived.append((self._two.follower.now_ns, int(level)))


class Two:
    """Two chips whose processors sleep; pins are driven by writing registers at chosen instants."""

    def __init__(self, folder: Path, ppb: int = 0) -> None:
        uf2 = write_uf2(folder / "sleep.uf2", SLEEP_FOREVER)
        self.leader = EmulatedPico(uf2, watch={"out": OUTPUT})
        self.follower = EmulatedPico(uf2, watch={"answer": ANSWER})
        for pico, pin in ((self.leader, OUTPUT), (self.follower, ANSWER)):
            pico.run_for(1_000)
            pico.bus.write_uint32(IO_BANK0 + 8 * pin + 4, SIO_FUNCTION)
            pico.bus.write_uint32(SIO_OE_SET, 1 << pin)
        self.answers: list[int] = []
        self.pair = PicoPair(
            self.leader,
            self.follower,
            forward={"out": INPUT},
            back={"answer": self.answers.append},
            follower_ppb=ppb,
        )
        self.arrived: list[tuple[int, int]] = []
        # The pair looks the pin up for each edge, so one that takes notes can stand in its place.
        self.follower.chip.gpio = [*self.follower.chip.gpio]
        self.follower.chip.gpio[INPUT] = NotingPin(self)

    def drive_at(self, t_ns: int, pico: EmulatedPico, pin: int, level: int) -> None:
        register = SIO_OUT_SET if level else SIO_OUT_CLEAR
        pico.call_at(t_ns, lambda: pico.bus.write_uint32(register, 1 << pin))


@pytest.mark.parametrize("ppb", [0, 50_000, -50_000])
def test_edges_arrive_at_their_instant_by_the_followers_clock(tmp_path, ppb):
    two = Two(tmp_path, ppb)
    begin_ns = two.pair.now_ns
    instants = [begin_ns + 8_000 + 777_784 * number for number in range(50)]
    for number, t_ns in enumerate(instants):
        two.drive_at(t_ns, two.leader, OUTPUT, number + 1 & 1)
    two.pair.run_for(60_000_000)
    assert [edge.t_ns for edge in two.leader.edges if edge.signal == "out"] == instants
    assert two.arrived == [
        (two.pair.follower_ns(t_ns), number + 1 & 1) for number, t_ns in enumerate(instants)
    ]
    stretched_ns = (instants[-1] - begin_ns) * ppb // 10**9
    offset_ns = two.pair.follower_ns(begin_ns) - begin_ns
    assert abs(two.arrived[-1][0] - instants[-1] - offset_ns - stretched_ns) <= CYCLE_NS


def test_an_edge_back_is_late_by_a_slice_at_most_and_says_so(tmp_path):
    two = Two(tmp_path)
    two.drive_at(two.follower.now_ns + 5_300_000, two.follower, ANSWER, 1)
    two.pair.run_for(10_000_000)
    assert two.answers == [1]
    assert 0 < two.pair.worst_return_ns <= SLICE_NS + LAG_NS


def test_a_follower_that_got_ahead_of_an_edge_is_told(tmp_path):
    two = Two(tmp_path)
    two.drive_at(two.leader.now_ns + 2_000_000, two.leader, OUTPUT, 1)
    two.follower.run_for(5_000_000)
    with pytest.raises(ValueError, match="in the past"):
        two.pair.run_for(3_000_000)
