"""The simulated board does what the contract of the hardware says, on exact virtual time."""

from itertools import accumulate

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from simpy import Event

from thecal_fw.core.carried import NOTE_BYTES
from thecal_fw.core.events import RESET_POWER_ON, RESET_WATCHDOG
from thecal_sim.board import SimulatedBoard
from thecal_sim.edges import BUZZER, ENABLE, LED, STEP, Edge
from thecal_sim.train import ContractError
from thecal_sim.units import NS_PER_MS, NS_PER_S, NS_PER_US, TICK_NS
from thecal_sim.virtual_time import VirtualTime

ANCHOR_NS = 20 * NS_PER_MS
INTERVALS = st.lists(st.integers(4, 500_000), min_size=1, max_size=40)


@pytest.fixture
def board() -> SimulatedBoard:
    return SimulatedBoard(VirtualTime())


def start(board: SimulatedBoard, *blocks: list[int], anchor_ns: int = ANCHOR_NS) -> None:
    board.train.load()
    for block in blocks:
        for ticks in block:
            board.train.push(ticks)
        board.train.release()
    since_reset_ns = anchor_ns - board.processor.boot_origin_ns
    assert board.train.start(since_reset_ns // NS_PER_S, since_reset_ns % NS_PER_S // NS_PER_US)


def rises(intervals: list[int], anchor_ns: int = ANCHOR_NS) -> list[int]:
    return [anchor_ns + TICK_NS * ticks for ticks in accumulate(intervals)]


@given(INTERVALS, INTERVALS)
def test_pulses_rise_exactly_their_intervals_apart_counted_from_the_anchor(first, second):
    board = SimulatedBoard(VirtualTime())
    start(board, first, second)
    board.env.run_until(100 * 500_000 * TICK_NS)
    assert list(board.step_times_ns) == rises(first + second)


@given(INTERVALS, st.integers(0, 20_000_000))
def test_a_halt_lets_nothing_out_after_it_and_leaves_step_low(intervals, halt_ticks):
    board = SimulatedBoard(VirtualTime())
    start(board, intervals)
    halt_ns = ANCHOR_NS + TICK_NS * halt_ticks + 3_000
    board.env.run_until(halt_ns)
    board.train.halt()
    board.env.run_until(halt_ns + 10**12)
    assert list(board.step_times_ns) == [rise_ns for rise_ns in rises(intervals) if rise_ns <= halt_ns]
    assert board.level(STEP) == 0
    assert all(edge.t_ns <= halt_ns for edge in board.edges)


def test_step_stays_high_for_one_tick(board):
    start(board, [10, 20])
    board.env.run_until(NS_PER_S)
    first, second = rises([10, 20])
    assert board.edges == [
        Edge(first, STEP, 1),
        Edge(first + TICK_NS, STEP, 0),
        Edge(second, STEP, 1),
        Edge(second + TICK_NS, STEP, 0),
    ]


@given(INTERVALS, INTERVALS, st.integers(0, 10_000_000))
def test_a_new_queue_takes_over_from_the_old_one_at_its_anchor(old, new, splice_ticks):
    board = SimulatedBoard(VirtualTime())
    start(board, old)
    board.env.run_until(ANCHOR_NS + TICK_NS * splice_ticks)
    anchor_ns = board.env.now_ns + 20 * NS_PER_MS
    # The pump keeps its anchors clear of old pulses.
    assume(all(abs(rise_ns - anchor_ns) > 2 * TICK_NS for rise_ns in rises(old)))
    start(board, new, anchor_ns=anchor_ns)
    board.env.run_until(anchor_ns + 40 * 500_000 * TICK_NS)
    expected = [rise_ns for rise_ns in rises(old) if rise_ns <= anchor_ns] + rises(new, anchor_ns)
    assert list(board.step_times_ns) == expected


def test_waiting_for_the_anchor_takes_the_program_there_but_not_virtual_time(board):
    start(board, [100])
    assert board.env.now_ns == 0
    board.clock.read()
    assert (board.clock.s, board.clock.us) == (0, 20_000)


def test_what_the_program_does_after_waiting_shows_when_virtual_time_gets_there(board):
    start(board, [100])
    board.annunciator.led(True)
    assert board.level(LED) == 0
    board.env.run_until(NS_PER_S)
    assert [edge for edge in board.edges if edge.signal == LED] == [Edge(ANCHOR_NS, LED, 1)]


def test_an_anchor_that_has_passed_is_refused_and_what_plays_goes_on(board):
    start(board, [100_000] * 5, [100_000])
    board.env.run_until(NS_PER_S)
    board.train.load()
    board.train.push(10)
    board.train.release()
    assert not board.train.start(0, 999_990)
    board.env.run_until(6 * NS_PER_S)
    board.train.push(100_000)
    board.train.release()
    board.env.run_until(60 * NS_PER_S)
    assert list(board.step_times_ns) == rises([100_000] * 7)


def test_a_preparation_takes_its_time_and_an_anchor_it_reaches_too_late_is_refused(board):
    start(board, [100_000] * 10)
    board.env.run_until(NS_PER_S)
    board.train.preparation_ns, board.train.take_over_ns = 7 * NS_PER_MS, 100_000
    board.train.load()
    board.train.push(10)
    board.train.release()
    assert not board.train.start(1, 7_100)
    board.env.run_until(2 * NS_PER_S)
    board.train.load()
    board.train.push(10)
    board.train.release()
    assert board.train.start(2, 7_200)
    assert board.train.margin_us == 100
    board.env.run_until(60 * NS_PER_S)
    assert list(board.step_times_ns) == [*rises([100_000]), *rises([10], 2 * NS_PER_S + 7_200_000)]


def test_two_blocks_at_most_wait_or_play(board):
    start(board, [100] * 5, [100] * 5)
    board.env.run_until(ANCHOR_NS)
    assert not board.train.has_room()
    board.env.run_until(rises([500])[0])
    assert board.train.has_room()


def test_a_queue_that_has_run_out_says_so_and_stands_still(board):
    start(board, [100])
    board.env.run_until(rises([100])[0])
    assert not board.train.starved()
    board.env.run_until(NS_PER_S)
    assert board.train.starved()
    board.train.push(10)
    board.train.release()
    board.env.run_until(2 * NS_PER_S)
    assert len(board.step_times_ns) == 1


@pytest.mark.parametrize(
    "misuse",
    [
        lambda board: board.train.push(3),
        lambda board: [board.train.push(10) for _ in range(513)],
        lambda board: (board.train.load(), board.train.release()),
        lambda board: (board.train.load(), board.train.start(0, 10)),
        lambda board: start(board, [10], [10], [10]),
        lambda board: start(board, [10], anchor_ns=1_001 * NS_PER_MS),
        lambda board: (start(board, [1_000]), start(board, [10], anchor_ns=ANCHOR_NS + 1_001 * TICK_NS)),
    ],
    ids=[
        "short interval",
        "long block",
        "empty block",
        "nothing loaded",
        "third block",
        "far anchor",
        "old pulse at the anchor",
    ],
)
def test_breaking_the_contract_is_not_forgiven(board, misuse):
    with pytest.raises(ContractError):
        misuse(board)


@given(INTERVALS, st.integers(0, 10_000_000))
def test_the_sense_counter_sees_every_pulse_that_is_out(intervals, at_ticks):
    board = SimulatedBoard(VirtualTime())
    start(board, intervals)
    at_ns = ANCHOR_NS + TICK_NS * at_ticks
    board.env.run_until(at_ns)
    assert board.sense.count() == sum(rise_ns <= at_ns for rise_ns in rises(intervals))


def test_a_cut_wire_carries_nothing_until_it_is_mended(board):
    start(board, [10_000] * 30)
    board.env.run_until(ANCHOR_NS + 1_000 * NS_PER_MS + 50 * NS_PER_US)
    assert board.sense.count() == 10
    board.sense_wire.connected = False
    board.env.run_until(board.env.now_ns + NS_PER_S)
    assert board.sense.count() == 10
    board.sense_wire.connected = True
    board.env.run_until(board.env.now_ns + NS_PER_S)
    assert board.sense.count() == 20


def test_a_line_that_gets_stuck_high_counts_once(board):
    start(board, [10_000] * 30)
    board.sense_wire.stuck = 1
    assert board.sense.count() == 1
    board.env.run_until(2 * NS_PER_S)
    assert board.sense.count() == 1
    board.sense_wire.stuck = 0
    board.sense_wire.pick_up_noise(2)
    assert board.sense.count() == 3


@given(INTERVALS)
@settings(max_examples=30)
def test_observers_are_told_of_every_edge_in_order_at_its_instant(intervals):
    board = SimulatedBoard(VirtualTime())
    told = []
    board.recording.observe(lambda edge: told.append((board.env.now_ns, edge)))
    start(board, intervals)

    def toggle_buzzer(_: Event) -> None:
        board.annunciator.buzzer(board.level(BUZZER) == 0)

    for at_ms in (21, 25, 300, 700):
        board.env.timeout(at_ms * NS_PER_MS).callbacks.append(toggle_buzzer)
    board.env.run_until(NS_PER_S)
    assert [edge for _, edge in told] == board.edges
    assert all(now_ns == edge.t_ns for now_ns, edge in told)


def test_the_watchdog_bites_as_long_after_it_was_last_fed_as_the_boards_does(board):
    board.watchdog.feed()
    board.env.run_until(5 * NS_PER_S)
    board.watchdog.feed()
    bite_ns = 5 * NS_PER_S + 8_300 * NS_PER_MS
    board.env.run_until(bite_ns - 1)
    assert board.machine.reset_cause == RESET_POWER_ON
    board.env.run_until(bite_ns)
    assert board.machine.reset_cause == RESET_WATCHDOG
    assert board.processor.boot_origin_ns == bite_ns


def test_a_watchdog_that_was_never_fed_does_not_bite(board):
    board.env.run_until(100 * NS_PER_S)
    assert board.processor.boots == 0


def test_a_reset_ends_pulses_releases_the_lines_and_begins_time_and_count_anew(board):
    board.driver.enable()
    start(board, [1_000] * 400)
    board.env.run_until(NS_PER_S)
    before = len(board.step_times_ns)
    board.reset(RESET_POWER_ON)
    board.clock.read()
    assert (board.clock.s, board.clock.us, board.sense.count(), board.level(ENABLE)) == (0, 0, 0, 1)
    board.env.run_until(5 * NS_PER_S)
    assert len(board.step_times_ns) == before


def test_a_reset_while_the_program_waits_keeps_the_count_of_the_pulses_that_came_out_by_then(board):
    start(board, [1_000] * 20)
    board.retained.keep(bytes(NOTE_BYTES))
    board.env.run_until(rises([1_000] * 5)[-1])
    board.processor.wait_until(rises([1_000] * 20)[-1])
    assert board.sense.count() == 20
    board.reset(RESET_WATCHDOG)
    assert board.retained.counted == len(board.step_times_ns) == 5


def test_delays_that_are_not_whole_nanoseconds_are_refused(board):
    board.env.timeout(0.5).callbacks.append(lambda _: board.clock.read())
    with pytest.raises(TypeError, match="whole nanoseconds"):
        board.env.run_until(10)
