"""Without a pump to be about there is no command to run, and one line says why."""

from __future__ import annotations

import os
import subprocess
import sys


def test_a_pump_that_nobody_has_described_is_one_line_and_an_exit_code() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", "from thecal.entry import main; main()"],
        env={**os.environ, "THECAL_PUMP": "nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    (line,) = ran.stderr.splitlines()
    assert line.startswith("error: THECAL_PUMP: nowhere: no pump of that name")
