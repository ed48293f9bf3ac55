"""The firmware as a stock board gets it: the same program in as little memory as it goes into.

A stock board loads the firmware into memory. What it takes there is, beside the code itself, every name that the code
mentions, an entry in a dictionary for each thing a module holds or imports, and texts. So five passes over the sources
of all modules at once leave out what is nothing to the board: ``texts`` that only hosts and people read, ``constants``
that can be written out where they are used, definitions that are ``unused`` then, the length of ``names``, and the
walls between the modules of one of the ``rooms``.

Promises: what is left does the same as the whole, line by line; the same sources give the same result; sources in
which a pass could change what they do are refused with ``LeanError`` instead.
"""

import ast

from lean.constants import write_out_constants
from lean.modules import LeanError, Modules, parsed, source_of
from lean.names import Names, shorten_names
from lean.rooms import gather_rooms
from lean.texts import leave_out_texts, schema_hash
from lean.unused import leave_out_unused

__all__ = ["LeanError", "Names", "lean_files", "schema_hash"]


def lean_files(
    files: dict[str, str], starts: list[str], alone: tuple[str, ...] = ()
) -> tuple[dict[str, str], Names]:
    """Return the sources of all modules by their paths, made lean; and what names were shortened.

    starts: sources outside of these that use them, and stay as they are. alone: paths of modules that have to start
    where there is memory for little else.
    """
    modules: Modules = parsed(files)
    outside = [ast.parse(source) for source in starts]
    leave_out_texts(modules)
    write_out_constants(modules)
    leave_out_unused(modules, outside)
    names, free = shorten_names(modules, outside)
    for room, renamed in gather_rooms(modules, outside, alone, free).items():
        names[room] = {
            new: names.get(module, {}).get(old) or names[""].get(old, old)
            for new, (module, old) in renamed.items()
        }
    return {path: source_of(module) for path, module in modules.items()}, names
