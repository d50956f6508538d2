"""Run `heddle certificates list|csr STACK`: when each certificate ends; requests for authorities' ones."""

import asyncio
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from heddle import config
from heddle.cli.options import HERE, Folder, Json, Stack, StackFile
from heddle.cli.printing import cell, listing, print_json, print_listing, print_pairs
from heddle.clientconfig.authorities import authority_names
from heddle.clientconfig.signing import write_requests
from heddle.network.ends import CertificateEnd, InstanceCertificates, ask_certificates
from heddle.network.network import open_network
from heddle.state.stack import open_stack
from heddle.text import counted
from heddle.topology import plan

__all__ = ["app"]

_SECONDS = 10.0
"""Time for all ports; they are looked at side by side."""
_SERIAL = 8
"""Digits of a serial number in the table."""

app = typer.Typer(no_args_is_help=True, help="Certificates of a network.")


@app.command("list")
def list_(
    stack: Stack,
    json_: Json = False,
    folder: Folder = HERE,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Print each whole: subject, serial number, fingerprint.")
    ] = False,
) -> None:
    """List every certificate, the first to end first, as nodes present them and channels have them."""
    found = asyncio.run(ask_certificates(open_network(stack, folder), deadline=_SECONDS))
    if json_:
        print_json(found.plain())
    elif verbose:
        _show_whole(found)
    else:
        _show(Console(highlight=False), found)


@app.command()
def csr(
    stack: StackFile,
    org: Annotated[str, typer.Option("--org", help="The organization whose authorities they are.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder to write.", file_okay=False)],
    generation: Annotated[
        int, typer.Option("--generation", min=1, help="The generation that they are of.")
    ] = 1,
    folder: Folder = HERE,
) -> None:
    """Make keys of an organization's authorities, and requests for others to certify them."""
    stored = open_stack(folder, stack)
    topology = plan(config.read_instance(stack, stored.config.values, stored.config.secret_keys))
    written = write_requests(topology, org, generation, out, authority_names(stored.resources))
    for file in written.files:
        typer.echo(f"{file.path}{'  (secret)' if file.secret else ''}")
    typer.echo(
        "Have both requests certified as authorities. Put each certificate, then its issuers up to the root, "
        "into one file, then write in the stack file:"
    )
    typer.echo(written.section, nl=False)


def _show(console: Console, found: InstanceCertificates) -> None:
    table = listing("ends in", "until (UTC)", "whose", "what for", "serial")
    for each in found.certificates:
        table.add_row(
            _left(each),
            cell(_until(each)),
            cell(each.whose),
            cell(_what_for(each)),
            cell(f"{each.serial[:_SERIAL]}…" if len(each.serial) > _SERIAL else each.serial),
        )
    print_listing(console, table)
    for each in found.certificates:
        if each.differs:
            words = f"({each.purpose}, {each.serial[:_SERIAL]}…): {each.differs}; {each.remedy}"
            console.print(Text.assemble("\n", (each.whose, "red"), " ", cell(words)), soft_wrap=True)
    _show_not_seen(console, found)
    console.print(Text("\nWhat stops when it ends", "bold"))
    print_pairs(_consequences(found.certificates))


def _show_whole(found: InstanceCertificates) -> None:
    """Print each certificate with everything that is known of it."""
    console = Console(highlight=False)
    for each in found.certificates:
        console.print(
            Text.assemble(_left(each), "  ", cell(each.whose, "bold"), cell(f", {_what_for(each)}"))
        )
        print_pairs(_whole(each))
        console.print()
    _show_not_seen(console, found)


def _whole(each: CertificateEnd) -> Iterator[tuple[str, str]]:
    yield "until", f"{_until(each)} UTC"
    if each.presented_at:
        yield "presented at", ", ".join(each.presented_at)
    yield "subject", each.subject
    yield "serial", each.serial
    yield "fingerprint", each.fingerprint
    if each.differs:
        yield "differs", each.differs
    yield "when it ends", each.stops
    if each.soon or each.differs:
        yield "to do", each.remedy


def _show_not_seen(console: Console, found: InstanceCertificates) -> None:
    for line in found.not_seen:
        console.print(Text.assemble("\n", ("not seen", "yellow"), ": ", cell(line)), soft_wrap=True)


def _consequences(certificates: Iterable[CertificateEnd]) -> list[tuple[str, str]]:
    """Return what stops, by what a certificate is for; with what to do where one ends soon."""
    words: dict[str, str] = {}
    for each in certificates:
        words.setdefault(each.purpose, each.stops)
    for each in certificates:
        if each.soon and not each.differs:
            words[each.purpose] = f"{each.stops} To do: {each.remedy}."
    return list(words.items())


def _left(each: CertificateEnd) -> Text:
    """Return the time that is left, coloured by how urgent it is."""
    if each.days < 0:
        return Text("✗ ended", "red")
    return Text(counted(each.days, "day") if each.days else "today", "yellow" if each.soon else "")


def _until(each: CertificateEnd) -> str:
    return f"{datetime.fromisoformat(each.not_after):%Y-%m-%d %H:%M}"


def _what_for(each: CertificateEnd) -> str:
    """Return what a certificate is for, with the numbers of the ports or the channels where it was seen."""
    where = ", ".join([*(port.rpartition(" ")[2] for port in each.presented_at), *each.channels])
    return f"{each.purpose} ({where})" if where else each.purpose
