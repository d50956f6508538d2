"""Keep nodes of a set from releases that lack what their channels have in force."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from fabric_protos.common.common_pb2 import Block

from heddle.configtx.blocks import config_of
from heddle.configtx.read import settings_of
from heddle.configtx.settings import BFT, Capabilities, ChannelSettings
from heddle.errors import ConfigtxError, FabricError, IdentityError, ProviderError
from heddle.fabric import cscc
from heddle.fabric.node import Node
from heddle.fabric.orderer import config_block
from heddle.network.releases import ask_release
from heddle.planner.facts import NoAnswer, NodeFacts
from heddle.planner.releases import image_release_refusal, node_release_refusal, strongest_needs
from heddle.provider.rollout.look import NodeSet
from heddle.releases import BFT_ADVISED, Need, image_release

__all__ = ["SetReleases"]

_READING = 10.0
_CALL = 3.0
"""Seconds for a node that has just started: it is asked again."""


@dataclass(frozen=True, kw_only=True)
class SetReleases:
    """Hold what the channels of a set need of its nodes, and ask for what they run.

    levels: by channel, the capabilities in force, as far as a node hands them out.
    bft: whether any of the channels orders by BFT.
    """

    nodes: NodeSet
    levels: Mapping[str, Capabilities]
    bft: bool

    @classmethod
    async def of(cls, nodes: NodeSet) -> "SetReleases":
        """Read the channels' configurations from the nodes; one that nobody hands out is none yet."""
        names = nodes.inputs["channels"]
        read = await asyncio.gather(*(_settings(nodes, name) for name in names))
        found = {name: each for name, each in zip(names, read, strict=True) if each is not None}
        return cls(
            nodes=nodes,
            levels={name: each.capabilities for name, each in found.items()},
            bft=any(each.consensus == BFT for each in found.values()),
        )

    def need_of(self, name: str) -> Need | None:
        """Return what the channels of a node need of it; None where none is known to need anything."""
        channels = self.nodes.channels_of(name)
        levels = {channel: each for channel, each in self.levels.items() if channel in channels}
        return strongest_needs(self.nodes.inputs["kind"], levels)

    def expect_images(self) -> None:
        """Raise ProviderError for an image whose tag claims a release that the channels are past."""
        kind, images = self.nodes.inputs["kind"], self.nodes.inputs.get("images") or {}
        lines = [
            words
            for name, image in sorted(images.items())
            if (words := image_release_refusal(name, image, image_release(kind, image), self.need_of(name)))
        ]
        if lines:
            raise ProviderError(
                "\n  ".join(lines),
                hint="Nothing was restarted. Name an image of that release or a later one (`images`).",
            )

    def advice(self, names: Collection[str]) -> list[str]:
        """Return what speaks against the images of the nodes that restart, and does not forbid them."""
        kind, images = self.nodes.inputs["kind"], self.nodes.inputs.get("images") or {}
        claimed = {name: image_release(kind, images[name]) for name in names if name in images}
        old = [name for name, each in claimed.items() if each is not None and each.is_below(BFT_ADVISED)]
        if not self.bft or kind != "orderer" or not old:
            return []
        return [f"{', '.join(sorted(old))}: Fabric {BFT_ADVISED} or later is advised for BFT"]

    async def unfit(self, node: Node) -> str | None:
        """Return why the release that a restarted node says it runs does not do, "" if it does.

        None where it does not answer yet.
        """
        need = self.need_of(node.name)
        if need is None:
            return ""
        release = await ask_release(self.nodes.connections, node, self.nodes.operations_tls, deadline=_CALL)
        if isinstance(release, NoAnswer):
            return None
        kind = self.nodes.inputs["kind"]
        return node_release_refusal(NodeFacts(name=node.name, kind=kind, version=release), need)


async def _settings(nodes: NodeSet, channel: str) -> ChannelSettings | None:
    """Return a channel's settings as the first node hands them out that does; None: nobody does."""
    readers = {each.msp_id: each for each in nodes.readers}

    async def ask(node: Node) -> Block | None:
        reader = readers.get(node.msp_id)
        if reader is None:
            return None
        try:
            if nodes.inputs["kind"] == "orderer":
                return await config_block(nodes.connections, node, channel, reader, deadline=_READING)
            return await cscc.config_block(nodes.connections, node, channel, reader, deadline=_READING)
        except FabricError:
            return None

    on_it = [node for node in nodes.nodes if channel in nodes.channels_of(node.name)]
    blocks = [each for each in await asyncio.gather(*map(ask, on_it)) if each is not None]
    if not blocks:
        return None
    try:
        newest = max(blocks, key=lambda block: int(block.header.number))
        return settings_of(config_of(newest).config, channel=channel)
    except (ConfigtxError, IdentityError):
        return None
