"""The way in of ``thecal``: what it is about is known before anything else is loaded.

Everything that runs here is about the pump that ``THECAL_PUMP`` names. Where that can't be read there is no command to
run: one line says why.
"""

from __future__ import annotations

import sys

from thecal.pumps.constants import VARIABLE
from thecal.pumps.table import DescriptionError

EXIT_BAD_INPUT = 2


def main() -> None:
    """Run the command and end the process with its exit code."""
    try:
        from thecal.cli import main as run
    except DescriptionError as wrong:
        print(f"error: {VARIABLE}: {'; '.join(str(wrong).splitlines())}", file=sys.stderr)
        sys.exit(EXIT_BAD_INPUT)
    run()
