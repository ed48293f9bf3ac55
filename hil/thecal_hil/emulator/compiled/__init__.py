"""The emulator's common path in compiled code, and whether it is there.

The files of this room:

- `memory.h`, `sio.h`, `thumb.h`, `thumb_run.h`: memory, divider and spinlocks, what the common Thumb instructions are
  made of, and those instructions, in C.
- `xip_cache.h`: how long the processor waits for the flash, where that is imposed.
- `run_loop.pyx`: the run loop on top of them; `shared_sio.py`: SIO's divider and spinlocks for both paths.
- `pio.pyx` with `fifo.pxi`, `pio_instructions.pxi` and `pio_loops.pxi`: PIO blocks paced by the clock.
- `build.py`: builds all of it into the cache, from `make setup` or where a board is made and it is not there.

For a test that runs both paths side by side, an `EmulatedPico` takes `compiled=True` or `compiled=False`, and then:

- `pico.engine.take_steps(n)` takes exactly n steps on either path: an instruction or, asleep, a jump to the next alarm;
- `pico.engine.state()` returns registers, flags (n, z, c, v), cycles and the clock on either path, and
  `pico.engine.memory_digest()` a digest of SRAM;
- `pico.engine.compiled` is the `RunLoop` (None on the slow path): `instructions`, `fell_back`, `fall_backs()`, and
  `last_reason`, `last_opcode` of the instruction that `take_steps(1)` took.
"""

from __future__ import annotations

import importlib.util
import logging
import os
from functools import cache
from pathlib import Path
from typing import Any, Final

from . import build

SWITCH: Final = "THECAL_EMULATOR"
"""The environment variable that selects the path: "compiled" insists on it, "interpreted" does without."""

_log = logging.getLogger("thecal_hil.emulator")


def is_wanted() -> bool:
    """Return True if to use compiled code, as the environment says. Says once, where it is not there, what is
    missing. Raise ValueError for a value of it that means nothing."""
    choice = os.environ.get(SWITCH, "")
    if choice == "interpreted":
        return False
    if choice not in ("", "compiled"):
        raise ValueError(f'{SWITCH}: "{choice}" is neither "compiled" nor "interpreted"')
    return _is_available(insist=choice == "compiled")


@cache
def _is_available(insist: bool) -> bool:
    try:
        build.build()
    except build.CannotBuildError as error:
        if insist:
            raise
        _log.warning("The emulator runs on its slow path, about fifteen times slower: %s", error)
        return False
    return True


@cache
def module(name: str, sources: Path = build.SOURCES) -> Any:
    """Return the compiled module of that name, built first where needed. Raise CannotBuildError where that can't be
    done."""
    modules = build.MODULES if sources == build.SOURCES else (name,)
    path = build.build(sources, modules) / f"{name}{build.SUFFIX}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def forget() -> None:
    """Look again for what could be built, and report again what could not."""
    _is_available.cache_clear()
    module.cache_clear()
