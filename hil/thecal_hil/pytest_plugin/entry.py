"""The module where pytest finds the plugin, in every project whose environment has this package.

Promise: pytest starts whether or not the bench extra is installed. With it the plugin is `plugin`; without it only a
test that asks for a rig fails, and says what to install.
"""

from __future__ import annotations

import pytest

from thecal_hil.groundwork.bench_extra import BenchMissingError, import_with_bench
from thecal_hil.pytest_plugin import without_bench as plugin_without_bench


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    try:
        plugin = import_with_bench("thecal_hil.pytest_plugin.plugin", "thecal's pytest plugin")
    except BenchMissingError:
        plugin = plugin_without_bench
    pluginmanager.register(plugin, "thecal-plugin")
