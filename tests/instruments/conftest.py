"""The probe's image, built like the pump's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from thecal_hil.contract.image import BUILT, REPOSITORY

PROBE_UF2 = BUILT / "probe.uf2"


@pytest.fixture(scope="session")
def probe_uf2() -> Path:
    """Provide the image that is flashed to a probe."""
    if not PROBE_UF2.exists():
        if os.environ.get("THECAL_UF2"):
            pytest.skip("no probe.uf2: it has to be cross-built, and THECAL_UF2 says that nothing is")
        subprocess.run([sys.executable, REPOSITORY / "firmware/board/build.py", "probe"], check=True)
    return PROBE_UF2
