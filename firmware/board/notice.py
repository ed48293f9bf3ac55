"""The notice beside an image: whose software is linked into it, and under which terms, in full.

Promise: the terms are those of the very sources and of the compiler that the image is made of, taken from them when it
is made. A text that is missing is an error, since an image must not go out without it.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from sources import PINS_PATH, Pins, SourceError, read_pins

_HERE = Path(__file__).parent
PARTS_PATH = _HERE / "parts.toml"
_LINE = "=" * 80


@dataclass(frozen=True)
class Part:
    """One part of the images that is somebody else's. linked: what its files are called in the linker's map."""

    name: str
    version: str
    licence: str
    texts: tuple[str, ...]
    linked: tuple[str, ...]
    purpose: str
    anomalies: str
    done: str


def read_parts(path: Path = PARTS_PATH, pins_path: Path = PINS_PATH) -> tuple[Part, ...]:
    """Read the parts, each with the version that the pins have."""
    versions = {pinned.package: pinned.version for pinned in read_pins(pins_path).files}
    found = []
    for entry in tomllib.loads(path.read_text(encoding="utf-8"))["part"]:
        version = entry.get("version") or versions[entry["package"]]
        fields = {name: entry[name] for name in ("name", "licence", "purpose", "anomalies", "done")}
        found.append(
            Part(version=version, texts=tuple(entry["texts"]), linked=tuple(entry["linked"]), **fields)
        )
    return tuple(found)


def notice_of(pins: Pins, tree: Path, own_licence: Path) -> str:
    """Return the notice of every image built from a tree of sources. Raise SourceError if a text is missing."""
    parts = read_parts()
    lines = [
        "This image holds Thecal and the software below. Each part comes under the terms that stand with it, from the",
        f"sources that the image is made of (MicroPython {pins.micropython_tag}).",
        "",
        *(f"  {part.name}, {part.version}: {part.licence}" for part in parts),
    ]
    whole = ["\n".join(lines), f"Thecal: MIT\n\n{own_licence.read_text(encoding='utf-8').strip()}"]
    for part in parts:
        texts = "\n\n".join(_text(tree, text).strip() for text in part.texts)
        whole.append(f"{part.name}, {part.version}: {part.licence}\n\n{texts}")
    return f"\n\n{_LINE}\n".join(whole) + "\n"


def _text(tree: Path, named: str) -> str:
    name, _, which = named.partition("#")
    path = _HERE / name if name.startswith("licences/") else tree / name
    if "*" in name:
        path = min(Path("/").glob(name.lstrip("/")), default=path)
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise SourceError(
            f"{PARTS_PATH.name}: the terms in {path} can't be read: {error.strerror}"
        ) from error
    return _comment(text, 2 if which == "head2" else 1) if which else text


def _comment(text: str, which: int) -> str:
    """Return the first comment of a C file, or the second."""
    if text.startswith("//"):
        head = text.split("\n\n", 1)[0]
        return "\n".join(line.removeprefix("//").strip() for line in head.splitlines())
    parts = text.split("*/")
    return parts[which - 1].replace("/*", "", 1)
