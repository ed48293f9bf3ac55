"""The number of logical lines that a folder of sources has: statements and clauses, without docstrings and comments."""

from __future__ import annotations

import ast
import io
import tokenize
from pathlib import Path


def logical_lines(folder: Path) -> int:
    """Return the number of logical lines of all files below a folder."""
    return sum(_of_source(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.py")))


def _of_source(source: str) -> int:
    lines = sum(
        token.type == tokenize.NEWLINE for token in tokenize.generate_tokens(io.StringIO(source).readline)
    )
    texts = sum(
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        for node in ast.walk(ast.parse(source))
    )
    return lines - texts
