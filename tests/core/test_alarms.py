"""The alarms one by one: what acknowledging does, how long silence lasts, what a reset brings back."""

import pytest

from thecal.alarm_sets import bits_in, set_of
from thecal_fw.core import alarms
from thecal_fw.core.alarm_sets import MOST_ALARMS
from thecal_fw.core.alarms import ALARM_NAMES, ALARMS, AT_LATCHES, AT_PRIORITY, AT_RESPONSE, SILENCE_S, Alarms
from thecal_fw.core.instant import NEVER_S
from thecal_fw.core.ledger import Ledger
from thecal_sim.therapy import alarm_responses

LATCHING = [alarm for alarm, row in enumerate(ALARMS) if row[AT_LATCHES]]
KEPT = (alarms.STOPPED_BY_ALARM, alarms.PROGRAM_LOST, alarms.JOURNAL_FOREIGN)


def active(*raised: int) -> Alarms:
    found = Alarms()
    for alarm in raised:
        found.set_cause(alarm, True)
    return found


@pytest.mark.requirement("most-restrictive")
def test_responses_are_ranked_from_the_least_to_the_most_restrictive():
    assert list(range(len(alarms.RESPONSE_NAMES))) == [
        alarms.RESPONSE_NONE,
        alarms.RESPONSE_BLOCK_BOLUSES,
        alarms.RESPONSE_MEAN_RATE,
        alarms.RESPONSE_MINIMUM_RATE,
        alarms.RESPONSE_STOP,
    ]


def test_a_fresh_pump_has_no_alarm_and_no_response():
    fresh = Alarms()
    assert (bits_in(fresh.active), bits_in(fresh.silenced), fresh.response()) == (0, 0, alarms.RESPONSE_NONE)
    assert fresh.audible_priority() == -1
    assert fresh.next_unsilencing_s(NEVER_S) == NEVER_S


@pytest.mark.requirement("alarm-response")
@pytest.mark.parametrize("alarm", range(len(ALARMS)))
def test_the_response_of_each_alarm_is_in_force_from_the_moment_it_is_raised(alarm):
    assert active(alarm).response() == ALARMS[alarm][AT_RESPONSE]


@pytest.mark.parametrize("alarm", range(len(ALARMS)))
def test_raising_and_clearing_are_told_once(alarm):
    one = Alarms()
    assert one.set_cause(alarm, True)
    assert not one.set_cause(alarm, True)
    assert one.set_cause(alarm, False) == (not ALARMS[alarm][AT_LATCHES])
    assert not one.set_cause(alarm, False)


@pytest.mark.requirement("silence-ends", "silence-ends-non-critical")
@pytest.mark.parametrize("alarm", range(len(ALARMS)))
@pytest.mark.parametrize("late_s", [0, 5])
def test_an_acknowledged_alarm_is_silent_for_its_time_and_sounds_again_then(alarm, late_s):
    one = active(alarm)
    one.acknowledge(set_of(1 << alarm), now_s=1_000)
    until_s = (
        1_000
        + {alarms.PRIORITY_CRITICAL: 600, alarms.PRIORITY_NON_CRITICAL: 86_400}[ALARMS[alarm][AT_PRIORITY]]
    )
    assert one.next_unsilencing_s(NEVER_S) == until_s
    assert one.next_unsilencing_s(until_s - 1) == until_s - 1
    one.end_silences(until_s - 1)
    assert one.audible_priority() == -1
    one.end_silences(until_s + late_s)
    assert one.audible_priority() == ALARMS[alarm][AT_PRIORITY]
    assert bits_in(one.silenced) == 0


@pytest.mark.requirement("alarm-priority")
@pytest.mark.parametrize("alarm", range(len(ALARMS)))
def test_a_critical_alarm_is_there_until_it_is_over_and_silence_does_not_hide_it(alarm):
    one = active(alarm, alarms.LOW_RESERVOIR)
    is_critical = ALARMS[alarm][AT_PRIORITY] == alarms.PRIORITY_CRITICAL
    assert one.has_critical() is is_critical
    one.acknowledge(set_of(1 << alarm), 0)
    assert one.has_critical() is is_critical
    one.set_cause(alarm, False)
    one.acknowledge(set_of(1 << alarm), 0)
    assert one.has_critical() is False


def test_silence_is_named_by_priority():
    assert SILENCE_S[alarms.PRIORITY_NON_CRITICAL] == 86_400
    assert SILENCE_S[alarms.PRIORITY_CRITICAL] == 600


def test_of_two_silences_the_first_to_end_comes_first():
    two = active(alarms.EMPTY_RESERVOIR, alarms.SUPPLY_LOW)
    two.acknowledge(set_of(1 << alarms.SUPPLY_LOW), 0)
    two.acknowledge(set_of(1 << alarms.EMPTY_RESERVOIR), 50)
    assert two.next_unsilencing_s(NEVER_S) == 600
    two.end_silences(600)
    assert bits_in(two.silenced) == 1 << alarms.EMPTY_RESERVOIR
    assert two.next_unsilencing_s(NEVER_S) == 650
    other_way_round = active(alarms.EMPTY_RESERVOIR, alarms.SUPPLY_LOW)
    other_way_round.acknowledge(set_of(1 << alarms.EMPTY_RESERVOIR), 0)
    other_way_round.acknowledge(set_of(1 << alarms.SUPPLY_LOW), 50)
    assert other_way_round.next_unsilencing_s(NEVER_S) == 600


@pytest.mark.requirement("alarm-priority")
def test_the_highest_priority_is_heard_wherever_it_stands_in_the_table():
    for critical in (alarms.EMPTY_RESERVOIR, alarms.SUPPLY_LOW):
        assert active(critical, alarms.LOW_RESERVOIR).audible_priority() == alarms.PRIORITY_CRITICAL
    assert (
        active(alarms.LOW_RESERVOIR, alarms.TIME_UNKNOWN).audible_priority() == alarms.PRIORITY_NON_CRITICAL
    )


@pytest.mark.requirement("alarm-sounds-again")
def test_an_alarm_that_cleared_while_silenced_sounds_when_it_comes_again():
    one = active(alarms.SUPPLY_LOW, alarms.LOW_RESERVOIR)
    one.acknowledge(set_of(1 << alarms.SUPPLY_LOW | 1 << alarms.LOW_RESERVOIR), 0)
    one.set_cause(alarms.SUPPLY_LOW, False)
    assert bits_in(one.silenced) == 1 << alarms.LOW_RESERVOIR
    one.set_cause(alarms.SUPPLY_LOW, True)
    assert one.audible_priority() == alarms.PRIORITY_CRITICAL


@pytest.mark.requirement("silence-of-one")
def test_a_latched_alarm_that_is_acknowledged_for_good_takes_its_silence_with_it():
    one = active(alarms.MOTOR_STALL, alarms.DOSE_GATE)
    both = 1 << alarms.MOTOR_STALL | 1 << alarms.DOSE_GATE
    assert bits_in(one.acknowledge(set_of(both), 0)) == 0
    assert bits_in(one.silenced) == both
    one.set_cause(alarms.MOTOR_STALL, False)
    assert bits_in(one.acknowledge(set_of(both), 5)) == 1 << alarms.MOTOR_STALL
    assert (bits_in(one.active), bits_in(one.silenced)) == (1 << alarms.DOSE_GATE, 1 << alarms.DOSE_GATE)


@pytest.mark.requirement("alarm-outlives-reset", "alarm-of-a-person-outlives-reset")
def test_a_reset_brings_back_what_latches_and_what_only_a_person_ends():
    every = (1 << len(ALARMS)) - 1
    after = Alarms()
    after.restore(set_of(every))
    assert bits_in(after.active) == sum(1 << alarm for alarm in {*LATCHING, *KEPT})
    for alarm in range(len(ALARMS)):
        one = Alarms()
        one.restore(set_of(1 << alarm))
        assert bits_in(one.active) == (1 << alarm if alarm in {*LATCHING, *KEPT} else 0)


def test_what_a_reset_brought_back_is_over_and_goes_when_it_is_acknowledged():
    after = Alarms()
    bits = sum(1 << alarm for alarm in LATCHING)
    after.restore(set_of(bits))
    assert bits_in(after.acknowledge(set_of(bits), 0)) == bits
    assert bits_in(after.active) == 0


@pytest.mark.requirement("refill-settles")
def test_a_fresh_ledger_counts_from_nothing_and_a_refill_forgets_what_was_uncertain():
    ledger = Ledger()
    names = ("counted", "unseen_steps", "base_steps", "granted", "uncertain_steps", "lost_steps", "stalls")
    assert [getattr(ledger, name) for name in names] == [0] * 7
    ledger.counted = ledger.uncertain_steps = ledger.lost_steps = ledger.stalls = 7
    ledger.begin_reservoir()
    assert (ledger.counted, ledger.uncertain_steps, ledger.lost_steps, ledger.stalls) == (7, 0, 0, 0)


@pytest.mark.requirement("alarm-clearing")
def test_these_alarms_latch_until_somebody_acknowledges_them_and_no_others():
    assert {ALARM_NAMES[alarm] for alarm in LATCHING} == alarm_responses.LATCHING


def test_one_active_alarm_is_not_another():
    one = active(alarms.MOTOR_STALL)
    assert one.is_active(alarms.MOTOR_STALL)
    assert not one.is_active(alarms.EMPTY_RESERVOIR)
    assert not one.is_active(alarms.STOPPED_LONG)


@pytest.mark.requirement("alarm-numbers")
def test_a_row_of_the_table_stands_in_the_place_of_its_number():
    assert [row[alarms.AT_NUMBER] for row in ALARMS] == list(range(len(ALARMS)))
    assert len(ALARMS) <= MOST_ALARMS


ROWS_OF_64 = tuple(
    (number, f"alarm {number}", number % 2, number % 5, number % 3 == 0, "nothing")
    for number in range(MOST_ALARMS)
)


@pytest.mark.requirement("alarm-numbers")
@pytest.mark.parametrize("alarm", range(MOST_ALARMS))
def test_there_is_room_for_64_alarms_each_apart_from_every_other(alarm: int):
    other, mine = Alarms(ROWS_OF_64), set_of(1 << alarm)
    for number in range(MOST_ALARMS):
        if number != alarm:
            other.set_cause(number, True)
    assert bits_in(other.active) == (1 << MOST_ALARMS) - 1 - (1 << alarm)
    one = Alarms(ROWS_OF_64)
    assert one.set_cause(alarm, True)
    assert [number for number in range(MOST_ALARMS) if one.is_active(number)] == [alarm]
    assert (one.active, one.audible()) == (mine, mine)
    assert (one.response(), one.audible_priority()) == (alarm % 5, alarm % 2)
    assert one.acknowledge(set_of((1 << MOST_ALARMS) - 1), 0) == set_of(0)
    assert (one.silenced, one.audible()) == (mine, set_of(0))
    one.set_cause(alarm, False)
    latches = alarm % 3 == 0
    assert one.is_active(alarm) is latches
    assert one.acknowledge(mine, 0) == set_of(1 << alarm if latches else 0)
    assert (one.active, one.silenced, one.response()) == (set_of(0), set_of(0), alarms.RESPONSE_NONE)
    one.restore(set_of((1 << MOST_ALARMS) - 1))
    assert one.is_active(alarm) is (latches or alarm in KEPT)


@pytest.mark.requirement("alarm-numbers")
def test_the_number_of_the_change_rises_with_each_change_and_with_nothing_else():
    one = Alarms(ROWS_OF_64)
    seen = [one.change]
    for change in (
        lambda: one.set_cause(63, True),
        lambda: one.acknowledge(set_of(1 << 63), 0),
        lambda: one.end_silences(600),
        lambda: one.set_cause(34, True),
        lambda: one.set_cause(34, False),
        lambda: one.restore(set_of(1 << 36)),
    ):
        change()
        assert one.change not in seen
        seen.append(one.change)
    for same in (
        lambda: one.set_cause(63, True),
        lambda: one.set_cause(1, False),
        lambda: one.end_silences(1_199),
        lambda: one.response(),
    ):
        same()
        assert one.change == seen[-1]
