"""The step generator on the emulated chip: every edge on its tick, whatever else continues."""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .conftest import Bench

US = 1_000
TICK_NS = 10 * US
MOST_ANCHOR_OFFSET_NS = 1_000

SET_UP = """
import gc, machine, micropython, time
from thecal_fw.rp2.steptrain import StepTrain
from thecal_fw.rp2.sense import Sense
from thecal_fw.rp2.clock import Clock
from thecal_fw.rp2.sleep import Sleeper
train, sense, clock = StepTrain(512), Sense(), Clock()
class Nobody:
    def any(self):
        return False
sleeper = Sleeper(clock, Nobody())
def nap(us):
    # Asleep, since an emulated processor that is busy takes its time.
    clock.read()
    us += clock.us
    sleeper.sleep_until(clock.s + us // 1_000_000, us % 1_000_000)
def fill(intervals):
    for ticks in intervals:
        train.push(ticks)
    train.release()
def start_in(us):
    global anchor
    clock.read()
    us += clock.us
    s, us = clock.s + us // 1_000_000, us % 1_000_000
    anchor = s * 1_000_000 + us
    return train.start(s, us)
"""


def in_ticks(edges_ns: list[int], anchor_us: int) -> list[int]:
    """Return ticks from the anchor to each edge. All must lie the same little bit after their tick."""
    after_ns = [edge_ns - anchor_us * 1_000 for edge_ns in edges_ns]
    offset_ns = after_ns[0] % TICK_NS
    assert 0 <= offset_ns < MOST_ANCHOR_OFFSET_NS
    assert all(ns % TICK_NS == offset_ns for ns in after_ns)
    return [ns // TICK_NS for ns in after_ns]


def sums(intervals: list[int]) -> list[int]:
    return list(itertools.accumulate(intervals))


@pytest.fixture
def train(bench: Bench) -> Bench:
    bench.run(SET_UP)
    return bench


def test_intervals_are_exact_from_the_shortest_to_minutes(train: Bench):
    intervals = [4, 4, 5, 6, 7, 4, 100, 1_000, 65_535, 65_536, 65_537, 4, 1_700_000, 30_000_000, 4]
    (anchor,) = train.numbers(f"train.load(); fill({intervals}); assert start_in(20_000); print(anchor)")
    train.run_for_s(330)
    assert in_ticks(train.rises_ns(), anchor) == sums(intervals)
    assert train.run("print(train.starved(), sense.count())") == f"True {len(intervals)}"
    assert train.pico.backlog_drops == 0


IN_PIECES = """
more = None
kept = [None] * 4_000
for n in range(4_000):
    kept[n] = bytearray(16)
for n in range(0, 4_000, 2):
    kept[n] = None
gc.collect()
search_us = 0
while search_us < 200:
    # What is still free in one piece before all that is kept is taken.
    t = time.ticks_us()
    more = (more, bytearray(100))
    search_us = time.ticks_diff(time.ticks_us(), t)
"""


def test_a_take_over_takes_nothing_from_the_heap(train: Bench):
    train.run("train.load(); fill([1_000]); is_started = None")
    code = "clock.read(); us = clock.us + 50_000; s, us = clock.s + us // 1_000_000, us % 1_000_000"
    locked = "micropython.heap_lock(); is_started = train.start(s, us); micropython.heap_unlock()"
    assert train.run(f"{code}; {locked}; print(is_started)") == "True"


def test_a_take_over_lasts_no_longer_on_a_heap_in_pieces(train: Bench):
    (before_us,) = train.numbers("train._measure_take_over(); print(train._measure_take_over())")
    train.run(IN_PIECES)
    (after_us,) = train.numbers("print(train._measure_take_over())")
    assert after_us - before_us <= 20


@pytest.mark.requirement("pulse-width")
def test_a_pulse_lasts_one_tick(train: Bench):
    train.run("train.load(); fill([4] * 20); assert start_in(20_000)")
    train.run_for_s(0.1)
    edges = [edge for edge in train.pico.edges if edge.signal == "step"]
    assert [edge.level for edge in edges] == [1, 0] * 20
    assert {low.t_ns - high.t_ns for high, low in zip(edges[::2], edges[1::2], strict=True)} == {TICK_NS}


def test_the_first_interval_may_be_the_shortest(train: Bench):
    (anchor,) = train.numbers("train.load(); fill([4]); assert start_in(20_000); print(anchor)")
    train.run_for_s(0.1)
    assert in_ticks(train.rises_ns(), anchor) == [4]


@pytest.mark.requirement("hardware-edges")
def test_interrupts_off_for_as_long_as_a_flash_erase_moves_nothing(train: Bench):
    (anchor, starved, counted) = train.numbers(
        """
train.load(); fill([200] * 512); fill([200] * 512)
assert start_in(20_000)
nap(300_000)
state = machine.disable_irq()
nap(400_000)
machine.enable_irq(state)
while not train.has_room():
    nap(500)
fill([200] * 476)
nap(1_900_000)
starved = train.starved()
nap(1_500_000)
print(anchor, int(starved), sense.count())
"""
    )
    assert not starved
    assert counted == 1_500
    assert in_ticks(train.rises_ns(), anchor) == sums([200] * 1_500)


def test_a_long_queue_of_blocks_of_all_sizes_has_no_gap(train: Bench):
    sizes = [1, 512, 3, 1, 2, 9, 8, 7, 64, 1, 1, 1, 1, 300, 17, 5, 40, 2]
    rng = random.Random(5)
    intervals = [rng.choice([100, 200, 400, 1_000]) for _ in range(sum(sizes))]
    train.run(f"intervals = {intervals}; sizes = {sizes}")
    (anchor, starved) = train.numbers(
        """
train.load()
at, playing = 0, False
for size in sizes:
    block = intervals[at:at + size]
    at += size
    if playing:
        while not train.has_room():
            nap(800)
    fill(block)
    if not playing and not train.has_room():
        assert start_in(20_000)
        playing = True
# The machine is starved only once all has been played.
starved = train.starved()
nap(5_000_000)
print(anchor, int(starved))
"""
    )
    assert not starved
    assert in_ticks(train.rises_ns(), anchor) == sums(intervals)


@pytest.mark.parametrize("delay_us", range(0, 60, 3))
def test_a_block_released_just_as_the_one_before_it_ends_is_played_once(train: Bench, delay_us: int):
    """The last word of the first block leaves for the FIFO about 8 pulses before its end."""
    (anchor,) = train.numbers(
        f"""
train.load(); fill([100] * 40)
assert start_in(20_000)
assert train.has_room()
for _ in range(30):
    train.push(100)
state = machine.disable_irq()
while not sense.count() >= 31:
    pass
time.sleep_us(1_000 - 90 + {delay_us} * 3)
train.release()
machine.enable_irq(state)
nap(200_000)
print(anchor)
"""
    )
    assert in_ticks(train.rises_ns(), anchor) == sums([100] * 70)


def test_the_splice_takes_over_at_the_anchor_exactly(train: Bench):
    (first, second) = train.numbers(
        """
train.load(); fill([200] * 300); fill([200] * 300)
assert start_in(20_000)
first = anchor
while sense.count() < 100:
    nap(500)
train.load(); fill([333, 444]); fill([555] * 20)
# 100 ticks and more after the 110th pulse, 50 before the 111th.
second = first + 110 * 2_000 + 1_500
assert train.start(second // 1_000_000, second % 1_000_000)
print(first, second)
"""
    )
    train.run_for_s(1)
    edges_ns = train.rises_ns()
    old = [ns for ns in edges_ns if ns < second * 1_000]
    assert in_ticks(old, first) == sums([200] * 110)
    assert in_ticks(edges_ns[len(old) :], second) == sums([333, 444] + [555] * 20)
    assert train.numbers("print(sense.count())") == [132]
    high_ns = [ns for ns in old if ns + TICK_NS > second * 1_000 - 80_000]
    assert not high_ns


@pytest.mark.requirement("change-loses-no-pulse", "change-doubles-no-pulse")
def test_many_splices_lose_and_double_nothing(train: Bench):
    anchors = train.numbers(
        """
anchors = []
train.load(); fill([4] * 4); fill([50] * 100)
assert start_in(20_000)
anchors.append(anchor)
for n in range(30):
    train.load(); fill([60 + n]); fill([50] * (5 + n))
    assert start_in(4_000 + 7 * n)
    anchors.append(anchor)
nap(100_000)
print(*anchors)
"""
    )
    edges_ns = train.rises_ns()
    for n, (begin, end) in enumerate(itertools.pairwise([*anchors, anchors[-1] + 1_000_000])):
        mine = [ns for ns in edges_ns if begin * 1_000 <= ns < end * 1_000]
        expected = sums([60 + n - 1] + [50] * (4 + n) if n else [4] * 4 + [50] * 100)
        played = in_ticks(mine, begin)
        assert played == expected[: len(played)]
        # Everything due up to the next anchor has come out.
        due_before = [sum(begin + 10 * ticks < end - margin_us for ticks in expected) for margin_us in (2, 0)]
        assert due_before[0] <= len(played) <= due_before[1]
    counted = train.numbers("print(sense.count())")
    assert counted == [len(edges_ns)]


@pytest.mark.requirement("stop-at-once", "stop-loses-nothing")
def test_halt_stops_within_a_tick_and_the_next_start_is_exact(train: Bench):
    train.run("train.load(); fill([4] * 512); fill([4] * 512); assert start_in(5_000)")
    halted_us, counted, later = train.numbers(
        """
clock.read()
before = clock.s * 1_000_000 + clock.us
train.load(); fill([4] * 512); fill([4] * 512)
assert start_in(5_000)
time.sleep_us(3_333)
train.halt()
clock.read()
clock.set_back(train.since_halt_us(clock.s, clock.us))
counted = sense.count()
halted = clock.s * 1_000_000 + clock.us
nap(50_000)
print(halted, counted, sense.count())
"""
    )
    edges_ns = train.rises_ns()
    # To the microsecond in which it was halted, the generator ran as before.
    assert halted_us * 1_000 - 4 * TICK_NS <= edges_ns[-1] < halted_us * 1_000 + 1_000
    assert counted == later == len(edges_ns)
    assert train.pico.level("step") == 0
    (anchor,) = train.numbers("train.load(); fill([50, 60, 70]); assert start_in(9_000); print(anchor)")
    train.run_for_s(0.1)
    assert in_ticks(train.rises_ns()[len(edges_ns) :], anchor) == [50, 110, 180]


@pytest.mark.requirement("pulse-never-short")
def test_halt_leaves_step_low_even_in_the_middle_of_a_pulse(train: Bench):
    for wait_us in range(0, 44, 3):
        train.run(
            f"""
train.load(); fill([4] * 512)
assert start_in(5_000)
time.sleep_us({300 + wait_us})
train.halt()
"""
        )
        assert train.pico.level("step") == 0
        edges = [edge for edge in train.pico.edges if edge.signal == "step"]
        assert edges[-1].t_ns - edges[-2].t_ns >= 1_000, "too short a pulse for the driver to see"
    assert train.numbers("print(sense.count())") == [len(train.rises_ns())]


def test_a_start_in_the_past_or_too_far_ahead_or_of_nothing_is_refused(train: Bench):
    for code in (
        "fill([50]); print(start_in(-5))",
        "fill([50]); print(start_in(1_100_000))",
        "print(start_in(9_000))",
    ):
        assert train.run(f"train.load(); {code}") == "False"
    train.run_for_s(0.2)
    assert not train.rises_ns()
    assert train.run("print(train.starved(), train.has_room())") == "False False"


@pytest.mark.parametrize("late_us", [-5, 0, 5, 40])
def test_a_start_that_comes_too_late_leaves_what_plays_as_it_was(train: Bench, late_us: int):
    """The start is seen to be late when it is asked for, or only at the anchor itself."""
    (anchor, started) = train.numbers(
        f"""
train.load(); fill([1_000] * 50); fill([1_000] * 50)
assert start_in(9_000)
first = anchor
nap(95_000)
train.load(); fill([7] * 50)
started = start_in({late_us})
while not train.has_room():
    nap(5_000)
fill([1_000] * 20)
nap(400_000)
print(first, int(started))
"""
    )
    train.run_for_s(1.5)
    assert not started
    assert in_ticks(train.rises_ns(), anchor) == sums([1_000] * 120)


@pytest.mark.requirement("no-burst")
def test_a_dry_queue_says_so_and_never_catches_up(train: Bench):
    train.run("train.load(); fill([100] * 5); assert start_in(9_000)")
    train.run_for_s(0.1)
    assert train.run("print(train.starved(), train.has_room())") == "True True"
    assert train.run("fill([100] * 5); nap(100_000); print(train.starved())") == "True"
    assert len(train.rises_ns()) == 5
    assert train.run("train.halt(); print(train.starved())") == "False"
    train.run("train.load(); fill([100] * 5); assert start_in(9_000); print(train.starved())")
    train.run_for_s(0.1)
    assert len(train.rises_ns()) == 10


@pytest.mark.requirement("steady-heap")
def test_steady_use_touches_no_heap(train: Bench):
    (allocated,) = train.numbers(
        """
def feed(blocks):
    for _ in range(blocks):
        while not train.has_room():
            if train.starved():
                raise RuntimeError
        for _ in range(100):
            train.push(25)
        train.release()
train.load(); feed(2)
assert start_in(20_000)
feed(3)
gc.collect()
gc.disable()
before = gc.mem_alloc()
feed(15)
sense.count(); train.starved(); clock.read(); train.has_room()
after = gc.mem_alloc()
gc.enable()
print(after - before)
"""
    )
    assert allocated == 0


def test_a_push_that_would_not_fit_is_an_error_and_harms_nothing(train: Bench):
    for code in ("train.push(3)", "[train.push(9) for _ in range(513)]"):
        assert (
            train.run(f"train.load()\ntry:\n    {code}\nexcept ValueError:\n    print('refused')")
            == "refused"
        )


def test_a_block_that_plays_or_waits_cannot_be_overwritten(train: Bench):
    refused = "try:\n    train.push(9)\nexcept ValueError:\n    print('refused')"
    assert train.run(refused) == "refused"
    assert train.run(f"train.load(); fill([500] * 30); fill([500] * 30)\n{refused}") == "refused"
    (anchor,) = train.numbers("assert start_in(9_000); print(anchor)")
    assert train.run(f"assert not train.has_room()\n{refused}") == "refused"
    train.run_for_s(0.5)
    assert in_ticks(train.rises_ns(), anchor) == sums([500] * 60)
    assert train.run(f"train.halt()\n{refused}") == "refused"


@pytest.mark.requirement("independent-count")
def test_the_sense_counter_counts_what_arrives_at_its_pin(train: Bench):
    train.pico.wires[0].connected = False
    train.run("train.load(); fill([50] * 20); assert start_in(9_000)")
    train.run_for_s(0.1)
    assert train.numbers("print(sense.count())") == [0]
    train.pico.wires[0].connected = True
    train.run("train.load(); fill([50] * 20); assert start_in(9_000)")
    train.run_for_s(0.1)
    assert train.numbers("print(sense.count(), sense.count())") == [20, 20]


@pytest.mark.requirement("link-never-disturbs")
@pytest.mark.parametrize("mask_us", [150, 2_000])
def test_a_packet_just_before_interrupts_are_masked_moves_no_anchor(train: Bench, mask_us: int):
    """The work that its interrupt has scheduled must run before the mask or after it, never under it."""
    train.run("from thecal_fw.rp2.port import Port; port = Port()")
    for early_us in range(-4, 28, 2):
        anchor_us = train.pico.device_time_us + 20_000
        train.prompt.start(
            f"""
train.load(); fill([60]); fill([50] * 10)
started = train.start({anchor_us // 1_000_000}, {anchor_us % 1_000_000})
nap(10_000)
while port.read() >= 0:
    pass
print(started)
"""
        )
        train.pico.run_for(anchor_us * US - (mask_us + early_us) * US - train.pico.device_time_ns)
        train.pico.serial.write(b"\x55" * 64)
        assert train.prompt.finish().strip() == "True"
        mine = [ns for ns in train.rises_ns() if ns >= anchor_us * US]
        assert in_ticks(mine, anchor_us) == sums([60] + [50] * 10)


@pytest.mark.requirement("link-never-disturbs")
def test_packets_that_keep_arriving_during_a_start_move_no_anchor(train: Bench):
    train.prompt.start(
        """
from thecal_fw.rp2.port import Port
port = Port()
anchors = []
for n in range(40):
    train.load(); fill([60 + n]); fill([50] * 10)
    assert start_in(2_500 + 37 * n), n
    anchors.append(anchor)
    while port.read() >= 0:
        pass
nap(100_000)
while port.read() >= 0:
    pass
print(*anchors)
"""
    )
    # Single packets at intervals that drift through the starts, and short bursts that fill the pump's buffer.
    for n in range(400):
        train.pico.run_for(US * (120 + 7 * (n % 50)))
        train.pico.serial.write(b"\x55" * (1 if n % 5 else 200))
    anchors = [int(word) for word in train.prompt.finish(20.0).split()]
    edges_ns = train.rises_ns()
    assert len(anchors) == 40
    for n, (begin, end) in enumerate(itertools.pairwise([*anchors, anchors[-1] + 1_000_000])):
        mine = [ns for ns in edges_ns if begin * 1_000 <= ns < end * 1_000]
        played = in_ticks(mine, begin)
        assert played == sums([60 + n] + [50] * 10)[: len(played)]
        assert played


@pytest.mark.requirement("change-loses-no-pulse")
@pytest.mark.parametrize("held_us", [40, 130, 400, 4_300])
@pytest.mark.parametrize("before_us", [7_000, 5_050, 4_000, 500, 100, 20])
def test_a_processor_held_before_an_anchor_takes_over_exactly_or_leaves_what_plays(
    train: Bench, before_us: int, held_us: int
):
    anchor_us = train.pico.device_time_us + 300_000
    train.run("train.load(); fill([1_000] * 300); assert start_in(9_000)")
    (before,) = train.numbers("print(anchor)")
    train.prompt.start(
        f"""
nap({anchor_us} - 12_000 - time.ticks_us())
train.load(); fill([500] * 100)
print(train.start({anchor_us // 1_000_000}, {anchor_us % 1_000_000}))
"""
    )
    train.pico.run_for(anchor_us * US - before_us * US - train.pico.device_time_ns)
    train.pico.pause(held_us * US)
    started = train.prompt.finish().strip() == "True"
    train.run_for_s(0.1)
    assert started == (held_us < before_us)
    edges_ns = train.rises_ns()
    new = [ns for ns in edges_ns if ns >= anchor_us * US] if started else []
    old = edges_ns[: len(edges_ns) - len(new)]
    assert in_ticks(old, before) == sums([1_000] * len(old))
    if started:
        assert in_ticks(new, anchor_us) == sums([500] * len(new))
    assert train.numbers("print(sense.count())") == [len(edges_ns)]
