#!/usr/bin/env python3
"""Bring the generated parts of the documents up to date, or check with ``--check`` that they are.

A drawing is generated whole. A document keeps its hand-written text; only what stands between
``<!-- begin NAME -->`` and ``<!-- end NAME -->`` is generated. A name that no generator knows, and a generated part
that no document asks for, are errors. Needs the environment that the rigs need: ``make docs``.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path[:0] = [str(DOCS), str(DOCS.parent / "firmware"), str(DOCS.parent / "host")]

from generators import (  # noqa: E402
    architecture,
    bench,
    bench_drawing,
    commands,
    hazards,
    protocol,
    storage,
    third_party,
    wiring,
    wiring_drawing,
)
from generators.drawing import DrawingError  # noqa: E402
from generators.text import StaleTextError  # noqa: E402

DRAWINGS: dict[str, Callable[[], str]] = {
    "architecture.svg": architecture.drawing,
    "wiring.svg": wiring_drawing.drawing,
    "bench.svg": bench_drawing.drawing,
}
PARTS: dict[str, Callable[[], str]] = {
    **protocol.PARTS,
    **wiring.PARTS,
    **bench.PARTS,
    **hazards.PARTS,
    **storage.PARTS,
    **commands.PARTS,
    **third_party.PARTS,
}

_PART = re.compile(r"(<!-- begin ([\w-]+) -->\n).*?(<!-- end \2 -->)", re.DOTALL)
_MARK = re.compile(r"<!-- (?:begin|end) ([\w-]+) -->")


class MarkError(Exception):
    """The marks in the documents do not fit the generators."""


def filled(name: str, text: str, wanted: set[str]) -> str:
    """Return a document with its generated parts made anew; takes the parts it holds off ``wanted``. Raise
    MarkError where marks and generators do not fit."""

    def part(match: re.Match[str]) -> str:
        key = match.group(2)
        if key not in PARTS:
            raise MarkError(
                f"{name}: no generator for the part {key!r}; there are: {', '.join(sorted(PARTS))}"
            )
        wanted.discard(key)
        return f"{match.group(1)}\n{PARTS[key]().strip()}\n\n{match.group(3)}"

    whole = _PART.sub(part, text)
    marks = _MARK.findall(whole)
    if len(marks) != 2 * len(_PART.findall(whole)):
        raise MarkError(f"{name}: a generated part is begun but not ended, or ended but not begun: {marks}")
    return whole


def generated(folder: Path) -> dict[Path, str]:
    """Return what every file with a generated part should hold. Raise MarkError if no document asks for a part."""
    wanted = set(PARTS)
    files = {folder / name: make() for name, make in DRAWINGS.items()}
    for path in sorted(folder.glob("*.md")):
        text = path.read_text(encoding="utf-8")
        if _MARK.search(text):
            files[path] = filled(path.name, text, wanted)
    if wanted:
        raise MarkError(f"no document asks for the generated parts: {', '.join(sorted(wanted))}")
    return files


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail if anything is out of date")
    parser.add_argument(
        "--folder", type=Path, default=DOCS, help="where the documents are (default: beside this script)"
    )
    arguments = parser.parse_args()
    try:
        files = generated(arguments.folder)
    except (MarkError, StaleTextError, DrawingError) as error:
        print(f"docs: {error}", file=sys.stderr)
        return 2
    stale = [
        path for path, text in files.items() if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    for path in stale:
        if arguments.check:
            print(f"docs: {path.name} is out of date; run `python docs/generate.py`", file=sys.stderr)
        else:
            path.write_text(files[path], encoding="utf-8")
            print(f"docs: wrote {path.name}")
    return 1 if stale and arguments.check else 0


if __name__ == "__main__":
    sys.exit(main())
