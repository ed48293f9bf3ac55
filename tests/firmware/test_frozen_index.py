"""The search for frozen modules that the image has in place of MicroPython's: the same answers for every name."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "firmware/board/THECAL_PICO/frozen_index.c"
NO_EXIST, FOLDER, FILE = range(3)
ASKED_OF_THE_OTHER = 99
# What MicroPython's own headers declare of it.
HEADERS = {
    "py/emitglue.h": "typedef struct { int number; } mp_frozen_module_t;\n",
    "py/frozenmod.h": """\
#include <stddef.h>
#include <stdint.h>
typedef enum { MP_IMPORT_STAT_NO_EXIST, MP_IMPORT_STAT_DIR, MP_IMPORT_STAT_FILE } mp_import_stat_t;
enum { MP_FROZEN_NONE, MP_FROZEN_STR, MP_FROZEN_MPY };
""",
}
REST = """
#include "{source}"
const char mp_frozen_names[] = {{ {names} "\\0" }};
const uint32_t mp_frozen_str_sizes[] = {{ {texts} 0 }};
static const mp_frozen_module_t modules[{count}] = {{ {numbers} }};
const mp_frozen_module_t *const mp_frozen_mpy_content[] = {{ {pointers} }};
mp_import_stat_t __real_mp_find_frozen_module(const char *str, int *frozen_type, void **data) {{
    (void)str; (void)frozen_type; (void)data;
    return {other};
}}
int look(const char *str) {{ return __wrap_mp_find_frozen_module(str, NULL, NULL); }}
int load(const char *str) {{
    int type;
    void *data = NULL;
    __wrap_mp_find_frozen_module(str, &type, &data);
    return type == MP_FROZEN_MPY ? ((mp_frozen_module_t *)data)->number : -1 - type;
}}
"""
Build = Callable[..., ctypes.CDLL]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Compile the search over names that are frozen in, for this machine."""

    def built(names: list[str], texts: str = "") -> ctypes.CDLL:
        for header, text in HEADERS.items():
            (tmp_path / header).parent.mkdir(exist_ok=True)
            (tmp_path / header).write_text(text)
        rest = REST.format(
            source=SOURCE,
            names=" ".join(f'"{name}\\0"' for name in names),
            texts=texts,
            count=len(names),
            numbers=", ".join(f"{{ {number} }}" for number in range(len(names))),
            pointers=", ".join(f"&modules[{number}]" for number in range(len(names))),
            other=ASKED_OF_THE_OTHER,
        )
        (tmp_path / "search.c").write_text(rest)
        # A library of the same name would be taken for the one that is loaded already.
        target = tmp_path / f"search-{len(list(tmp_path.iterdir()))}.so"
        warnings = ["-Wall", "-Wextra", "-Werror", "-Wno-sign-compare"]
        subprocess.run(
            [
                "cc",
                "-O1",
                *warnings,
                "-shared",
                "-fPIC",
                f"-I{tmp_path}",
                tmp_path / "search.c",
                "-o",
                target,
            ],
            check=True,
        )
        return ctypes.CDLL(str(target))

    return built


def package_names() -> list[str]:
    root = SOURCE.parents[2]
    names = [path.relative_to(root).as_posix() for path in sorted((root / "thecal_fw").rglob("*.py"))]
    return ["_boot.py", "main.py", *names]


def expected(names: list[str], asked: str) -> int:
    """Return what MicroPython's search answers: the first name that the question is a prefix of decides, at its end
    or at a separator."""
    for name in names:
        if name == asked:
            return FILE
        if name.startswith(asked + "/"):
            return FOLDER
    return NO_EXIST


def test_modules_folders_and_what_is_not_there_are_told_apart(build: Build) -> None:
    names = package_names()
    search = build(names)
    stems = [name.removesuffix(".py") for name in names]
    questions = [*names, *stems, *(name.replace(".py", ".mpy") for name in names)]
    questions += [
        "thecal_fw",
        "thecal_fw/core",
        "thecal_fw/cor",
        "thecal_fw/",
        "",
        "core",
        "main.pyy",
        "thecal_fw/core/x.py",
    ]
    questions += [stem + "x" for stem in stems] + [name[:-1] for name in names]
    assert {asked: search.look(asked.encode()) for asked in questions} == {
        asked: expected(names, asked) for asked in questions
    }


def test_each_name_leads_to_its_own_module(build: Build) -> None:
    names = package_names()
    search = build(names)
    assert [search.load(name.encode()) for name in names] == list(range(len(names)))
    assert search.load(b"thecal_fw/core") == search.load(b"none.py") == -1


def test_two_names_of_one_hash_are_not_taken_for_each_other(build: Build) -> None:
    # The hash is times 33 plus the next byte, so 'b' 'A' and 'a' 'b' come to the same.
    search = build(["bA.py", "ab.py"])
    assert [search.load(name) for name in (b"bA.py", b"ab.py")] == [0, 1]
    assert build(["bA.py"]).look(b"ab.py") == NO_EXIST


def test_more_names_or_folders_than_there_is_room_for_are_left_to_micropython(build: Build) -> None:
    assert build([f"m{number}.py" for number in range(192)]).look(b"m191.py") == FILE
    assert build([f"m{number}.py" for number in range(193)]).look(b"m1.py") == ASKED_OF_THE_OTHER


def test_modules_frozen_as_text_are_left_to_micropython(build: Build) -> None:
    assert build(["main.py"], texts="7,").look(b"main.py") == ASKED_OF_THE_OTHER
