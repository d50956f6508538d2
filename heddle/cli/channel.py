"""Run `heddle channel list|show STACK`: channels as their nodes have them now; other verbs have own files."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from heddle.cli.channel_block import block
from heddle.cli.channel_request import request, sign
from heddle.cli.channel_settings import settings, settings_table
from heddle.cli.channel_submit import submit
from heddle.cli.channel_verify import verify
from heddle.cli.options import HERE, Folder, Json, Stack, Timeout, only
from heddle.cli.printing import cell, listing, print_json, print_lies, print_listing, print_pairs
from heddle.configtx.blocks import config_of
from heddle.configtx.read import settings_of
from heddle.configtx.settings import BFT, ChannelSettings
from heddle.network.blocks import read_config_block
from heddle.network.facts import node_facts
from heddle.network.instance import ChannelOutput
from heddle.network.network import Network, open_network
from heddle.network.status import ChannelNode, channel_nodes
from heddle.quorum import fault_tolerance, quorum

__all__ = ["app"]

_SECONDS = 10.0
"""Seconds for one node: long enough for a busy one, short enough to wait for one that is away."""

app = typer.Typer(no_args_is_help=True, help="Channels as their nodes have them now; signatures for them.")
for verb in (block, request, settings, sign, submit, verify):
    app.command()(verb)


@app.command("list")
def list_(stack: Stack, timeout: Timeout = _SECONDS, json_: Json = False, folder: Folder = HERE) -> None:
    """List every channel: its organizations, its height, and the nodes that do not answer."""
    network = open_network(stack, folder)
    found = asyncio.run(_all_nodes(network, timeout))
    channels = network.instance.channels.values()
    if json_:
        print_json(
            [
                {
                    "name": channel.name,
                    "organizations": list(channel.organizations),
                    "nodes": [asdict(node) for node in found[channel.name]],
                }
                for channel in channels
            ]
        )
        return
    table = listing("CHANNEL", "ORGANIZATIONS", "HEIGHT", "ORDERERS", "PEERS")
    for channel in channels:
        nodes = found[channel.name]
        table.add_row(
            cell(channel.name),
            cell(", ".join(channel.organizations)),
            str(max((node.height for node in nodes), default=0)),
            cell(_share([node for node in nodes if node.role != "peer"], "active")),
            cell(_share([node for node in nodes if node.role == "peer"], "joined")),
        )
    print_listing(Console(), table)


@app.command()
def show(
    stack: Stack,
    channel: Annotated[
        str, typer.Argument(metavar="CHANNEL", help="The channel; may be left out if there is one.")
    ] = "",
    json_: Json = False,
    folder: Folder = HERE,
) -> None:
    """Show one channel: its configuration on the ledger, and how far each node is."""
    network = open_network(stack, folder)
    chosen = network.instance.channel(channel or only(network.instance.channels))
    block, sequence, found, nodes = asyncio.run(_state(network, chosen.name))
    new, written = network.instance.new_channels, found.written()
    if json_:
        print_json(
            {
                "name": chosen.name,
                "genesisHash": chosen.genesis_hash,
                "configBlock": block,
                "sequence": sequence,
                "settings": _settings_json(found),
                "inForce": written,
                "newChannels": new,
                "nodes": [asdict(node) for node in nodes],
            }
        )
        return
    console = Console(soft_wrap=True, highlight=False)
    print_pairs(_settings_lines(chosen, block, sequence, found))
    console.print()
    print_listing(console, settings_table(new, {chosen.name: written}, title="IN FORCE"))
    console.print()
    print_listing(console, _nodes_table(nodes))
    for node in nodes:
        if node.trouble:
            console.print(Text.assemble((node.node, "red"), ": ", cell(node.trouble)))


async def _all_nodes(network: Network, seconds: float) -> dict[str, tuple[ChannelNode, ...]]:
    """Return the nodes of every channel, by its name."""
    names = list(network.instance.channels)
    async with network.connections() as connections:
        facts = await node_facts(network, connections, names, deadline=seconds)
    return {name: channel_nodes(facts, name) for name in names}


async def _state(network: Network, channel: str) -> tuple[int, int, ChannelSettings, tuple[ChannelNode, ...]]:
    """Return the number of the configuration block, its sequence, what it says, and the nodes."""
    history = network.history(channel)
    async with network.connections() as connections:
        block = await read_config_block(network, connections, history)
        config = config_of(block).config
        facts = await node_facts(network, connections, [channel], deadline=_SECONDS)
    print_lies(history.refused)
    return block.header.number, config.sequence, settings_of(config), channel_nodes(facts, channel)


def _share(nodes: Sequence[ChannelNode], state: str) -> str:
    well = sum(node.state == state for node in nodes)
    rest = [f"{node.node} {node.state}" for node in nodes if node.state != state]
    return f"{well}/{len(nodes)} {state}" + (f" ({', '.join(rest)})" if rest else "")


def _settings_lines(
    channel: ChannelOutput, block: int, sequence: int, settings: ChannelSettings
) -> list[tuple[str, str]]:
    consenters = (each.address + (f" (id {each.id})" if each.id else "") for each in settings.consenters)
    ordering = (
        f"{each.name} ({each.msp.msp_id}): {', '.join(each.endpoints)}"
        for each in settings.orderer_organizations
    )
    members = (
        f"{each.name} ({each.msp.msp_id})"
        + (f", anchor {', '.join(each.anchor_peers)}" if each.anchor_peers else "")
        for each in settings.peer_organizations
    )
    return [
        ("channel", channel.name),
        ("genesis", channel.genesis_hash),
        ("configuration", f"sequence {sequence}, block {block}"),
        ("consensus", _consensus(settings)),
        ("consenters", ", ".join(consenters)),
        ("ordering", "; ".join(ordering)),
        ("organizations", "; ".join(members)),
    ]


def _consensus(settings: ChannelSettings) -> str:
    if settings.consensus != BFT:
        raft = settings.raft
        return f"Raft, tick {raft.tick_interval}, election after {raft.election_tick} ticks"
    count = len(settings.consenters)
    needed, may_fail = quorum(count, bft=True), fault_tolerance(count, bft=True)
    return f"BFT, blocks signed by {needed} of {count}, {may_fail} may fail"


def _settings_json(settings: ChannelSettings) -> dict[str, Any]:
    bft = settings.consensus == BFT
    return {
        "batch": asdict(settings.batch),
        "consensus": settings.consensus,
        "bft" if bft else "raft": asdict(settings.bft if bft else settings.raft),
        "capabilities": asdict(settings.capabilities),
        "consenters": [each.address for each in settings.consenters],
        "ordererOrganizations": [
            {"name": each.name, "mspId": each.msp.msp_id, "endpoints": list(each.endpoints)}
            for each in settings.orderer_organizations
        ],
        "peerOrganizations": [
            {"name": each.name, "mspId": each.msp.msp_id, "anchorPeers": list(each.anchor_peers)}
            for each in settings.peer_organizations
        ],
    }


def _nodes_table(nodes: Sequence[ChannelNode]) -> Table:
    table = listing("NODE", "ROLE", "STATE", "HEIGHT")
    for node in nodes:
        colour = "green" if node.state in ("active", "joined") else "red"
        table.add_row(cell(node.node), cell(node.role), cell(node.state, colour), str(node.height or "–"))
    return table
