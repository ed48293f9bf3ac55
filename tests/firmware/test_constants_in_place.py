"""Numbers written out in the firmware's sources before they are frozen: the same program, line by line."""

from __future__ import annotations

from typing import Any

from constants_in_place import with_constants_written_out

LIMITS = (
    b"MOST_NL = 3 * 4\n_STEP = 1 << 3\n_ROOM = -(_STEP + 1)\n_WORDS = (1, 2)\nchanging = 1\nchanging = 2\n"
)
PUMP = b"""\
from pump import limits
from pump.limits import MOST_NL, _STEP

_OWN = 7
_COUNT = 1


def bounded(nl: int, changing: int = _OWN) -> int:
    return min(nl, MOST_NL) + limits.MOST_NL.bit_length() + limits.changing


def with_its_own(_OWN: int) -> str:
    MOST_NL = 5
    return f"{MOST_NL} of {_OWN}"


def count() -> int:
    global _COUNT
    _COUNT += _STEP
    return _COUNT
"""


def written() -> dict[str, str]:
    files = {"pump/__init__.py": b"", "pump/limits.py": LIMITS, "pump/pump.py": PUMP}
    return {path: source.decode() for path, source in with_constants_written_out(files).items()}


def test_a_number_stands_wherever_its_name_did() -> None:
    source = written()["pump/pump.py"]
    assert "changing: int = (7)" in source
    assert "min(nl, (12)) + (12).bit_length() + limits.changing" in source
    assert "_COUNT += (8)" in source


def test_a_name_of_a_function_s_own_and_one_that_changes_stay() -> None:
    source = written()["pump/pump.py"]
    assert 'MOST_NL = 5\n    return f"{MOST_NL} of {_OWN}"' in source
    assert "_COUNT = 1\n" in source
    assert "return _COUNT" in source


def test_private_numbers_go_that_nothing_mentions_and_every_line_keeps_its_number() -> None:
    found = written()
    assert found["pump/limits.py"].splitlines() == [
        "MOST_NL = 3 * 4",
        "",
        "",
        "_WORDS = (1, 2)",
        "changing = 1",
        "changing = 2",
    ]
    assert len(found["pump/pump.py"].splitlines()) == len(PUMP.splitlines())


def test_the_program_does_the_same() -> None:
    found = written()
    limits: dict[str, Any] = {}
    exec(found["pump/limits.py"], limits)
    names = {"limits": type("limits", (), limits)}
    source = "\n".join(line for line in found["pump/pump.py"].splitlines() if not line.startswith("from"))
    exec(source, names)
    pump: Any = names
    assert pump["bounded"](100) == 12 + 4 + 2
    assert pump["with_its_own"](2) == "5 of 2"
    assert [pump["count"](), pump["count"]()] == [9, 17]
