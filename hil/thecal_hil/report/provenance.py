"""The provenance of a report: commits, versions, images. Nothing here is a time of day or the name of a machine."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from thecal_fw.version import VERSION
from thecal_hil.groundwork.checkout import checkout
from thecal_hil.scenario.record import ScenarioRecord

_PACKAGES = ("numpy", "simpy", "rp2040py", "pyarrow", "pyvcd", "jinja2")


@dataclass(frozen=True)
class RigUsed:
    """A kind of rig: the build that its pumps reported, the digest of the image that ran on it, the rig's seeds."""

    name: str
    builds: tuple[str, ...]
    images: tuple[str, ...]
    records: int


@dataclass(frozen=True)
class Provenance:
    """packages: name and version of what figures or drawings come from."""

    version: str
    checkout: str
    rigs: tuple[RigUsed, ...]
    packages: tuple[tuple[str, str], ...]

    @property
    def is_committed(self) -> bool:
        """Return True if somebody else can have the very same sources."""
        return self.checkout[:1] != "u" and not self.checkout.endswith("+")

    @property
    def other_images(self) -> tuple[str, ...]:
        """Return builds that a rig ran and that are of another commit than the tools."""
        builds = {build for rig in self.rigs for build in rig.builds}
        same = {self.checkout.rstrip("+"), "source"}
        return tuple(sorted(build for build in builds if build.split(" ")[-1].rstrip("+") not in same))


def provenance_of(records: Sequence[ScenarioRecord]) -> Provenance:
    return Provenance(VERSION, checkout(), tuple(_rigs(records)), tuple(_packages()))


def _rigs(records: Sequence[ScenarioRecord]) -> list[RigUsed]:
    used = []
    for name in sorted({record.rig for record in records}):
        of_rig = [record for record in records if record.rig == name]
        builds = sorted({" ".join(record.build) for record in of_rig if any(record.build)})
        images = sorted({record.image_sha256 for record in of_rig if record.image_sha256})
        used.append(RigUsed(name, tuple(builds), tuple(images), len(of_rig)))
    return used


def _packages() -> list[tuple[str, str]]:
    found = [("Python", platform.python_version())]
    for name in _PACKAGES:
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            continue
    return found
