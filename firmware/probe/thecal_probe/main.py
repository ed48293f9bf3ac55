"""The probe's main loop: serve what has arrived, release what is due, sleep until then.

Promise: a program that hangs or fails is reset by the watchdog within eight seconds, and a reset releases all switches.
"""

import os

import machine
from micropython import const
from ubinascii import hexlify

from thecal_fw.rp2.clock import Clock
from thecal_fw.rp2.port import Port
from thecal_probe.capture import groups
from thecal_probe.server import Server
from thecal_probe.sleep import sleep_until
from thecal_probe.switches import Switches

_WATCHDOG_MS = const(8_000)
_SCRATCH_0 = 0x4005_800C
"""A register of the watchdog, which outlives its reset."""
_HEARTBEAT_S = const(1)
"""Less than a ring of records lasts at the highest rate that is promised."""


def _boot_id():
    """Return a number that the boots before did not have: random after power-on, counted on from reset to reset."""
    resets = machine.mem32[_SCRATCH_0] + 1
    machine.mem32[_SCRATCH_0] = resets
    return (int.from_bytes(os.urandom(4), "little") + resets) & 0xFFFF_FFFF


def main() -> None:
    """Run the probe; never returns."""
    captures, memory = groups()
    clock, switches, port = Clock(), Switches(), Port()
    server = Server(captures, switches, clock, hexlify(machine.unique_id()), _boot_id())
    watchdog = machine.WDT(timeout=_WATCHDOG_MS)
    while memory:
        watchdog.feed()
        for capture in captures:
            capture.captured()
        byte = port.read()
        while byte >= 0:
            reply = server.push(byte)
            if reply is not None:
                port.write(reply)
            byte = port.read()
        clock.read()
        due = switches.release_due(clock.s, clock.us)
        s, us = (
            due
            if due is not None and due < (clock.s + _HEARTBEAT_S, clock.us)
            else (clock.s + _HEARTBEAT_S, clock.us)
        )
        sleep_until(port, s, us)
