"""The plugin's options: each by a name of ours, and by a short one where nobody else in this run has that.

Promise: in a project that has an option of a short name itself, in a plugin or in a conftest, that option is the
project's, and ours is there by its long name alone. Texts and no paths: xdist hands options on to its workers, and
can't hand on those.
"""

from __future__ import annotations

from collections.abc import Generator
from itertools import pairwise
from typing import Any

import pytest

SHORT = {
    "--rig": "--thecal-rig",
    "--port": "--thecal-port",
    "--bench": "--thecal-bench",
    "--uf2": "--thecal-uf2",
    "--outcomes": "--thecal-outcomes",
    "--results": "--thecal-results",
    "--own-boot": "--thecal-own-boot",
}
"""Short names, and the long ones that are always there."""

_DECLARED: dict[str, dict[str, Any]] = {}


def declare(parser: pytest.Parser, name: str, **settings: Any) -> None:
    """Declare an option by its long name."""
    _DECLARED[name] = settings
    parser.getgroup("thecal", "Thecal rigs").addoption(name, **settings)


def chosen(config: pytest.Config, name: str) -> Any:
    """Return the value of an option, by its long name."""
    return config.getoption(name, None)


def _taken(parser: Any) -> set[str]:
    groups = [parser._anonymous, *parser._groups]
    return {name for group in groups for option in group.options for name in option.names()}


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> Generator[None, None, None]:
    """Take our options once all plugins and conftests have declared what is theirs; what is left may be ours."""
    _forget_values(early_config, args, SHORT.keys() - _taken(parser))
    yield
    group = parser.getgroup("thecal", "Thecal rigs")
    for short in sorted(SHORT.keys() - _taken(parser)):
        settings = _DECLARED.get(SHORT[short])
        if settings is not None:
            name = SHORT[short].removeprefix("--").replace("-", "_")
            group.addoption(short, **{**settings, "dest": name, "help": f"as {SHORT[short]}"})


def _forget_values(early_config: pytest.Config, args: list[str], short: set[str]) -> None:
    """Forget the value of an option that is not declared yet, which was taken for a file to run tests of."""
    known: Any = early_config.known_args_namespace
    values = [value for name, value in pairwise(args) if name in short]
    known.file_or_dir = [one for one in known.file_or_dir if one not in values]
