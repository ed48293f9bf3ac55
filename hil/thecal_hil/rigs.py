"""The rigs there are, by name. A rig's own module is imported only when that rig is asked for."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from thecal_hil.image import ImageError, image_under_test
from thecal_hil.rig import Rig

_CLASSES = {
    "model": ("thecal_hil.model_rig", "ModelRig"),
    "pico": ("thecal_hil.pico_rig", "PicoRig"),
    "board": ("thecal_hil.board_rig", "BoardRig"),
}
RIG_NAMES = tuple(_CLASSES)


class RigUnavailable(Exception):
    """The rig can't be had here; the message says why and what would change that."""


def rig_class(name: str) -> type[Rig]:
    module, attribute = _CLASSES[name]
    return getattr(import_module(module), attribute)


def open_rig(name: str, *, port: str | None = None, uf2: Path | None = None) -> Rig:
    """A freshly started rig. ``port`` is where the board is, ``uf2`` the image to test instead of the one built."""
    kind = rig_class(name)
    if name == "model":
        return kind()
    if name == "board" and port is None:
        raise RigUnavailable("the board rig needs a board: say where it is with --port, as in --port /dev/ttyACM0")
    try:
        image = image_under_test(uf2)
    except ImageError as error:
        raise RigUnavailable(str(error)) from error
    return kind(image) if name == "pico" else kind(image, port)
