"""Builds the compiled part of the emulator, as set-up does: ``python -m thecal_hil.emulator.compiled``.

Without what it takes to build, it reports what is missing and succeeds all the same: the slow path needs none of it.
"""

from __future__ import annotations

from . import build


def main() -> int:
    if build.built_modules() is None:
        print("set-up: the emulator's compiled part", flush=True)
    try:
        build.build()
    except build.CannotBuildError as error:
        print(f"set-up: the emulator runs on its slow path, about fifteen times slower ({error})")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
