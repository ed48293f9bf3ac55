"""The serial link on the emulated chip: any byte in, whole frames out, and never a wait for the host."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .conftest import Bench

SET_UP = """
import gc, micropython, time
from thecal_fw.rp2.port import Port
from thecal_fw.rp2.clock import Clock
port, clock = Port(), Clock()
frame = bytes(1 + n % 250 for n in range(299)) + b'\\0'
def timed(data):
    clock.read()
    begun = clock.s * 1_000_000 + clock.us
    sent = port.write(data)
    clock.read()
    return sent, clock.s * 1_000_000 + clock.us - begun
"""
FRAME = bytes(1 + n % 250 for n in range(299)) + b"\0"


@pytest.fixture
def port(bench: Bench) -> Bench:
    bench.run(SET_UP)
    return bench


def test_all_byte_values_come_in_as_they_are(port: Bench):
    # The prompt has Ctrl-C interrupt whatever it runs; the port had seen to that before.
    port.prompt.start(
        """
micropython.kbd_intr(-1)
got = []
while len(got) < 512:
    byte = port.read()
    if byte >= 0:
        got.append(byte)
print(got == list(range(256)) + list(range(255, -1, -1)))
"""
    )
    sent = bytes(range(256)) + bytes(reversed(range(256)))
    port.run_for_s(0.05)
    port.pico.serial.write(sent)
    assert port.prompt.finish(10.0).strip() == "True"


def test_nothing_to_read_is_minus_one(port: Bench):
    assert port.run("print(port.read(), port.any())") == "-1 False"


@pytest.mark.parametrize("never_waits", [True, False])
def test_frames_go_out_as_they_are(port: Bench, never_waits: bool):
    port.run(f"port._write_never_waits = {never_waits}")
    port.prompt.start("port.write(b'\\r\\n\\r\\n\\0'); port.write(frame)")
    port.run_for_s(0.5)
    received = port.pico.serial.read(port.pico.serial.in_waiting)
    assert received.startswith(b"OK\r\n\r\n\0" + FRAME)


@pytest.mark.parametrize("never_waits", [True, False])
def test_a_host_that_does_not_read_costs_a_dropped_frame_and_no_time(port: Bench, never_waits: bool):
    port.run(f"port._write_never_waits = {never_waits}")
    port.prompt.start(
        """
time.sleep_ms(200)
results = [timed(frame) for _ in range(8)]
time.sleep_ms(400)
after = port.write(b'after\\0')
time.sleep_ms(100)
print(results, after)
"""
    )
    port.run_for_s(0.1)
    serial = port.pico.serial
    serial.paused = True
    port.run_for_s(0.3)
    serial.paused = False
    port.run_for_s(1.0)
    received = serial.read(serial.in_waiting)
    frames, printed = received.removeprefix(b"OK").rsplit(b"\0", 1)
    results, after = eval(printed.split(b"\x04")[0].replace(b"] ", b"],"))
    assert after
    assert results[0][0]
    assert not results[-1][0]
    # On a stock image each byte is offered singly, which takes time but never waits either.
    assert max(us for _, us in results) < (1_000 if never_waits else 15_000)
    whole = [frame for frame in frames.split(b"\0") if frame]
    complete = whole.count(FRAME[:-1])
    assert complete == sum(sent for sent, _ in results)
    # What was cut stands alone: it is not glued to what came after.
    assert whole[-1] == b"after"
    assert all(FRAME.startswith(part) for part in whole[:-1])
    assert len(whole) <= complete + 2


@pytest.mark.requirement("steady-heap")
def test_reading_and_writing_touch_no_heap(port: Bench):
    code = """
def used():
    before = gc.mem_alloc()
    for _ in range(20):
        port.any(); port.read(); port.write(b'')
    return gc.mem_alloc() - before
gc.collect(); gc.disable(); used(); print(used()); gc.enable()
"""
    assert port.numbers(code) == [0]
