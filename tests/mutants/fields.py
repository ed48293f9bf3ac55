"""The fields of what is changed to see whether tests notice, and the tests that are to notice it.

A module is named by its field and its own name, as in ``core/metering``. Each field is held by tests of its own: core
and store by theirs, not by a pump that happens to use them; the parts of the pump by those that drive a whole model
pump. Left out is what only runs on the board (``rp2``, ``start``) and what holds no decision.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mutants.results import REPOSITORY, digest_of

NUMBERS = "tests/core/test_numbers.py"
"""The file that holds most constants."""
SLOW = ("test_power_cuts.py", "test_wear.py")
"""These take seconds each. What only they would notice needs a test of its own."""
_NO_DECISIONS = ("__init__", "contracts")
_BY_A_PUMP = ("tests/controller", NUMBERS)


@dataclass(frozen=True)
class Field:
    """Modules that are held by the same tests.

    package: the name they are imported from. folder: where they lie. tests: files and folders of tests. runs: folders
    of all that these tests run or use. only: names of the modules; all of the folder if empty.
    """

    name: str
    package: str
    folder: str
    tests: tuple[str, ...]
    runs: tuple[str, ...]
    only: tuple[str, ...] = ()

    def modules(self) -> list[str]:
        names = sorted(path.stem for path in (REPOSITORY / self.folder).glob("*.py"))
        return [
            f"{self.name}/{name}"
            for name in names
            if name not in _NO_DECISIONS and (not self.only or name in self.only)
        ]

    def files_of_tests(self) -> dict[str, str]:
        """Return the digest by file of tests."""
        found: list[Path] = []
        for name in self.tests:
            path = REPOSITORY / name
            found += path.glob("test_*.py") if path.is_dir() else [path]
        return {
            str(path.relative_to(REPOSITORY)): digest_of([path])
            for path in sorted(set(found))
            if path.name not in SLOW
        }

    def helpers(self) -> list[Path]:
        """Return files that the tests use and that are no tests, and what makes mutants."""
        folders = [REPOSITORY / name for name in self.tests if (REPOSITORY / name).is_dir()]
        found = [
            path for folder in folders for path in folder.glob("*.py") if not path.name.startswith("test_")
        ]
        makers = [Path(__file__).with_name(f"{name}.py") for name in ("mutant", "operators")]
        return [*found, *makers, REPOSITORY / "tests" / "conftest.py"]

    def digest_of_sources(self) -> str:
        """Return the digest of all that the tests run or use."""
        sources = (path for folder in self.runs for path in (REPOSITORY / folder).rglob("*.py"))
        return digest_of([*sources, *self.helpers()])

    def reach_name(self) -> str:
        """Return names what these tests reach. Fields with the same tests share it."""
        return "-".join(Path(name).stem for name in self.tests)


_OWN = ("tests/core", "tests/store")
_OWN_RUNS = ("firmware/thecal_fw/core", "firmware/thecal_fw/store", "sim")
_ALL_RUNS = ("firmware/thecal_fw", "sim", "hil/thecal_hil")
FIELDS = (
    Field("core", "thecal_fw.core", "firmware/thecal_fw/core", _OWN, _OWN_RUNS),
    Field("fluid", "thecal_fw.core.fluid", "firmware/thecal_fw/core/fluid", ("tests/core/fluid",), _OWN_RUNS),
    Field("store", "thecal_fw.store", "firmware/thecal_fw/store", _OWN, _OWN_RUNS),
    Field("pump", "thecal_fw.pump", "firmware/thecal_fw/pump", _BY_A_PUMP, _ALL_RUNS),
    Field("requests", "thecal_fw.requests", "firmware/thecal_fw/requests", _BY_A_PUMP, _ALL_RUNS),
    Field("link", "thecal_fw.link", "firmware/thecal_fw/link", ("tests/link", *_BY_A_PUMP), _ALL_RUNS),
    Field("sim", "thecal_sim", "sim/thecal_sim", ("tests/sim",), _ALL_RUNS, ("ideal", "oracle")),
    Field(
        "hil",
        "thecal_hil.contract",
        "hil/thecal_hil/contract",
        ("tests/hil/test_gate.py",),
        _ALL_RUNS,
        ("gate",),
    ),
)


def field_of(module: str) -> Field:
    name = module.split("/")[0]
    return next(field for field in FIELDS if field.name == name)


def modules(chosen: Sequence[str]) -> list[str]:
    """Return the modules of the campaign that are named or in a field named; raise SystemExit for a name that is
    neither."""
    found = [module for field in FIELDS for module in field.modules()]
    for name in chosen:
        if not any(name in (module, module.split("/")[0]) for module in found):
            raise SystemExit(f"no module {name}; there are {', '.join(found)}")
    return [module for module in found if not chosen or {module, module.split("/")[0]} & set(chosen)]


def dotted(module: str) -> str:
    """Return the name by which a module is imported."""
    return f"{field_of(module).package}.{module.split('/')[1]}"


def source_of(module: str) -> Path:
    return REPOSITORY / field_of(module).folder / f"{module.split('/')[1]}.py"
