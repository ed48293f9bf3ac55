"""Write the bills of materials of host and image as CycloneDX 1.6, and validate them: ``make sbom``.

The host's has every package that the locks of what people install may bring, with its hashes; the image's has every
part that is linked into it. Promise: the same sources give the same bytes, so a bill has no time and no random number
in it; one that the schema refuses is not written. Runs in an environment of its own, with the CycloneDX library.
"""

from __future__ import annotations

import re
import sys
import tomllib
import uuid
from pathlib import Path

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "firmware/board"))

from notice import read_parts  # noqa: E402 - found beside the build

LOCKS = ("dev.lock",)
"""The one of all extras. Each other lock is part of it."""
_PINNED = re.compile(
    r"^([A-Za-z0-9._-]+)==([^ ;\\]+)[^\n]*((?:\n    --hash=sha256:[0-9a-f]{64}[^\n]*)*)", re.MULTILINE
)
_HASH = re.compile(r"sha256:([0-9a-f]{64})")
_NAMESPACE = uuid.UUID("5f0c2d1e-0f4e-4c8e-9d6f-2a1f7c1b9e01")


def version() -> str:
    """Return the version of the project."""
    text = (ROOT / "firmware/thecal_fw/version.py").read_text(encoding="utf-8")
    (found,) = re.findall(r'^VERSION = "([^"]+)"', text, re.MULTILINE)
    return found


def pinned(lock: Path) -> dict[str, tuple[str, list[str]]]:
    """Return each package of a lock with its version and hashes."""
    found = _PINNED.findall(lock.read_text(encoding="utf-8"))
    return {name: (release, _HASH.findall(hashes)) for name, release, hashes in found}


def host() -> Bom:
    """Return the bill of what a host may be made of."""
    about = {entry["name"]: entry for entry in third_party()}
    bom = _bill("thecal", ComponentType.APPLICATION)
    for lock in LOCKS:
        for name, (release, hashes) in pinned(ROOT / "requirements" / lock).items():
            entry = about.get(name, {})
            bom.components.add(
                Component(
                    name=name,
                    version=release,
                    type=ComponentType.LIBRARY,
                    bom_ref=f"{name}@{release}",
                    purl=PackageURL("pypi", None, name, release),
                    hashes=[HashType(alg=HashAlgorithm.SHA_256, content=one) for one in hashes],
                    properties=_properties(entry),
                )
            )
    bom.register_dependency(bom.metadata.component, bom.components)
    return bom


def image() -> Bom:
    """Return the bill of what is linked into the image."""
    bom = _bill("thecal-firmware", ComponentType.FIRMWARE)
    for part in read_parts():
        bom.components.add(
            Component(
                name=part.name,
                version=part.version,
                type=ComponentType.LIBRARY,
                bom_ref=part.name,
                licenses=[LicenseExpression(part.licence)],
                properties=_properties(
                    {"purpose": part.purpose, "anomalies": part.anomalies, "done": part.done}
                ),
            )
        )
    bom.register_dependency(bom.metadata.component, bom.components)
    return bom


def third_party() -> list[dict[str, str]]:
    """Return what is known of the host's packages."""
    return tomllib.loads((ROOT / "requirements/third_party.toml").read_text(encoding="utf-8"))["package"]


def _properties(entry: dict[str, str]) -> list[Property]:
    return [
        Property(name=f"thecal:{key}", value=entry[key])
        for key in ("purpose", "anomalies", "done")
        if key in entry
    ]


def _bill(name: str, kind: ComponentType) -> Bom:
    bom = Bom(serial_number=uuid.uuid5(_NAMESPACE, f"{name} {version()}"))
    bom.metadata.timestamp = None  # type: ignore[assignment] - the same sources give the same bytes
    bom.metadata.component = Component(
        name=name, version=version(), type=kind, bom_ref=name, licenses=[LicenseExpression("MIT")]
    )
    return bom


def main() -> int:
    """Write both bills below the folder given, or build/sbom."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/sbom")
    folder.mkdir(parents=True, exist_ok=True)
    for name, bom in (("host", host()), ("image", image())):
        text = JsonV1Dot6(bom).output_as_string(indent=1)
        if (fault := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)) is not None:
            print(f"sbom: {name}: the schema refuses it: {fault}", file=sys.stderr)
            return 1
        path = folder / f"{name}.cdx.json"
        path.write_text(text + "\n", encoding="utf-8")
        print(f"sbom: {path}: {len(bom.components)} components, valid CycloneDX 1.6")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
