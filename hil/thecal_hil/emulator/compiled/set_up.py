"""Builds the compiled part of the emulator, as set-up does: ``thecal-hil compile-emulator``.

Without what it takes to build, it reports what is missing and succeeds all the same: the slow path needs none of it.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from thecal_hil.emulator.compiled import build


def main(argv: Sequence[str]) -> int:
    argparse.ArgumentParser(prog="thecal-hil compile-emulator", description=__doc__).parse_args(argv)
    if build.built_modules() is None:
        print("set-up: the emulator's compiled part", flush=True)
    try:
        build.build()
    except build.CannotBuildError as error:
        print(f"set-up: the emulator runs on its slow path, about fifteen times slower ({error})")
    return 0
