"""Records of finished builds: which files one build keeps for the next, and when the next may take them.

Promise: whatever a folder has been through (copied, moved, half copied, half written), nothing in it is taken unless
it can be shown to be what would be built now; otherwise it is built anew.

- A finished file is taken if the record beside it names the very inputs wanted now and the file's own SHA-256.
- A tree of objects is continued only at the place that it was made at, since its rules name files by absolute paths:
  in a copy they would work on the original.
- A folder of sources is taken if its files have the digest that it was unpacked with.
"""

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path

_MANIFEST = ".digest"


def digest_of(parts: object) -> str:
    """Return the SHA-256 of anything whose `repr` says all of it."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_whole(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file so that a reader sees the old one or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".partial", delete=False) as partial:
        partial.write(content)
    Path(partial.name).chmod(mode)
    Path(partial.name).replace(path)


# Finished files -----------------------------------------------------------------------------------------------


def record_of(path: Path) -> Path:
    """Return where the record of a finished file is."""
    return path.with_name(f"{path.name}.json")


def keep(path: Path, inputs: str, **facts: int) -> None:
    """Write down what a finished file was made of, its SHA-256, and further facts about it."""
    record = {"inputs": inputs, "sha256": sha256_of(path), **facts}
    write_whole(record_of(path), json.dumps(record).encode())


def kept_facts(path: Path, inputs: str) -> dict[str, int] | None:
    """Return the facts noted with a finished file, if it was made of these inputs and is whole; else None."""
    try:
        record = json.loads(record_of(path).read_text(encoding="utf-8"))
        found = sha256_of(path)
    except (OSError, ValueError):
        return None
    if not isinstance(record, dict) or record.get("inputs") != inputs or record.get("sha256") != found:
        return None
    return {name: fact for name, fact in record.items() if name not in ("inputs", "sha256")}


# Trees of objects ---------------------------------------------------------------------------------------------


def prepare_tree(build: Path, made_with: object) -> bool:
    """Return True if a build folder can be continued; else empty it.

    ``made_with``: everything that its rules hold, the absolute paths above all.
    """
    stamp = build / "configured"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == _stamp_of(build, made_with):
        return True
    shutil.rmtree(build, ignore_errors=True)
    build.mkdir(parents=True)
    return False


def note_configured(build: Path, made_with: object) -> None:
    """Note that the rules are complete, and what they hold."""
    (build / "configured").write_text(_stamp_of(build, made_with), encoding="utf-8")


def _stamp_of(build: Path, made_with: object) -> str:
    return digest_of([str(build.resolve()), made_with])


# Folders of sources -------------------------------------------------------------------------------------------


def folder_digest(folder: Path) -> str:
    """Return the digest of the names and contents of all files in a folder, but for what this module keeps there."""
    digests: dict[str, str] = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent) / name
            relative = path.relative_to(folder).as_posix()
            if relative != _MANIFEST:
                digests[relative] = str(path.readlink()) if path.is_symlink() else sha256_of(path)
    return digest_of(sorted(digests.items()))


def seal(folder: Path) -> None:
    """Note the digest of a folder that is complete."""
    (folder / _MANIFEST).write_text(folder_digest(folder), encoding="utf-8")


def is_sealed(folder: Path) -> bool:
    """Return True if a folder was complete once. Cheap; what it holds now, `is_intact` says."""
    return (folder / _MANIFEST).is_file()


def is_intact(folder: Path) -> bool:
    """Return True if a folder still holds what it was sealed with."""
    return is_sealed(folder) and (folder / _MANIFEST).read_text(encoding="utf-8") == folder_digest(folder)
