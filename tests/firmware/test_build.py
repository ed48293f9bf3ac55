"""The build and the set-up say what is wrong and what to do, and leave nothing half done."""

import subprocess
import sys
from pathlib import Path

import pytest

import build
import sources

REPOSITORY = Path(__file__).resolve().parents[2]
SETUP = REPOSITORY / "firmware/board/system_setup.sh"


@pytest.fixture
def bare_machine(tmp_path: Path) -> Path:
    """Provide a folder of programs with little more than a shell: no compiler, no cmake, no Python."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("bash", "dirname", "grep", "mktemp", "rm", "tail", "test", "ls"):
        found = subprocess.run(["bash", "-c", f"type -P {name}"], capture_output=True, text=True, check=True)
        (programs / name).symlink_to(found.stdout.strip())
    return programs


def pretend(programs: Path, name: str, script: str) -> None:
    path = programs / name
    path.write_text(f"#!/bin/bash\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


def run_setup(programs: Path, system: str) -> subprocess.CompletedProcess[str]:
    os_release = programs.parent / "os-release"
    os_release.write_text(f"NAME=Something\nID={system}\n", encoding="utf-8")
    environment = {"PATH": str(programs), "THECAL_OS_RELEASE": str(os_release)}
    command = ["bash", str(SETUP), "python", "cross"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_without_root_the_exact_line_is_shown(bare_machine: Path) -> None:
    pretend(bare_machine, "apt-get", "exit 99")
    pretend(bare_machine, "id", "echo 1000")
    finished = run_setup(bare_machine, "debian")
    assert finished.returncode == 2
    lines = [line for line in finished.stderr.splitlines() if "apt-get" in line]
    assert len(lines) == 1
    assert lines[0].strip().startswith("sudo apt-get install --yes --no-install-recommends python3 ")
    assert lines[0].endswith(" gcc-arm-none-eabi libnewlib-arm-none-eabi")


def test_with_root_the_missing_packages_are_installed(bare_machine: Path) -> None:
    record = bare_machine.parent / "record"
    pretend(bare_machine, "apt-get", f'echo "$*" >> {record}')
    pretend(bare_machine, "id", "echo 0")
    pretend(bare_machine, "cmake", "exit 0")
    finished = run_setup(bare_machine, "debian")
    assert finished.returncode == 0, finished.stderr
    update, install = record.read_text().splitlines()
    assert update == "update"
    assert " ninja-build " in install
    assert " cmake " not in install


def test_on_another_system_the_missing_tools_are_named(bare_machine: Path) -> None:
    pretend(bare_machine, "apt-get", "exit 99")
    pretend(bare_machine, "id", "echo 0")
    finished = run_setup(bare_machine, "ubuntu")
    assert finished.returncode == 2
    assert "  arm-none-eabi-gcc\n" in finished.stderr
    assert "THECAL_UF2=" in finished.stderr


def test_a_fetched_file_with_other_bytes_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    pins = sources.read_pins()
    (tmp_path / "downloads").mkdir()
    for pinned in pins.files:
        (tmp_path / "downloads" / pinned.name).write_bytes(b"not what was pinned")
    with pytest.raises(sources.SourceError) as caught:
        sources.unpacked_sources(pins, tmp_path)
    message = str(caught.value)
    assert str(tmp_path / "downloads") in message
    assert all(pinned.name in message and pinned.sha256 in message for pinned in pins.files)
    assert [path.name for path in tmp_path.iterdir()] == ["downloads"]


def test_an_interrupted_unpacking_leaves_no_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pins = sources.read_pins()

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(
        sources, "_fetched_archives", lambda *_: {pinned.name: tmp_path for pinned in pins.files}
    )
    monkeypatch.setattr(sources, "_unpack", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sources.unpacked_sources(pins, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_image_holds_the_commit_and_the_source_tree_does_not() -> None:
    image = build.thecal_image("abcdef0123+")
    assert b'COMMIT = "abcdef0123+"' in image.frozen["thecal_fw/_build_info.py"]
    assert not (REPOSITORY / "firmware/thecal_fw/_build_info.py").exists()
    assert "main.py" in image.frozen


def test_the_version_is_the_package_s() -> None:
    text = (REPOSITORY / "firmware/thecal_fw/version.py").read_text(encoding="utf-8")
    assert f'VERSION = "{build.firmware_version()}"' in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["uf3"], "unknown target uf3; choose of uf2, probe, stock, unix, mpy-cross, mpy"),
        (["--extra-main", "main.py"], "--extra-main and --out go together"),
    ],
)
def test_a_wrong_command_line_is_refused(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        build.main(arguments)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_a_failing_command_shows_the_end_of_its_output() -> None:
    script = "print('x' * 1000); raise SystemExit(3)"
    with pytest.raises(build.BuildError, match=r"trying failed \(exit code 3\):\nx{200}$"):
        build._run([sys.executable, "-c", script], "trying")


def test_no_network_address_is_written_down() -> None:
    for path in (REPOSITORY / "firmware/board").rglob("*"):
        if path.is_file() and path.suffix != ".pyc":
            assert "://" not in path.read_text(encoding="utf-8"), path


@pytest.mark.parametrize(("room", "folders", "is_refused"), [(102, 2, False), (101, 2, True), (102, 1, True)])
def test_modules_that_do_not_fit_into_the_index_are_no_image(
    room: int, folders: int, is_refused: bool
) -> None:
    frozen = {f"a/b/module_{number}.py": b"" for number in range(100)}
    source = f"#define MOST_NAMES ({room})\n#define MOST_FOLDERS ({folders})\n"
    if is_refused:
        with pytest.raises(
            build.BuildError, match=rf"102 modules in 2 folders .* has room for {room} in {folders};"
        ):
            build._check_index(source, frozen)
    else:
        build._check_index(source, frozen)
