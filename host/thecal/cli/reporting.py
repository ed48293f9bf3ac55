"""The subcommand that makes reports of a pump: report."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from thecal.cli.common import JsonOption, PortOption, connected, echo, print_json, working
from thecal.cli.residual import EXIT_EVALUATE
from thecal.cli.reviewing import ReasonOption
from thecal.cli.wall import NowOption, need_settled, wall_of
from thecal.errors import BadInputError, ThecalError
from thecal.whole_file import why_not_replaced, write_whole

if TYPE_CHECKING:
    from thecal.contacts import Contacts

ContactsOption = Annotated[
    Path | None,
    typer.Option(
        "--contacts", metavar="FILE", envvar="THECAL_CONTACTS", help="The clinic's telephones, a TOML file."
    ),
]
NoTelephoneOption = Annotated[
    bool, typer.Option("--no-telephone", help="The hand-out has lines to write the numbers on by hand.")
]


def add_commands(app: typer.Typer) -> None:
    app.command(epilog="Example: thecal report --clinic clinic.html --handout handout.html")(report)


def report(
    port: PortOption = None,
    clinic: Annotated[Path | None, typer.Option(help="Write the clinic's report to this file.")] = None,
    handout: Annotated[Path | None, typer.Option(help="Write the patient's hand-out to this file.")] = None,
    contacts: ContactsOption = None,
    no_telephone: NoTelephoneOption = False,
    now: NowOption = None,
    reason: ReasonOption = "",
    as_json: JsonOption = False,
) -> None:
    """Make reports from what the pump says now: self-contained HTML, ready to print."""
    from thecal.reports.clinic import VisitRecord, clinic_report
    from thecal.reports.handout import handout as patient_handout
    from thecal.reports.handout import is_standing
    from thecal.reports.interrogation import interrogate

    if clinic is None and handout is None:
        raise BadInputError(["give --clinic FILE, --handout FILE, or both"])
    for path in (clinic, handout):
        need_writable(path)
    need_two_files(clinic, handout)
    wall, whom_to_call = wall_of(now), contacts_of(contacts, handout, no_telephone=no_telephone)
    with connected(port) as pump, working("reading the pump"):
        read = interrogate(pump, wall)
    need_settled(read.clocks, reason)
    written: list[str] = []
    pages = (
        (clinic, lambda: clinic_report(read, VisitRecord(reason=reason))),
        (handout, lambda: patient_handout(read, whom_to_call)),
    )
    for path, make in pages:
        if path is not None:
            write_page(path, make())
            written.append(str(path))
    if as_json:
        print_json({"written": written, "standing": is_standing(read)})
    for name in () if as_json else written:
        echo(f"wrote {name}")
    if handout is not None and is_standing(read):
        echo(
            "the pump stands and gives nothing, and the hand-out says so: start it and print again", err=True
        )
        raise typer.Exit(EXIT_EVALUATE)


def contacts_of(path: Path | None, handout: Path | None, *, no_telephone: bool) -> Contacts | None:
    """Return whom a family calls; raise BadInputError for a hand-out without a number, unless that was said to be
    meant."""
    from thecal.contacts import load_contacts

    if path is not None:
        return load_contacts(path)
    if handout is not None and not no_telephone:
        raise BadInputError(
            [
                "the hand-out has no telephone number to call: give the clinic's file with --contacts FILE, like"
                " examples/clinic/contacts.toml, or write the numbers on it by hand and say so with --no-telephone"
            ]
        )
    return None


def need_writable(path: Path | None) -> None:
    """Refuse a place that can't be written to before anything is asked of a pump. Raise BadInputError for such a
    place."""
    if path is None:
        return
    try:
        if why := why_not_replaced(path):
            raise BadInputError([f"{path} {why}"])
        if not path.parent.is_dir():
            raise BadInputError([f"{path}: there is no folder {path.parent}; make it first"])
    except OSError as error:
        raise BadInputError([f"{path}: can't be written: {error.strerror}"]) from error
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise BadInputError([f"{path}: can't be written: permission denied"])


def need_two_files(clinic: Path | None, handout: Path | None) -> None:
    """Refuse one file for both pages: the second would take the place of the first. Raise BadInputError for that."""
    if clinic is not None and handout is not None and clinic.resolve() == handout.resolve():
        raise BadInputError([f"{clinic} is named for both pages; give each a file of its own"])


def write_page(path: Path, text: str) -> None:
    """Put a page in place whole or not at all. Raise ThecalError if it can't be written."""
    try:
        write_whole(path, text)
    except OSError as error:
        raise ThecalError(f"{path} can't be written: {error.strerror}; the pump is as it was set") from error
