"""`heddle channel list|show STACK`: channels as their nodes have them now; other verbs have own files."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from heddle.cli.channel_block import block
from heddle.cli.channel_request import request, sign
from heddle.cli.channel_submit import submit
from heddle.cli.options import HERE, Folder, Json, Stack
from heddle.quantities import show_size

if TYPE_CHECKING:
    from heddle.configtx.settings import ChannelSettings
    from heddle.network.channelfacts import NodeFact
    from heddle.network.instance import ChannelOutput
    from heddle.network.network import Network

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Channels as their nodes have them now; signatures for them.")
for verb in (block, request, sign, submit):
    app.command()(verb)


@app.command("list")
def list_(stack: Stack, json_: Json = False, folder: Folder = HERE) -> None:
    """Every channel: its organizations, its height, and who does not answer."""
    import asyncio

    from heddle.network.network import open_network

    network = open_network(stack, folder)
    found = asyncio.run(_all_facts(network))
    if json_:
        data = [
            {
                "name": channel.name,
                "organizations": list(channel.organizations),
                "nodes": [fact.json() for fact in facts],
            }
            for channel, facts in found
        ]
        typer.echo(json.dumps(data, indent=2))
        return
    table = Table("CHANNEL", "ORGANIZATIONS", "HEIGHT", "ORDERERS", "PEERS", box=None, header_style="bold")
    for channel, facts in found:
        orderers = [fact for fact in facts if fact.role != "peer"]
        peers = [fact for fact in facts if fact.role == "peer"]
        table.add_row(
            channel.name,
            ", ".join(channel.organizations),
            str(max((fact.height for fact in facts), default=0)),
            _share(orderers, "active"),
            _share(peers, "joined"),
        )
    Console().print(table)


@app.command()
def show(
    stack: Stack,
    channel: Annotated[str, typer.Argument(help="The channel; may be left out if there is one.")] = "",
    json_: Json = False,
    folder: Folder = HERE,
) -> None:
    """One channel: its configuration on the ledger, and how far each node is."""
    import asyncio

    from heddle.network.network import open_network

    network = open_network(stack, folder)
    chosen = network.instance.channel(channel or _only(list(network.instance.channels)))
    block, sequence, settings, facts = asyncio.run(_state(network, chosen))
    if json_:
        data = {
            "name": chosen.name,
            "genesisHash": chosen.genesis_hash,
            "configBlock": block,
            "sequence": sequence,
            "settings": _settings_json(settings),
            "nodes": [fact.json() for fact in facts],
        }
        typer.echo(json.dumps(data, indent=2))
        return
    console = Console(soft_wrap=True, highlight=False)
    for name, value in _settings_lines(chosen, block, sequence, settings):
        console.print(f"[bold]{name:<15}[/bold] {escape(value)}")
    console.print()
    console.print(_nodes_table(facts))
    for fact in facts:
        if fact.trouble:
            console.print(f"[yellow]![/yellow] {escape(fact.trouble)}")


async def _all_facts(
    network: "Network",
) -> list[tuple["ChannelOutput", tuple["NodeFact", ...]]]:
    from heddle.network.channelfacts import node_facts

    async with network.connections() as connections:
        return [
            (channel, await node_facts(connections, network, channel))
            for channel in network.instance.channels.values()
        ]


async def _state(
    network: "Network", channel: "ChannelOutput"
) -> tuple[int, int, "ChannelSettings", tuple["NodeFact", ...]]:
    """Number of the configuration block, its sequence, what it says, and the nodes."""
    from heddle.configtx.blocks import config_of
    from heddle.configtx.read import settings_of
    from heddle.network.channelfacts import first_config_block, node_facts

    async with network.connections() as connections:
        block = await first_config_block(connections, network, channel)
        config = config_of(block).config
        facts = await node_facts(connections, network, channel)
    return block.header.number, config.sequence, settings_of(config), facts


def _share(facts: Sequence["NodeFact"], state: str) -> str:
    well = sum(fact.state == state for fact in facts)
    rest = [f"{fact.node} {fact.state}" for fact in facts if fact.state != state]
    return f"{well}/{len(facts)} {state}" + (f" ({', '.join(rest)})" if rest else "")


def _only(names: list[str]) -> str:
    if len(names) != 1:
        raise typer.BadParameter(f"name one of: {', '.join(sorted(names)) or 'there is no channel'}")
    return names[0]


def _settings_lines(
    channel: "ChannelOutput", block: int, sequence: int, settings: "ChannelSettings"
) -> list[tuple[str, str]]:
    batch, level = settings.batch, settings.capabilities
    return [
        ("channel", channel.name),
        ("genesis", channel.genesis_hash),
        ("configuration", f"sequence {sequence}, block {block}"),
        (
            "batch",
            f"{batch.timeout}, {batch.max_message_count} messages, "
            f"{show_size(batch.preferred_max_bytes)} preferred, "
            f"{show_size(batch.absolute_max_bytes)} at most",
        ),
        ("consensus", _consensus(settings)),
        (
            "consenters",
            ", ".join(one.address + (f" (id {one.id})" if one.id else "") for one in settings.consenters),
        ),
        (
            "ordering",
            "; ".join(
                f"{one.name} ({one.msp.msp_id}): {', '.join(one.endpoints)}"
                for one in settings.orderer_organizations
            ),
        ),
        (
            "organizations",
            "; ".join(
                f"{one.name} ({one.msp.msp_id})"
                + (f", anchor {', '.join(one.anchor_peers)}" if one.anchor_peers else "")
                for one in settings.peer_organizations
            ),
        ),
        (
            "capabilities",
            f"channel {level.channel}, orderer {level.orderer}, application {level.application}",
        ),
    ]


def _consensus(settings: "ChannelSettings") -> str:
    from heddle.configtx.settings import BFT
    from heddle.quorum import fault_tolerance, quorum

    if settings.consensus != BFT:
        raft = settings.raft
        return f"Raft, tick {raft.tick_interval}, election after {raft.election_tick} ticks"
    count = len(settings.consenters)
    needed, may_fail = quorum(count, bft=True), fault_tolerance(count, bft=True)
    return f"BFT, blocks signed by {needed} of {count}, {may_fail} may fail"


def _settings_json(settings: "ChannelSettings") -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "batch": asdict(settings.batch),
        "consensus": settings.consensus,
        "raft" if settings.consensus == "etcdraft" else "bft": asdict(
            settings.raft if settings.consensus == "etcdraft" else settings.bft
        ),
        "capabilities": asdict(settings.capabilities),
        "consenters": [one.address for one in settings.consenters],
        "ordererOrganizations": [
            {"name": one.name, "mspId": one.msp.msp_id, "endpoints": list(one.endpoints)}
            for one in settings.orderer_organizations
        ],
        "peerOrganizations": [
            {"name": one.name, "mspId": one.msp.msp_id, "anchorPeers": list(one.anchor_peers)}
            for one in settings.peer_organizations
        ],
    }


def _nodes_table(facts: Sequence["NodeFact"]) -> Table:
    table = Table("NODE", "ROLE", "STATE", "HEIGHT", box=None, header_style="bold")
    for fact in facts:
        colour = "green" if fact.state in ("active", "joined") else "red"
        table.add_row(fact.node, fact.role, f"[{colour}]{fact.state}[/]", str(fact.height or "–"))
    return table
