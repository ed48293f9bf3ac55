"""The probe's image on an emulated Pico: what its pins see is what its driver reports, to a microsecond."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from thecal_hil.emulator import EmulatedPico
from thecal_hil.instruments.probe import RESOLUTION_NS, Probe, ProbeError
from thecal_hil.rigs.emulated_bench import SWITCH_PINS, emulated_probe
from thecal_probe import pins

NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000
BOOT_NS = 200 * NS_PER_MS
TIMER_WRAP_NS = (1 << 32) * 1_000


class ProbeAlone:
    """A probe whose inputs are moved at exact instants."""

    def __init__(self, uf2: Path, timer_ns: int = 0) -> None:
        self.board: EmulatedPico = emulated_probe(uf2)
        # As if it had been on for so long.
        self.board.chip.timer._epoch_nanos -= timer_ns
        port = self.board.serial
        port.timeout = port.write_timeout = 1.0
        port.open()
        self.board.run_for(BOOT_NS)
        self.driver = Probe(port)
        self.moved: list[tuple[int, str, int]] = []

    def move(self, t_ns: int, signal: str, level: int) -> None:
        """Have an input change at an instant of the probe's own timer."""
        gpio = self.board.chip.gpio[pins.FIRST_INPUT + pins.INPUTS.index(signal)]
        epoch_ns = self.board.now_ns - self.board.device_time_ns
        self.board.call_at(t_ns + epoch_ns, lambda: gpio.set_input_value(bool(level)))
        self.moved.append((t_ns, signal, level))

    def now_ns(self) -> int:
        return self.board.device_time_ns

    def run_until(self, t_ns: int) -> None:
        self.board.run_for(t_ns - self.now_ns())

    def assert_all_reported(self, edges: list) -> None:
        """Check that what was reported is what was moved, each within the resolution."""
        expected = sorted(self.moved)
        assert [(edge.signal, edge.level) for edge in edges] == [
            (signal, level) for _, signal, level in expected
        ]
        worst_ns = max(abs(edge.t_ns - t_ns) for edge, (t_ns, _, _) in zip(edges, expected, strict=True))
        assert worst_ns <= RESOLUTION_NS
        assert self.driver.lost == self.driver.unplaced == self.board.backlog_drops == 0


@pytest.fixture
def probe(probe_uf2: Path) -> ProbeAlone:
    return ProbeAlone(probe_uf2)


def polled(probe: ProbeAlone) -> list:
    """Return everything up to now; an edge is handed out once the probe's clock is past it for sure."""
    probe.board.run_for(NS_PER_MS)
    edges = probe.driver.poll()
    probe.board.run_for(NS_PER_MS)
    return edges + probe.driver.poll()


@pytest.mark.requirement("edge-probe-loses-none")
def test_a_thousand_edges_a_second_on_all_inputs_lose_none(probe):
    random = Random(5)
    t_ns = probe.now_ns() + NS_PER_MS
    levels = dict.fromkeys(pins.INPUTS, 0)
    for _ in range(5_000):
        # Any instant of the chip's clock, no nearer to the edge before than two microseconds.
        t_ns += random.randrange(250, 250_000) * 8
        signal = random.choice(pins.INPUTS)
        levels[signal] ^= 1
        probe.move(t_ns, signal, levels[signal])
    edges = []
    while probe.now_ns() < t_ns:
        # A host that comes by now and then, while edges continue coming.
        probe.board.run_for(NS_PER_S // 2)
        edges += probe.driver.poll()
    assert (t_ns - probe.moved[0][0]) / NS_PER_S == pytest.approx(5, rel=0.1)
    edges += polled(probe)
    probe.assert_all_reported(edges)


@pytest.mark.campaign
@pytest.mark.requirement("edge-probe-loses-none")
def test_four_seconds_of_a_thousand_edges_wait_for_a_host_that_does_not_read(probe):
    t_ns = probe.now_ns() + NS_PER_MS
    for number in range(4_000):
        t_ns += NS_PER_MS
        probe.move(t_ns, "step", number + 1 & 1)
    probe.run_until(t_ns + NS_PER_MS)
    probe.assert_all_reported(polled(probe))


@pytest.mark.campaign
@pytest.mark.requirement("edge-probe-counts-lost")
def test_edges_that_did_not_fit_are_counted_to_the_last_one(probe):
    t_ns = probe.now_ns() + NS_PER_MS
    for number in range(9_001):
        t_ns += 500_000
        probe.move(t_ns, "step", number + 1 & 1)
    probe.run_until(t_ns + NS_PER_MS)
    edges = polled(probe)
    assert len(edges) < 4_096
    assert len(edges) + probe.driver.lost == 9_001
    assert edges[-1].level == 1


def test_a_burst_of_edges_a_microsecond_apart_is_kept_in_order(probe):
    begin_ns = probe.now_ns() + NS_PER_MS
    for number in range(200):
        probe.move(begin_ns + 1_000 * number, "step", number + 1 & 1)
    probe.run_until(begin_ns + NS_PER_MS)
    edges = polled(probe)
    assert all(earlier.t_ns <= later.t_ns for earlier, later in pairwise(edges))
    probe.assert_all_reported(edges)


def test_edges_at_the_same_instant_are_all_reported(probe):
    begin_ns = probe.now_ns() + NS_PER_MS
    for number in range(8):
        for signal in ("buzzer", "enable", "step"):
            probe.move(begin_ns + 10_000 * number, signal, number + 1 & 1)
    probe.run_until(begin_ns + NS_PER_MS)
    edges = polled(probe)
    assert len(edges) == 24
    assert {edge.signal for edge in edges[:3]} == {"buzzer", "enable", "step"}
    assert probe.driver.lost == probe.driver.unplaced == 0


@pytest.mark.campaign
@pytest.mark.requirement("edge-probe")
def test_the_wrap_of_the_timer_moves_no_edge(probe_uf2):
    probe = ProbeAlone(probe_uf2, timer_ns=TIMER_WRAP_NS - 2 * NS_PER_S)
    t_ns = probe.now_ns() + NS_PER_MS
    for number in range(3_000):
        t_ns += NS_PER_MS
        probe.move(t_ns, "step", number + 1 & 1)
    probe.run_until(t_ns + NS_PER_MS)
    edges = polled(probe)
    assert edges[0].t_ns < TIMER_WRAP_NS < edges[-1].t_ns
    probe.assert_all_reported(edges)


def test_instants_that_can_not_be_told_apart_any_more_are_refused(probe):
    probe.driver.poll()
    probe.board.chip.timer._epoch_nanos -= TIMER_WRAP_NS
    with pytest.raises(ProbeError, match="was not read for 71 minutes"):
        probe.driver.poll()


def test_a_level_from_before_the_host_came_is_no_edge(probe_uf2):
    probe = ProbeAlone(probe_uf2)
    probe.move(probe.now_ns() + NS_PER_MS, "enable", 1)
    probe.board.run_for(2 * NS_PER_MS)
    again = Probe(probe.board.serial)
    probe.board.run_for(2 * NS_PER_MS)
    assert again.poll() == []
    assert again.level("enable") == 1
    assert again.level("step") == 0


def switched(probe: ProbeAlone, line: str) -> list[tuple[int, int]]:
    """Return the level changes of one switch with their instants on the probe's timer."""
    epoch_ns = probe.board.now_ns - probe.board.device_time_ns
    return [(edge.t_ns - epoch_ns, edge.level) for edge in probe.board.edges if edge.signal == line]


@pytest.mark.parametrize("line", pins.SWITCHES)
def test_a_switch_goes_off_by_itself_when_its_host_is_gone(probe, line):
    before_ns = probe.driver.switch_on(line, 0.25)
    probe.board.run_for(NS_PER_S)
    is_open_drain = SWITCH_PINS[line] in pins.OPEN_DRAIN
    (on_ns, on_level), (off_ns, off_level) = switched(probe, line)[-2:]
    assert (on_level, off_level) == ((0, 1) if is_open_drain else (1, 0))
    assert 0 <= on_ns - before_ns < NS_PER_MS
    assert off_ns - on_ns == pytest.approx(250 * NS_PER_MS, abs=2 * NS_PER_MS)


def test_a_switch_that_is_told_off_goes_off_at_once_and_others_stay_on(probe):
    probe.driver.switch_on("sense_cut", 100)
    with probe.driver.switched_on("motion_hold"):
        probe.board.run_for(NS_PER_S)
    assert [level for _, level in switched(probe, "motion_hold")][-2:] == [1, 0]
    assert switched(probe, "sense_cut")[-1][1] == 1


def test_a_program_that_hangs_leaves_no_switch_on(probe):
    probe.driver.switch_on("power", 600)
    probe.board.hang()
    probe.board.run_for(9 * NS_PER_S)
    assert switched(probe, "power")[-1][1] == 0
    probe.board.serial.open()
    probe.board.run_for(BOOT_NS)
    with pytest.raises(ProbeError, match="the probe has been reset"):
        probe.driver.poll()


@pytest.mark.parametrize(
    ("line", "hold_s", "message"),
    [
        ("valve", 1, "the probe has no switch 'valve'; it has run, power, sense_cut, motion_hold, button"),
        ("run", 0, r"hold_s: 0 is not within 0.001 to 600"),
        ("run", 601, r"hold_s: 601 is not within 0.001 to 600"),
    ],
)
def test_a_switch_that_is_not_there_or_held_for_ever_is_refused(probe, line, hold_s, message):
    with pytest.raises(ProbeError, match=message):
        probe.driver.switch_on(line, hold_s)
