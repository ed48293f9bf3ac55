"""A sensor that fails is found by its own samples, each kind of fault in its time; two witnesses overrule a third."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thecal_fw.core.fluid import sensor_watch
from thecal_fw.core.fluid.sensor_watch import GARBLED, NO_ANSWER, SensorWatch
from thecal_fw.core.fluid.witnesses import (
    WITNESS_ABSENT,
    WITNESS_CONFIRMS,
    WITNESS_CONTRADICTS,
    WITNESS_SILENT,
    excess_is_noise,
)


@pytest.mark.parametrize(
    ("sample", "fault", "after"),
    [
        (NO_ANSWER, sensor_watch.SENSOR_MISSING, 3),
        (GARBLED, sensor_watch.SENSOR_GARBLED, 3),
        (5, sensor_watch.SENSOR_OUT_OF_BAND, 3),
        (9_999, sensor_watch.SENSOR_OUT_OF_BAND, 3),
        (500, sensor_watch.SENSOR_STUCK, 20),
    ],
)
def test_each_fault_of_a_sensor_is_found_after_its_own_number_of_samples(sample, fault, after):
    watch = SensorWatch(100, 900)
    faults = []
    for _ in range(after):
        watch.take(sample)
        faults.append(watch.fault)
    assert faults == [sensor_watch.SENSOR_GOOD] * (after - 1) + [fault]


def test_nothing_is_concluded_from_a_sensor_at_fault_until_it_has_been_good_for_a_while():
    watch = SensorWatch(100, 900)
    for _ in range(3):
        assert not watch.take(NO_ANSWER)
    believed = [watch.take(400 + place % 7) for place in range(12)]
    assert believed == [False] * 9 + [True] * 3


def test_a_single_lost_sample_is_no_fault_and_is_not_concluded_from():
    watch = SensorWatch(100, 900)
    for place in range(200):
        sample = NO_ANSWER if place % 5 == 0 else 400 + place % 11
        assert watch.take(sample) == (place % 5 != 0)
    assert watch.fault == sensor_watch.SENSOR_GOOD


def test_what_can_not_be_is_held_against_the_sensor():
    watch = SensorWatch(100, 900)
    watch.doubt()
    assert watch.fault == sensor_watch.SENSOR_DRIFTS
    assert not watch.take(400)


@given(st.lists(st.sampled_from([NO_ANSWER, GARBLED, 0, 950, 400, 401]), max_size=200))
def test_no_sample_outside_the_band_is_ever_concluded_from(samples):
    watch = SensorWatch(100, 900)
    assert all(100 <= sample <= 900 for sample in samples if watch.take(sample))


def test_only_two_witnesses_that_both_contradict_overrule_the_sense_line_and_none_that_confirms():
    kinds = (WITNESS_ABSENT, WITNESS_SILENT, WITNESS_CONTRADICTS, WITNESS_CONFIRMS)
    for seen in product(kinds, repeat=3):
        expected = seen.count(WITNESS_CONTRADICTS) >= 2 and WITNESS_CONFIRMS not in seen
        assert excess_is_noise(*seen) == expected
