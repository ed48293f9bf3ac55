"""``thecal-hil doses FILE... [--rig NAME]``: plays sequences again and says what differs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from thecal_hil.campaigns.doses.player import ViolationError, play
from thecal_hil.campaigns.doses.sequence import SequenceError, read_sequence
from thecal_hil.rigs.opening import open_rig


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="thecal-hil doses", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--rig", choices=("model", "pico"), default="model")
    options = parser.parse_args(argv)
    failed = 0
    for file in options.files:
        try:
            sequence = read_sequence(file)
        except SequenceError as error:
            print(f"{file}: {error}", file=sys.stderr)
            return 2
        rig = open_rig(options.rig)
        try:
            play(sequence, rig)
            print(f"{file}: as the reference has it")
        except ViolationError as violation:
            failed += 1
            print(f"{file}: {violation}")
        finally:
            rig.close()
    return 1 if failed else 0
