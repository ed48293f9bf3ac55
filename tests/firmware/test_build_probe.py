"""The probe's image has frozen in it all that it imports."""

import ast

import build


def imported(text: str) -> set[str]:
    """Return modules of ours that a module imports when it is loaded."""
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
    return {node.module for node in nodes if (node.module or "").startswith("thecal")}  # type: ignore[misc]


def test_the_probe_has_every_module_that_it_imports():
    frozen = build.probe_image("0123456789").frozen
    modules = {name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in frozen}
    wanted = set().union(*(imported(content.decode()) for content in frozen.values()))
    assert wanted - modules == set()
    assert "thecal_probe.capture" in modules
