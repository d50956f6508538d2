"""Pick a block's private data for a client: of each transaction the collections whose member it is.

Source: core/peer/deliverevents.go, blockAndPrivateDataResponseSender (Fabric 3.1.5).
"""

from collections.abc import AsyncIterator

from fabric_protos.common import common_pb2
from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.peer import events_pb2

from heddle.configtx.filters import envelope_signed_data
from heddle.embedded.fabric.access import SignedData
from heddle.embedded.fabric.peer.channel import PeerChannel
from heddle.embedded.fabric.peer.collections import collection_of, is_member
from heddle.embedded.fabric.peer.definitions import Committed

__all__ = ["Asked", "disclosed"]


class Asked:
    """A client's requests as they are read, and whose the newest is: it is the one being answered."""

    def __init__(self, requests: AsyncIterator[common_pb2.Envelope]) -> None:
        self._requests = requests
        self._newest = common_pb2.Envelope()

    async def __aiter__(self) -> AsyncIterator[common_pb2.Envelope]:
        """Yield the requests one by one."""
        async for envelope in self._requests:
            self._newest = envelope
            yield envelope

    @property
    def signed(self) -> SignedData:
        """Return the signed data of a request that delivery has accepted."""
        return envelope_signed_data(self._newest)


def disclosed(
    channel: PeerChannel, block: common_pb2.Block, signed: SignedData
) -> events_pb2.BlockAndPrivateData:
    """Return the block, and by a transaction's place the data that the signer may see and this peer has."""
    both = events_pb2.BlockAndPrivateData(block=block)
    for part, content in channel.private.of_block(block.header.number):
        collection = collection_of(channel.config, Committed(channel.state), part.namespace, part.collection)
        if collection is None or not is_member(channel.config, collection, signed):
            continue
        found = both.private_data_map[part.transaction]
        found.data_model = rwset_pb2.TxReadWriteSet.KV
        of = next((one for one in found.ns_pvt_rwset if one.namespace == part.namespace), None)
        of = of or found.ns_pvt_rwset.add(namespace=part.namespace)
        of.collection_pvt_rwset.add(collection_name=part.collection, rwset=content)
    return both
