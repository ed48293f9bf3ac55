"""Boluses of every kind: exact to the microstep, at any overlap, and reported in the log."""

import pytest

from thecal.errors import PumpRefusedError
from thecal_fw.core.bolus import KIND_CLINICIAN, KIND_PATIENT, KIND_PRIME, KIND_SCHEDULED
from thecal_fw.core.bolus_history import REFUSED_LOCKOUT
from thecal_fw.core.events import EVENT_BOLUS_BEGUN, EVENT_BOLUS_ENDED, EVENT_BOLUS_REFUSED, KIND_SHIFT
from thecal_fw.core.program import PatientBolus, PeriodicBolus
from thecal_hil.course.course import Course, local_second
from thecal_hil.course.therapy import (
    continuous,
    flex,
    with_boluses,
    with_patient_bolus,
    with_periodic_bolus,
)

FULL_NL = 18_000_000
TEN_UL_IN_A_MINUTE = 14_400_000
BASAL = [("00:00", 424_000), ("06:31", 900_000)]


def begun(course: Course, therapy, local: str = "2026-03-05 06:28:50") -> None:
    course.set_time(local_second(local))
    course.prescribe(therapy)
    course.refill(FULL_NL)
    course.start()
    course.rig.run_for(3)


def log_of(course: Course, code: int) -> list[tuple[int, int]]:
    """Return the kind and first value of every event of a code."""
    return [(event.second >> KIND_SHIFT, event.first) for event in course.pump.log() if event.code == code]


@pytest.mark.requirement("bolus-scheduled", "bolus-exact", "basal-through-bolus")
@pytest.mark.needs("exact edges")
def test_a_scheduled_bolus_comes_on_its_minute_through_a_change_of_the_basal_rate(course: Course) -> None:
    begun(course, with_boluses(flex(BASAL), ("06:30", TEN_UL_IN_A_MINUTE // 2, 2)))
    course.rig.run_for(240)
    course.must_be_ideal()
    assert log_of(course, EVENT_BOLUS_ENDED) == [(KIND_SCHEDULED, 10_000)]


@pytest.mark.requirement("bolus-one-at-a-time")
@pytest.mark.requirement("bolus-exact")
@pytest.mark.needs("exact edges")
def test_a_patient_bolus_in_a_scheduled_one_is_exact_and_a_second_press_is_refused(course: Course) -> None:
    therapy = with_boluses(flex(BASAL), ("06:29", TEN_UL_IN_A_MINUTE // 4, 4))
    begun(course, with_patient_bolus(therapy, PatientBolus(TEN_UL_IN_A_MINUTE, 1, 60, 4)))
    course.rig.run_for(60)
    course.give_bolus(KIND_PATIENT, TEN_UL_IN_A_MINUTE, 60)
    course.rig.run_for(70)
    check = course.pump.check_bolus(KIND_PATIENT)
    assert check.bolus_refusal == REFUSED_LOCKOUT
    with pytest.raises(PumpRefusedError, match="lockout"):
        course.give_bolus(KIND_PATIENT, TEN_UL_IN_A_MINUTE, 60)
    course.rig.run_for(120)
    course.must_be_ideal()
    assert log_of(course, EVENT_BOLUS_ENDED) == [(KIND_PATIENT, 10_000), (KIND_SCHEDULED, 10_000)]
    assert log_of(course, EVENT_BOLUS_REFUSED) == [(KIND_PATIENT, REFUSED_LOCKOUT)]


@pytest.mark.requirement("prime-exact")
@pytest.mark.requirement("bolus-exact")
@pytest.mark.needs("exact edges")
def test_a_clinicians_bolus_that_is_cancelled_and_a_prime_are_exact(course: Course) -> None:
    therapy = continuous(424_000)
    therapy.program.most_nl_per_bolus = 100_000
    begun(course, therapy)
    course.give_bolus(KIND_CLINICIAN, TEN_UL_IN_A_MINUTE, 120)
    course.rig.run_for(30)
    under_way = course.pump.boluses()
    assert (under_way.under_way, under_way.bolus_kind) == (True, KIND_CLINICIAN)
    assert 0 < under_way.bolus_given_nl < under_way.bolus_nl == 20_000
    course.cancel_bolus()
    course.rig.run_for(10)
    # As fast as the pump goes at all.
    course.give_bolus(KIND_PRIME, 95_000_000, 60)
    course.rig.run_for(90)
    course.must_be_ideal()
    assert [kind for kind, _ in log_of(course, EVENT_BOLUS_BEGUN)] == [KIND_CLINICIAN, KIND_PRIME]
    (cut, whole) = log_of(course, EVENT_BOLUS_ENDED)
    assert 0 < cut[1] < 20_000
    assert whole == (KIND_PRIME, 65_972)


@pytest.mark.requirement("bolus-periodic")
@pytest.mark.requirement("bolus-exact")
@pytest.mark.needs("exact edges")
def test_a_periodic_bolus_that_begins_in_a_clinicians_is_exact_as_both_are(course: Course) -> None:
    therapy = with_periodic_bolus(continuous(424_000), PeriodicBolus(30, 60, TEN_UL_IN_A_MINUTE // 2, 2))
    begun(course, therapy)
    course.rig.run_for(30)
    course.give_bolus(KIND_CLINICIAN, TEN_UL_IN_A_MINUTE // 3, 60)
    course.rig.run_for(180)
    course.must_be_ideal()
    ended = log_of(course, EVENT_BOLUS_ENDED)
    assert sorted(ended) == [(KIND_SCHEDULED, 10_000), (KIND_CLINICIAN, 3_333)]
