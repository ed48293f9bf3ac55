"""The places in flash that the build needs, as the firmware has them: see ``thecal_fw/core/flash_map.py``.

The C sources of a board get them in a header of their own, which its ``mpconfigboard.h`` includes.
"""

from __future__ import annotations

import runpy
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1] / "thecal_fw"
_MAP = runpy.run_path(str(_PACKAGE / "core/flash_map.py"))
_CHIP = runpy.run_path(str(_PACKAGE / "rp2/chip.py"))

PAGE_BYTES: int = _MAP["PAGE_BYTES"]
FLASH_ADDRESS: int = _CHIP["FLASH"]
TRAILER_ADDRESS: int = FLASH_ADDRESS + _MAP["TRAILER_AT"]

HEADER_NAME = "thecal_flash_map.h"
HEADER = f"""\
// Made by the build from thecal_fw/core/flash_map.py.

// Where the part for storage begins, counted from the beginning of the flash.
#define THECAL_STORAGE_AT ({_MAP["STORAGE_AT"]})
"""
