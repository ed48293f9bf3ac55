"""The word list of ``make words``, read from ``words.toml``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

LIST = Path(__file__).with_name("words.toml")
_NAME = re.compile(r"`+[^`]*`+")


class _Avoided(NamedTuple):
    pattern: re.Pattern[str]
    exception: re.Pattern[str] | None
    write: str


class Rules(NamedTuple):
    words: tuple[_Avoided, ...]
    beginnings: frozenset[str]
    verbs: frozenset[str]

    def avoided(self, text: str) -> Iterator[tuple[str, str]]:
        """Yield each word of a text that the list avoids, with what to write instead. Names in backticks do
        not count."""
        plain = " ".join(_NAME.sub("", text).split())
        for row in self.words:
            for match in row.pattern.finditer(plain):
                if row.exception is None or not row.exception.search(plain, match.start(), match.end() + 8):
                    yield match.group(0), row.write


def read_rules(path: Path = LIST) -> Rules:
    """Return the rules in a file."""
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    words = tuple(
        _Avoided(
            re.compile(rf"\b(?:{row['pattern']})\b", re.IGNORECASE),
            re.compile(row["except"], re.IGNORECASE) if "except" in row else None,
            row["write"],
        )
        for row in content["avoid"]
    )
    docstrings = content["docstrings"]
    return Rules(words, frozenset(docstrings["beginnings"]), frozenset(docstrings["verbs"]))
