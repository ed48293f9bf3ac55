"""A scenario leaves a true record, the same each time; a broken pump fails the scenario that is there for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from thecal.client import Pump
from thecal_fw.core import alarms
from thecal_fw.core.alarms import RESPONSE_NONE, Alarms
from thecal_fw.core.bolus_history import BolusHistory
from thecal_fw.core.metering import Metering
from thecal_fw.core.pump_state import STATE_DELIVERING
from thecal_fw.core.wall_clock import WallClock
from thecal_fw.pump.controller import Controller
from thecal_fw.pump.recovery import Recovery
from thecal_hil.bench.board_rig import BoardRig
from thecal_hil.contract.pump_clock import Instants
from thecal_hil.contract.rig import ENABLE, STEP, Capability
from thecal_hil.rigs.model_rig import ModelRig
from thecal_hil.scenario.campaign import RigWanted, run_all
from thecal_hil.scenario.reader import LIBRARY, read_scenario
from thecal_hil.scenario.record import ScenarioRecord, Status
from thecal_hil.scenario.runner import lacking, run
from thecal_sim.edge_record import EdgeRecord


def record_of(name: str) -> ScenarioRecord:
    return run(read_scenario(LIBRARY / f"{name}.toml"), ModelRig())


def failing(record: ScenarioRecord) -> set[str]:
    return {outcome.measurement.key for outcome in record.evidence if not outcome.passed}


# --- the record


def test_a_record_holds_edges_errors_curves_alarms_and_how_to_do_it_again() -> None:
    record = record_of("a-motor-that-stalls")
    assert record.status is Status.PASSED
    assert record.reproduce == "thecal-hil run a-motor-that-stalls --rig model"
    assert len(record.edge_errors_ticks) == len(record.step_times_ns) > 0
    assert np.abs(record.edge_errors_ticks).max() == pytest.approx(
        record.evidence.value("worst_edge"), abs=1e-4
    )
    signals = {signal.name: signal for signal in record.signals}
    rising = signals[STEP].t_ns[signals[STEP].levels == 1]
    assert np.isin(record.step_times_ns, rising).all()
    assert signals[ENABLE].resting == 1
    (stalled,) = [span for span in record.alarms if span.alarm == alarms.MOTOR_STALL]
    assert stalled.end_ns is not None
    assert 0 < stalled.begin_ns - record.begins_ns - 120 * 10**9 < 60 * 10**9
    prescribed, delivered = record.curves
    assert prescribed.values[-1] == pytest.approx(delivered.values[-1], abs=0.03)
    assert "fault: stalled motor" in [happening.text for happening in record.happenings]
    assert sum(record.sector_erases) > 0
    assert record.divergence is None


@pytest.mark.requirement("deterministic-rig")
def test_two_runs_of_a_scenario_leave_the_same_record() -> None:
    first, second = record_of("garbage-on-the-link"), record_of("garbage-on-the-link")
    assert first.edges_sha256 == second.edges_sha256
    assert first.happenings == second.happenings
    assert first.evidence.values() == second.evidence.values()
    assert first.seeds["link noise"] == 2


def test_what_a_rig_lacks_skips_a_scenario_with_the_reason() -> None:
    scenario = read_scenario(LIBRARY / "a-power-cut-while-delivering.toml")
    assert lacking(scenario, BoardRig) == ["exact edges", "power cut"]
    impossible = replace(scenario, needs=scenario.needs | {"a tide"})
    record = run(impossible, ModelRig())
    assert (record.status, record.message) == (Status.SKIPPED, "the model rig has no a tide")
    assert not record.evidence.passed


class WithoutProbe(ModelRig):
    """As a board on a bench is: nothing watches its pins."""

    capabilities = ModelRig.capabilities - {Capability.EXACT_EDGES}

    @property
    def edges(self) -> EdgeRecord:
        return EdgeRecord()

    def rising_ns(self, signal: str) -> Instants:
        return np.array([], np.int64)

    def levels_of(self, signal: str) -> tuple[Instants, NDArray[np.uint8]]:
        return EdgeRecord().levels_of(signal)


def test_a_rig_without_a_probe_carries_out_what_needs_none_and_claims_nothing_about_edges() -> None:
    record = run(read_scenario(LIBRARY / "a-visit-over-the-link.toml"), WithoutProbe())
    assert record.status is Status.PASSED, record.message
    assert record.divergence is None
    assert [curve.name for curve in record.curves] == ["prescribed"]
    assert len(record.edge_errors_ticks) == 0


def test_an_answer_other_than_declared_fails_a_scenario_and_is_told() -> None:
    scenario = read_scenario(LIBRARY / "a-host-dies-in-a-frame.toml")
    refused = replace(scenario.course[0], refused_with="no such thing")
    record = run(replace(scenario, course=(refused, *scenario.course[1:])), ModelRig())
    assert failing(record) == {"answers_not_as_declared"}
    assert "start was to be refused with 'no such thing', and was carried out" in record.message


def test_what_a_scenario_expects_and_does_not_cause_fails_it() -> None:
    scenario = read_scenario(LIBRARY / "a-rate-step-on-its-minute.toml")
    record = run(replace(scenario, expects=("motor stalled",)), ModelRig())
    assert failing(record) == {"gate_faults"}


def test_scenarios_in_processes_side_by_side_leave_the_same_records_as_one_after_another() -> None:
    names = ("a-start-taken-back", "monday-at-midnight", "nothing-after-a-stop")
    scenarios = [read_scenario(LIBRARY / f"{name}.toml") for name in names]
    alone = {record.name: record.edges_sha256 for record in run_all(scenarios, RigWanted("model"), 1)}
    beside = {record.name: record.edges_sha256 for record in run_all(scenarios, RigWanted("model"), 2)}
    assert alone == beside
    assert set(alone) == set(names)


def test_a_step_that_can_not_be_carried_out_leaves_an_error_and_no_figures(tmp_path: Path) -> None:
    text = (LIBRARY / "a-rate-step-on-its-minute.toml").read_text(encoding="utf-8")
    text = text.replace(
        "[[check]]", '[[course]]\nat = "1m"\ndo = "fault begins"\nfault = "cut sense wire"\n\n[[check]]', 1
    )
    path = tmp_path / "broken.toml"
    path.write_text(text, encoding="utf-8")
    rig = ModelRig()
    rig.faults.inject = _raise  # type: ignore[method-assign]
    record = run(read_scenario(path), rig)
    assert record.status is Status.ERROR
    assert record.message == "RuntimeError: no wire to cut"


def _raise(*_: object) -> None:
    raise RuntimeError("no wire to cut")


def test_nothing_missing_is_no_figure_where_nothing_was_held_against_a_prescription(tmp_path: Path) -> None:
    text = (LIBRARY / "a-rate-step-on-its-minute.toml").read_text(encoding="utf-8")
    never_started = '[[course]]\nat = "1s"\ndo = "look"\n\n'
    checks = "".join(
        f'[[check]]\nmeasure = "{measure}"\nexactly_pulses = 0\n\n'
        for measure in ("pulses missing", "pulses in excess", "pulses while stopped")
    )
    (tmp_path / "idle.toml").write_text(
        text[: text.index("[[course]]")] + never_started + checks, encoding="utf-8"
    )
    record = run(read_scenario(tmp_path / "idle.toml"), ModelRig())
    assert failing(record) == {"pulses_missing", "pulses_in_excess", "pulses_while_stopped"}


def test_a_bolus_whose_minute_the_course_does_not_reach_is_no_figure() -> None:
    scenario = read_scenario(LIBRARY / "a-line-that-closes-and-opens.toml")
    (bolus,) = [check for check in scenario.checks if check.measure == "unintended bolus"]
    late = replace(bolus, given={"after": scenario.duration_ns - 30 * 10**9})
    record = run(replace(scenario, checks=(late,)), ModelRig())
    assert bolus.measurement.key in failing(record)


@pytest.mark.parametrize("lost", [slice(1, None), slice(None, -1)], ids=["the first", "the latest"])
def test_an_entry_lost_at_an_end_of_the_log_is_missing(monkeypatch: pytest.MonkeyPatch, lost: slice) -> None:
    scenario = read_scenario(LIBRARY / "a-rate-step-on-its-minute.toml")
    measurement = replace(scenario.checks[0].measurement, key="gaps", least=None, most=0)
    check = replace(scenario.checks[0], measure="gaps in the log", given={}, measurement=measurement)
    assert run(replace(scenario, checks=(check,)), ModelRig()).evidence.value("gaps") == 0
    read_log = Pump.log
    monkeypatch.setattr(Pump, "log", lambda self, first=0: read_log(self, first)[lost])
    assert run(replace(scenario, checks=(check,)), ModelRig()).evidence.value("gaps") == 1


# --- broken pumps


def slower(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return rates a tenth of a per mille too low."""
    return lambda self, rate, *more: original(self, rate - rate // 10_000, *more)


def one_step_more(original: Callable[..., Any]) -> Callable[..., Any]:
    """Give again, after a power cut, what was granted and is uncertain."""

    def restore(self: Any, state: Any) -> Any:
        restored = original(self, state)
        self._ledger.base_steps = max(0, state.counted_steps - 1)
        return restored

    return restore


def no_response(original: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self: RESPONSE_NONE


def a_minute_late(original: Callable[..., Any]) -> Callable[..., Any]:
    """Leave out boluses by the clock that would begin in the minute after a change."""
    return lambda self, tick: original(self, tick) + 720


def anything_goes(original: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *_, **__: 0


def deaf_to_refills(original: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, fill_nl: original(self, fill_nl + 1_000)


@pytest.mark.requirement("gate")
@pytest.mark.parametrize(
    ("place", "method", "breakage", "scenario", "figure"),
    [
        (Metering, "begin", slower, "an-hour-at-a-typical-rate", "worst_edge"),
        (Recovery, "_restore_count", one_step_more, "a-power-cut-while-delivering", "counted_less_seen"),
        (Alarms, "response", no_response, "empty-reservoir-stops-the-pump", "delivering"),
        (Alarms, "response", no_response, "two-alarms-at-once", "rate_told_2"),
        (WallClock, "first_local_minute", a_minute_late, "a-scheduled-bolus", "boluses_given_whole"),
        (BolusHistory, "refusal", anything_goes, "limits-in-a-window-not-yet-full", "most_in_any_hour"),
        (Controller, "refill", deaf_to_refills, "low-reservoir-on-its-pulse", "low_alarm_off_its_pulse"),
    ],
)
def test_a_broken_pump_fails_the_scenario_that_is_there_for_it(
    monkeypatch: pytest.MonkeyPatch,
    place: type,
    method: str,
    breakage: Callable[[Callable[..., Any]], Callable[..., Any]],
    scenario: str,
    figure: str,
) -> None:
    monkeypatch.setattr(place, method, breakage(getattr(place, method)))
    record = record_of(scenario)
    assert record.status is Status.FAILED
    assert figure in failing(record), record.message


def pausing(pump: Controller) -> None:
    pump.infusion.hold()


def stopping(pump: Controller) -> None:
    pump.infusion.stop()


def crying_wolf(pump: Controller) -> None:
    pump.reports.note_alarm(alarms.LOW_RESERVOIR)


@pytest.mark.requirement("gate")
@pytest.mark.parametrize(
    ("of_its_own_accord", "told"),
    [
        (pausing, "delivery held at"),
        (stopping, "delivery stopped at"),
        (crying_wolf, "alarm 'low reservoir' was raised"),
    ],
)
@pytest.mark.parametrize("scenario", ["weekend-at-midnight", "the-slowest-rate", "garbage-on-the-link"])
def test_what_a_pump_does_for_no_reason_fails_a_scenario_although_the_pump_has_logged_it(
    monkeypatch: pytest.MonkeyPatch, of_its_own_accord: Callable[[Controller], None], told: str, scenario: str
) -> None:
    done: list[bool] = []
    poll = Controller.poll

    def misbehaving(self: Controller, now_s: int, now_us: int) -> int:
        found = poll(self, now_s, now_us)
        if not done and now_s > 75 and self.infusion.state == STATE_DELIVERING:
            done.append(True)
            of_its_own_accord(self)
        return found

    monkeypatch.setattr(Controller, "poll", misbehaving)
    record = record_of(scenario)
    assert done
    assert record.status is Status.FAILED
    assert "unspoken" in failing(record)
    assert told in record.message


def test_an_alarm_that_a_scenario_lists_and_that_is_not_raised_fails_it() -> None:
    scenario = read_scenario(LIBRARY / "a-rate-step-on-its-minute.toml")
    record = run(replace(scenario, alarms=("motor stalled",)), ModelRig())
    assert failing(record) == {"unspoken"}
    assert "alarm 'motor stalled' is among the scenario's alarms, and was never raised" in record.message


def test_a_silence_that_lasts_fails_the_scenario_that_is_there_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(alarms, "SILENCE_S", (10**7, 10**7))
    assert "tones_2" in failing(record_of("a-motor-that-never-turns-again"))


def test_a_divergence_is_told_with_the_edges_around_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Metering, "begin", slower(Metering.begin))
    found = record_of("an-hour-at-a-typical-rate").divergence
    assert found is not None
    assert "too late, first at pulse" in found.text
    assert {edge.signal for edge in found.edges} == {STEP}
    assert any(abs(edge.t_ns - found.t_ns) < 1_000_000 for edge in found.edges)
