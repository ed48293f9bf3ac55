"""MicroPython programs that step a motor by software, for a stock board: by ``machine.Timer`` and in ``asyncio``.

Promises: both give one pulse every INTERVAL_MS on the STEP pin, answer every line that comes over USB with their state
as JSON, and append to a file once a second, as this firmware serves its link and keeps its journal. ``SLEEP_LOOP``
steps nothing; it waits as programs on a dev board usually wait.
"""

from __future__ import annotations

from typing import Final

INTERVAL_MS: Final = 100
STEP_PIN: Final = 2

_COMMON: Final = f"""
import gc, json, micropython, select, sys, time
from machine import Pin

micropython.kbd_intr(-1)
step = Pin({STEP_PIN}, Pin.OUT, value=0)
waiting = select.poll()
waiting.register(sys.stdin, select.POLLIN)
count = 0

def pulse(timer=None):
    global count
    step.value(1)
    step.value(0)
    count += 1

def answer(line):
    status = {{"request": line.strip(), "counted_steps": count, "heap_free_bytes": gc.mem_free()}}
    sys.stdout.write(json.dumps(status) + "\\n")

def keep_log():
    with open("log.txt", "a") as log:
        log.write("%d ms: %d microsteps\\n" % (time.ticks_ms(), count))
"""

MACHINE_TIMER: Final = (
    _COMMON
    + f"""
from machine import Timer

timer = Timer(period={INTERVAL_MS}, mode=Timer.PERIODIC, callback=pulse)
logged = time.ticks_ms()
while True:
    while waiting.poll(0):
        answer(sys.stdin.readline())
    if time.ticks_diff(time.ticks_ms(), logged) >= 1000:
        logged = time.ticks_add(logged, 1000)
        keep_log()
    time.sleep_ms(1)
"""
)

ASYNCIO_TASK: Final = (
    _COMMON
    + f"""
import asyncio

async def deliver():
    due = time.ticks_add(time.ticks_ms(), {INTERVAL_MS})
    while True:
        await asyncio.sleep_ms(max(0, time.ticks_diff(due, time.ticks_ms())))
        pulse()
        due = time.ticks_add(due, {INTERVAL_MS})

async def serve():
    reader = asyncio.StreamReader(sys.stdin)
    while True:
        answer(await reader.readline())

async def log():
    while True:
        await asyncio.sleep_ms(1000)
        keep_log()

async def main():
    await asyncio.gather(deliver(), serve(), log())

asyncio.run(main())
"""
)

SLEEP_LOOP: Final = """
import time
while True:
    time.sleep_ms(10)
"""
