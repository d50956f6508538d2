"""Edit a live configuration so that it says what is wanted, and nothing else changes.

A value that already means what is wanted keeps its very bytes: map-bearing values serialize in many ways, and
another way would be a difference that needs signatures.
"""

from collections.abc import Callable, Iterable, Sequence

from fabric_protos.common import configtx_pb2, configuration_pb2
from fabric_protos.msp import msp_config_pb2
from fabric_protos.orderer.etcdraft import configuration_pb2 as etcdraft_pb2
from fabric_protos.peer import configuration_pb2 as peer_pb2

from heddle.configtx import bft, values
from heddle.configtx.checks import check_settings
from heddle.configtx.flat import ADDRESS, Flat, flatten, same
from heddle.configtx.genesis import orderer_group, peer_group
from heddle.configtx.merge import merge
from heddle.configtx.read import bft_options, consensus_kind, consensus_metadata, settings_of
from heddle.configtx.settings import BFT, ChannelSettings, Consenter, OrdererOrganization, PeerOrganization
from heddle.errors import ConfigtxError
from heddle.identity.msp import change_msp
from heddle.settings import BatchSettings

__all__ = ["apply_settings"]


def apply_settings(
    config: configtx_pb2.Config, settings: ChannelSettings, previous: ChannelSettings | None
) -> configtx_pb2.Config:
    """Return a copy of `config` that says what is wanted.

    Args:
        config: the channel's live configuration.
        settings: what is wanted.
        previous: the settings applied last. Changes by others since then are kept; with None they are not.

    Raises:
        ConfigtxError: settings that no node would accept, or that contradict what others changed.
        IdentityError: an MSP that no node would accept, or a change of an MSP id.
    """
    check_settings(settings)
    live = settings_of(config, channel=settings.channel)
    if live.consensus != settings.consensus:
        raise ConfigtxError(
            f"channel {settings.channel}: its consensus is {live.consensus}, wanted {settings.consensus}",
            hint="A channel keeps its consensus. Make a new channel, or migrate by hand as Fabric's "
            "documentation on Raft to BFT migration says, and then write it here.",
        )
    target = merge(live, settings, previous)
    edited = configtx_pb2.Config()
    edited.CopyFrom(config)
    _Editor(flatten(live), flatten(target), edited.channel_group, target).run()
    return edited


class _Editor:
    """Edits a tree in one pass: each method edits its value if, and only if, one of its keys differs."""

    def __init__(
        self, live: Flat, wanted: Flat, root: configtx_pb2.ConfigGroup, target: ChannelSettings
    ) -> None:
        self.live = live
        self.wanted = wanted
        self.target = target
        self.root = root

    def run(self) -> None:
        self._capabilities()
        self._batch()
        self._consensus()
        self._addresses()
        self._organizations("Orderer", self.target.orderer_organizations, orderer_group, self._endpoints)
        self._organizations("Application", self.target.peer_organizations, peer_group, self._anchors)

    def _addresses(self) -> None:
        """Write the channel's own addresses; none as an empty value: more must sign to take it out."""
        wanted = self.target.orderer_addresses
        if self._changed(ADDRESS, *{key[1]: None for key in self.live if key[0] == ADDRESS}, *wanted):
            values.put(self.root, "OrdererAddresses", values.addresses(wanted))

    def _changed(self, part: str, *fields: str) -> list[str]:
        keys = ((part, field) for field in fields)
        return [key[1] for key in keys if not same(key, self.live.get(key), self.wanted.get(key))]

    def _capabilities(self) -> None:
        groups = {"channel": (), "orderer": ("Orderer",), "application": ("Application",)}
        for part, path in groups.items():
            if self._changed("capabilities", part):
                group = self.root
                for step in path:
                    group = group.groups[step]
                name = getattr(self.target.capabilities, part)
                values.put(group, "Capabilities", values.capabilities(name))

    def _batch(self) -> None:
        orderer = self.root.groups["Orderer"]
        batch = self.target.batch
        changed = self._changed("batch", *vars(batch))
        for message in values.BATCH:
            if values.held(message(), BatchSettings).keys() & changed:
                live = values.read(orderer, message.DESCRIPTOR.name, message())
                values.put(orderer, message.DESCRIPTOR.name, values.fill(live, batch, changed))

    def _consensus(self) -> None:
        nodes = {node.address: node for node in self.target.consenters}
        moved = bool(self._changed("consenter", *{**nodes, **self._live_consenters()}))
        if self.target.consensus == BFT:
            self._bft(nodes, moved)
        else:
            self._raft(nodes, moved)

    def _bft(self, nodes: dict[str, Consenter], moved: bool) -> None:
        orderer = self.root.groups["Orderer"]
        if self._changed("bft", *vars(self.target.bft)):
            kind = consensus_kind(orderer)
            message = bft.options_message(self.target.bft, bft_options(kind))
            kind.metadata = message.SerializeToString(deterministic=True)
            values.put(orderer, "ConsensusType", kind)
        if moved:
            bft.put_consenters(orderer, self._in_order(nodes))

    def _raft(self, nodes: dict[str, Consenter], moved: bool) -> None:
        options = self._changed("raft", *vars(self.target.raft))
        if not options and not moved:
            return
        orderer = self.root.groups["Orderer"]
        kind, metadata = consensus_metadata(orderer)
        values.fill(metadata.options, self.target.raft, options)
        del metadata.consenters[:]
        metadata.consenters.extend(
            etcdraft_pb2.Consenter(**values.place(node)) for node in self._in_order(nodes)
        )
        kind.metadata = metadata.SerializeToString(deterministic=True)
        values.put(orderer, "ConsensusType", kind)

    def _live_consenters(self) -> dict[str, None]:
        return {key[1]: None for key in self.live if key[0] == "consenter"}

    def _in_order(self, nodes: dict[str, Consenter]) -> list[Consenter]:
        # In the order of the channel, new ones last: Raft identifies them by certificate, people by place.
        names = [name for name in self._live_consenters() if name in nodes]
        return [nodes[name] for name in [*names, *(name for name in nodes if name not in names)]]

    def _organizations(
        self,
        section: str,
        organizations: Sequence[OrdererOrganization | PeerOrganization],
        build: Callable[..., configtx_pb2.ConfigGroup],
        edit_addresses: Callable[..., None],
    ) -> None:
        groups = self.root.groups[section].groups
        kind = "orderer organization" if section == "Orderer" else "peer organization"
        for name in set(groups) - {organization.name for organization in organizations}:
            del groups[name]
        for organization in organizations:
            key = (kind, organization.name, "msp")
            if key not in self.live:
                groups[organization.name].CopyFrom(build(organization))
                continue
            group = groups[organization.name]
            if not same(key, self.live[key], organization.msp):
                old = values.read(group, "MSP", msp_config_pb2.MSPConfig())
                values.put(group, "MSP", change_msp(old, organization.msp))
            edit_addresses(group, organization)

    def _endpoints(self, group: configtx_pb2.ConfigGroup, organization: OrdererOrganization) -> None:
        old = values.read(group, "Endpoints", configuration_pb2.OrdererAddresses()).addresses
        if set(old) != set(organization.endpoints):
            values.put(group, "Endpoints", values.addresses(_in_old_order(old, organization.endpoints)))

    def _anchors(self, group: configtx_pb2.ConfigGroup, organization: PeerOrganization) -> None:
        message = values.read(group, "AnchorPeers", peer_pb2.AnchorPeers())
        old = [f"{anchor.host}:{anchor.port}" for anchor in message.anchor_peers]
        if set(old) != set(organization.anchor_peers):
            values.put(
                group, "AnchorPeers", values.anchor_peers(_in_old_order(old, organization.anchor_peers))
            )


def _in_old_order(old: Iterable[str], new: Sequence[str]) -> list[str]:
    kept = [item for item in old if item in new]
    return kept + [item for item in new if item not in kept]
