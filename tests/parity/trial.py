"""Tries the comparison of both paths on a compiled path that has been changed, in a process of its own.

``python trial.py SEED INSTRUCTIONS`` prints the first difference, or nothing.
"""

import logging
import sys

from thecal_hil.campaigns.parity.campaign import run_random


def main() -> int:
    logging.getLogger("thecal_hil.emulator").setLevel(logging.CRITICAL)
    seed, instructions = map(int, sys.argv[1:])
    print(run_random(seed, instructions)[1])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
