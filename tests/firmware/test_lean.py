"""The firmware of a stock board: no name is shortened that its MicroPython knows for something else."""

import ast
import re
from typing import Any

import pytest

import build
import lean
from thecal_hil.contract.image import STOCK_UF2


def test_no_name_that_the_stock_image_holds_is_shortened() -> None:
    blocks = STOCK_UF2.read_bytes()
    image = b"".join(blocks[at + 32 : at + 288] for at in range(0, len(blocks), 512))
    _, names = build.lean_package_files("commit")
    # Two things of one name in a room are another matter: one of them has to have another name.
    shortened = {
        long for path, table in names.items() if not path.endswith("_room.py") for long in table.values()
    }
    assert len(shortened) > 800
    # Strings that end alike share their end in the image, so a name may stand behind other letters.
    assert sorted(name for name in shortened if name.encode() + b"\0" in image) == []


def test_lean_sources_are_sources() -> None:
    files, _ = build.lean_package_files("commit")
    for name, text in files.items():
        ast.parse(text, name)


def test_names_that_are_assigned_together_are_no_tuple_on_the_heap() -> None:
    source = "def swapped(left, right):\n    left, right = (right, left)\n    return left + right\n"
    files, _ = lean.lean_files({"package/one.py": source}, ["from package.one import swapped"])
    assert re.search(r"^    (\w+), (\w+) = \2, \1$", files["package/one.py"], re.MULTILINE)


def test_a_number_is_written_out_where_another_module_uses_it_and_not_where_a_function_has_its_own() -> None:
    one = "MOST = 7\n"
    two = "from package.one import MOST\n\ndef outside():\n    return MOST\n\ndef inside(MOST):\n    return MOST\n"
    starts = ["from package.two import outside, inside"]
    files, _ = lean.lean_files({"package/one.py": one, "package/two.py": two}, starts)
    returned = {
        node.name: node.body[0].value
        for node in ast.parse(files["package/two.py"]).body
        if isinstance(node, ast.FunctionDef) and isinstance(node.body[0], ast.Return)
    }
    assert ast.literal_eval(returned["outside"] or "") == 7
    assert isinstance(returned["inside"], ast.Name)


def run_lean(source: str) -> tuple[Any, str]:
    """Return what a module made lean has as ``started``, which is used from outside, and its lean source."""
    files, _ = lean.lean_files({"package/one.py": source}, ["from package.one import started"])
    scope: dict[str, Any] = {}
    exec(files["package/one.py"], scope)
    return scope["started"], files["package/one.py"]


def test_what_only_a_string_or_a_start_mentions_stays_and_what_nothing_mentions_goes() -> None:
    source = (
        "class Pump:\n    def by_string(self):\n        return 1\n    def by_nobody(self):\n        return 2\n"
        "def started(name='by_string'):\n    return getattr(Pump(), name)()\n"
    )
    started, made_lean = run_lean(source)
    assert started() == 1
    (pump,) = (node for node in ast.parse(made_lean).body if isinstance(node, ast.ClassDef))
    assert len(pump.body) == 1


def test_what_is_only_ever_added_to_is_still_set_first() -> None:
    source = (
        "class Copies:\n    def read(self):\n        self.good = 0\n        self.good += 1\n        return 7\n"
        "def started():\n    return Copies().read()\n"
    )
    started, _ = run_lean(source)
    assert started() == 7


def test_a_private_name_that_another_module_imports_is_refused() -> None:
    files = {
        "package/one.py": "_own = print()\n",
        "package/two.py": "from package.one import _own\nx = [_own]\n",
    }
    with pytest.raises(lean.LeanError, match="_own"):
        lean.lean_files(files, ["from package.two import x"])


def test_functions_share_the_names_of_their_parameters_and_do_the_same() -> None:
    source = (
        "shift = 1000\n"
        "def outer(first, second, by_name=5, *rest):\n"
        "    def inner(third, first):\n        return [second + third * first for third in (third, first)]\n"
        "    def other(shift):\n        return shift + second\n"
        "    try:\n        raise ValueError\n    except ValueError as error:\n        found = inner(first, second)\n"
        "    return found, other(shift), by_name, rest, (lambda second: second + first)(7)\n"
        "def later(third, fourth=shift):\n    return outer(third, fourth, by_name=third)\n"
        "class Part:\n    def __init__(self, wanted):\n        self.wanted = wanted\n"
    )
    starts = ["from package.one import outer, later, Part\nPart(1).wanted\nouter(1, 2, by_name=3)"]
    files, _ = lean.lean_files({"package/one.py": source}, starts)
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    exec(source, before)
    exec(files["package/one.py"], after)
    assert after["outer"](2, 3, 4, 5) == before["outer"](2, 3, 4, 5)
    assert after["outer"](2, 3, by_name=4) == before["outer"](2, 3, by_name=4)
    assert after["later"](6) == before["later"](6)
    assert after["Part"](8).wanted == 8
    parameters = {
        node.arg for node in ast.walk(ast.parse(files["package/one.py"])) if isinstance(node, ast.arg)
    }
    # Those of the longest function are shared by all; one is passed by its name, and one stands for two things.
    assert parameters >= {"self", "by_name"}
    assert len(parameters) <= 7


def test_a_branch_whose_condition_is_known_is_taken_or_left_out() -> None:
    source = (
        "FITTED = 0\ndef started(on=True, FITS=0):\n    if FITTED:\n        return print()\n"
        "    return (on if FITTED else not on), ('own' if FITS else 'none')\n"
    )
    started, made_lean = run_lean(source)
    assert started() == (False, "none")
    assert "print" not in made_lean
    assert len([node for node in ast.walk(ast.parse(made_lean)) if isinstance(node, ast.IfExp)]) == 1
