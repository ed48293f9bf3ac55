"""A record of edges is a sequence of edges like any other, and takes a few bytes for each."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thecal_sim.edge_record import Edge, EdgeRecord

EDGES = st.lists(
    st.tuples(st.integers(0, 1 << 62), st.sampled_from(["step", "enable", "led"]), st.integers(0, 1)).map(
        lambda fields: Edge(*fields)
    ),
    max_size=60,
).map(lambda edges: sorted(edges, key=lambda edge: edge.t_ns))


@given(EDGES, st.integers(-70, 70), st.integers(-70, 70))
def test_a_record_reads_as_the_list_of_its_edges(edges: list[Edge], first: int, last: int) -> None:
    record = EdgeRecord(edges)
    assert list(record) == edges
    assert record == edges
    assert len(record) == len(edges)
    assert record[first:last] == edges[first:last]
    assert record[first:] == edges[first:]
    if edges:
        place = first % len(edges)
        assert record[place] == edges[place]
        assert record[place - len(edges)] == edges[place - len(edges)]


@given(EDGES, st.integers(0, 60), st.integers(0, 60))
def test_what_is_asked_of_one_signal_is_the_same_however_often_it_was_asked_before(
    edges: list[Edge], first: int, second: int
) -> None:
    record = EdgeRecord()
    for place, edge in enumerate(edges):
        record.add(*edge)
        if place in (first, second):
            record.levels_of("step")
            record.levels_of("led")
    for signal in ("step", "enable", "led", "nobody"):
        t_ns, levels = record.levels_of(signal)
        expected = [(edge.t_ns, edge.level) for edge in edges if edge.signal == signal]
        assert list(zip(t_ns.tolist(), levels.tolist(), strict=True)) == expected


@given(EDGES)
def test_a_record_is_made_of_its_columns_again(edges: list[Edge]) -> None:
    record = EdgeRecord(edges)
    assert EdgeRecord.of_columns(record.signals, *record.columns()) == record


@given(EDGES, st.integers(0, 1 << 62), st.integers(0, 1 << 62))
def test_edges_between_two_instants_are_those_at_them_and_within(
    edges: list[Edge], from_ns: int, until_ns: int
) -> None:
    assert EdgeRecord(edges).between(from_ns, until_ns) == [
        edge for edge in edges if from_ns <= edge.t_ns <= until_ns
    ]


def test_records_of_other_edges_are_not_equal() -> None:
    edges = [Edge(1, "step", 1), Edge(2, "step", 0)]
    record = EdgeRecord(edges)
    assert record != EdgeRecord(edges[:1])
    assert record != [edges[0], Edge(2, "led", 0)]
    assert record != [edges[0], Edge(3, "step", 0)]
    assert record != [edges[0], Edge(2, "step", 1)]


def test_a_cleared_record_begins_anew() -> None:
    record = EdgeRecord([Edge(1, "step", 1), Edge(2, "led", 1)])
    record.levels_of("led")
    record.clear()
    record.add(7, "led", 0)
    assert record == [Edge(7, "led", 0)]
    assert record.levels_of("led")[0].tolist() == [7]


def test_what_was_handed_out_stays_as_it_was_while_the_record_grows() -> None:
    record = EdgeRecord([Edge(1, "step", 1)])
    t_ns, levels = record.levels_of("step")
    columns = record.columns()
    for number in range(1_000):
        record.add(2 + number, "step", number & 1)
    assert (t_ns.tolist(), levels.tolist()) == ([1], [1])
    assert [column.tolist() for column in columns] == [[1], [0], [1]]
    assert np.array_equal(record.levels_of("step")[0], np.arange(1, 1_002))


def test_an_instant_that_does_not_fit_is_refused_and_leaves_the_record_whole() -> None:
    record = EdgeRecord([Edge(1, "step", 1)])
    with pytest.raises(OverflowError):
        record.add(1 << 63, "step", 0)
    record.add(5, "step", 0)
    assert record == [Edge(1, "step", 1), Edge(5, "step", 0)]


def test_a_record_says_how_many_signals_it_holds_at_most() -> None:
    record = EdgeRecord(Edge(number, f"line {number}", 1) for number in range(128))
    assert record[127] == Edge(127, "line 127", 1)
    with pytest.raises(ValueError, match="128 signals"):
        record.add(128, "one more", 1)
