"""List the subcommands of `heddle`, and load the module of one of them when it is called.

`heddle up` needs Pulumi's SDK, `heddle cluster` the local cluster, `heddle status` gRPC: each takes up to a
second to import. So `heddle --help` imports none of these modules and a subcommand only its own, and each of
them can import at its top what it uses.
"""

from collections.abc import Mapping
from pkgutil import resolve_name
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

__all__ = ["SUBCOMMANDS", "LazyGroup", "Subcommand"]


class Subcommand(NamedTuple):
    """Where a subcommand is defined, as `module:name`, and its help.

    The name is a function's, or that of a `typer.Typer` which groups functions.
    """

    target: str
    summary: str


SUBCOMMANDS: Mapping[str, Subcommand] = {
    "up": Subcommand("heddle.cli.run:up", "Make the network what the stack file says."),
    "preview": Subcommand(
        "heddle.cli.run:preview", "Say what `up` would change, on Kubernetes and on the ledger."
    ),
    "refresh": Subcommand(
        "heddle.cli.run:refresh", "Read the cluster and the ledger, and bring the state up to date with them."
    ),
    "destroy": Subcommand(
        "heddle.cli.run:destroy", "Delete everything the stack has; protected resources stay."
    ),
    "output": Subcommand("heddle.cli.output:output", "Print the outputs of a stack."),
    "status": Subcommand(
        "heddle.cli.status:status",
        "Show the state, nodes, heights and chaincodes; exit code 1 unless all is well.",
    ),
    "certificates": Subcommand(
        "heddle.cli.certificates:app",
        "Show when each certificate of a network ends; request certificates of authorities.",
    ),
    "monitoring": Subcommand(
        "heddle.cli.monitoring:app",
        "Watch a network with Prometheus and Grafana: an exporter, alarms, dashboards.",
    ),
    "log": Subcommand("heddle.cli.log:log", "List what was done to a stack, by whom and with what result."),
    "logs": Subcommand(
        "heddle.cli.logs:logs",
        "Show what orderers, peers, databases and chaincode servers log, in the order of time.",
    ),
    "sdk-config": Subcommand(
        "heddle.cli.sdkconfig:sdk_config",
        "Write connection profiles, certificates, and the MSP folders of the users that are named.",
    ),
    "access": Subcommand("heddle.cli.access:app", "Give people access: an identity and rights."),
    "doctor": Subcommand(
        "heddle.cli.doctor:doctor",
        "Check this machine, and a stack's file and cluster; exit code 1 if something needs doing.",
    ),
    "namespace": Subcommand(
        "heddle.cli.namespace:namespace",
        "Print the namespace of a stack and the rights in it, for `kubectl apply`.",
    ),
    "cluster": Subcommand("heddle.cli.cluster:app", "Run one-node Kubernetes clusters on this machine."),
    "channel": Subcommand(
        "heddle.cli.channel:app",
        "Show channels as their nodes have them now; sign and submit their configuration updates.",
    ),
    "chaincode": Subcommand("heddle.cli.chaincode:app", "Show, query and invoke chaincodes of a network."),
    "image": Subcommand("heddle.cli.image:app", "Make container images on this machine."),
    "quickstart": Subcommand(
        "heddle.cli.quickstart:app", "Bring up a first network in one go, and take it down."
    ),
    "runbook": Subcommand("heddle.cli.runbook:app", "Run playbooks for incidents."),
    "drill": Subcommand(
        "heddle.cli.drill:drill",
        "Rehearse an incident on a disposable stack: damage, alarm, runbook, proof.",
    ),
    "backup": Subcommand("heddle.cli.backup:app", "Make, list, check and restore backups of an instance."),
}


class LazyGroup(TyperGroup):
    """Group all subcommands: know their names and summaries at once, load one of them when it is called."""

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - what Typer gives a group
        listed = {
            name: TyperCommand(name=name, help=subcommand.summary) for name, subcommand in SUBCOMMANDS.items()
        }
        super().__init__(**{**attributes, "commands": listed})

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - Typer's private classes
        """Return the name, the loaded command and its arguments. Fails as Typer does for an unknown name."""
        name, _, rest = super().resolve_command(ctx, args)
        return name, _load(name) if name else None, rest


def _load(name: str) -> Any:  # noqa: ANN401 - Typer's private classes
    target, summary = SUBCOMMANDS[name]
    defined = resolve_name(target)
    if isinstance(defined, typer.Typer):
        command: Any = get_group(defined)
    else:
        single = typer.Typer(add_completion=False)
        single.command(name)(defined)
        command = get_command(single)
    command.help = summary
    return command
