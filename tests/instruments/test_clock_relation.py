"""The relation of the probe's clock to the pump's, from readings alone."""

from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thecal_hil.instruments.clock_relation import Bracket, ClockRelation, ClocksDisagreeError

PPM = Fraction(1, 1_000_000)
SECOND_NS = 1_000_000_000


def microseconds(t_ns: Fraction) -> int:
    """Return what a timer of whole microseconds shows, in ns."""
    return t_ns.__floor__() // 1_000 * 1_000


class Clocks:
    """Two clocks of which everything is known; readings take a made-up time each."""

    def __init__(self, ratio_ppm: Fraction, offset_ns: int, seed: int = 0) -> None:
        self._ratio, self._offset_ns = 1 + ratio_ppm * PPM, offset_ns
        self._random = Random(seed)
        self.t_ns = Fraction(5 * SECOND_NS)

    def probe_ns(self, pump_ns: Fraction) -> Fraction:
        return pump_ns * self._ratio + self._offset_ns

    def bracket(self) -> Bracket:
        times = []
        for _ in range(3):
            self.t_ns += self._random.randrange(50_000, 2_000_000)
            times.append(self.t_ns)
        before, pump, after = times
        return Bracket(
            microseconds(self.probe_ns(before)), microseconds(pump), microseconds(self.probe_ns(after))
        )


@given(
    ratio_ppm=st.fractions(-100, 100, max_denominator=1_000),
    offset_ns=st.integers(0, 10**15),
    pauses_s=st.lists(st.integers(0, 3_600), min_size=1, max_size=90),
    seed=st.integers(0, 99),
)
def test_the_truth_is_never_farther_away_than_the_stated_uncertainty(ratio_ppm, offset_ns, pauses_s, seed):
    clocks, relation = Clocks(ratio_ppm, offset_ns, seed), ClockRelation()
    began_ns = int(clocks.t_ns)
    for pause_s in pauses_s:
        clocks.t_ns += pause_s * SECOND_NS
        relation.add(clocks.bracket())
    for pump_ns in (began_ns, int(clocks.t_ns), int(clocks.t_ns) + 60 * SECOND_NS):
        uncertainty_ns = relation.uncertainty_ns(pump_ns)
        truth_ns = clocks.probe_ns(Fraction(pump_ns))
        assert abs(relation.probe_ns(pump_ns) - truth_ns) <= uncertainty_ns + 2
        assert abs(relation.pump_ns(truth_ns.__floor__()) - pump_ns) <= uncertainty_ns + 3
    ratio, its_uncertainty = relation.ratio_ppm
    assert abs(ratio - float(ratio_ppm)) <= its_uncertainty + 1e-6


def test_a_longer_record_knows_the_ratio_of_the_crystals_better():
    clocks, relation = Clocks(Fraction(37), 123_456_789), ClockRelation()
    widths = []
    for _ in range(2):
        for _ in range(20):
            relation.add(clocks.bracket())
        widths.append(relation.ratio_ppm[1])
        clocks.t_ns += 1_000 * SECOND_NS
    relation.add(clocks.bracket())
    assert relation.ratio_ppm[1] < 2 < widths[0]
    record = relation.as_record(int(clocks.t_ns))
    assert record["brackets"] == 41
    assert record["ratio_ppm"] == pytest.approx(37, abs=2)
    assert record["offset_uncertainty_ns"] < 2_000_000


def test_many_brackets_are_as_good_as_all_of_them_and_take_no_more_room():
    clocks, relation = Clocks(Fraction(-12), 0), ClockRelation()
    for _ in range(500):
        clocks.t_ns += SECOND_NS
        relation.add(clocks.bracket())
    assert relation.count == 500
    assert relation.uncertainty_ns(int(clocks.t_ns)) < 1_000_000


def test_distances_between_instants_keep_to_the_ratio_and_not_to_the_offset():
    clocks, relation = Clocks(Fraction(50), 987_654), ClockRelation()
    for _ in range(30):
        clocks.t_ns += 100 * SECOND_NS
        relation.add(clocks.bracket())
    begin_ns = int(clocks.probe_ns(clocks.t_ns))
    apart_ns = relation.pump_ns(begin_ns + 3 * SECOND_NS) - relation.pump_ns(begin_ns)
    assert apart_ns == pytest.approx(3 * SECOND_NS / (1 + 50e-6), abs=3 * 1_000)


def test_clocks_that_drift_apart_too_far_are_told():
    clocks, relation = Clocks(Fraction(5_000), 0), ClockRelation()
    relation.add(clocks.bracket())
    clocks.t_ns += 100 * SECOND_NS
    with pytest.raises(ClocksDisagreeError, match="do not run at a constant ratio within 200 ppm"):
        relation.add(clocks.bracket())


def test_a_bracket_that_runs_backwards_is_refused():
    with pytest.raises(ValueError, match="ran backwards"):
        ClockRelation().add(Bracket(2, 0, 1))
