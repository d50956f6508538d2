"""Know which other peers there are on a channel.

A small stand-in for gossip, between stand-ins only: each peer tells those that it knows of who it is and whom
it has heard lately, and begins with the anchor peers of the channel and `peer.gossip.bootstrap`. What a peer
says of itself is signed and carries the time, so that nobody can keep another one alive.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from fabric_protos.gossip import message_pb2

from heddle.configtx.members import Members
from heddle.configtx.policies import Identity
from heddle.embedded.fabric.access import SignedData
from heddle.embedded.fabric.channelconfig import ChannelConfig
from heddle.embedded.fabric.malformed import MALFORMED
from heddle.errors import HeddleError
from heddle.identity.keys import verify
from heddle.identity.signer import Signer

__all__ = ["Neighbour", "Neighbours", "one_of_each_first", "roots_of"]

LIFETIME = 20.0
"""Seconds after which a peer that has said nothing counts as gone."""


@dataclass(frozen=True, kw_only=True)
class Neighbour:
    """Another peer: where it listens, whose it is, and its signed word."""

    address: str
    msp_id: str
    signed: SignedData
    said: float


@dataclass(kw_only=True)
class Neighbours:
    """The peers of one channel, as one of them knows them.

    Args:
        signer: this peer.
        address: where it listens for others, `host:port`.
    """

    signer: Signer
    address: str
    _known: dict[str, Neighbour] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Neighbour]:
        """Yield the peers that were heard lately."""
        alive = time.time() - LIFETIME
        yield from [one for one in self._known.values() if one.said > alive]

    def words(self) -> list[message_pb2.Envelope]:
        """Return what this peer tells others: its own address, and the peers that it heard of."""
        alive = message_pb2.AliveMessage(identity=self.signer.serialized)
        alive.membership.endpoint = self.address
        alive.timestamp.inc_num = int(time.time() * 1000)
        content = message_pb2.GossipMessage(alive_msg=alive).SerializeToString()
        own = message_pb2.Envelope(payload=content, signature=self.signer.sign(content))
        heard = [
            message_pb2.Envelope(payload=one.signed.data, signature=one.signed.signature) for one in self
        ]
        return [own, *heard]

    def hear(self, words: Iterable[message_pb2.Envelope], config: ChannelConfig) -> None:
        """Take in what others tell; drop what no member of the channel has signed."""
        for envelope in words:
            found = _heard(envelope, config)
            if found is None or found.address == self.address:
                continue
            before = self._known.get(found.address)
            if before is None or found.said > before.said:
                self._known[found.address] = found


def _heard(envelope: message_pb2.Envelope, config: ChannelConfig) -> Neighbour | None:
    try:
        alive = message_pb2.GossipMessage.FromString(envelope.payload).alive_msg
        identity = Identity.parse(alive.identity)
        said = alive.timestamp.inc_num / 1000
        fresh = abs(time.time() - said) < LIFETIME
        if not fresh or not alive.membership.endpoint or not _is_peer(config, alive.identity, identity):
            return None
        if not verify(identity.certificate, envelope.payload, envelope.signature):
            return None
    except (*MALFORMED, HeddleError):
        return None
    return Neighbour(
        address=alive.membership.endpoint,
        msp_id=identity.msp_id,
        signed=SignedData(envelope.payload, alive.identity, envelope.signature),
        said=said,
    )


def _is_peer(config: ChannelConfig, serialized: bytes, identity: Identity) -> bool:
    if identity.msp_id not in config.peer_msps or config.identity_refusal(serialized):
        return False
    members = Members.of(config.config.channel_group).by_id
    return members[identity.msp_id].has_role(identity.certificate, "peer")


def roots_of(config: ChannelConfig, msp_id: str) -> bytes:
    """Return the roots of an organization's TLS certificates, a PEM bundle; empty for an unknown one."""
    for organization in config.settings.peer_organizations:
        msp = organization.msp
        if msp.msp_id == msp_id:
            return b"\n".join((*msp.tls_root_certificates, *msp.tls_intermediate_certificates))
    return b""


def one_of_each_first(neighbours: Sequence[Neighbour]) -> list[Neighbour]:
    """Return one peer of each organization, then the others, in their order."""
    first: dict[str, Neighbour] = {}
    for one in neighbours:
        first.setdefault(one.msp_id, one)
    return [*first.values(), *(one for one in neighbours if first[one.msp_id] is not one)]
