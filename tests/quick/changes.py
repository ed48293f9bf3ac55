"""The changed files, by git: those of the working tree against its commit, or if it has no changes the commits of
this branch against where it left the main branch."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

MAIN_BRANCHES = ("origin/HEAD", "origin/main", "main")


@dataclass(frozen=True)
class Changes:
    """Changed, added and removed files, relative to the repository. ``against``: what they were compared with."""

    files: frozenset[str]
    against: str


def changes_of(repository: Path, since: str | None = None) -> Changes:
    """Return what is changed since a revision; without one, as said above. Raise SystemExit for an unknown revision."""
    if since is not None:
        commit = _git(repository, "rev-parse", "--verify", "--quiet", f"{since}^{{commit}}")
        if not commit:
            raise SystemExit(f"quick: --since {since}: git knows no such revision")
        return Changes(_differing(repository, commit[0]), since)
    edited = _differing(repository, "HEAD")
    if edited:
        return Changes(edited, "HEAD")
    for branch in MAIN_BRANCHES:
        base = _git(repository, "merge-base", "HEAD", branch)
        if base:
            return Changes(
                _differing(repository, base[0]), f"{base[0][:10]}, where this branch left {branch}"
            )
    return Changes(frozenset(), "HEAD")


def _differing(repository: Path, commit: str) -> frozenset[str]:
    """Return files of the working tree, untracked ones too, that are not as in a commit. A renamed one counts twice."""
    tracked = _git(repository, "diff", "--name-only", "--no-renames", "-z", commit, "--")
    untracked = _git(repository, "ls-files", "--others", "--exclude-standard", "-z")
    return frozenset(tracked + untracked)


def _git(repository: Path, *arguments: str) -> list[str]:
    """Return what git prints, at zero bytes and lines; nothing where it fails."""
    done = subprocess.run(
        ["git", "-C", str(repository), *arguments], capture_output=True, text=True, check=False
    )
    lines = done.stdout.replace("\0", "\n").splitlines() if done.returncode == 0 else []
    return [line for line in lines if line]
