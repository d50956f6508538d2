"""Print the manifest of a stack's namespace: `heddle namespace STACK | kubectl apply -f -`."""

import re
from typing import Annotated

import typer
import yaml

from heddle import config
from heddle.cli.options import HERE, Folder, StackFile
from heddle.kube.prepared import prepared_namespace
from heddle.state.stack import open_stack
from heddle.topology import plan

__all__ = ["namespace"]

_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_SERVICE_ACCOUNT = re.compile(rf"{_LABEL}:(?=.{{1,253}}$){_LABEL}(?:[.]{_LABEL})*")
"""A label (RFC 1123) and a subdomain, as Kubernetes has the names of namespaces and service accounts."""


def namespace(
    stack: StackFile,
    user: Annotated[
        list[str] | None,
        typer.Option("--user", help="A user of the cluster who may run the stack; repeat it."),
    ] = None,
    service_account: Annotated[
        list[str] | None,
        typer.Option("--service-account", metavar="NAMESPACE:NAME", help="The same for a service account."),
    ] = None,
    folder: Folder = HERE,
) -> None:
    """Print Namespace, Role and RoleBinding for whoever may make them; nothing is changed."""
    if not all(user or ()):
        raise typer.BadParameter("--user: the name of a user is expected, and this one is empty")
    for account in service_account or ():
        if not _SERVICE_ACCOUNT.fullmatch(account):
            raise typer.BadParameter(
                f"--service-account {account}: NAMESPACE:NAME is expected, of a–z, 0–9, - and, in NAME, ."
            )
    stored = open_stack(folder, stack).config
    instance = config.read_values(stack, stored.values, stored.secret_keys).instance
    topology = plan(instance)
    objects = prepared_namespace(
        topology.namespace,
        instance.name,
        users=tuple(user or ()),
        service_accounts=tuple(service_account or ()),
        kinds=topology.custom_kinds,
    )
    typer.echo(yaml.safe_dump_all(objects, sort_keys=False), nl=False)
