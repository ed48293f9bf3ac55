"""``make guests``: virtual environments, each with another pytest plugin beside ours, with and without ours in use.

Each is installed from what pip is set up for, once, below the cache; what our own plugin needs is lent by this one. In
each, a project that knows nothing of Thecal is run, then one with a test on the model, and one that fails there, which
has to leave its waveform; where the other plugin reruns or ends tests, that is tried too. What was done is kept by a
digest of the sources. Exit code 1 unless all of them end as they have to.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from thecal_hil.campaigns.kept_parts import digest_of, keep, kept
from thecal_hil.evidence.measurements import Evidence, Measurement, write_summary

_CACHE = Path(os.environ.get("THECAL_CACHE") or Path.home() / ".cache/thecal") / "guests"
_SUMMARY = Path("build/evidence/guests.json")
_OURS = ("numpy", "simpy", "pyserial", "rich", "typer", "keyring", "pyvcd", "scipy", "cobs", "jinja2")
"""What a test on the model takes."""
_PARTS = Path("build/guests")
_SOURCES = (
    "hil/thecal_hil/campaigns/guests",
    "hil/thecal_hil/pytest_plugin",
    "hil/thecal_hil/rigs",
    "host/thecal",
)
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_MOST_S = 300

_THEIRS = """
import pytest
@pytest.fixture
def rig(): return "theirs"
@pytest.fixture
def course(): return 9
@pytest.mark.needs("docker")
def test_theirs(rig, course): assert (rig, course) == ("theirs", 9)
@pytest.mark.parametrize("rig", ["oil", "gas"])
def test_drilled(rig): assert rig in ("oil", "gas")
"""
_OURS_TEST = """
def test_ours(course):
    course.rig.run_for(1)
    assert course.pump.interrogate().state_name == "stopped"
def test_plain(): ...
"""


@dataclass(frozen=True)
class Guest:
    """package: the other plugin's. options: which have it do something. further: tests and options that have ours and
    theirs meet, and how many of those fail."""

    package: str
    options: tuple[str, ...] = ()
    more: tuple[str, ...] = ()


GUESTS = (
    Guest("pytest-timeout", ("--timeout", "60")),
    Guest("pytest-rerunfailures", ("--reruns", "2", "--thecal-outcomes", "out.json")),
    Guest("pytest-embedded", (), ("pytest-embedded-serial",)),
    Guest("pytest-xdist", ("-n", "2")),
    Guest("pytest-randomly"),
    Guest("pytest-cov", ("--cov",)),
    Guest("labgrid"),
    Guest("pytest-testinfra"),
    Guest("pytest-asyncio"),
    Guest("pytest-html", ("--html", "report.html")),
    Guest("pytest-mock"),
    Guest("pytest-bdd"),
)

MEASUREMENTS = (
    Measurement("environments", "environments with another plugin", "environments", least=10),
    Measurement("red", "runs that did not end as they have to", "runs", most=0),
)


def environment(guest: Guest) -> Path:
    """Return the interpreter of an environment with a guest, made once."""
    folder = _CACHE / guest.package
    python = folder / "bin/python"
    if (folder / "ready").exists():
        return python
    subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", folder], check=True)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-qq", "--python", python]
    subprocess.run([*pip, "install", "pytest", guest.package, *guest.more], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    _lend(site)
    checkout = Path(__file__).parents[4]
    roots = [str(checkout / part) for part in ("firmware", "firmware/probe", "host", "sim", "hil")]
    (site / "thecal.pth").write_text("\n".join(roots) + "\n", encoding="utf-8")
    # As an installed package names its plugin; the sources are those of this checkout.
    about = site / "thecal-0.dist-info"
    about.mkdir(exist_ok=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: thecal\nVersion: 0\n", encoding="utf-8")
    (about / "entry_points.txt").write_text(
        "[pytest11]\nthecal = thecal_hil.pytest_plugin.entry\n", encoding="utf-8"
    )
    (folder / "ready").touch()
    return python


def _lend(site: Path) -> None:
    """Lend an environment what a test on the model takes, from this one; what it has itself stays."""
    to_lend, lent = list(_OURS), set[str]()
    while to_lend:
        name = to_lend.pop()
        if name in lent:
            continue
        lent.add(name)
        try:
            found = distribution(name)
        except PackageNotFoundError:
            # For another system or Python.
            continue
        needed = [one for one in found.requires or [] if "extra ==" not in one]
        to_lend += [match[0] for one in needed if (match := _NAME.match(one))]
        for top in {file.parts[0] for file in found.files or [] if file.parts[0] != ".."}:
            lender = Path(str(found.locate_file(top)))
            if lender.exists() and not (site / top).exists():
                (site / top).symlink_to(lender)


def _pytest(python: Path, test: str, *options: str) -> tuple[int, str, int]:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "test_it.py").write_text(test, encoding="utf-8")
        (Path(folder) / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        done = subprocess.run(
            [python, "-m", "pytest", "-q", *options],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_MOST_S,
            check=False,
        )
        waveforms = len(list(Path(folder).glob("build/failed/*.vcd")))
    return done.returncode, done.stdout + done.stderr, waveforms


_FAILS = """
def test_fails(course):
    course.rig.run_for(1)
    assert False
"""
_SLOW = "import time\ndef test_slow(rig): time.sleep(60)\ndef test_next(rig): ...\n"
_FLAKY = (
    "import pathlib\ndef test_flaky():\n    tried = pathlib.Path('tried')\n"
    "    if not tried.exists():\n        tried.touch()\n        assert False\n"
)


def red_runs(guest: Guest, python: Path) -> list[str]:
    """Return what did not end as it has to, with what was said."""
    on_the_model = (*guest.options, "--thecal-rig", "model")
    runs = [
        ("without ours in use", _THEIRS, guest.options, 0, 0),
        ("with ours in use", _OURS_TEST, on_the_model, 0, 0),
        ("a test on the model that fails", _FAILS, on_the_model, 1, 1),
    ]
    if guest.package == "pytest-timeout":
        runs.append(("a slow test", _SLOW, ("--timeout", "2", "--thecal-rig", "model"), 1, 1))
    if guest.package == "pytest-rerunfailures":
        runs.append(("a flaky test", _FLAKY, guest.options, 0, 0))
    found = []
    for name, test, options, expected, least_waveforms in runs:
        exit_code, said, waveforms = _pytest(python, test, *options)
        if exit_code != expected or "INTERNALERROR" in said:
            found.append(f"{guest.package}, {name}: exit code {exit_code}\n{said[-1_500:]}")
        elif waveforms < least_waveforms:
            found.append(f"{guest.package}, {name}: left no waveform\n{said[-1_500:]}")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="thecal-hil guests", description=__doc__)
    names = [guest.package for guest in GUESTS]
    parser.add_argument("--guest", action="append", choices=names, help="only this")
    chosen = parser.parse_args(arguments).guest or names
    digest = digest_of(*_SOURCES)
    parts = {package: _PARTS / digest / f"{package}.json" for package in chosen}
    left = sum(kept(part) is None for part in parts.values())
    print(
        f"guests: {left} of {len(chosen)} environments are left, about a minute each, and two to install one",
        flush=True,
    )
    found: list[str] = []
    for guest in GUESTS:
        if guest.package not in chosen:
            continue
        began = time.monotonic()
        done = kept(parts[guest.package])
        new = red_runs(guest, environment(guest)) if done is None else done["found"]
        if done is None:
            keep(parts[guest.package], {"found": new})
        found += new
        print(f"{guest.package}: {'red' if new else 'green'}, {time.monotonic() - began:.0f} s", flush=True)
        for one in new:
            print(one)
    evidence = Evidence(MEASUREMENTS)
    evidence.take("environments", len(chosen))
    evidence.take("red", len(found))
    write_summary(
        _SUMMARY,
        {"passed": evidence.passed, "values": evidence.values(), "limits": evidence.limits(), "found": found},
    )
    print(f"guests: {'PASS' if evidence.passed else 'FAIL'} {evidence.values()}; written to {_SUMMARY}")
    return 0 if evidence.passed else 1
