"""Talk to other stand-in peers: which peers are known, and private data for those who may have them.

Source: gossip/privdata/{distributor,coordinator,pull,reconcile}.go (Fabric 3.1.5), in their simplest form:
endorsers push, who misses something pulls, and goes on asking. Messages are Fabric's gossip messages, the
service is the stand-ins' own.
"""

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import grpc.aio
from fabric_protos.common import common_pb2
from fabric_protos.gossip import message_pb2

from heddle.configtx.policies import valid_identities
from heddle.embedded.fabric.access import SignedData
from heddle.embedded.fabric.malformed import MALFORMED
from heddle.embedded.fabric.peer.chaincode import ChaincodeError
from heddle.embedded.fabric.peer.channel import PeerChannel
from heddle.embedded.fabric.peer.collections import Collection, collection_of, is_member
from heddle.embedded.fabric.peer.definitions import Committed
from heddle.embedded.fabric.peer.neighbours import Neighbour, Neighbours, one_of_each_first, roots_of
from heddle.embedded.fabric.peer.privatestore import Part, verified
from heddle.embedded.fabric.peer.transaction import Endorsed, Headers, endorsed
from heddle.embedded.fabric.rpc import Dialled
from heddle.identity.signer import Signer

__all__ = ["METHODS", "SERVICE", "Exchange"]

_LOG = logging.getLogger("peer.exchange")
SERVICE = "heddle.StandinPeers"
METHODS = ("Members", "Push", "Pull")
"""All take and return a `gossip.Envelope` over a `gossip.GossipMessage`."""
_PATIENCE = 3.0
"""Seconds for another peer to answer (peer.gossip.pvtData.pushAckTimeout)."""
_EAGER, _CALM = 1.0, 5.0
"""Seconds between rounds: while somebody is missing, and else."""


@dataclass(kw_only=True)
class Exchange:
    """Talk to the other peers on all channels of one peer.

    Args:
        signer: this peer.
        address: where others reach it, `host:port`.
        bootstrap: peers of its own organization to ask first.
        dialled: ways to them.
    """

    signer: Signer
    address: str
    bootstrap: Sequence[str]
    dialled: Dialled
    _channels: dict[str, tuple[PeerChannel, Neighbours]] = field(default_factory=dict)

    def add(self, channel: PeerChannel) -> None:
        """Begin to talk about a channel."""
        neighbours = Neighbours(signer=self.signer, address=self.address)
        self._channels[channel.name] = (channel, neighbours)

    def neighbours(self, channel: PeerChannel) -> list[Neighbour]:
        """Return the other peers of a channel."""
        return list(self._channels[channel.name][1])

    # --- rounds

    async def rounds(self, channel: PeerChannel) -> None:
        """Tell and hear, and fetch what is missing, until cancelled."""
        while True:
            await self._tell(channel)
            complete = await self.reconcile(channel)
            organizations = {one.msp_id for one in self.neighbours(channel)} | {self.signer.msp_id}
            calm = complete and organizations >= set(channel.config.peer_msps)
            await asyncio.sleep(_CALM if calm else _EAGER)

    async def _tell(self, channel: PeerChannel) -> None:
        _, neighbours = self._channels[channel.name]
        addresses = {one.address: one.msp_id for one in neighbours}
        addresses.update(dict.fromkeys(self.bootstrap, self.signer.msp_id))
        for organization in channel.config.settings.peer_organizations:
            addresses.update(dict.fromkeys(organization.anchor_peers, organization.msp.msp_id))
        addresses.pop(self.address, None)
        words = message_pb2.MembershipResponse(alive=neighbours.words())
        message = message_pb2.GossipMessage(channel=channel.name.encode(), mem_res=words)
        asked = (
            self._ask("Members", channel, address, msp_id, message) for address, msp_id in addresses.items()
        )
        for answer in await asyncio.gather(*asked):
            if answer is not None:
                neighbours.hear(answer.mem_res.alive, channel.config)

    # --- private data: out

    async def distribute(
        self, channel: PeerChannel, transaction_id: str, parts: Mapping[tuple[str, str], bytes]
    ) -> None:
        """Keep what was endorsed, and give it to other members. Raises ChaincodeError if too few took it."""
        for (namespace, name), content in parts.items():
            channel.private.endorsed(transaction_id, namespace, name, content)
            collection = self._collection(channel, namespace, name)
            if collection is not None:
                await self._push(channel, transaction_id, namespace, collection, content)

    async def _push(
        self,
        channel: PeerChannel,
        transaction_id: str,
        namespace: str,
        collection: Collection,
        content: bytes,
    ) -> None:
        eligible = self._members(channel, collection)
        required = collection.required_peer_count
        if len(eligible) < required:
            raise ChaincodeError(
                f"could not build private data dissemination plan for chaincode {namespace} and collection "
                f"{collection.name}: required to disseminate to at least {required} peers, "
                f"but know of only {len(eligible)} eligible peers"
            )
        message = message_pb2.GossipMessage(channel=channel.name.encode())
        payload = message.private_data.payload
        payload.tx_id, payload.namespace, payload.collection_name = transaction_id, namespace, collection.name
        payload.private_rwset = content
        chosen = one_of_each_first(eligible)[: collection.maximum_peer_count]
        sent = (self._ask("Push", channel, one.address, one.msp_id, message) for one in chosen)
        taken = sum(answer is not None for answer in await asyncio.gather(*sent))
        if taken < min(required, len(chosen)):
            failed = len(chosen) - taken
            words = f"Failed disseminating {failed} out of {len(chosen)} private dissemination plans"
            raise ChaincodeError(words)

    # --- private data: in

    async def gather(self, channel: PeerChannel, block: common_pb2.Block) -> dict[Part, bytes]:
        """Return the private data of a block's transactions that this peer should have and can get."""
        found: dict[Part, bytes] = {}
        for index, headers, transaction in _transactions(block):
            for namespace, hashes in transaction.private_parts():
                if not self._entitled(channel, namespace, hashes.name):
                    continue
                part = Part(block.header.number, index, namespace, hashes.name)
                content = channel.private.get(part) or channel.private.expected(
                    headers.channel.tx_id, namespace, hashes.name
                )
                if content is None or not verified(content, hashes):
                    content = await self._pull(channel, headers.channel.tx_id, part, transaction)
                if content is not None:
                    found[part] = content
        return found

    async def reconcile(self, channel: PeerChannel) -> bool:
        """Ask once more for what is missing and this peer may have; whether nothing is left of it.

        Also of collections that its organization was added to since.
        """
        wanted = {(part.namespace, part.collection) for part in channel.missing}
        entitled = {names for names in wanted if self._entitled(channel, *names)}
        for part in sorted(channel.missing):
            if (part.namespace, part.collection) in entitled:
                transaction = channel.transaction(part.block, part.transaction)
                content = await self._pull(channel, "", part, transaction)
                if content is None:
                    return False
                channel.add_private(part, content)
        return True

    async def _pull(
        self, channel: PeerChannel, transaction_id: str, part: Part, transaction: Endorsed
    ) -> bytes | None:
        collection = self._collection(channel, part.namespace, part.collection)
        if collection is None:
            return None
        [hashes] = [
            one for one in transaction.sets[part.namespace].collections if one.name == part.collection
        ]
        message = message_pb2.GossipMessage(channel=channel.name.encode())
        message.privateReq.digests.add(
            tx_id=transaction_id,
            namespace=part.namespace,
            collection=part.collection,
            block_seq=part.block,
            seq_in_block=part.transaction,
        )
        for one in self._members(channel, collection):
            answer = await self._ask("Pull", channel, one.address, one.msp_id, message)
            for element in answer.privateRes.elements if answer else ():
                for content in element.payload:
                    if verified(content, hashes):
                        return bytes(content)
        return None

    def _entitled(self, channel: PeerChannel, namespace: str, name: str) -> bool:
        collection = self._collection(channel, namespace, name)
        own = SignedData(b"", self.signer.serialized, self.signer.sign(b""))
        return collection is not None and is_member(channel.config, collection, own)

    def _members(self, channel: PeerChannel, collection: Collection) -> list[Neighbour]:
        return [one for one in self.neighbours(channel) if is_member(channel.config, collection, one.signed)]

    @staticmethod
    def _collection(channel: PeerChannel, namespace: str, name: str) -> Collection | None:
        return collection_of(channel.config, Committed(channel.state), namespace, name)

    # --- messages

    async def _ask(
        self, method: str, channel: PeerChannel, address: str, msp_id: str, message: message_pb2.GossipMessage
    ) -> message_pb2.GossipMessage | None:
        """Return the answer; None when there is none, whatever the reason."""
        call = self.dialled.to(address, roots_of(channel.config, msp_id)).unary_unary(
            f"/{SERVICE}/{method}",
            request_serializer=common_pb2.Envelope.SerializeToString,
            response_deserializer=message_pb2.GossipMessage.FromString,
        )
        payload = common_pb2.Payload(data=message.SerializeToString())
        payload.header.signature_header = common_pb2.SignatureHeader(
            creator=self.signer.serialized
        ).SerializeToString()
        content = payload.SerializeToString()
        envelope = common_pb2.Envelope(payload=content, signature=self.signer.sign(content))
        try:
            answer: message_pb2.GossipMessage = await call(envelope, timeout=_PATIENCE)
        except grpc.aio.AioRpcError as error:
            _LOG.debug("%s: %s: %s", address, method, error.details())
            return None
        return answer

    async def answer(self, method: str, envelope: common_pb2.Envelope) -> message_pb2.GossipMessage:
        """Answer another peer. Raises PermissionError if it may not ask, ValueError for nonsense."""
        payload = common_pb2.Payload.FromString(envelope.payload)
        message = message_pb2.GossipMessage.FromString(payload.data)
        creator = common_pb2.SignatureHeader.FromString(payload.header.signature_header).creator
        signed = SignedData(envelope.payload, creator, envelope.signature)
        if message.channel.decode() not in self._channels:
            raise PermissionError("no such channel")
        channel, neighbours = self._channels[message.channel.decode()]
        if not valid_identities(channel.config.config.channel_group, [signed]):
            raise PermissionError("no member of the channel")
        if method == "Members":
            neighbours.hear(message.mem_res.alive, channel.config)
            words = message_pb2.MembershipResponse(alive=neighbours.words())
            return message_pb2.GossipMessage(mem_res=words)
        if method == "Push":
            given = message.private_data.payload
            channel.private.endorsed(given.tx_id, given.namespace, given.collection_name, given.private_rwset)
            return message_pb2.GossipMessage(ack=message_pb2.Acknowledgement())
        return self._give(channel, message.privateReq, signed)

    def _give(
        self, channel: PeerChannel, request: message_pb2.RemotePvtDataRequest, signed: SignedData
    ) -> message_pb2.GossipMessage:
        answer = message_pb2.GossipMessage()
        for digest in request.digests:
            collection = self._collection(channel, digest.namespace, digest.collection)
            if collection is None or not is_member(channel.config, collection, signed):
                continue
            part = Part(digest.block_seq, digest.seq_in_block, digest.namespace, digest.collection)
            content = channel.private.get(part)
            if content is None and digest.tx_id:
                content = channel.private.expected(digest.tx_id, digest.namespace, digest.collection)
            if content is not None:
                answer.privateRes.elements.add(digest=digest, payload=[content])
        return answer


def _transactions(block: common_pb2.Block) -> Iterator[tuple[int, Headers, Endorsed]]:
    """Yield the transactions with read-write sets, with their places; validation refuses malformed ones."""
    for index, data in enumerate(block.data.data):
        try:
            headers = Headers.of(common_pb2.Envelope.FromString(data))
            if headers.channel.type == common_pb2.ENDORSER_TRANSACTION:
                yield index, headers, endorsed(headers)
        except (*MALFORMED, IndexError):
            continue
