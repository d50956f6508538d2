"""Show and call chaincodes through a peer's gateway: `heddle chaincode list|query|invoke STACK`."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console

from heddle.cli.options import HERE, Folder, Json, Stack, Timeout, named_values, only
from heddle.cli.printing import cell, listing, print_json, print_listing, print_text
from heddle.configtx.endorsement import policy_text
from heddle.fabric import gateway
from heddle.fabric.connection import Connections
from heddle.fabric.lifecycle import definitions
from heddle.fabric.node import Node
from heddle.network.facts import committed_chaincodes
from heddle.network.instance import ChannelOutput
from heddle.network.network import Network, node_of, open_network
from heddle.planner.operations import Operation

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True)

Answer = TypeVar("Answer")

Name = Annotated[str, typer.Option("--name", "-n", help="The chaincode; may be left out if there is one.")]
Channel = Annotated[
    str,
    typer.Option(
        "--channel", "-c", help="The channel; may be left out if the stack gives the chaincode only one."
    ),
]
Org = Annotated[
    str,
    typer.Option("--org", "-o", help="Use its peer and user; the channel's first organization if left out."),
]
User = Annotated[
    str,
    typer.Option(
        "--user", "-u", help="The user who signs: user, if left out, or admin. Of an access folder its own."
    ),
]
Peer = Annotated[str, typer.Option("--peer", help="The peer to ask; the organization's first if left out.")]
Transient = Annotated[
    list[str] | None,
    typer.Option("--transient", metavar="NAME=VALUE", help="Private input; no block has it. Again for more."),
]
TransientFile = Annotated[
    list[str] | None,
    typer.Option(
        "--transient-file",
        metavar="NAME=PATH",
        help="The same from a file, - is standard input: others see a command line. Again for more.",
    ),
]
Init = Annotated[
    bool, typer.Option("--init", help="The initialization that a chaincode with initRequired waits for.")
]
Function = Annotated[str, typer.Argument(metavar="FUNCTION", help="The chaincode's function.")]
Args = Annotated[list[str] | None, typer.Argument(metavar="ARGS", help="Its arguments.")]
SECONDS = 60.0
_LISTING = 10.0


@app.command("list")
def list_(
    stack: Stack,
    channel: Channel = "",
    timeout: Timeout = _LISTING,
    json_: Json = False,
    folder: Folder = HERE,
) -> None:
    """Show the definitions in force on each channel, and the organizations that have approved them."""
    network = open_network(stack, folder)
    instance = network.instance
    channels = [instance.channel(channel)] if channel else list(instance.channels.values())
    rows = asyncio.run(_rows(network, channels, timeout))
    if json_:
        print_json(rows)
        return
    table = listing("CHAINCODE", "CHANNEL", "VERSION", "SEQUENCE", "ENDORSEMENT", "APPROVED BY")
    for row in rows:
        *words, approvals = row.values()
        approved = ", ".join(msp for msp, yes in approvals.items() if yes)
        table.add_row(*(cell(str(each)) for each in (*words, approved)))
    print_listing(Console(), table)


@app.command()
def query(
    stack: Stack,
    function: Function,
    args: Args = None,
    name: Name = "",
    channel: Channel = "",
    org: Org = "",
    user: User = "",
    peer: Peer = "",
    transient: Transient = None,
    transient_file: TransientFile = None,
    timeout: Timeout = SECONDS,
    folder: Folder = HERE,
) -> None:
    """Ask the chaincode without a transaction, and print its answer."""
    private = _transient(transient, transient_file)
    call = _Call(open_network(stack, folder), name, channel, org, user, peer)
    arguments = [function, *(args or ())]
    sent = call.send(Operation.ASK, gateway.evaluate, arguments, transient=private, deadline=timeout)
    _print(asyncio.run(sent))


@app.command()
def invoke(
    stack: Stack,
    function: Function,
    args: Args = None,
    name: Name = "",
    channel: Channel = "",
    org: Org = "",
    user: User = "",
    peer: Peer = "",
    transient: Transient = None,
    transient_file: TransientFile = None,
    init: Init = False,
    timeout: Timeout = SECONDS,
    json_: Json = False,
    folder: Folder = HERE,
) -> None:
    """Submit a transaction, wait until it is committed, and print the chaincode's answer."""
    private = _transient(transient, transient_file)
    call = _Call(open_network(stack, folder), name, channel, org, user, peer)
    arguments = [function, *(args or ())]
    outcome = asyncio.run(
        call.send(
            Operation.INVOKE, gateway.invoke, arguments, transient=private, is_init=init, deadline=timeout
        )
    )
    commit = outcome.commit
    if json_:
        print_json(
            {
                "transactionId": commit.transaction_id,
                "block": commit.block,
                "code": commit.code,
                "result": outcome.payload.decode(errors="replace"),
            }
        )
        return
    _print(outcome.payload)
    typer.echo(f"committed in block {commit.block}: transaction {commit.transaction_id}", err=True)


class _Call:
    """Choose the channel, the peer to ask and the signer of a call, each where there is only one."""

    def __init__(self, network: Network, name: str, channel: str, org: str, user: str, peer: str) -> None:
        self._network, instance = network, network.instance
        self._name = name or only(instance.chaincodes, "--name")
        named = instance.chaincodes.get(self._name)
        channels = named.by_channel() if named else instance.channels
        self._channel = instance.channel(channel or only(channels, "--channel"))
        person = network.person
        organization = instance.organization(
            org or (person.organization if person else self._with_peers())
        ).name
        self._signer = network.signer(organization, user or (person.name if person else "user"))
        self._peer = self._chosen_peer(organization, peer)

    def _with_peers(self) -> str:
        """Return the first organization that acts for the channel, one with a peer on it if there is any."""
        acting = self._network.representatives(self._channel.name)
        return next((each for each in acting if each.peers), acting[0]).organization.name

    def _chosen_peer(self, organization: str, name: str) -> Node:
        peers = {each.name: each for each in self._network.instance.peers_of(organization, on=self._channel)}
        if not peers or (name and name not in peers):
            known = ", ".join(peers) or "no peer"
            found = f"--peer {name}: " if name else ""
            raise typer.BadParameter(
                f"{found}organization {organization} has on channel {self._channel.name}: {known}"
            )
        return node_of(peers[name] if name else next(iter(peers.values())))

    async def send(
        self,
        operation: Operation,
        verb: Callable[..., Awaitable[Answer]],
        arguments: Sequence[str],
        **options: object,
    ) -> Answer:
        """Return what a verb of the peer's gateway answers. Raises EngineError where a state forbids it.

        Raises BadParameter with the chaincodes there are for one that neither the stack nor the channel has.
        """
        async with self._network.connections(operation) as connections:
            await self._expect_known(connections)
            return await verb(
                connections, self._peer, self._signer, self._channel.name, self._name, arguments, **options
            )

    async def _expect_known(self, connections: Connections) -> None:
        """Ask the channel about a chaincode that is none of the stack's: another stack's may be there."""
        channel = self._channel.name
        if any(each.name == self._name for each in self._network.instance.chaincodes_on(channel)):
            return
        there = await definitions(connections, self._peer, channel, self._signer, deadline=_LISTING)
        known = sorted(each.name for each in there)
        if self._name not in known:
            names = ", ".join(known) or "no chaincode"
            raise typer.BadParameter(f"--name {self._name}: channel {channel} has: {names}")


async def _rows(network: Network, channels: Sequence[ChannelOutput], seconds: float) -> list[dict[str, Any]]:
    """Return the definitions in force on the channels, as JSON has them."""
    async with network.connections() as connections:
        return [
            {
                "name": each.definition.name,
                "channel": channel.name,
                "version": each.definition.version,
                "sequence": each.definition.sequence,
                "endorsementPolicy": policy_text(each.definition.validation_parameter)
                or "/Channel/Application/Endorsement",
                "approvals": dict(each.approvals),
            }
            for channel in channels
            for each in await committed_chaincodes(network, connections, channel.name, deadline=seconds)
        ]


def _transient(pairs: Sequence[str] | None, files: Sequence[str] | None) -> dict[str, bytes]:
    """Return the transient values by name, those of files byte for byte.

    Raises BadParameter for a text without `=` or a file that cannot be read, and repeats nothing private.
    """
    given = named_values(pairs, "--transient", "NAME=VALUE", private=True)
    values = {name: value.encode() for name, value in given}
    for name, path in named_values(files, "--transient-file", "NAME=PATH", private=True):
        try:
            values[name] = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        except OSError as error:
            raise typer.BadParameter(f"--transient-file: {path}: {error.strerror}") from None
    return values


def _print(payload: bytes) -> None:
    """Print an answer as text with a newline; as it is if it is none."""
    try:
        print_text(payload.decode())
    except UnicodeDecodeError:
        sys.stdout.buffer.write(payload)
