"""A requirement's named mutant makes its mistake: none of them dies of a name that its file does not have."""

import re
import subprocess
import sys
from pathlib import Path

from thecal_hil.contract.image import REPOSITORY
from thecal_hil.evidence.trace.mutants import Mutant, read_mutants

MUTANTS = read_mutants(REPOSITORY / "docs/requirement_mutants.toml")


def source_of(mutant: Mutant) -> str:
    return (REPOSITORY / mutant.file).read_text(encoding="utf-8")


def test_every_mutant_uses_names_that_its_module_has(tmp_path: Path) -> None:
    for number, mutant in enumerate(MUTANTS):
        if mutant.file.endswith(".py"):
            (tmp_path / f"m{number}.py").write_text(mutant.applied_to(source_of(mutant)), encoding="utf-8")
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--quiet", "--output-format=concise"]
    ran = subprocess.run([*ruff, "--select=F821", str(tmp_path)], capture_output=True, text=True, check=False)
    found = [
        f"{MUTANTS[int(match[1])].requirement}: {match[2]}"
        for match in re.finditer(r"m(\d+)\.py\S* (F821 .*)", ran.stdout)
    ]
    assert found == []
    assert ran.returncode == 0, ran.stderr


def test_every_mutant_uses_attributes_that_its_part_has() -> None:
    unknown = []
    for mutant in MUTANTS:
        source = source_of(mutant)
        for name in re.findall(r"\bself\.(\w+)", mutant.becomes):
            if not re.search(rf"(\bself\.|\bdef ){name}\b", source):
                unknown.append(f"{mutant.requirement}: self.{name}")
    assert unknown == []
