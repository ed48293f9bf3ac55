"""A digest of everything the results of a campaign depend on that is source: firmware, host, plant, campaign."""

from __future__ import annotations

import hashlib
from pathlib import Path

import thecal
import thecal_fw
import thecal_hil
import thecal_sim

_PACKAGES = (thecal_fw, thecal, thecal_sim, thecal_hil)


def sources_digest() -> str:
    """Return the digest of every source that a result depends on."""
    digest = hashlib.sha256()
    for package in _PACKAGES:
        assert package.__file__ is not None
        root = Path(package.__file__).parent
        for path in sorted(root.rglob("*.py")):
            content = path.read_bytes()
            digest.update(f"{package.__name__}/{path.relative_to(root).as_posix()} {len(content)}\n".encode())
            digest.update(content)
    return digest.hexdigest()[:16]
