"""Give people access to a network: `heddle access grant STACK --role ROLE --user NAME --org ORG`."""

from pathlib import Path
from typing import Annotated

import typer

from heddle.cli.options import HERE, Folder, StackFile, one_of
from heddle.cli.printing import print_line, print_paragraphs
from heddle.clientconfig.authorities import authority_keys
from heddle.clientconfig.folder import write_client_folder
from heddle.clientconfig.grant import Grant, Role, granted_files
from heddle.network.certificates import ending_authorities
from heddle.network.network import open_network
from heddle.state.log import acting

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Give people access: an identity and rights.")


@app.callback()
def _group() -> None:
    """Keep `grant` a verb of its own, also while it is the only one."""


@app.command()
def grant(
    stack: StackFile,
    role: Annotated[
        Role,
        typer.Option("--role", parser=one_of(Role), metavar="|".join(Role), help="What the person may do."),
    ],
    user: Annotated[
        str, typer.Option("--user", help="The person: name in Kubernetes and in the certificate.")
    ],
    org: Annotated[str, typer.Option("--org", help="The organization whose member the person becomes.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder to write.", file_okay=False)],
    days: Annotated[int, typer.Option("--days", min=1, help="Days for which the certificate holds.")] = 365,
    force: Annotated[bool, typer.Option("--force", help="Write over files that are there.")] = False,
    folder: Folder = HERE,
) -> None:
    """Write a folder with an identity, the public output of the stack, and the rights to apply."""
    if not user:
        raise typer.BadParameter("--user: the name of a person is expected, and this one is empty")
    network = open_network(stack, folder)
    wanted = Grant(user=user, role=role, organization=org, validity_days=days)
    key = authority_keys(stack, folder, network.instance.organization(org))["ca"]
    files = granted_files(network.instance, wanted, key.encode())
    owner = {"instance": network.instance.name, "organization": org, "user": user, "role": str(role)}
    with acting(folder, stack, "access grant", f"{role} {user} of {org}"):
        written = write_client_folder(out, owner, files, force=force)
    for file in written:
        print_line(f"{file.path}{'  (secret)' if file.secret else ''}")
    print_paragraphs(ending_authorities(network.instance), warn=True, err=True)
    print_line("A cluster's administrator gives the rights:")
    print_line(f"  kubectl apply -f {out / 'rbac.yaml'}")
    print_paragraphs((f"{user} gets the folder, sets KUBECONFIG to their own file, and runs:",))
    print_line(f"  heddle status {out}/")
