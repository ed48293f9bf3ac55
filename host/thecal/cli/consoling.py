"""The subcommand that serves the page in the browser: console."""

from __future__ import annotations

import signal
import time
import webbrowser
from typing import TYPE_CHECKING, Annotated

import typer

from thecal.cli.common import JsonOption, PortOption, echo, opened, print_json, this_run
from thecal.cli.reporting import ContactsOption
from thecal.cli.reviewing import DEFAULT_GROUP, GroupOption, LibraryOption, reviewer
from thecal.errors import BadInputError, ThecalError
from thecal.interruption import Interruption

if TYPE_CHECKING:
    from thecal.console.session import Attached, ConsoleChanges, PumpSession

_HOW_TO_INSTALL = 'thecal console needs its page library: pip install "thecal[console]"'


def add_commands(app: typer.Typer) -> None:
    app.command(epilog="Example: thecal console --changes")(console)


def console(
    port: PortOption = None,
    changes: Annotated[
        bool, typer.Option("--changes", help="The page may change the pump; without it, it only looks.")
    ] = False,
    library: LibraryOption = None,
    group: GroupOption = DEFAULT_GROUP,
    contacts: ContactsOption = None,
    listen: Annotated[
        int,
        typer.Option("--listen", metavar="NUMBER", min=0, max=65_535, help="Port of 127.0.0.1; 0 takes any."),
    ] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Show the pump as a page in the browser of this computer, until Ctrl-C. It only looks unless with --changes."""
    try:
        from thecal.console import server
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in ("nicegui", "uvicorn", "fastapi"):
            raise
        raise BadInputError([_HOW_TO_INSTALL]) from error
    from thecal.console.admission import new_token
    from thecal.console.control import Control
    from thecal.console.desk import Desk
    from thecal.console.session import PumpSession
    from thecal.contacts import load_contacts

    judge = reviewer(library, group, "", None)
    desk = Desk(group, judge.library, load_contacts(contacts) if contacts is not None else None)
    may_be_open = this_run().may_be_open
    windows: server.Windows | None = None

    def changed() -> None:
        if windows is not None:
            windows.changed()

    session = PumpSession(lambda record: _attach(port, record, may_be_open), changed, may_change=changes)
    try:
        listening = server.listen(listen)
    except OSError as error:
        raise ThecalError(f"port {listen} of 127.0.0.1 can't be served: {error.strerror}") from error
    token, number = new_token(), listening.getsockname()[1]
    address = f"http://127.0.0.1:{number}/{token}/pump"
    windows = server.Windows(session, desk, Control(time.monotonic), f"/{token}")

    def ready() -> None:
        if as_json:
            print_json({"address": address, "changes": changes}, on_one_line=True)
        else:
            may = "It may change the pump" if changes else "It only looks; --changes lets it change the pump"
            echo(f"the console is at {address}")
            echo(f"{may}. Whoever has this address has the console. Ctrl-C ends it.")
        typer.get_text_stream("stdout").flush()
        if browser:
            webbrowser.open(address)

    session.open()
    try:
        server.serve(server.build(windows, token, number), listening, ready)
    except Interruption as interruption:
        if interruption.number != signal.SIGINT:
            raise
    finally:
        session.close()
        _account(session, windows)


def _attach(port: str | None, changes: ConsoleChanges, may_be_open: bool) -> Attached:
    """Open the pump that is meant: the port named, or the only board."""
    from thecal.console.session import Attached
    from thecal.ports import candidates, only_board

    boards = [board for board in candidates() if board.is_thecal]
    path = port or only_board()
    pump = opened(path, changes, lambda _why: may_be_open)
    is_practice = any(board.is_practice and board.device == path for board in boards)
    return Attached(pump, path, is_practice, len(boards))


def _account(session: PumpSession, windows: object) -> None:
    """Say at the end what is not known, and what became of a visit that had not ended."""
    from thecal.console.server import Windows

    assert isinstance(windows, Windows)
    visit = windows.desk.visit
    if visit is not None and visit.record is not None and not visit.record.is_finished:
        echo(f"the visit is {visit.record.state}:", err=True)
        for name, text in visit.record.lines():
            echo(f"  {name}: {text}", err=True)
    if session.changes.in_doubt or session.changes.in_flight:
        echo(session.changes.account(), err=True)
