"""The emulator's compiled core.

Promise: importing this module fails, saying what to do, unless the compiled core is there and in use. The pure-Python
one is far slower, and its classes do not have what this package builds on.
"""

from __future__ import annotations

from rp2040py.rp2040 import RP2040


class NativeCoreMissingError(ImportError):
    """The emulator's compiled core is not there, or switched off."""


if not RP2040.__module__.startswith("rp2040py.native."):
    raise NativeCoreMissingError(
        "rp2040py runs on its slow pure-Python core: "
        "unset RP2040PY_SKIP_CYTHON, or install a wheel built for this machine"
    )

from rp2040py.native._simulator import execute_batch  # noqa: E402
from rp2040py.peripherals.pio import RPPIO  # noqa: E402

__all__ = ["RP2040", "RPPIO", "NativeCoreMissingError", "execute_batch"]
