"""The edges of runs, each record once under its digest, and where two of them part.

Promises: a record that many runs have in common lies here once; what is read again is what was written, or reported
to be damaged; instants are compared from where the course begins, so that two rigs that start at different times can
be held against one another.
"""

from __future__ import annotations

import json
import zlib
from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from thecal_hil.results.parts import write_whole

_FOLDER: Final = "edges"
_AROUND: Final = 4
"""How many edges on each side of the parting are shown."""
NS_PER_TICK: Final = 10_000


class Line(NamedTuple):
    """One line: ``levels[k]`` holds from ``t_ns[k]`` on."""

    t_ns: Sequence[int]
    levels: Sequence[int]


class Parting(NamedTuple):
    """The first edge at which two records differ, after the beginning of the course, with those around it.

    one_ns, other_ns: None where that record has no such edge any more. one, other: (instant, level) around it.
    """

    signal: str
    number: int
    one_ns: int | None
    other_ns: int | None
    one: tuple[tuple[int, int], ...]
    other: tuple[tuple[int, int], ...]

    @property
    def at_ns(self) -> int:
        return min(at for at in (self.one_ns, self.other_ns) if at is not None)


class EdgesError(Exception):
    """Edges that can't be read; the message says why."""


def _path(folder: Path, digest: str) -> Path:
    return folder / _FOLDER / digest[:2] / f"{digest}.edges"


def keep_edges(folder: Path, digest: str, lines: Mapping[str, Line]) -> None:
    """Keep the edges of a record, unless they are kept already."""
    path = _path(folder, digest)
    if path.is_file():
        return
    head, body = {}, b""
    for name, line in lines.items():
        times = array("q", line.t_ns)
        gaps = array("q", [after - before for before, after in zip([0, *times], times, strict=False)])
        head[name] = len(times)
        body += gaps.tobytes() + bytes(line.levels)
    write_whole(path, zlib.compress(json.dumps(head).encode() + b"\n" + body, 6))


def kept_edges(folder: Path, digest: str) -> dict[str, Line]:
    """Raise EdgesError where they are not kept, or damaged."""
    try:
        content = zlib.decompress(_path(folder, digest).read_bytes())
    except FileNotFoundError:
        raise EdgesError(f"the edges {digest[:12]} are not kept in {folder}") from None
    except (OSError, zlib.error) as error:
        raise EdgesError(f"the edges {digest[:12]} are damaged: {error}") from error
    head, _, body = content.partition(b"\n")
    lines, begin = {}, 0
    for name, count in json.loads(head).items():
        times = array("q", body[begin : begin + 8 * count])
        for place in range(1, count):
            times[place] += times[place - 1]
        lines[name] = Line(times, body[begin + 8 * count : begin + 9 * count])
        begin += 9 * count
    return lines


def parting(
    one: Mapping[str, Line], other: Mapping[str, Line], begins: tuple[int, int], slack_ns: int = 0
) -> Parting | None:
    """Return where two records part first; None if they do not, but for ``slack_ns``."""
    found = [
        parts
        for name in one.keys() & other.keys()
        if (
            parts := _line_parting(name, _from(one[name], begins[0]), _from(other[name], begins[1]), slack_ns)
        )
    ]
    return min(found, key=lambda one: (one.at_ns, one.signal), default=None)


def _from(line: Line, begins_ns: int) -> list[tuple[int, int]]:
    return [
        (at - begins_ns, level) for at, level in zip(line.t_ns, line.levels, strict=True) if at >= begins_ns
    ]


def _line_parting(
    name: str, one: list[tuple[int, int]], other: list[tuple[int, int]], slack_ns: int
) -> Parting | None:
    common = min(len(one), len(other))
    place = next(
        (
            place
            for place in range(common)
            if one[place][1] != other[place][1] or abs(one[place][0] - other[place][0]) > slack_ns
        ),
        common,
    )
    if place == common and len(one) == len(other):
        return None
    around = slice(max(0, place - _AROUND), place + _AROUND + 1)
    return Parting(
        name,
        place,
        one[place][0] if place < len(one) else None,
        other[place][0] if place < len(other) else None,
        tuple(one[around]),
        tuple(other[around]),
    )
