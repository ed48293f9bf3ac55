"""A cache gives what it has kept only where it is what would be built now, whatever the cache has been through."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import build
import kept
import sources

REPOSITORY = Path(__file__).resolve().parents[2]
COMMIT = "0123456789"

needs_the_compiler = pytest.mark.skipif(
    "THECAL_UF2" in os.environ or shutil.which("arm-none-eabi-gcc") is None,
    reason="nothing can be cross-built here, or a stock image is used",
)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """Provide a finished file, made of inputs called "these"."""
    path = tmp_path / "images/thecal-1.uf2"
    kept.write_whole(path, b"an image")
    kept.keep(path, "these", image_bytes=8)
    return path


def test_a_finished_file_is_taken_with_what_was_noted_of_it(image: Path) -> None:
    assert kept.kept_facts(image, "these") == {"image_bytes": 8}


def test_a_finished_file_of_other_inputs_is_not_taken(image: Path) -> None:
    assert kept.kept_facts(image, "those") is None


@pytest.mark.parametrize("content", [b"an imagE", b"an im", b""])
def test_a_finished_file_with_other_bytes_is_not_taken(image: Path, content: bytes) -> None:
    image.write_bytes(content)
    assert kept.kept_facts(image, "these") is None


@pytest.mark.parametrize("record", ["", "{}", "[]", '{"inputs": "these"}', '"these"', "\udcff"])
def test_a_finished_file_with_a_damaged_record_is_not_taken(image: Path, record: str) -> None:
    kept.record_of(image).write_bytes(record.encode(errors="surrogateescape"))
    assert kept.kept_facts(image, "these") is None


def test_a_file_without_a_record_or_a_record_without_a_file_is_not_taken(image: Path) -> None:
    image.rename(image.with_name("elsewhere.uf2"))
    assert kept.kept_facts(image, "these") is None
    assert kept.kept_facts(image.with_name("elsewhere.uf2"), "these") is None


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Provide a build folder with an object in it, made with rules called "rules"."""
    folder = tmp_path / "cache/tree/thecal"
    assert not kept.prepare_tree(folder, "rules")
    kept.note_configured(folder, "rules")
    (folder / "main.o").touch()
    return folder


def test_a_build_folder_is_gone_on_with_where_it_was_made(tree: Path) -> None:
    assert kept.prepare_tree(tree, "rules")
    assert (tree / "main.o").exists()


def test_a_build_folder_with_other_rules_is_emptied(tree: Path) -> None:
    assert not kept.prepare_tree(tree, "others")
    assert list(tree.iterdir()) == []


def test_a_copied_build_folder_is_emptied_and_the_original_stays(tree: Path, tmp_path: Path) -> None:
    shutil.copytree(tmp_path / "cache", tmp_path / "copy")
    assert not kept.prepare_tree(tmp_path / "copy/tree/thecal", "rules")
    assert list((tmp_path / "copy/tree/thecal").iterdir()) == []
    assert kept.prepare_tree(tree, "rules")


def test_a_moved_build_folder_is_emptied_even_behind_a_link_at_the_old_place(
    tree: Path, tmp_path: Path
) -> None:
    (tmp_path / "cache").rename(tmp_path / "moved")
    (tmp_path / "cache").symlink_to(tmp_path / "moved")
    assert not kept.prepare_tree(tree, "rules")


def test_a_build_folder_that_was_not_configured_to_the_end_is_emptied(tmp_path: Path) -> None:
    folder = tmp_path / "thecal"
    assert not kept.prepare_tree(folder, "rules")
    (folder / "build.ninja").touch()
    assert not kept.prepare_tree(folder, "rules")
    assert list(folder.iterdir()) == []


def test_trees_of_one_kind_of_image_do_not_push_out_those_of_another(tmp_path: Path) -> None:
    for age_s in range(build.KEPT_TREES + 3):
        for kind in ("thecal", "probe"):
            tree = tmp_path / f"tree-{kind}-{age_s}"
            (tree / kind).mkdir(parents=True)
            os.utime(tree, (1_000_000 - age_s, 1_000_000 - age_s))
    newest = tmp_path / "tree-probe-0"
    build.forget_old_trees(tmp_path, "probe", but=newest)
    left = {path.name for path in tmp_path.glob("tree-*")}
    assert {name for name in left if "probe" in name} == {
        f"tree-probe-{age_s}" for age_s in range(build.KEPT_TREES)
    }
    assert len({name for name in left if "thecal" in name}) == build.KEPT_TREES + 3


@pytest.fixture
def unpacked(tmp_path: Path) -> Path:
    folder = tmp_path / "sources"
    (folder / "py").mkdir(parents=True)
    (folder / "py/vm.c").write_text("int vm;")
    (folder / "link").symlink_to("py/vm.c")
    kept.seal(folder)
    return folder


def test_a_sealed_folder_is_intact_wherever_it_is(unpacked: Path, tmp_path: Path) -> None:
    shutil.copytree(unpacked, tmp_path / "copy", symlinks=True)
    assert kept.is_intact(unpacked)
    assert kept.is_intact(tmp_path / "copy")


@pytest.mark.parametrize("damage", ["edited", "lost", "added", "renamed"])
def test_a_folder_of_sources_that_was_changed_is_not_intact(unpacked: Path, damage: str) -> None:
    if damage == "edited":
        (unpacked / "py/vm.c").write_text("int vn;")
    elif damage == "lost":
        (unpacked / "py/vm.c").unlink()
    elif damage == "added":
        (unpacked / "py/more.c").touch()
    else:
        (unpacked / "py/vm.c").rename(unpacked / "py/vn.c")
    assert kept.is_sealed(unpacked)
    assert not kept.is_intact(unpacked)


def test_damaged_sources_are_unpacked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pins = sources.read_pins()
    monkeypatch.setattr(sources, "_fetched_archives", lambda *_: {one.name: tmp_path for one in pins.files})
    monkeypatch.setattr(sources, "_apply", lambda *_: None)

    def unpack(_archive: Path, _pinned: object, target: Path) -> None:
        target.mkdir(parents=True, exist_ok=True)
        (target / "file.c").write_text("as pinned")

    monkeypatch.setattr(sources, "_unpack", unpack)
    tree = sources.unpacked_sources(pins, tmp_path)
    (damaged,) = tree.glob("pico-sdk/file.c")
    damaged.write_text("edited")
    sources.check_unpacked(pins, tmp_path)
    assert damaged.read_text() == "as pinned"


def test_sources_that_were_never_complete_are_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pins = sources.read_pins()
    leftover = tmp_path / f"sources-{pins.digest[:16]}/micropython/half"
    leftover.parent.mkdir(parents=True)
    leftover.touch()
    monkeypatch.setattr(sources, "_fetched_archives", lambda *_: {one.name: tmp_path for one in pins.files})
    monkeypatch.setattr(sources, "_apply", lambda *_: None)
    monkeypatch.setattr(sources, "_unpack", lambda *_: None)
    assert kept.is_intact(sources.unpacked_sources(pins, tmp_path))
    assert not leftover.exists()


def test_an_image_of_other_modules_is_refused(tmp_path: Path) -> None:
    """The compiler may do what it likes: the image is searched for the digest of the modules that belong in it."""
    binary = tmp_path / "firmware.bin"
    wanted = build.thecal_image(COMMIT)
    binary.write_bytes(b"\0" + wanted.frozen[build.MARK_MODULE])
    assert build._checked(wanted, binary) == binary
    other = dict(wanted.frozen)
    other["main.py"] += b"\n"
    binary.write_bytes(build._marked(other)[build.MARK_MODULE])
    with pytest.raises(build.BuildError, match="does not hold the modules"):
        build._checked(wanted, binary)
    binary.unlink()
    with pytest.raises(build.BuildError, match="has left no"):
        build._checked(wanted, binary)


def main_that_prints(folder: Path, text: str) -> Path:
    path = folder / f"{text}.py"
    path.write_text(f"print({text!r})\n", encoding="utf-8")
    return path


def built_with(cache: Path, main: Path) -> bytes:
    """Return the image with another main program, built in a cache."""
    out = main.with_suffix(".uf2")
    command = [sys.executable, str(REPOSITORY / "firmware/board/build.py"), "--commit", COMMIT]
    done = subprocess.run(
        [*command, "--extra-main", str(main), "--out", str(out)],
        env={**os.environ, "THECAL_CACHE": str(cache)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return out.read_bytes()


@pytest.mark.requirement("reproducible-build")
@pytest.mark.campaign
@needs_the_compiler
def test_a_cache_that_was_copied_and_then_moved_builds_each_edit_anew(tmp_path: Path) -> None:
    original = sources.cache_folder()
    first, second = main_that_prints(tmp_path, "first"), main_that_prints(tmp_path, "second")
    expected = built_with(original, first), built_with(original, second)
    assert expected[0] != expected[1]

    copy, moved = tmp_path / "copy", tmp_path / "moved"
    shutil.copytree(original, copy, symlinks=True, ignore=shutil.ignore_patterns("images"))
    assert built_with(copy, first) == expected[0]
    copy.rename(moved)
    shutil.rmtree(moved / "images")
    assert built_with(moved, second) == expected[1]
    assert built_with(moved, first) == expected[0]
