"""Hold every locked package against the advisories that the package index knows: ``make audit``.

Exit code 0 if each was looked up and none is affected, 1 if one is, and 2 if one or more could not be looked up: where
the index serves no advisories, or can't be reached, nothing is known, and that is said. Runs in an environment of its
own, with pip-audit.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

_LOCKS = ("dev.lock", "fuzz.lock", "audit.lock", "lock.lock")
"""All that is installed for any command; the other locks are parts of these."""
_WITHIN_S = 600


def audit(lock: Path) -> tuple[list[str], list[str], int]:
    """Return what is affected, what could not be looked up, and how many packages were asked for."""
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "-r", str(lock)]
    command += ["--format", "json", "--progress-spinner", "off"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_WITHIN_S)
        found = json.loads(done.stdout)["dependencies"]
    except subprocess.TimeoutExpired:
        return [], [f"{lock.name}: no answer within {_WITHIN_S} s"], 0
    except (ValueError, KeyError):
        said = done.stderr.strip().splitlines()[-1:] or ["nothing was said"]
        return [], [f"{lock.name}: {said[0]}"], 0
    affected = [
        f"{one['name']} {one['version']}: {flaw['id']}, fixed in {', '.join(flaw['fix_versions']) or 'no release'}"
        for one in found
        for flaw in one.get("vulns", ())
    ]
    unknown = [f"{one['name']}: {one['skip_reason']}" for one in found if "skip_reason" in one]
    return affected, unknown, len(found)


def main() -> int:
    """Audit the locks given, or all of them."""
    folder = Path(__file__).parent
    affected: list[str] = []
    unknown: list[str] = []
    asked = 0
    for name in sys.argv[1:] or _LOCKS:
        some, others, count = audit(folder / name)
        affected += some
        unknown += others
        asked += count
    for line in affected:
        print(f"audit: AFFECTED {line}")
    for line in unknown[:5]:
        print(f"audit: not known: {line}")
    looked_up = max(0, asked - len(unknown))
    if unknown:
        print(
            f"audit: {len(unknown)} packages or locks could not be looked up, {looked_up} were: the package index at"
            " hand serves no advisories for them, or can't be reached. Nothing is known of those; run it where it can"
        )
    verdict = "FAIL" if affected else "NOT KNOWN" if unknown else "PASS"
    print(f"audit: {verdict}: {looked_up} packages looked up, {len(affected)} affected")
    return 1 if affected else 2 if unknown else 0


if __name__ == "__main__":
    raise SystemExit(main())
