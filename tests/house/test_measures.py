"""The measures of ``make house``: each notices what it is there for."""

from __future__ import annotations

from pathlib import Path

import pytest

from house.logical_lines import logical_lines
from house.nested_alarms import Nesting
from house.one_of_each import SVG, drawing_stacks, mains, virtual_ports
from house.owners import deep_reaches, foreign_writes
from house.rooms import House, house_of


def written(root: Path, **files: str) -> Path:
    for name, source in files.items():
        path = root / "pump" / (name.replace("__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
    return root


def house(root: Path) -> House:
    return house_of(root, "pump")


def test_a_room_that_nothing_is_imported_into_stands_on_the_ground(tmp_path: Path) -> None:
    found = house(
        written(tmp_path, core__rates="RATE = 1\n", store__ring="from pump.core.rates import RATE\n")
    )
    assert (found.rooms, found.arrows, found.floors) == ({"core", "store"}, {("store", "core")}, 2)


@pytest.mark.parametrize(
    "statement",
    [
        "def load():\n    from pump.core import rates\n",
        "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    from pump.core.rates import RATE\n",
        "import importlib\n\nimportlib.import_module('pump.core.rates')\n",
        "__import__('pump.core.rates')\n",
        "from ..core import rates\n",
    ],
)
def test_an_import_counts_wherever_it_stands(tmp_path: Path, statement: str) -> None:
    root = written(tmp_path, core__rates="RATE = 1\n", store__ring=statement)
    assert house(root).arrows == {("store", "core")}


def test_files_that_import_each_other_are_a_circle(tmp_path: Path) -> None:
    root = written(
        tmp_path, a="from pump.b import B\n", b="from pump.c import B\n", c="def f():\n    import pump.a\n"
    )
    assert house(root).circles == [("pump.a", "pump.b", "pump.c")]


def test_rooms_that_import_each_other_have_arrows_back_though_no_file_is_in_a_circle(tmp_path: Path) -> None:
    found = house(
        written(
            tmp_path,
            core__rates="RATE = 1\n",
            core__ledger="from pump.store.ring import RING\n",
            store__ring="from pump.core.rates import RATE\n",
            link__frames="from pump.core.rates import RATE\n",
        )
    )
    assert found.arrows_back == {("core", "store"), ("store", "core")}
    assert found.circles == []


@pytest.mark.parametrize(
    ("line", "is_foreign"),
    [
        ("self.rate = 1", False),
        ("self._keeper.rate = 1", True),
        ("keeper.rate += 1", True),
        ("a, keeper.rate = 1, 2", True),
        ("setattr(keeper, 'rate', 1)", True),
        ("setattr(self, 'rate', 1)", False),
        ("made = Keeper()\n        made.rate = 1", False),
    ],
)
def test_a_write_to_another_part_is_found(tmp_path: Path, line: str, is_foreign: bool) -> None:
    root = written(tmp_path, watch=f"class Watch:\n    def watch(self, keeper):\n        {line}\n")
    assert bool(foreign_writes(root)) is is_foreign


@pytest.mark.parametrize(
    ("line", "is_deep"),
    [
        ("self._keeper.events", False),
        ("self._keeper.events.log.newest", True),
        ("getattr(self._keeper.events.log, 'newest')", True),
        ("keeper.events.log", False),
        ("keeper.events.log.newest()", True),
    ],
)
def test_a_reach_through_another_part_is_found_once(tmp_path: Path, line: str, is_deep: bool) -> None:
    root = written(tmp_path, watch=f"class Watch:\n    def watch(self, keeper):\n        return {line}\n")
    assert len(deep_reaches(root)) == is_deep


def test_docstrings_comments_and_continued_lines_are_no_logical_lines(tmp_path: Path) -> None:
    source = '"""A module.\n\nTwo."""\n\n# A comment.\nRATE = (\n    1\n)\n\n\n'
    source += 'def f():\n    """It does."""\n    return RATE\n'
    assert logical_lines(written(tmp_path, rates=source)) == 3


def test_an_alarm_that_is_set_while_another_one_is_being_set_is_counted() -> None:
    nesting = Nesting()

    @nesting.counted
    def set_alarm(alarm: int) -> None:
        if alarm == 1:
            set_alarm(2)
        if alarm == 3:
            raise ValueError("no such alarm")

    set_alarm(2)
    with pytest.raises(ValueError, match="no such alarm"):
        set_alarm(3)
    assert (nesting.calls, nesting.nested) == (2, 0)
    set_alarm(1)
    assert (nesting.calls, nesting.nested) == (4, 1)


def test_a_second_way_to_draw_or_to_open_a_virtual_port_is_counted(tmp_path: Path) -> None:
    root = written(tmp_path, page=f'NAMESPACE = "{SVG}"\n', port="import os\nNEAR, FAR = os.openpty()\n")
    assert (drawing_stacks([root]), virtual_ports([root]), mains([root])) == (1, 1, 0)
    written(tmp_path, figure="from matplotlib.axes import Axes\n", chart="import matplotlib as mpl\n")
    assert drawing_stacks([root]) == 2
    written(tmp_path, report=f'element("svg", xmlns="{SVG}")\n', balance="import pty\npty.openpty()\n")
    assert (drawing_stacks([root]), virtual_ports([root])) == (3, 2)
