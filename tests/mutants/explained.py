"""The mutants that no test need notice, each with the reason, from explained.toml.

An explanation names mutants as ``mutant.Name`` does: by module, function, and the changed line before and
after. One that fits no mutant, or a mutant that a test does notice, is out of date and is reported.
"""

import tomllib
from pathlib import Path

from mutants.mutant import Name

FILE = Path(__file__).with_name("explained.toml")


def read_explanations(path: Path = FILE) -> dict[Name, str]:
    """Return the reason by name of mutant."""
    reasons: dict[Name, str] = {}
    for entry in tomllib.loads(path.read_text(encoding="utf-8")).get("explained", []):
        becomes = entry["becomes"]
        for changed in [becomes] if isinstance(becomes, str) else becomes:
            name = Name(entry["module"], entry["where"], entry["line"], changed, entry.get("nth", 0))
            if name in reasons:
                raise ValueError(f"explained twice: {name}")
            if not entry["reason"].strip():
                raise ValueError(f"no reason given: {name}")
            reasons[name] = entry["reason"]
    return reasons
