"""The rigs there are, by name. A rig's own module is imported only when that rig is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from thecal_hil.contract.image import FirmwareImage, ImageError, image_under_test
from thecal_hil.contract.rig import Rig, RigUnavailableError

if TYPE_CHECKING:
    from thecal_hil.bench.bench import Bench

RIG_NAMES = ("model", "pico", "board")


def rig_class(name: str) -> type[Rig]:
    """Return the class of a rig by its name; raise ValueError if there is none."""
    if name == "model":
        from thecal_hil.rigs.model_rig import ModelRig

        return ModelRig
    if name == "pico":
        from thecal_hil.rigs.pico_rig import PicoRig

        return PicoRig
    if name == "board":
        from thecal_hil.bench.board_rig import BoardRig

        return BoardRig
    raise ValueError(f"no rig is called {name!r}; there are {', '.join(RIG_NAMES)}")


def boards_at(port: str | None, bench: Path | None) -> list[Bench]:
    """Return the boards there are to run on: those of a bench's file, or the one at a port.

    Raises BenchError if the file is wrong, and RigUnavailableError if neither is given.
    """
    if bench is not None:
        from thecal_hil.bench.bench_file import open_boards

        return open_boards(bench)
    if port is None:
        raise RigUnavailableError(
            "the board rig needs a board: say where it is with --port, as in --port /dev/ttyACM0, or with --bench FILE"
        )
    from thecal_hil.bench.bench import Bench, Place

    return [Bench("the board rig", Place(port=port))]


def open_rig(
    name: str, *, port: str | None = None, uf2: Path | None = None, board_model: str | None = None
) -> Rig:
    """Return a freshly started rig. ``port`` is where the board is, ``uf2`` the image to test instead of the one
    built.

    ``board_model``: what of real silicon is imposed on the emulated board, as ``Silicon.read`` takes it. It means
    nothing to other rigs. A board of a bench has to be taken first: see ``board_choice``.
    """
    if name == "model":
        from thecal_hil.rigs.model_rig import ModelRig

        return ModelRig()
    if name == "pico":
        return _open_emulated(image_for(uf2), board_model)
    (board,) = boards_at(port, None)
    return board.open_rig(image_for(uf2))


def check_board_model(text: str) -> None:
    """Raise RigUnavailableError unless ``open_rig`` can take it."""
    from thecal_hil.emulator.silicon import Silicon, SiliconError

    try:
        Silicon.read(text)
    except SiliconError as error:
        raise RigUnavailableError(str(error)) from error


def _open_emulated(image: FirmwareImage, board_model: str | None) -> Rig:
    from thecal_hil.emulator.flash_window import NoCacheModelError
    from thecal_hil.emulator.silicon import Silicon, SiliconError
    from thecal_hil.rigs.pico_rig import PicoRig

    try:
        return PicoRig(image, None if board_model is None else Silicon.read(board_model))
    except (ImageError, NoCacheModelError, SiliconError) as error:
        raise RigUnavailableError(str(error)) from error


def image_for(uf2: Path | None) -> FirmwareImage:
    """Return the image to test; raise RigUnavailableError if there is none."""
    try:
        return image_under_test(uf2)
    except ImageError as error:
        raise RigUnavailableError(str(error)) from error
