"""Sessions with hostile boards as people have them: the command in a process of its own, at a port of the system's.

The model is behind a pseudo-terminal, and its time passes with the wall's. Promises: what is changed of its answers
follows from the seed, though not when; a process that does not end in time is killed and counts as endless.
"""

from __future__ import annotations

import os
import random
import select
import subprocess
import sys
import tempfile
import time
import tty
from pathlib import Path

from serial import SerialException

from thecal_hil.campaigns.hostile.session import ALL, HostilePort, judged, rate_of
from thecal_hil.campaigns.stage import Ended, Stage

_MOST_S = 60.0
"""A command that asks three times for each of its dozen requests takes half of it."""
_SLICE_S = 0.01
_CHUNK_BYTES = 4_096
_NS_PER_S = 1_000_000_000


def play_process(command: str, seed: int) -> list[str]:
    """Run a command at a hostile board of this seed; return what is wrong with how it ended.
    Raise RuntimeError if the command does not know its options."""
    stage, draw = Stage(), random.Random(seed)
    before = stage.logged()
    port = HostilePort(stage.model.serial, draw, rate_of(draw))
    port.timeout = 0
    near, far = os.openpty()
    tty.setraw(far)
    os.set_blocking(near, False)
    words = [sys.executable, "-m", "thecal.cli", *ALL[command], "--port", os.ttyname(far)]
    with tempfile.TemporaryDirectory() as state:
        environment = {
            **os.environ,
            "XDG_STATE_HOME": state,
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        with (Path(state) / "said").open("w+b") as said:
            process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT, env=environment
            )
            try:
                is_endless = not _serve(stage, port, near, process)
            finally:
                process.kill()
                process.wait()
                os.close(near)
                os.close(far)
            said.seek(0)
            text = said.read().decode("utf-8", "replace")
    if is_endless:
        return ["endless"]
    ended = Ended(process.returncode, text, stage.logged() - before)
    if "No such option" in text:
        raise RuntimeError(text)
    return judged(stage, command, ended, [port])


def _serve(stage: Stage, port: HostilePort, near: int, process: subprocess.Popen[bytes]) -> bool:
    """Serve the process until it ends; return False if it does not in time."""
    end_s = last_s = time.monotonic()
    end_s += _MOST_S
    while process.poll() is None:
        if time.monotonic() > end_s:
            return False
        ready, _, _ = select.select([near], [], [], _SLICE_S)
        now_s = time.monotonic()
        try:
            if ready:
                port.write(os.read(near, _CHUNK_BYTES))
            stage.model.run_for(max(1, int((now_s - last_s) * _NS_PER_S)))
            answer = port.read(_CHUNK_BYTES) if port.in_waiting else b""
        except SerialException:
            # The board has gone to its boot loader or was reset; nobody answers from here on.
            answer = b""
        last_s = now_s
        if answer:
            os.write(near, answer)
    return True
