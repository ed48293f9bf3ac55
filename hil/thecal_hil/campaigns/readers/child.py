"""The process that fuzzes one reader with atheris, or reads one input again: ``python -m`` this, for the command.

Promise: an input counts as hostile by what it costs here: an error that the reader does not document, more than two
seconds of processor, or 200 MB beyond what the process had before.
"""

from __future__ import annotations

import resource
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

MOST_SECONDS = 2
MOST_MB = 200
_PACKAGES = ["thecal", "thecal_fw", "thecal_hil", "thecal_sim", "vcd", "tomllib"]
_NOT_READ = ["thecal_hil.campaigns.readers.child"]


def fuzz(name: str, folder: Path, options: list[str], *, is_merged: bool = False) -> None:
    """Fuzz until libFuzzer ends the process. folder: with what it has found so far, and where it leaves more.

    is_merged: put inputs that reach as much into the folder that ``options`` name, instead.
    """
    # Of the packages for fuzzing alone, and without types.
    atheris: Any = import_module("atheris")
    with atheris.instrument_imports(include=_PACKAGES, exclude=_NOT_READ):
        from thecal_hil.campaigns.readers.catalogue import READERS
    reader = READERS[name]
    read = reader.made()
    for seed in reader.seeds():
        read(seed)
    words = folder / "words"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in reader.words), encoding="ascii")
    corpus = folder / "corpus"
    corpus.mkdir(exist_ok=True)
    if not any(corpus.iterdir()):
        for number, seed in enumerate(reader.seeds()):
            (corpus / f"seed-{number:02}").write_bytes(seed)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_024
    arguments = [
        sys.argv[0],
        *((*options, str(corpus), "-merge=1") if is_merged else (str(corpus), *options)),
        *([f"-dict={words}"] if reader.words else []),
        f"-artifact_prefix={folder}/",
        f"-rss_limit_mb={peak_mb + MOST_MB}",
        f"-timeout={5 * MOST_SECONDS}",
        "-report_slow_units=2",
    ]
    atheris.Setup(arguments, read)
    atheris.Fuzz()


def again(name: str, path: Path) -> None:
    """Read one input again, and raise what it raises; raise RuntimeError for one that takes too long or too much."""
    from thecal_hil.campaigns.readers.catalogue import READERS

    read = READERS[name].made()
    for seed in READERS[name].seeds():
        read(seed)
    before_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_024
    began_s = time.process_time()
    read(path.read_bytes())
    took_s = time.process_time() - began_s
    took_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_024 - before_mb
    if took_s > MOST_SECONDS or took_mb > MOST_MB:
        raise RuntimeError(f"took {took_s:.1f} s and {took_mb} MB")


def _escaped(word: str) -> str:
    """Return text as libFuzzer's dictionaries have it."""
    return word if "\\x" in word else word.replace("\\", "\\\\").replace('"', '\\"')


if __name__ == "__main__":
    what, which, where, *rest = sys.argv[1:]
    if what == "again":
        again(which, Path(where))
    elif what == "merge":
        fuzz(which, Path(where), rest, is_merged=True)
    else:
        fuzz(which, Path(where), rest)
