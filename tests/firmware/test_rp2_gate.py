"""The dose gate on the emulated chip: it holds the enable line, and lets through what was granted and no more."""

from __future__ import annotations

import pytest

from .conftest import Bench

ON, OFF = 0, 1

BUILT = """
from thecal_fw.rp2.gate import DoseGate
from thecal_fw.rp2.driver import Driver
gate, driver = DoseGate(), Driver()
from machine import Pin, disable_irq
step = Pin(2, Pin.OUT, value=0)
def pulse(n):
    for _ in range(n):
        step.high()
        step.low()
"""


@pytest.fixture
def built(bench: Bench) -> Bench:
    bench.run(BUILT)
    return bench


def enable(bench: Bench) -> int:
    bench.run("pass")
    return bench.pico.level("enable")


def steps_while_enabled(bench: Bench) -> int:
    level, count = OFF, 0
    for edge in bench.pico.edges:
        if edge.signal == "enable":
            level = edge.level
        elif edge.signal == "step" and edge.level and level == ON:
            count += 1
    return count


@pytest.mark.requirement("gate-at-boot")
def test_the_line_never_goes_low_while_gate_and_driver_are_built(built: Bench):
    assert enable(built) == OFF
    assert not [edge for edge in built.pico.edges if edge.signal == "enable" and edge.level == ON]


@pytest.mark.requirement("dose-gate")
def test_the_motor_is_energised_only_while_both_gate_and_driver_allow_it(built: Bench):
    built.run("driver.enable()")
    assert enable(built) == OFF
    built.run("gate.arm(10)")
    assert enable(built) == ON
    built.run("driver.disable()")
    assert enable(built) == OFF
    built.run("driver.enable()")
    assert enable(built) == ON
    built.run("gate.close()")
    assert enable(built) == OFF
    assert built.run("print(gate.has_tripped())") == "False"


@pytest.mark.requirement("dose-gate")
def test_the_gate_shuts_on_the_last_step_granted_and_only_arming_opens_it(built: Bench):
    built.run("driver.enable(); gate.arm(5); gate.grant(3); pulse(7)")
    assert enable(built) == ON
    assert built.run("print(gate.has_tripped())") == "False"
    built.run("pulse(1)")
    assert enable(built) == OFF
    assert built.run("print(gate.has_tripped())") == "True"
    built.run("gate.grant(100); driver.disable(); driver.enable()")
    assert enable(built) == OFF
    built.run("gate.arm(2)")
    assert enable(built) == ON
    assert built.run("print(gate.has_tripped())") == "False"
    built.run("pulse(2)")
    assert enable(built) == OFF


@pytest.mark.requirement("dose-gate")
def test_a_generator_that_runs_wild_with_the_processor_hung_delivers_nothing_beyond_what_was_granted(
    built: Bench,
):
    built.run(
        "import rp2\n"
        "@rp2.asm_pio(set_init=rp2.PIO.OUT_LOW)\n"
        "def wild():\n"
        "    set(pins, 1) [31]\n"
        "    set(pins, 0) [31]\n"
        "driver.enable(); gate.arm(64)\n"
        "machine = rp2.StateMachine(0, wild, freq=320_000, set_base=Pin(2))\n"
        "machine.active(1)"
    )
    built.pico.hang()
    built.run_for_s(1)
    assert len(built.rises_ns()) > 4_000
    assert steps_while_enabled(built) == 64


@pytest.mark.requirement("dose-gate")
@pytest.mark.parametrize("call", ["gate.arm(0)", "gate.grant(0)", "gate.arm(-1)"])
def test_nothing_can_not_be_granted(built: Bench, call: str):
    assert "ValueError" in built.run(f"try:\n    {call}\nexcept ValueError as e:\n    print(repr(e))")


@pytest.mark.requirement("gate-grants-kept")
def test_a_grant_that_finds_no_room_is_refused_and_none_that_was_taken_is_lost(built: Bench):
    taken = built.run("driver.enable(); gate.arm(2)\nfor _ in range(10):\n    print(gate.grant(3))").split()
    assert taken == 8 * ["True"] + 2 * ["False"]
    built.run("pulse(2)")
    assert built.run("print(gate.grant(3), gate.grant(3))") == "True False"
    built.run("pulse(26)")
    assert enable(built) == ON
    built.run("pulse(1)")
    assert enable(built) == OFF
    assert not built.pico.words_lost_to_pio
