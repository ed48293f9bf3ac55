"""The commit that the tools themselves are of, so that results can be put beside one another.

Promise: the answer ends in ``+`` where a file that git keeps has been changed since, and is ``unknown`` outside of a
checkout; it never names the commit of some other project that this one happens to lie in.
"""

from __future__ import annotations

import hashlib
import subprocess
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
UNKNOWN = "unknown"
_DIGITS = 10


@cache
def checkout() -> str:
    """Return the commit of this checkout, ten digits."""
    if not (REPOSITORY / "firmware/thecal_fw/version.py").is_file():
        return UNKNOWN
    head = _git("rev-parse", "--verify", "HEAD")
    if not head:
        return UNKNOWN
    return head[:_DIGITS] + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")


@cache
def changed_since() -> str:
    """Return a digest of what was changed in this checkout since its commit, twelve digits; empty if nothing was."""
    if not checkout().endswith("+"):
        return ""
    return hashlib.sha256(_git("diff", "HEAD", "--binary").encode()).hexdigest()[:12]


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(REPOSITORY), *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
