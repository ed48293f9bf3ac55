"""The dependency check lets through what the design allows and names what it does not."""

from pathlib import Path

import pytest

from tools.dependency_direction import faults

REPOSITORY = Path(__file__).resolve().parents[2]


def write_module(repository: Path, name: str, text: str) -> None:
    path = repository / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_this_repository_has_no_faults() -> None:
    assert faults(REPOSITORY) == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "firmware/thecal_fw/rp2/flash.py",
            "import machine\nimport rp2\nfrom micropython import alloc_emergency\n",
        ),
        ("firmware/thecal_fw/start/main.py", "import machine\nfrom thecal_fw.rp2 import board\n"),
        ("firmware/thecal_fw/core/rate.py", "from micropython import const\nfrom .program import Program\n"),
        ("firmware/thecal_fw/core/__init__.py", "from . import program\nfrom .program import Program\n"),
        (
            "firmware/thecal_fw/pump/controller.py",
            "from .rp2 import stepper\nfrom thecal_fw.core import program\n",
        ),
        ("firmware/thecal_fw/link/session.py", "from thecal_fw.version import VERSION\n"),
        (
            "host/thecal/client.py",
            "import serial\nfrom thecal_fw.link import frames\nfrom thecal_fw.core import program\n",
        ),
        ("sim/thecal_sim/plant.py", "import simpy\nfrom thecal_fw.pump.controller import Controller\n"),
        (
            "hil/thecal_hil/contract/rig.py",
            "import thecal\nimport thecal_sim.plant\nimport thecal_fw.start.main\n",
        ),
        ("hil/thecal_hil/board.py", "import machine\n"),
    ],
)
def test_allowed(tmp_path: Path, path: str, text: str) -> None:
    write_module(tmp_path, path, text)
    assert faults(tmp_path) == []


@pytest.mark.parametrize(
    ("path", "text", "named"),
    [
        ("firmware/thecal_fw/core/rate.py", "import machine\n", "machine"),
        ("firmware/thecal_fw/core/rate.py", "import micropython\n", "micropython"),
        ("firmware/thecal_fw/pump/controller.py", "def late():\n    import rp2\n", "rp2"),
        ("firmware/thecal_fw/core/rate.py", "from ..link import frames\n", "thecal_fw.link.frames"),
        ("firmware/thecal_fw/core/__init__.py", "from ..link import frames\n", "thecal_fw.link.frames"),
        (
            "firmware/thecal_fw/link/session.py",
            "from thecal_fw.pump import controller\n",
            "thecal_fw.pump.controller",
        ),
        ("firmware/thecal_fw/start/main.py", "from thecal_sim import plant\n", "thecal_sim.plant"),
        (
            "host/thecal/client.py",
            "from thecal_fw.pump.controller import Controller\n",
            "thecal_fw.pump.controller.Controller",
        ),
        (
            "host/thecal/client.py",
            "import importlib\nimportlib.import_module('thecal_hil.contract.rig')\n",
            "thecal_hil.contract.rig",
        ),
        ("sim/thecal_sim/plant.py", "import thecal\n", "thecal"),
        (
            "sim/thecal_sim/plant.py",
            "from thecal_hil.contract.rig import Rig\n",
            "thecal_hil.contract.rig.Rig",
        ),
        ("hil/thecal_hil/contract/rig.py", "from tests.core import strategies\n", "tests.core.strategies"),
    ],
)
def test_refused(tmp_path: Path, path: str, text: str, named: str) -> None:
    write_module(tmp_path, path, text)
    found = faults(tmp_path)
    assert len(found) == 1
    assert found[0].startswith(f"{path}:")
    assert f"imports {named}," in found[0]
