"""Builds the compiled part of the emulator into the cache.

Promises: what is loaded was built from the sources that are there, for the rp2040py, Python and machine it is loaded
on, since a digest of all of these is part of its path; a finished build is put in place in one step, so neither an
interrupted build nor two at the same time leave anything half done.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Final

SOURCES: Final = Path(__file__).parent
MODULES: Final = ("run_loop", "pio")
_FLAGS: Final = (
    "-O3",
    "-fno-strict-aliasing",
    "-fno-math-errno",
    "-Wno-unused-function",
    # Each instruction's dispatch is a jump of its own in thumb.h; these would make them one again.
    "-fno-gcse",
    "-fno-crossjumping",
    # Types made the way rp2040py's own are. An object of a type of the other kind that is derived from one of them
    # gives back one reference to its type too many when it is freed, and the type is freed under objects that live.
    "-DCYTHON_USE_TYPE_SPECS=1",
)
SUFFIX: Final = sysconfig.get_config_var("EXT_SUFFIX")


class CannotBuildError(RuntimeError):
    """A compiler or another need of the build is missing, or the compiler reported an error; the message names it."""


def cache_root() -> Path:
    base = os.environ.get("THECAL_CACHE") or Path(
        os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "thecal"
    )
    return Path(base) / "emulator"


def digest(sources: Path = SOURCES) -> str:
    """Return the digest of everything that the modules compiled from a folder depend on."""
    parts = hashlib.sha256()
    for path in sorted(sources.glob("*.pyx")) + sorted(sources.glob("*.pxi")) + sorted(sources.glob("*.h")):
        parts.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    for fact in (metadata.version("rp2040py"), sys.version, platform.machine(), str(SUFFIX), *_FLAGS):
        parts.update(fact.encode() + b"\0")
    return parts.hexdigest()[:24]


def built_modules(sources: Path = SOURCES, modules: Sequence[str] = MODULES) -> Path | None:
    """Return the folder of the modules built from the present sources; None if there is none."""
    folder = cache_root() / digest(sources)
    return folder if all((folder / f"{name}{SUFFIX}").is_file() for name in modules) else None


def build(sources: Path = SOURCES, modules: Sequence[str] = MODULES) -> Path:
    """Build the modules of a folder unless they are there, and return where they are.

    CannotBuildError says what is missing.
    """
    found = built_modules(sources, modules)
    if found is not None:
        return found
    _require_tools()
    root = cache_root()
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="build-", dir=root) as work:
        _compile(Path(work), sources, modules)
        finished = Path(work) / "finished"
        finished.mkdir()
        for name in modules:
            shutil.move(Path(work) / f"{name}{SUFFIX}", finished)
        target = root / digest(sources)
        try:
            finished.rename(target)
        except OSError:
            # Another build was quicker; its result is the same.
            if built_modules(sources, modules) is None:
                raise
    return target


def _require_tools() -> None:
    missing = []
    compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
    if shutil.which(compiler) is None:
        missing.append(f"a C compiler ({compiler})")
    if not Path(sysconfig.get_path("include"), "Python.h").is_file():
        missing.append("Python's headers (python3-dev)")
    for package in ("cython", "setuptools"):
        try:
            metadata.version(package)
        except metadata.PackageNotFoundError:
            missing.append(f"the Python package {package}")
    if missing:
        raise CannotBuildError("missing: " + ", ".join(missing))


def _compile(work: Path, sources: Path, modules: Sequence[str]) -> None:
    """Compile in a process of its own: Cython and setuptools change settings of the process they run in."""
    finished = subprocess.run(
        [sys.executable, "-c", _BUILD_SCRIPT, str(sources), *modules],
        cwd=work,
        capture_output=True,
        text=True,
        env={**os.environ, "CFLAGS": " ".join(_FLAGS)},
        check=False,
    )
    if finished.returncode:
        report = (finished.stdout + finished.stderr).strip().splitlines()
        raise CannotBuildError("the compiler failed:\n" + "\n".join(report[-20:]))


_BUILD_SCRIPT: Final = """
import sys
from pathlib import Path
import rp2040py
from Cython.Build import cythonize
from setuptools import Extension, setup
sources, *modules = sys.argv[1:]
search = [sources, str(Path(rp2040py.__file__).parent.parent)]
extensions = [Extension(name, [f"{sources}/{name}.pyx"], include_dirs=[sources]) for name in modules]
setup(
    name="emulator",
    script_args=["-q", "build_ext", "--build-lib", ".", "--build-temp", "objects"],
    ext_modules=cythonize(extensions, build_dir="generated", include_path=search, quiet=True),
)
"""
