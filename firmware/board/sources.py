"""Fetches and unpacks the third-party sources that the firmware is built from.

Promises: only the files named in ``pins.toml`` are ever used, each with the SHA-256 written there; the machine's own
package set-up is read but never changed; the unpacked tree appears whole or not at all, however a run is
interrupted; and nothing is fetched when the tree is already there. The mirror's address comes from the machine's own
package configuration, so none is written here.

A machine without a Debian mirror can be given the files by hand: put them into the folder named in the message.
"""

import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import kept
from kept import sha256_of as sha256_of

PINS_PATH = Path(__file__).resolve().parent / "pins.toml"
KEYRINGS = (
    Path("/usr/share/keyrings/debian-archive-keyring.gpg"),
    Path("/usr/share/keyrings/debian-archive-keyring.pgp"),
)
APT_HELPER = Path("/usr/lib/apt/apt-helper")


class SourceError(Exception):
    """The sources are not available; the message says what to do about it."""


@dataclass(frozen=True)
class PinnedFile:
    """One archive, exactly as it must be."""

    package: str
    version: str
    kind: str
    pool: str
    name: str
    sha256: str
    into: str
    strip: int
    keep: tuple[str, ...]


@dataclass(frozen=True)
class Edit:
    """One change to an unpacked file; what is to be found must be there exactly once."""

    path: str
    find: str
    replace: str


@dataclass(frozen=True)
class Pins:
    """The contents of ``pins.toml``."""

    release: str
    micropython_tag: str
    source_date_epoch: int
    files: tuple[PinnedFile, ...]
    edits: tuple[Edit, ...]
    digest: str


def read_pins(path: Path = PINS_PATH) -> Pins:
    """Read the pins, with a digest that changes whenever the unpacked tree would."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    files = tuple(PinnedFile(**{**entry, "keep": tuple(entry["keep"])}) for entry in data["file"])
    edits = tuple(Edit(**entry) for entry in data["edit"])
    digest = hashlib.sha256(repr((files, edits)).encode()).hexdigest()
    return Pins(
        release=data["release"],
        micropython_tag=data["micropython_tag"],
        source_date_epoch=data["source_date_epoch"],
        files=files,
        edits=edits,
        digest=digest,
    )


def cache_folder() -> Path:
    """Return where everything that outlives a checkout is kept."""
    chosen = os.environ.get("THECAL_CACHE")
    if chosen:
        return Path(chosen).expanduser().resolve()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser().resolve() / "thecal"


def unpacked_sources(pins: Pins, cache: Path) -> Path:
    """Return the folder of unpacked sources, fetching and unpacking them first if need be."""
    tree = cache / f"sources-{pins.digest[:16]}"
    if kept.is_sealed(tree):
        return tree
    archives = _fetched_archives(pins, cache / "downloads")
    _say("unpacking the sources")
    cache.mkdir(parents=True, exist_ok=True)
    for leftover in cache.glob(".sources-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    with _folder_that_becomes(tree) as unfinished:
        for pinned in pins.files:
            _unpack(archives[pinned.name], pinned, unfinished / pinned.into)
        for edit in pins.edits:
            _apply(edit, unfinished)
        # The port's build rules want this file to exist; nothing is taken from that library.
        library = unfinished / "micropython/lib/micropython-lib"
        library.mkdir(parents=True, exist_ok=True)
        (library / "README.md").touch()
        kept.seal(unfinished)
    return tree


def check_unpacked(pins: Pins, cache: Path) -> None:
    """See to it that the unpacked sources are whole: a copy may be half of one, and somebody may have edited them."""
    tree = unpacked_sources(pins, cache)
    if not kept.is_intact(tree):
        _say("the unpacked sources are not what was unpacked; unpacking them again")
        shutil.rmtree(tree)
        unpacked_sources(pins, cache)


def _fetched_archives(pins: Pins, downloads: Path) -> dict[str, Path]:
    downloads.mkdir(parents=True, exist_ok=True)
    missing = [pinned for pinned in pins.files if not _is_intact(downloads / pinned.name, pinned)]
    if missing:
        _fetch(missing, pins, downloads)
    return {pinned.name: downloads / pinned.name for pinned in pins.files}


def _is_intact(path: Path, pinned: PinnedFile) -> bool:
    return path.is_file() and sha256_of(path) == pinned.sha256


def _fetch(missing: list[PinnedFile], pins: Pins, downloads: Path) -> None:
    if shutil.which("apt-get") is None or not APT_HELPER.exists():
        raise SourceError(_by_hand(missing, downloads, "This machine has no apt to fetch the sources with."))
    with tempfile.TemporaryDirectory(prefix="apt-", dir=downloads) as scratch:
        apt, mirror = _private_apt(pins, Path(scratch), missing, downloads)
        for pinned in missing:
            _say(f"fetching {pinned.name}")
            partial = Path(scratch) / pinned.name
            if not any(apt.download(address, partial, pinned) for address in apt.addresses(pinned, mirror)):
                reason = f"{pinned.package} {pinned.version} can no longer be fetched from the Debian mirror."
                raise SourceError(_by_hand([pinned], downloads, reason))
            partial.replace(downloads / pinned.name)


def _by_hand(missing: list[PinnedFile], downloads: Path, reason: str) -> str:
    wanted = "\n".join(f"  {pinned.name}  (SHA-256 {pinned.sha256})" for pinned in missing)
    return (
        f"{reason}\nEither put these files into {downloads}\n{wanted}\n"
        "or set THECAL_UF2=<path of a stock MicroPython 1.25 or newer image for the Raspberry Pi Pico>, "
        "which needs no cross-build."
    )


class PrivateApt:
    """apt with a state of its own, so that neither the machine's lists nor its packages change."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        for folder in ("lists/partial", "cache/archives/partial", "state"):
            (scratch / folder).mkdir(parents=True, exist_ok=True)
        (scratch / "status").touch()
        self._options = [
            *("-o", f"Dir::Etc::SourceList={scratch}/sources.list"),
            *("-o", "Dir::Etc::SourceParts=-"),
            *("-o", f"Dir::State={scratch}/state"),
            *("-o", f"Dir::State::Lists={scratch}/lists"),
            *("-o", f"Dir::State::Status={scratch}/status"),
            *("-o", f"Dir::Cache={scratch}/cache"),
            *("-o", "Acquire::Languages=none"),
            # The scratch folder may lie where apt's unprivileged user cannot look.
            *("-o", "APT::Sandbox::User=root"),
        ]

    def use_mirror(self, mirror: str, release: str, keyring: Path) -> bool:
        """Read the signed indexes of a release from a mirror; false when it has none that verify."""
        lines = [f"{kind} [signed-by={keyring}] {mirror} {release} main\n" for kind in ("deb", "deb-src")]
        (self._scratch / "sources.list").write_text("".join(lines), encoding="utf-8")
        fatal = ("-o", "APT::Update::Error-Mode=any")
        return self._run(["apt-get", *self._options, *fatal, "update"]).returncode == 0

    def addresses(self, pinned: PinnedFile, mirror: str) -> Iterator[str]:
        """Yield the places where the file may be: by the signed index (pinned, then newest revision), then in the
        pool."""
        for package in (f"{pinned.package}={pinned.version}", pinned.package):
            yield from self._indexed_addresses(pinned, package)
        yield f"{mirror.rstrip('/')}/pool/{pinned.pool}/{pinned.name}"

    def download(self, address: str, target: Path, pinned: PinnedFile) -> bool:
        """Fetch one file; false when it is not there or is not byte for byte the pinned one."""
        command = [str(APT_HELPER), *self._options, "download-file", address, str(target)]
        fetched = self._run([*command, f"SHA256:{pinned.sha256}"]).returncode == 0
        return fetched and _is_intact(target, pinned)

    def _indexed_addresses(self, pinned: PinnedFile, package: str) -> Iterator[str]:
        wanted = ["source", "--download-only", "--only-source"] if pinned.kind == "source" else ["download"]
        listing = self._run(["apt-get", *self._options, "--print-uris", *wanted, package]).stdout
        for address, name, digest in re.findall(r"^'([^']+)' (\S+) \d+ SHA256:(\S+)", listing, re.MULTILINE):
            # An upstream archive keeps its name and digest through every revision of the packaging.
            if name == pinned.name and digest == pinned.sha256:
                yield address

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "LC_ALL": "C"}
        return subprocess.run(
            command, cwd=self._scratch, env=environment, capture_output=True, text=True, check=False
        )


def _private_apt(
    pins: Pins, scratch: Path, missing: list[PinnedFile], downloads: Path
) -> tuple[PrivateApt, str]:
    keyring = next((path for path in KEYRINGS if path.exists()), None)
    if keyring is None:
        raise SourceError(
            "The package debian-archive-keyring is missing: apt-get install debian-archive-keyring"
        )
    apt = PrivateApt(scratch)
    _say(f"reading the signed package index of {pins.release}")
    for mirror in _mirrors():
        if apt.use_mirror(mirror, pins.release, keyring):
            return apt, mirror
    reason = f"None of this machine's package mirrors answers with a signed index of Debian {pins.release}."
    raise SourceError(_by_hand(missing, downloads, reason))


def _mirrors() -> list[str]:
    """Return the Debian mirrors that this machine is set up to use, the main archive before the security one."""
    line_format = "$(ORIGIN)|$(LABEL)|$(REPO_URI)"
    listing = subprocess.run(
        ["apt-get", "indextargets", "--format", line_format, "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    found = [line.split("|", 2) for line in listing.splitlines()]
    ranked = sorted(found, key=lambda field: (field[0] != "Debian", field[1] != "Debian"))
    return list(dict.fromkeys(address for _, _, address in ranked))


def _unpack(archive: Path, pinned: PinnedFile, target: Path) -> None:
    if archive.suffix == ".deb":
        stream = subprocess.run(
            ["dpkg-deb", "--fsys-tarfile", str(archive)], capture_output=True, check=True
        ).stdout
        with tarfile.open(fileobj=io.BytesIO(stream)) as opened:
            _extract(opened, pinned, target)
    else:
        with tarfile.open(archive) as opened:
            _extract(opened, pinned, target)


def _extract(opened: tarfile.TarFile, pinned: PinnedFile, target: Path) -> None:
    # The archive is known byte for byte, so its members need no vetting.
    opened.extraction_filter = lambda member, _path: member
    target.mkdir(parents=True, exist_ok=True)
    for member in opened:
        parts = Path(member.name).parts[pinned.strip :]
        if not parts or not (member.isfile() or member.issym() or member.islnk()):
            continue
        if pinned.keep and not _is_kept("/".join(parts), pinned.keep):
            continue
        member.name = "/".join(parts)
        opened.extract(member, target, set_attrs=True)


def _is_kept(name: str, keep: tuple[str, ...]) -> bool:
    # Loose files at the top are build rules and licences; they cost nothing.
    return "/" not in name or any(name == folder or name.startswith(f"{folder}/") for folder in keep)


def _apply(edit: Edit, tree: Path) -> None:
    path = tree / edit.path
    text = path.read_text(encoding="utf-8")
    if text.count(edit.find) != 1:
        raise SourceError(f"{PINS_PATH.name}: the text to replace must be in {edit.path} exactly once")
    path.write_text(text.replace(edit.find, edit.replace), encoding="utf-8")


@contextmanager
def _folder_that_becomes(final: Path) -> Iterator[Path]:
    """Yield a folder to fill, which takes its final name only once the block ends without an error."""
    unfinished = Path(tempfile.mkdtemp(prefix=f".{final.name}-", dir=final.parent))
    try:
        yield unfinished
        unfinished.chmod(0o755)
        # There may be one that was never complete.
        shutil.rmtree(final, ignore_errors=True)
        unfinished.rename(final)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def _say(text: str) -> None:
    print(f"firmware: {text}", file=sys.stderr, flush=True)
