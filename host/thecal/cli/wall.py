"""The clock on the wall as an option, and what is said where the pump's clock differs from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from thecal.cli.common import echo
from thecal.errors import BadInputError

if TYPE_CHECKING:
    from thecal.clocks import Clocks, Wall
    from thecal.status import Status

NowOption = Annotated[
    str | None,
    typer.Option(
        "--now", metavar="TIME", help="What the clock on the wall shows, where this computer's is in doubt."
    ),
]
SetClockOption = Annotated[
    bool, typer.Option("--set-clock", help="Set the pump's clock, where it is not right to a minute.")
]


def wall_of(now: str | None) -> Wall:
    """Return the clock that counts: this computer's, or the time that a person gave."""
    from thecal.clocks import Wall, told_wall

    return Wall() if now is None else told_wall(now)


def warn_of_clocks(status: Status) -> None:
    """Warn in one line where the clocks differ, on a command that neither shows nor needs them."""
    from thecal.clocks import Wall, clocks_of

    fault = clocks_of(status, Wall().now()).fault
    if fault:
        echo(f"warning: {fault}; see `thecal time`")


def need_settled(clocks: Clocks, reason: str) -> None:
    """Raise BadInputError where nobody has said which of two clocks is right: dates would be by the wrong one."""
    if not clocks.fault or (clocks.is_told and not clocks.doubt):
        return
    if clocks.doubt and not clocks.is_told:
        raise BadInputError([f"{clocks.fault}. Set it, or give the time on the wall with --now TIME"])
    if not reason.strip():
        raise BadInputError(
            [
                f"{clocks.fault}. Look at the clock on the wall: set the pump's clock with `thecal time --set`, or give"
                " the time with --now TIME, or give a reason with --reason TEXT"
            ]
        )
