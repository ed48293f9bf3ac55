"""The gate at the end of every test notices what it is there to notice."""

from collections.abc import Iterator

import pytest

from thecal_hil.contract.gate import GateError, check_gate
from thecal_hil.contract.rig import DIRECTION, ResetCause
from thecal_hil.course.course import Course, local_second
from thecal_hil.course.therapy import continuous
from thecal_hil.rigs.model_rig import ModelRig
from thecal_sim.edge_record import EdgeRecord


@pytest.fixture
def model() -> Iterator[ModelRig]:
    opened = ModelRig()
    yield opened
    opened.close()


def delivering(model: ModelRig) -> None:
    course = Course(model)
    course.set_time(local_second("2026-03-06 12:00"))
    course.prescribe(continuous(24_000_000))
    course.refill(18_000_000)
    course.start()
    model.run_for(5)


def test_a_pump_in_order_passes(model: ModelRig) -> None:
    delivering(model)
    check_gate(model)


@pytest.mark.requirement("tested-is-flashed")
def test_another_build_than_the_one_under_test_does_not_pass(model: ModelRig) -> None:
    model.build_under_test = ("9.9.9", "abc")
    with pytest.raises(GateError, match=r"under test is \('9.9.9', 'abc'\)"):
        check_gate(model)


@pytest.mark.requirement("gate-miscount")
def test_a_pump_that_counts_fewer_steps_than_came_out_does_not_pass(model: ModelRig) -> None:
    delivering(model)
    model.model.board.sense_wire.connected = False
    model.run_for(20)
    with pytest.raises(GateError, match="alarm 'pulses missing' is active"):
        check_gate(model)


@pytest.mark.requirement("gate-miscount")
@pytest.mark.parametrize("more", [1, 3, -1, -3])
def test_a_pump_that_counts_other_steps_than_the_probe_saw_does_not_pass(
    monkeypatch: pytest.MonkeyPatch, model: ModelRig, more: int
) -> None:
    delivering(model)
    seen = list(model.steps_since_boot_ns())
    other = seen[:-more] if more > 0 else [*seen, *seen[more:]]
    monkeypatch.setattr(type(model), "steps_since_boot_ns", lambda _: other)
    with pytest.raises(GateError, match=f"counts {len(seen)} steps, the probe saw {len(other)} to"):
        check_gate(model)


@pytest.mark.requirement("gate-direction")
def test_steps_with_the_direction_line_the_other_way_do_not_pass(model: ModelRig) -> None:
    delivering(model)
    before = len(model.step_times_ns)
    model.model.board.drive(DIRECTION, 0)
    model.run_for(5)
    backward = len(model.step_times_ns) - before
    assert backward > 50
    with pytest.raises(GateError, match=f"{backward} steps came with the direction line away"):
        check_gate(model)


@pytest.mark.requirement("gate-direction")
def test_steps_with_a_direction_line_that_nothing_ever_drove_do_not_pass(
    monkeypatch: pytest.MonkeyPatch, model: ModelRig
) -> None:
    monkeypatch.setattr(
        type(model),
        "levels_of",
        lambda rig, signal: (EdgeRecord() if signal == DIRECTION else rig.edges).levels_of(signal),
    )
    delivering(model)
    steps = len(model.step_times_ns)
    assert steps > 50
    with pytest.raises(GateError, match=f"{steps} steps came with the direction line away"):
        check_gate(model)


@pytest.mark.requirement("gate-reset")
def test_an_unplanned_reset_does_not_pass(model: ModelRig) -> None:
    delivering(model)
    model.reset(ResetCause.WATCHDOG)
    with pytest.raises(GateError, match="last reset by: watchdog"):
        check_gate(model)
    check_gate(model, ("watchdog reset",))


def test_what_the_gate_knows_nothing_of_can_not_be_declared(model: ModelRig) -> None:
    with pytest.raises(ValueError, match="'bad weather'"):
        check_gate(model, ("bad weather",))
