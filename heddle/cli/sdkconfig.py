"""Write the configuration of a network's clients: `heddle sdk-config STACK`."""

from pathlib import Path
from typing import Annotated

import typer

from heddle.cli.options import HERE, Folder, Stack
from heddle.cli.printing import print_paragraphs
from heddle.clientconfig.authorities import authority_keys
from heddle.clientconfig.files import ClientRequest, client_files
from heddle.clientconfig.folder import write_client_folder
from heddle.network.certificates import ending_authorities
from heddle.network.network import open_network
from heddle.text import counted

__all__ = ["sdk_config"]

_USERS = (
    "Write key and MSP folder of this user: user or admin; of an access folder its own. Can be repeated; "
    "without it, no key is written."
)
_ROOT = "Where the folder will be on the application's host, for SDKs that want absolute paths; default: DIR."
_AUTHORITIES = "Write the private keys of the organization's CAs too: whoever has them can become anybody."
_FORCE = "Write over files that Heddle did not write, or that were changed since."


def sdk_config(
    stack: Stack,
    org: Annotated[str, typer.Option("--org", help="The organization the client belongs to.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder to write.", file_okay=False)],
    user: Annotated[list[str] | None, typer.Option("--user", help=_USERS)] = None,
    root: Annotated[str, typer.Option("--root", metavar="PATH", help=_ROOT)] = "",
    with_ca_keys: Annotated[bool, typer.Option("--with-ca-keys", help=_AUTHORITIES)] = False,
    force: Annotated[bool, typer.Option("--force", help=_FORCE)] = False,
    folder: Folder = HERE,
) -> None:
    """Write the files, and print which of them changed and which are secret."""
    network = open_network(stack, folder)
    keys = authority_keys(stack, folder, network.instance.organization(org)) if with_ca_keys else {}
    request = ClientRequest(
        organization=org,
        users=tuple(dict.fromkeys(user or ())),
        root=root or str(out.absolute()),
        authority_keys=keys,
    )
    owner = {"instance": network.instance.name, "organization": org}
    written = write_client_folder(out, owner, client_files(network, request), force=force)
    for file in written:
        if file.changed:
            typer.echo(f"{file.path}{'  (secret)' if file.secret else ''}")
    if same := sum(not file.changed for file in written):
        typer.echo(f"{counted(same, 'file')} unchanged")
    print_paragraphs(ending_authorities(network.instance), warn=True, err=True)
    if not user:
        typer.echo("No private key was written: name the client's user with --user.", err=True)
    if keys:
        words = f"Warning: whoever reads {out}/certificates/ca-key.pem can become any member of {org}."
        typer.secho(f"{words} Move it to a safe place now.", err=True, bold=True)
