"""What a stock board gets of the firmware: no name is shortened that its MicroPython knows for something else."""

import ast
import re
from typing import Any

import pytest

import build
import lean
from thecal_hil.image import STOCK_UF2


def test_no_name_that_the_stock_image_holds_is_shortened() -> None:
    blocks = STOCK_UF2.read_bytes()
    image = b"".join(blocks[at + 32 : at + 288] for at in range(0, len(blocks), 512))
    _, names = build.lean_package_files("commit")
    shortened = {long for table in names.values() for long in table.values()}
    assert len(shortened) > 1_000
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
