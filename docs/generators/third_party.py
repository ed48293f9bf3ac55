"""Tables of other people's software, from the lists that notice and bills of materials are made of too."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

from generators.text import table

_ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(_ROOT / "firmware/board"))

from notice import read_parts  # noqa: E402 - found beside the build

_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)


def host_table() -> str:
    """Return the table of the packages that a host is made of, with the versions of the lock."""
    lock = dict(_PINNED.findall((_ROOT / "requirements/dev.lock").read_text(encoding="utf-8")))
    listed = tomllib.loads((_ROOT / "requirements/third_party.toml").read_text(encoding="utf-8"))["package"]
    rows = [
        (
            entry["name"],
            lock[entry["name"]],
            entry["extra"] or "-",
            entry["purpose"],
            entry["anomalies"],
            entry["done"],
        )
        for entry in listed
    ]
    return table(
        ("package", "version", "extra", "what it does here", "known anomalies", "what is done"), rows
    )


def image_table() -> str:
    """Return the table of what is linked into an image."""
    rows = [
        (part.name, part.version, part.licence, part.purpose, part.anomalies, part.done)
        for part in read_parts()
    ]
    return table(("part", "version", "licence", "what it does here", "known anomalies", "what is done"), rows)


PARTS: dict[str, Callable[[], str]] = {"host-packages": host_table, "image-parts": image_table}
