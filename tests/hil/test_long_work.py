"""``thecal-hil NAME``: each piece of long work shows its options, and is imported without the others."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from thecal_hil.cli import long_work
from thecal_hil.cli.command import app


@pytest.mark.parametrize("name", long_work.WORKS)
def test_each_tells_its_options_under_its_own_name(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        raise SystemExit(long_work.run(name, ["--help"]))
    assert ended.value.code == 0
    assert f"thecal-hil {name}" in " ".join(capsys.readouterr().out.split())


def test_the_command_lists_all_of_them() -> None:
    listed = CliRunner().invoke(app, ["--help"]).output
    assert [name for name in long_work.WORKS if f" {name} " not in listed] == []


def test_one_of_them_brings_nothing_of_the_others() -> None:
    asked = (
        "import sys; sys.argv[1:] = ['model-speed', '--days', '1']; from thecal_hil.cli.entry import main\n"
    )
    asked += "try: main()\nexcept SystemExit as ended: assert ended.code == 0\n"
    asked += (
        "print('brought', {name.split('.')[1] for name in sys.modules if name.startswith('thecal_hil.')})"
    )
    ran = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert eval(ran.stdout.partition("brought ")[2]) == {"cli", "groundwork"}
