"""The facts that a fuzzer needs of a reader: what it reads, how it may refuse, and what to begin with."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Read = Callable[[bytes], None]


@dataclass(frozen=True)
class Reader:
    """made: what takes bytes, prepared once; whatever it raises is a crash. seeds: bytes that are read as they should.

    words: put into the bytes by the fuzzer, for what it would never guess.
    """

    name: str
    made: Callable[[], Read]
    seeds: Callable[[], list[bytes]]
    words: tuple[str, ...] = ()


def of_file(suffix: str, read: Callable[[Path], object], *refusals: type[Exception]) -> Callable[[], Read]:
    """Return a reader of a file's bytes, which refuses with one of these errors."""

    def made() -> Read:
        path = Path(tempfile.mkdtemp(prefix="thecal-fuzz-")) / f"fuzzed{suffix}"

        def reads(data: bytes) -> None:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.write(descriptor, data)
            os.close(descriptor)
            try:
                read(path)
            except refusals:
                return

        return reads

    return made


def of_bytes(read: Callable[[bytes], object], *refusals: type[Exception]) -> Callable[[], Read]:
    """Return a reader of bytes in memory, which refuses with one of these errors."""

    def made() -> Read:
        def reads(data: bytes) -> None:
            try:
                read(data)
            except refusals:
                return

        return reads

    return made
