"""The references of documents: links, names of files and tests, targets of make, commands, and blocks of code.

Promises: a reference is looked up, not guessed at. A block of code names the test that runs it in the comment above it,
``<!-- run by tests/docs/test_blocks.py::test_name -->``, or what it needs, ``<!-- needs hardware: a Pico -->``. Blocks
of the language ``text`` are pictures and output, and need neither.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from words.docstrings import Finding

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.*?) *$", re.MULTILINE)
_CODE = re.compile(r"^(?P<mark>```|~~~).*?^(?P=mark)[ \t]*$", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(
    r"(?P<above>^<!--[^\n]*-->\n)?(?:^\n)?^```(?P<language>\w*)[^\n]*\n(?P<body>.*?)^```[ \t]*$",
    re.MULTILINE | re.DOTALL,
)
_RUN_BY = re.compile(r"<!-- run by (\S+) -->")
_NEEDS = re.compile(r"<!-- needs hardware: \S.* -->")
_FILE = re.compile(
    r"`((?:docs|examples|firmware|hil|host|pumps|requirements|sim|tests)/[\w./*<>{}-]+?)(?:::(\w+))?`"
)
_MAKE = re.compile(r"`make ([a-z][a-z0-9-]*)")
_PLACEHOLDERS = ("*", "<", "{", "NAME")


def anchor_of(heading: str) -> str:
    """Return the anchor that a heading has where the document is shown."""
    kept = re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower())
    return kept.strip().replace(" ", "-")


@cache
def _anchors(path: Path) -> frozenset[str]:
    text = _CODE.sub("", path.read_text(encoding="utf-8"))
    return frozenset(anchor_of(heading) for heading in _HEADING.findall(text))


def _line_of(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1


def dead_links(path: Path, repository: Path) -> Iterator[Finding]:
    """Yield links of a document that lead to no file or no heading."""
    text = path.read_text(encoding="utf-8")
    for match in _LINK.finditer(_CODE.sub(lambda block: "\n" * block.group(0).count("\n"), text)):
        target, _, anchor = match.group(1).partition("#")
        if "://" in target or target.startswith("mailto:"):
            continue
        leads_to = (path.parent / target).resolve() if target else path
        place = f"{path.relative_to(repository)}"
        if not leads_to.exists():
            yield Finding(place, f"leads to {match.group(1)}, which is not there")
        elif anchor and leads_to.suffix == ".md" and anchor not in _anchors(leads_to):
            yield Finding(place, f"leads to {match.group(1)}, which has no such heading")


def _defines(path: Path, name: str) -> bool:
    return re.search(rf"\b(?:def|class) {name}\b", path.read_text(encoding="utf-8")) is not None


def unresolved_names(path: Path, repository: Path) -> Iterator[Finding]:
    """Yield names of files, tests and targets in a document that nothing has."""
    text = path.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z0-9-]+):", (repository / "Makefile").read_text("utf-8"), re.MULTILINE))
    for match in _FILE.finditer(text):
        place = f"{path.relative_to(repository)}:{_line_of(text, match.start())}"
        named, function = match.groups()
        if any(mark in named for mark in _PLACEHOLDERS):
            continue
        leads_to = repository / named
        if not leads_to.exists():
            yield Finding(place, f"names {named}, which is not there")
        elif function is not None and not _defines(leads_to, function):
            yield Finding(place, f"names {function}, which {named} does not define")
    for match in _MAKE.finditer(text):
        if match.group(1) not in targets:
            place = f"{path.relative_to(repository)}:{_line_of(text, match.start())}"
            yield Finding(place, f"names make {match.group(1)}, which is no target")


def blocks_without_a_test(path: Path, repository: Path) -> Iterator[Finding]:
    """Yield blocks of code that name neither a test that runs them nor the hardware that they need."""
    text = path.read_text(encoding="utf-8")
    for match in _BLOCK.finditer(text):
        place = f"{path.relative_to(repository)}:{_line_of(text, match.start('language'))}"
        if match.group("language") == "text":
            continue
        above = match.group("above") or ""
        named = _RUN_BY.match(above)
        if named is not None:
            file, _, function = named.group(1).partition("::")
            if not (repository / file).exists() or (function and not _defines(repository / file, function)):
                yield Finding(place, f"names {named.group(1)}, which is not there")
        elif not _NEEDS.match(above):
            yield Finding(place, "names neither a test that runs it nor the hardware it needs")
