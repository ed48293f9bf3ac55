"""The reference of therapy, rule by rule of docs/therapy.md, with figures worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from thecal_sim.therapy.dose import End, Kind, Passed, Refusal
from thecal_sim.therapy.plan import plan_of
from thecal_sim.therapy.reference import Therapy
from thecal_sim.therapy.state import Response
from thecal_sim.units import NS_PER_DAY, NS_PER_MINUTE, NS_PER_S

MONDAY_NS = 1_772_409_600 * NS_PER_S
HOUR_S = 3_600
BOLUS = (2_880_000, 300)
"""10 uL in five minutes."""


def pump(fields: dict[str, Any], local_ns: int = MONDAY_NS) -> Therapy:
    """Return a pump whose clock is known and that delivers from instant 0 on."""
    therapy = Therapy()
    therapy.set_clock(0, local_ns)
    therapy.commit(0, plan_of(fields))
    therapy.refill(0)
    therapy.start(0)
    return therapy


def continuous(rate: int = 240_000, **more: object) -> dict[str, Any]:
    limits = {"most_per_bolus": 100_000, "most_per_hour": 1_000_000, "most_per_day": 5_000_000}
    return {"mode": "continuous", "rate": rate, **limits, **more}


def flex(*boluses: tuple[int, int, int]) -> dict[str, Any]:
    return {
        **continuous(),
        "mode": "flex",
        "patterns": [[[0, 240_000]]],
        "boluses": [[list(one) for one in boluses]],
    }


def at(seconds: int) -> int:
    return seconds * NS_PER_S


def shift(therapy: Therapy, t_ns: int, seconds: int) -> None:
    offset = therapy.state.clock.local_minus_t_ns
    assert offset is not None
    therapy.set_clock(t_ns, offset + at(seconds))


def scheduled(therapy: Therapy) -> list[int]:
    """Return seconds at which doses of the clock began."""
    return [dose.begin_ns // NS_PER_S for dose in therapy.state.doses if dose.kind is Kind.SCHEDULED]


def passed(therapy: Therapy) -> list[Passed]:
    return [one.reason for one in therapy.state.passed]


def refusal(therapy: Therapy, t_s: int, kind: Kind | None, rate: int, seconds: int) -> set[Refusal]:
    return set(therapy.verdict(at(t_s), (at(t_s),), kind, rate, seconds).certain)


def test_a_bolus_adds_to_the_basal_rate_and_gives_rate_times_time() -> None:
    therapy = pump(continuous())
    dose = therapy.begin(at(60), Kind.CLINICIAN, *BOLUS)
    therapy.advance(at(HOUR_S))
    assert (dose.end, dose.given_nl) == (End.WHOLE, 10_000)
    assert therapy.state.curve.volume(0, at(HOUR_S)) == (10_000 + 10_000) * NS_PER_DAY


@pytest.mark.parametrize(
    ("event", "end"),
    [
        (lambda therapy: therapy.stop(at(120)), End.STOP),
        (lambda therapy: therapy.cancel(at(120), False), End.CANCEL),
        (lambda therapy: therapy.commit(at(120), plan_of(continuous(50_000))), End.PROGRAM),
        (lambda therapy: therapy.alarms(at(120), Response.BLOCK_BOLUSES), End.ALARM),
        (lambda therapy: therapy.power_cut(at(120), at(110)), End.POWER_CUT),
        (lambda therapy: therapy.held(at(120)), End.HELD),
    ],
)
def test_what_cuts_a_bolus_short_is_its_reason_and_its_volume_is_up_to_there(event: Any, end: End) -> None:
    therapy = pump(continuous())
    dose = therapy.begin(at(60), Kind.CLINICIAN, *BOLUS)
    event(therapy)
    assert (dose.end, dose.given_nl) == (end, 2_000)


def test_a_stop_takes_back_a_bolus_that_was_about_to_begin() -> None:
    therapy = pump(continuous())
    dose = therapy.begin(at(60), Kind.CLINICIAN, *BOLUS)
    therapy.stop(at(59))
    assert (dose.end, dose.given_nl) == (End.STOP, 0)
    assert therapy.state.rate_at(at(61)) == 0


def test_a_cancel_of_the_bolus_leaves_the_temporary_rate() -> None:
    therapy = pump(continuous())
    therapy.begin(at(10), Kind.TEMPORARY, 480_000, HOUR_S)
    therapy.begin(at(20), Kind.CLINICIAN, *BOLUS)
    therapy.cancel(at(30), False)
    assert therapy.state.rate_at(at(30)) == 480_000
    therapy.cancel(at(40), True)
    assert therapy.state.rate_at(at(40)) == 240_000


def test_jumped_forward_by_two_hours_all_is_made_up_one_after_the_other() -> None:
    therapy = pump(flex((10, *BOLUS[:1], 5), (60, *BOLUS[:1], 5), (119, *BOLUS[:1], 5)))
    shift(therapy, at(60), 2 * HOUR_S)
    therapy.advance(at(HOUR_S))
    assert scheduled(therapy) == [60, 360, 660]


def test_jumped_forward_by_more_nothing_is_made_up_and_comes_once_the_slip_is_corrected() -> None:
    therapy = pump(flex((10, *BOLUS[:1], 5)))
    shift(therapy, at(60), 2 * HOUR_S + 1)
    assert (scheduled(therapy), passed(therapy)) == ([], [Passed.CLOCK])
    shift(therapy, at(120), -2 * HOUR_S - 1)
    therapy.advance(at(HOUR_S))
    assert scheduled(therapy) == [600]


def test_set_back_what_was_given_is_not_given_again_also_after_a_stop_and_a_commit() -> None:
    therapy = pump(flex((10, *BOLUS[:1], 5)))
    shift(therapy, at(1_000), -HOUR_S)
    therapy.stop(at(1_100))
    therapy.commit(at(1_200), plan_of(flex((10, *BOLUS[:1], 5))))
    therapy.start(at(1_300))
    therapy.advance(at(2 * HOUR_S))
    assert scheduled(therapy) == [600]
    assert passed(therapy) == [Passed.GIVEN_ALREADY]


def test_a_minute_lived_through_while_stopped_is_not_given_later() -> None:
    therapy = pump(flex((10, *BOLUS[:1], 5)))
    therapy.stop(at(500))
    therapy.advance(at(700))
    shift(therapy, at(700), -HOUR_S)
    therapy.start(at(800))
    therapy.advance(at(2 * HOUR_S))
    assert scheduled(therapy) == []
    assert passed(therapy) == [Passed.STOPPED, Passed.GIVEN_ALREADY]


def test_what_was_lived_through_more_than_a_day_ago_is_forgotten() -> None:
    therapy = pump(flex((10, *BOLUS[:1], 5)))
    day_s = 24 * HOUR_S
    shift(therapy, at(day_s + 700), -day_s)
    therapy.advance(at(day_s + 700 + HOUR_S))
    assert scheduled(therapy) == [600, day_s + 600]
    shift(therapy, at(2 * day_s + 800), -2 * day_s)
    therapy.advance(at(3 * day_s + 1_000))
    assert scheduled(therapy)[2:] == [2 * day_s + 600, 3 * day_s + 600]


def test_at_most_five_doses_wait_after_a_jump_so_that_one_on_demand_has_its_place() -> None:
    therapy = pump(flex(*[(minute, 1_440, 5) for minute in range(5, 60, 5)]))
    shift(therapy, at(60), HOUR_S)
    assert passed(therapy) == [Passed.TOO_MANY] * 6


def test_by_the_clock_the_highest_rate_is_never_passed() -> None:
    therapy = pump(flex((10, 60_000_000, 1)))
    therapy.begin(at(500), Kind.CLINICIAN, 40_000_000, 150)
    therapy.advance(at(HOUR_S))
    assert (scheduled(therapy), passed(therapy)) == ([], [Passed.RATE])


def test_on_demand_the_highest_rate_counts_at_any_tick_of_its_time() -> None:
    therapy = pump(flex((10, 60_000_000, 1)))
    assert refusal(therapy, 540, Kind.CLINICIAN, 40_000_000, 60) == set()
    assert refusal(therapy, 540, Kind.CLINICIAN, 40_000_000, 61) == {Refusal.RATE}


def test_limits_on_demand_rest_on_the_most_the_program_gives_in_any_window() -> None:
    therapy = pump(continuous(240_000, most_per_hour=20_000))
    assert refusal(therapy, 10, Kind.CLINICIAN, 2_880_000, 300) == set()
    assert refusal(therapy, 10, Kind.CLINICIAN, 2_880_000, 301) == {Refusal.HOUR}


def test_after_a_commit_what_was_given_before_counts() -> None:
    therapy = pump(flex((10, *BOLUS[:1], 5)))
    therapy.commit(at(1_000), plan_of(continuous(most_per_hour=25_000)))
    assert refusal(therapy, 1_010, Kind.CLINICIAN, *BOLUS) == {Refusal.HOUR}
    assert refusal(therapy, HOUR_S + 1_000, Kind.CLINICIAN, *BOLUS) == set()


def test_after_a_power_cut_a_bolus_counts_as_whole_and_may_seem_younger() -> None:
    therapy = pump(continuous(most_per_hour=20_100))
    therapy.begin(at(60), Kind.CLINICIAN, *BOLUS)
    therapy.power_cut(at(70), at(60))
    therapy.resumed(at(71))
    assert refusal(therapy, 100, Kind.CLINICIAN, *BOLUS) == {Refusal.HOUR}
    verdict = therapy.verdict(at(HOUR_S + 60), (at(HOUR_S + 60),), Kind.CLINICIAN, *BOLUS)
    assert (verdict.allows(None), verdict.allows(Refusal.HOUR)) == (True, True)


def test_primes_are_free_while_the_line_has_room_and_boluses_beyond() -> None:
    therapy = pump(continuous(most_per_bolus=1_000))
    assert refusal(therapy, 1, Kind.PRIME, 139_000, 24 * HOUR_S // 2) == set()
    therapy.begin(at(1), Kind.PRIME, 13_900_000, 864)
    assert refusal(therapy, 900, Kind.PRIME, 13_900_000, 864) == {Refusal.VOLUME}
    therapy.line_is_empty(at(900))
    assert refusal(therapy, 900, Kind.PRIME, 13_900_000, 864) == set()


def test_lockout_and_number_of_patient_boluses() -> None:
    therapy = pump(continuous(patient=[1_440_000, 5, 30, 2]))
    therapy.begin(at(0), Kind.PATIENT, 0, 0)
    assert refusal(therapy, 1_799, Kind.PATIENT, 0, 0) == {Refusal.LOCKOUT}
    therapy.begin(at(1_800), Kind.PATIENT, 0, 0)
    assert refusal(therapy, 3_600, Kind.PATIENT, 0, 0) == {Refusal.MOST_PER_DAY}
    assert refusal(therapy, 24 * HOUR_S, Kind.PATIENT, 0, 0) == set()


@pytest.mark.parametrize(
    ("kind", "rate", "seconds"), [(None, 1, 1), (Kind.SCHEDULED, 1, 1), (Kind.CLINICIAN, 1, 0)]
)
def test_what_is_no_dose_is_refused(kind: Kind | None, rate: int, seconds: int) -> None:
    assert refusal(pump(continuous()), 1, kind, rate, seconds) == {Refusal.NO_SUCH}


def test_a_bridge_is_a_volume_that_a_stop_puts_off() -> None:
    therapy = pump(continuous(catheter=100_000, bridge=[600, 480_000]))
    therapy.stop(at(200))
    therapy.start(at(1_000))
    therapy.advance(at(1_399))
    assert therapy.state.rate_at(at(1_399)) == 480_000
    assert refusal(therapy, 1_399, Kind.CLINICIAN, *BOLUS) == {Refusal.BRIDGE}
    therapy.advance(at(1_400))
    assert therapy.state.rate_at(at(1_400)) == 240_000


def test_while_the_time_is_unknown_the_mean_rate_is_rounded_down_and_boluses_are_blocked() -> None:
    therapy = pump(flex((10, 1_440_001, 1)))
    therapy.power_cut(at(60), at(60))
    therapy.resumed(at(61))
    therapy.advance(at(62))
    assert therapy.state.rate_at(at(62)) == 240_000 + 1_440_001 // 1_440
    assert refusal(therapy, 62, Kind.CLINICIAN, *BOLUS) == {Refusal.BLOCKED}


def test_the_most_by_the_clock_finds_the_fullest_window_over_midnight() -> None:
    plan = plan_of(flex((1_410, 1_440_000, 45)))
    assert plan.most_by_the_clock[60] == 10_000 + 45_000
    assert plan.most_by_the_clock[1_440] == 240_000 + 45_000


def test_local_minutes_are_those_of_the_weekday() -> None:
    fields = flex()
    fields["patterns"] = [[[0, 100_000]], [[0, 200_000]]]
    fields["boluses"] = [[], []]
    fields["weekdays"] = [0, 1, 0, 0, 0, 0, 0]
    therapy = pump(fields, MONDAY_NS + 1_439 * NS_PER_MINUTE)
    assert [therapy.state.rate_at(0), therapy.state.basal_at(at(60))] == [100_000, 200_000]
