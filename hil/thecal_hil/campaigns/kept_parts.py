"""Parts of a campaign that are done, kept as sealed files under a digest of the sources that they follow from.

Promise: a part is taken over only if it is whole and of the very sources that are there; any other is done again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from thecal.bounded import RefusedFileError, read_bounded
from thecal.whole_file import write_whole
from thecal_hil.groundwork.sealed import DamagedError, sealed, unsealed

_MOST_BYTES = 50_000_000


def digest_of(*sources: str) -> str:
    """Return the digest of files, and of all Python files and tables in folders, as seen from the current folder."""
    digest = hashlib.sha256()
    for source in sources:
        path = Path(source)
        files = [*path.rglob("*.py"), *path.rglob("*.toml")] if path.is_dir() else [path]
        for file in sorted(files):
            digest.update(file.as_posix().encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def kept(path: Path) -> dict[str, Any] | None:
    """Return what a part found; None if it was not done, or its file is damaged."""
    try:
        found = json.loads(unsealed(read_bounded(path, _MOST_BYTES)))
    except (RefusedFileError, DamagedError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def keep(path: Path, found: Mapping[str, Any]) -> None:
    """Keep what a part found."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, sealed(json.dumps(found).encode()))
