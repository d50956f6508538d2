"""Show and call chaincodes through a peer's gateway: `heddle chaincode list|query|invoke STACK`."""

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from heddle.cli.options import HERE, Folder, Json, Stack
from heddle.cli.printing import cell
from heddle.configtx.endorsement import policy_text
from heddle.fabric import gateway
from heddle.fabric.definition import Committed
from heddle.fabric.node import Node
from heddle.fabric.transactions import Outcome
from heddle.identity.signer import Signer
from heddle.network.facts import committed_chaincodes
from heddle.network.instance import ChannelOutput
from heddle.network.network import Network, node_of, open_network
from heddle.text import without_controls

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True)

Name = Annotated[str, typer.Option("--name", "-n", help="The chaincode; may be left out if there is one.")]
Channel = Annotated[str, typer.Option("--channel", "-c", help="The channel; that of the stack if left out.")]
Org = Annotated[
    str,
    typer.Option("--org", "-o", help="Use its peer and user; the channel's first organization if left out."),
]
User = Annotated[str, typer.Option("--user", "-u", help="The user who signs: user or admin.")]
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
Timeout = Annotated[float, typer.Option("--timeout", min=0.1, help="Seconds for all of it.")]
Function = Annotated[str, typer.Argument(metavar="FUNCTION", help="The chaincode's function.")]
Args = Annotated[list[str] | None, typer.Argument(metavar="ARGS…", help="Its arguments.")]
SECONDS = 60.0


@app.command("list")
def list_(stack: Stack, channel: Channel = "", json_: Json = False, folder: Folder = HERE) -> None:
    """Show the definitions in force on each channel, and the organizations that have approved them."""
    network = open_network(stack, folder)
    instance = network.instance
    channels = [instance.channel(channel)] if channel else list(instance.channels.values())
    rows = [
        _row(one.name, committed)
        for one, found in asyncio.run(_definitions(network, channels))
        for committed in found
    ]
    if json_:
        typer.echo(json.dumps(rows, indent=2))
        return
    table = Table(
        *("CHAINCODE", "CHANNEL", "VERSION", "SEQUENCE", "ENDORSEMENT", "APPROVED BY"),
        box=None,
        header_style="bold",
    )
    for row in rows:
        approved = ", ".join(msp for msp, yes in row["approvals"].items() if yes)
        table.add_row(
            cell(row["name"]),
            cell(row["channel"]),
            cell(row["version"]),
            str(row["sequence"]),
            cell(row["endorsementPolicy"]),
            cell(approved),
        )
    Console().print(table)


@app.command()
def query(
    stack: Stack,
    function: Function,
    args: Args = None,
    name: Name = "",
    channel: Channel = "",
    org: Org = "",
    user: User = "user",
    peer: Peer = "",
    transient: Transient = None,
    transient_file: TransientFile = None,
    timeout: Timeout = SECONDS,
    folder: Folder = HERE,
) -> None:
    """Ask the chaincode without a transaction, and print its answer."""
    private = _transient(transient, transient_file)
    call = _Call(open_network(stack, folder), name, channel, org, user, peer, private)
    _print(asyncio.run(call.query([function, *(args or ())], timeout)))


@app.command()
def invoke(
    stack: Stack,
    function: Function,
    args: Args = None,
    name: Name = "",
    channel: Channel = "",
    org: Org = "",
    user: User = "user",
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
    call = _Call(open_network(stack, folder), name, channel, org, user, peer, private)
    outcome = asyncio.run(call.invoke([function, *(args or ())], timeout, is_init=init))
    commit = outcome.commit
    if json_:
        data = {
            "transactionId": commit.transaction_id,
            "block": commit.block,
            "code": commit.code,
            "result": outcome.payload.decode(errors="replace"),
        }
        typer.echo(json.dumps(data, indent=2))
        return
    _print(outcome.payload)
    typer.echo(f"committed in block {commit.block}: transaction {commit.transaction_id}", err=True)


class _Call:
    """A chaincode on a channel, the peer to ask, and the signer; chosen where there is only one."""

    def __init__(
        self,
        network: Network,
        name: str,
        channel: str,
        org: str,
        user: str,
        peer: str,
        transient: Mapping[str, bytes],
    ) -> None:
        self.network, self.transient = network, transient
        self.instance = instance = network.instance
        self.name = name or _only(list(instance.chaincodes), "--name")
        if not channel and self.name in instance.chaincodes:
            channel = instance.chaincodes[self.name].channel
        self.channel = instance.channel(channel or _only(list(instance.channels), "--channel"))
        self.organization = instance.organization(org or self._with_peers())
        self.signer: Signer = network.signer(self.organization.name, user)
        self.peer: Node = self._peer(peer)

    def _with_peers(self) -> str:
        """Return the first organization that acts for the channel, one with a peer on it if there is any."""
        acting = self.network.representatives(self.channel.name)
        return next((each for each in acting if each.peers), acting[0]).organization.name

    def _peer(self, name: str) -> Node:

        there = {
            one.name: one
            for one in self.instance.peers_of(self.organization.name)
            if one.name in self.channel.peers
        }
        if not there or (name and name not in there):
            raise typer.BadParameter(
                f"{self.organization.name} has on {self.channel.name}: {', '.join(there) or 'no peer'}"
            )
        return node_of(there[name] if name else next(iter(there.values())))

    async def query(self, arguments: Sequence[str], seconds: float) -> bytes:
        """Evaluate through the peer's gateway."""
        async with self.network.connections() as connections:
            return await gateway.evaluate(
                connections,
                self.peer,
                self.signer,
                self.channel.name,
                self.name,
                arguments,
                transient=self.transient,
                deadline=seconds,
            )

    async def invoke(self, arguments: Sequence[str], seconds: float, *, is_init: bool) -> Outcome:
        """Endorse, submit and await the commit through the peer's gateway."""
        async with self.network.connections() as connections:
            return await gateway.invoke(
                connections,
                self.peer,
                self.signer,
                self.channel.name,
                self.name,
                arguments,
                transient=self.transient,
                is_init=is_init,
                deadline=seconds,
            )


async def _definitions(
    network: Network, channels: Sequence[ChannelOutput]
) -> list[tuple[ChannelOutput, list[Committed]]]:
    async with network.connections() as connections:
        return [
            (channel, await committed_chaincodes(network, connections, channel.name, deadline=10))
            for channel in channels
        ]


def _row(channel: str, committed: Committed) -> dict[str, Any]:

    wanted = committed.definition
    return {
        "name": wanted.name,
        "channel": channel,
        "version": wanted.version,
        "sequence": wanted.sequence,
        "endorsementPolicy": policy_text(wanted.validation_parameter) or "/Channel/Application/Endorsement",
        "approvals": dict(committed.approvals),
    }


def _transient(pairs: Sequence[str] | None, files: Sequence[str] | None) -> dict[str, bytes]:
    """Return the transient values by name, those of files byte for byte.

    Raises BadParameter for a text without `=` or a file that cannot be read, and repeats nothing private.
    """
    values = {name: value.encode() for name, value in _named(pairs, "--transient", "VALUE")}
    for name, path in _named(files, "--transient-file", "PATH"):
        try:
            values[name] = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        except OSError as error:
            raise typer.BadParameter(f"--transient-file: {path}: {error.strerror}") from None
    return values


def _named(pairs: Sequence[str] | None, option: str, what: str) -> list[tuple[str, str]]:
    split = [pair.partition("=") for pair in pairs or ()]
    if not all(name and sign for name, sign, _ in split):
        raise typer.BadParameter(f"{option}: each is NAME={what}")
    return [(name, value) for name, _, value in split]


def _only(names: list[str], option: str) -> str:
    if len(names) != 1:
        raise typer.BadParameter(f"{option}: name one of: {', '.join(sorted(names)) or '(there is none)'}")
    return names[0]


def _print(payload: bytes) -> None:
    """Print as text with a newline, as it is if it is none; a terminal gets no signs that move its cursor."""
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        sys.stdout.buffer.write(payload)
    else:
        typer.echo(without_controls(text) if sys.stdout.isatty() else text)
