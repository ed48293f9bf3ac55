"""The modules of a room that a stock board gets as one do what they did as several."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

import lean
from lean.modules import path_of

START = "from package.start.main import started\nstarted"
MAIN = "from package.pump.dose import dose\n\ndef started(*given):\n    return dose(*given)\n"


def gathered(files: dict[str, str], alone: tuple[str, ...] = ()) -> dict[str, str]:
    return lean.lean_files(
        {
            **{f"package/{folder}/__init__.py": "" for folder in ("core", "pump", "start")},
            "package/__init__.py": "",
            "package/start/main.py": MAIN,
            **files,
        },
        [START],
        alone,
    )[0]


def run(files: dict[str, str], folder: Path, *given: object) -> object:
    """Return what the gathered sources return when they are started as a program of their own."""
    for path, source in gathered(files).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(source)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        before = set(sys.modules)
        try:
            main: ModuleType = importlib.import_module("package.start.main")
            return main.started(*given)
        finally:
            for name in set(sys.modules) - before:
                del sys.modules[name]


def test_a_room_is_one_module_and_holds_its_modules_in_the_order_in_which_they_need_each_other(
    tmp_path: Path,
) -> None:
    files = {
        "package/pump/dose.py": "from package.pump.volume import Volume\nclass Dose(Volume):\n    pass\n"
        "def dose():\n    return Dose().text()\n",
        "package/pump/volume.py": "class Volume:\n    def text(self):\n        return 'a volume'\n",
    }
    assert set(gathered(files)) == {
        "package/__init__.py",
        "package/core/__init__.py",
        "package/pump/__init__.py",
        "package/pump/pump_room.py",
        "package/start/__init__.py",
        "package/start/main.py",
    }
    assert run(files, tmp_path) == "a volume"


def test_what_two_modules_call_by_one_name_stays_two_things(tmp_path: Path) -> None:
    files = {
        "package/pump/dose.py": "from package.pump.volume import volume\n"
        "def _helper(number):\n    return number + 1\n"
        "def dose(number):\n    return _helper(number), volume(number), [_helper(one) for one in (number, 7)]\n",
        "package/pump/volume.py": "def _helper(number):\n    return number * 100\n"
        "def volume(number):\n    return _helper(number)\n",
    }
    assert run(files, tmp_path, 5) == (6, 500, [6, 8])


def test_a_name_that_a_function_has_for_itself_is_left_alone(tmp_path: Path) -> None:
    # `rate` is a function of another room, reached through its module, and a variable of a function here.
    files = {
        "package/core/rates.py": "def rate():\n    return print and 3\n",
        "package/pump/dose.py": "from package.core import rates\n"
        "def dose():\n    rate = 4\n    return rate, rates.rate(), (lambda rates: rates)(5)\n",
    }
    assert run(files, tmp_path) == (4, 3, 5)


def test_an_attribute_of_a_class_is_not_the_function_of_that_name(tmp_path: Path) -> None:
    files = {
        "package/core/rates.py": "def _of(number):\n    return number + 1\n"
        "def more(number):\n    return _of(number)\n",
        "package/core/volumes.py": "def _of(number):\n    return number + 2\n"
        "def most(number):\n    return _of(number)\n",
        "package/pump/dose.py": "from package.core.rates import more\nfrom package.core.volumes import most\n"
        "class Dose:\n    def _of(self, number):\n        return -number\n"
        "    def whole(self, number):\n        return self._of(number), more(number), most(number)\n"
        "def dose(number):\n    return Dose().whole(number)\n",
    }
    assert run(files, tmp_path, 1) == (-1, 2, 3)


def test_a_function_of_a_class_finds_the_function_of_its_module_and_not_the_attribute(tmp_path: Path) -> None:
    kind = (
        "def _of(number):\n    return number + {more}\n"
        "class {name}:\n    def _of(self):\n        return 0\n"
        "    def whole(self, number):\n        return _of(number)\n"
    )
    files = {
        "package/core/rates.py": kind.format(more=1, name="Rate"),
        "package/core/volumes.py": kind.format(more=2, name="Volume"),
        "package/pump/dose.py": "from package.core.rates import Rate\nfrom package.core.volumes import Volume\n"
        "def dose(number):\n    return Rate().whole(number), Volume().whole(number)\n",
    }
    assert run(files, tmp_path, 1) == (2, 3)


def test_what_a_function_declares_global_is_its_own_module_s(tmp_path: Path) -> None:
    counter = (
        "_count = [].__len__()\ndef {name}():\n    global _count\n    _count += {step}\n    return _count\n"
    )
    files = {
        "package/core/rates.py": counter.format(name="rate", step=1),
        "package/core/volumes.py": counter.format(name="volume", step=10),
        "package/pump/dose.py": "from package.core.rates import rate\nfrom package.core.volumes import volume\n"
        "def dose():\n    return rate(), volume(), rate(), volume()\n",
    }
    assert run(files, tmp_path) == (1, 10, 2, 20)


def test_what_stands_under_a_condition_that_is_never_met_does_not_count() -> None:
    files = {
        "package/core/rates.py": "def rate():\n    return 3\n",
        "package/pump/dose.py": "if 0:\n    from package.core.rates import rate\ndef dose():\n    return 3\n",
    }
    assert "package/core/core_room.py" not in gathered(files)


def test_one_thing_that_two_modules_have_by_different_names_is_one(tmp_path: Path) -> None:
    files = {
        "package/core/rates.py": "class Rate:\n    pass\n",
        "package/pump/dose.py": "from package.core.rates import Rate as Lowest\n"
        "from package.pump.volume import Volume\n"
        "def dose():\n    return isinstance(Volume().rate, Lowest)\n",
        "package/pump/volume.py": "from package.core.rates import Rate\n"
        "class Volume:\n    def __init__(self):\n        self.rate = Rate()\n",
    }
    assert run(files, tmp_path) is True


def test_what_is_loaded_within_a_function_is_loaded_only_then() -> None:
    files = {
        "package/core/older.py": "from package.core.state import State\ndef read():\n    return State(1)\n",
        "package/core/state.py": "class State:\n    def __init__(self, number):\n        self.number = number\n",
        "package/pump/dose.py": "from package.core.state import State\n"
        "def dose():\n    from package.core.older import read\n    return read().number + State(2).number\n",
    }
    lean_files = gathered(files)
    assert "package/core/older.py" in lean_files
    assert "import" not in lean_files["package/core/core_room.py"]


def test_what_is_loaded_within_a_function_finds_the_rooms(tmp_path: Path) -> None:
    files = {
        "package/core/older.py": "from package.core.state import State\ndef read():\n    return State(1)\n",
        "package/core/state.py": "class State:\n    def __init__(self, number):\n        self.number = number\n",
        "package/pump/dose.py": "from package.core.state import State\n"
        "def dose():\n    from package.core.older import read\n    return read().number + State(2).number\n",
    }
    assert run(files, tmp_path) == 3


def test_what_has_to_start_in_little_memory_stays_apart_with_all_that_it_needs() -> None:
    files = {
        "package/core/frames.py": "def frame(number):\n    return [number]\n",
        "package/core/state.py": "def state(number):\n    return (number,)\n",
        "package/start/alarm.py": "from package.core.frames import frame\n"
        "def alarm(number):\n    return frame(number)\n",
        "package/pump/dose.py": "from package.core.frames import frame\nfrom package.core.state import state\n"
        "def dose():\n    from package.start.alarm import alarm\n    return alarm(1), frame(2), state(3)\n",
    }
    lean_files = gathered(files, alone=("package/start/alarm.py",))
    assert {"package/core/frames.py", "package/start/alarm.py", "package/core/core_room.py"} <= set(
        lean_files
    )
    assert "_room" not in lean_files["package/start/alarm.py"]
    assert path_of("package.core.state", {path: None for path in lean_files}) is None  # type: ignore[misc]


@pytest.mark.parametrize(
    ("dose", "says"),
    [
        ("from package.core import rates\ndef dose():\n    return len(rates)\n", "as a value"),
        (
            "if len('a'):\n    from package.core.rates import rate\ndef dose():\n    return rate()\n",
            "condition",
        ),
        ("from package.core.rates import gone\ndef dose():\n    return gone()\n", "has no gone"),
        (
            "def dose():\n    from package.core import rates\n    return rates.rate()\n"
            "def other():\n    from package.core.rates import rate\n    return rate()\nother\n",
            "imports the module rates",
        ),
    ],
)
def test_what_can_not_be_seen_through_is_refused(dose: str, says: str) -> None:
    files = {
        "package/core/rates.py": "def rate():\n    return 3\n",
        "package/core/other.py": "from package.core.rates import rate\ndef other():\n    return rate()\n",
        "package/pump/dose.py": dose,
        "package/pump/more.py": "from package.core.other import other\nother()\n",
    }
    with pytest.raises(lean.LeanError, match=says):
        gathered(files)
