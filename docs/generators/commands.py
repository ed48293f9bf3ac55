"""The reference of all commands, made from the commands themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from typer.main import get_command

from generators.text import table
from thecal.cli import app as pump_app
from thecal_hil.cli.command import app as bench_app


def _walked(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    subcommands = getattr(command, "commands", None)
    if subcommands is None:
        yield name, command
        return
    for each in subcommands:
        yield from _walked(subcommands[each], f"{name} {each}")


def _plain(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|").replace("<", "&lt;")


def _options(command: Any) -> Iterator[tuple[str, str]]:
    for param in command.params:
        if getattr(param, "hidden", False) or param.name == "help":
            continue
        names = ", ".join(
            f"`{each}`" for each in [*param.opts, *param.secondary_opts] if each.startswith("-")
        )
        is_option = bool(names)
        yield (
            names or f"`{(param.metavar or param.name or '').upper()}`",
            _plain(getattr(param, "help", ""))
            or ("" if is_option else "needed" if param.required else "may be left out"),
        )


def _of(command: Any, name: str) -> str:
    parts = [f"### `{name}`", _plain(command.help)]
    rows = list(_options(command))
    if rows:
        parts.append(table(("argument", "meaning"), rows))
    if command.epilog:
        parts.append(_plain(command.epilog).replace("Example: ", "Example: `") + "`")
    return "\n\n".join(part for part in parts if part)


def _all_of(app: Any, name: str) -> str:
    return "\n\n".join(_of(command, path) for path, command in _walked(get_command(app), name))


def pump_commands() -> str:
    """Return every sub-command of ``thecal``, those that the verification package adds among them."""
    return _all_of(pump_app, "thecal")


def bench_commands() -> str:
    """Return every sub-command of ``thecal-hil``."""
    return _all_of(bench_app, "thecal-hil")


PARTS: dict[str, Callable[[], str]] = {"pump-commands": pump_commands, "bench-commands": bench_commands}
