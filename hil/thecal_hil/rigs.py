"""The rigs there are, by name. A rig's own module is imported only when that rig is asked for."""

from __future__ import annotations

from pathlib import Path

from thecal_hil.image import FirmwareImage, ImageError, image_under_test
from thecal_hil.rig import Rig

RIG_NAMES = ("model", "pico", "board")


class RigUnavailableError(Exception):
    """The rig can't be had here; the message says why and what would change that."""


def rig_class(name: str) -> type[Rig]:
    if name == "model":
        from thecal_hil.model_rig import ModelRig

        return ModelRig
    if name == "pico":
        from thecal_hil.pico_rig import PicoRig

        return PicoRig
    if name == "board":
        from thecal_hil.board_rig import BoardRig

        return BoardRig
    raise ValueError(f"no rig is called {name!r}; there are {', '.join(RIG_NAMES)}")


def open_rig(name: str, *, port: str | None = None, uf2: Path | None = None) -> Rig:
    """A freshly started rig. ``port`` is where the board is, ``uf2`` the image to test instead of the one built."""
    if name == "model":
        from thecal_hil.model_rig import ModelRig

        return ModelRig()
    if name == "pico":
        from thecal_hil.pico_rig import PicoRig

        return PicoRig(_image(uf2))
    if port is None:
        raise RigUnavailableError(
            "the board rig needs a board: say where it is with --port, as in --port /dev/ttyACM0"
        )
    from thecal_hil.board_rig import BoardRig

    return BoardRig(_image(uf2), port)


def _image(uf2: Path | None) -> FirmwareImage:
    try:
        return image_under_test(uf2)
    except ImageError as error:
        raise RigUnavailableError(str(error)) from error
