"""A dose is judged in one poll and given in the next one, so that neither holds the loop for long."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from controller.link_host import RefusedError
from controller.pump_bench import PumpBench, continuous, delivering
from thecal_fw.core.bolus import KIND_CLINICIAN, Bolus
from thecal_fw.link import messages
from thecal_fw.link.error_codes import ERROR_BOLUS_REFUSED

ONE_UL_IN_A_MINUTE = (KIND_CLINICIAN, 1_440_000, 60)


@pytest.fixture
def bench() -> PumpBench:
    program = continuous(424_000)
    program.most_nl_per_bolus = 100_000
    program.most_nl_per_hour += 100_000
    program.most_nl_per_day += 100_000
    bench = delivering(program)
    bench.run_for(30)
    return bench


def given(bench: PumpBench) -> int:
    return sum(what == "begun" for what, _, _, _ in bench.bolus_events())


def followed(
    bench: PumpBench, monkeypatch: pytest.MonkeyPatch, after_judging: Callable[[int], None] = lambda _: None
) -> list[tuple[str, int]]:
    """Return a list that takes what is done of a dose from here on, each with the number of the poll.

    after_judging: is called after each judging with how much has been done by then."""
    boluses, done = bench.pump.controller.on_demand, []
    judge, give = boluses.refusal, boluses.give

    def judging(bolus: Bolus) -> int:
        refusal = judge(bolus)
        done.append(("judged", bench.pump.polls))
        after_judging(len(done))
        return refusal

    def giving(bolus: Bolus) -> bool:
        done.append(("given", bench.pump.polls))
        return give(bolus)

    monkeypatch.setattr(boluses, "refusal", judging)
    monkeypatch.setattr(boluses, "give", giving)
    return done


def test_a_dose_is_judged_in_one_poll_and_given_in_the_next_one(
    bench: PumpBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = followed(bench, monkeypatch)
    bench.give_bolus(*ONE_UL_IN_A_MINUTE)
    (first, judged_in), (second, given_in) = done
    assert (first, second, given_in) == ("judged", "given", judged_in + 1)
    bench.run_for(90)
    assert given(bench) == 1
    bench.assert_as_prescribed()


def test_a_dose_is_judged_anew_if_something_has_changed_in_between(
    bench: PumpBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(times: int) -> None:
        if times <= 2:
            bench.pump.controller.changes.note()

    done = followed(bench, monkeypatch, change)
    bench.give_bolus(*ONE_UL_IN_A_MINUTE)
    assert [what for what, _ in done] == ["judged", "judged", "judged", "given"]


def test_what_was_judged_serves_for_one_dose_only(bench: PumpBench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.give_bolus(*ONE_UL_IN_A_MINUTE)
    done = followed(bench, monkeypatch)
    with pytest.raises(RefusedError) as refused:
        bench.give_bolus(*ONE_UL_IN_A_MINUTE)
    assert refused.value.code == ERROR_BOLUS_REFUSED
    assert [what for what, _ in done] == ["judged"]


def test_a_stop_between_judging_and_giving_comes_first_and_the_dose_is_not_given(
    bench: PumpBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(_: int) -> None:
        bench.pump.controller.stop_on_purpose()

    followed(bench, monkeypatch, stop)
    with pytest.raises(RefusedError):
        bench.host.ask(messages.GIVE_BOLUS, bench.pump.controller.orders.digest, *ONE_UL_IN_A_MINUTE)
    bench.run_for(5)
    assert given(bench) == 0
