"""Run one channel of one peer: its ledger, its state, and each transaction's validation code."""

import contextlib
import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fabric_protos.common import common_pb2
from fabric_protos.ledger.queryresult import kv_query_result_pb2
from fabric_protos.peer import transaction_pb2

from heddle.configtx.blocks import block_hash, commit_hash, is_config_block, verify_block
from heddle.configtx.filters import expired
from heddle.embedded.fabric.access import Denied, SignedData
from heddle.embedded.fabric.channelconfig import APPLICATION_READERS, ChannelConfig
from heddle.embedded.fabric.ledger import Ledger, newest_config
from heddle.embedded.fabric.malformed import MALFORMED
from heddle.embedded.fabric.peer.collections import collection_of
from heddle.embedded.fabric.peer.committing import Committer
from heddle.embedded.fabric.peer.definitions import Committed
from heddle.embedded.fabric.peer.privatestore import Part, PrivateStore
from heddle.embedded.fabric.peer.state import State, Version
from heddle.embedded.fabric.peer.transaction import Endorsed, Headers, endorsed
from heddle.embedded.fabric.peer.validation import Code, Verdict, check_config, validate
from heddle.embedded.fabric.release import expect_capabilities
from heddle.ledgerfiles.wire import varint

__all__ = ["PeerChannel", "Place", "with_filter"]

_LOG = logging.getLogger("peer.channel")
_FILTER = common_pb2.TRANSACTIONS_FILTER


@dataclass(frozen=True, kw_only=True)
class Place:
    """Name a transaction's place on the ledger and its validation code."""

    block: int
    index: int
    code: Code.ValueType


class PeerChannel:
    """A joined channel. Its state is what its ledger says; opening it reads the ledger once.

    Args:
        ledger: at least the genesis block.
        private: the private data that this peer has.
        reopened: whether the peer had the channel before it started. Then its gateway never hears of other
            orderers than those of its first transaction (internal/pkg/gateway/registry.go, Fabric 3.1.5).
    """

    def __init__(self, ledger: Ledger, private: PrivateStore, *, reopened: bool = False) -> None:
        self.ledger = ledger
        self.private = private
        self.config = ChannelConfig.of_block(newest_config(ledger))
        expect_capabilities("peer", self.config)
        self.name = self.config.channel
        self._reopened = reopened
        self._first_orderers: tuple[str, ...] = ()
        self.state = State()
        self.places: dict[str, Place] = {}
        self.missing: set[Part] = set()
        """Private parts of valid transactions that this peer does not have, most as it may not."""
        self._committer = Committer(state=self.state, store=private, blocks_to_live=self._blocks_to_live)
        for number in range(ledger.height):
            self._replay(ledger.block(number))

    def _replay(self, block: common_pb2.Block) -> None:
        """Apply a block that was validated when it was committed."""
        codes = block.metadata.metadata[_FILTER]
        for index, data in enumerate(block.data.data):
            headers = Headers.of(common_pb2.Envelope.FromString(data))
            endorser = headers.channel.type == common_pb2.ENDORSER_TRANSACTION
            valid = codes[index] == Code.VALID
            self._record(headers, block.header.number, index, Code.ValueType(codes[index]))
            if endorser and valid:
                self._apply(endorsed(headers), Version(block.header.number, index))
        self._committer.expire(block.header.number)

    def gateway_orderers(self) -> tuple[str, ...]:
        """Return the orderers (host:port) that the gateway hands transactions to."""
        if not self._reopened:
            return self.config.orderer_endpoints
        self._first_orderers = self._first_orderers or self.config.orderer_endpoints
        return self._first_orderers

    # --- what delivery asks

    @property
    def sequence(self) -> int:
        """Return the sequence of the configuration in force."""
        return self.config.sequence

    def errored(self) -> bool:
        """Return False: a peer has no consensus that could fail."""
        return False

    def check_reader(self, data: SignedData) -> None:
        """Raise Denied unless the signer may read this channel's blocks."""
        if expired(data.identity):
            raise Denied("client identity expired")
        self.config.check(APPLICATION_READERS, data)

    # --- committing

    def commit(self, block: common_pb2.Block, private: Mapping[Part, bytes]) -> None:
        """Check the next block, validate its transactions, append it.

        Args:
            block: the next one.
            private: the private data of its transactions that could be had, verified.

        Raises:
            ConfigtxError: the block does not follow, or the ordering service did not sign it.
        """
        number = block.header.number
        previous = block_hash(self.ledger.block(number - 1).header)
        verify_block(block, self.config.config, previous_hash=previous)
        after = self.config
        if is_config_block(block):
            code, after = self._config(block)
            expect_capabilities("peer", after)
            codes = [code]
            self._record(Headers.of(common_pb2.Envelope.FromString(block.data.data[0])), number, 0, code)
        else:
            codes = [
                self._transaction(data, number, index, private) for index, data in enumerate(block.data.data)
            ]
            self._committer.expire(number)
        _set_filter(block, codes)
        _set_commit_hash(block, commit_hash(self.ledger.block(number - 1)))
        self.config = after
        self.ledger.append(block)
        _LOG.info(
            "[%s] Committed block [%d] with %d transaction(s): %s", self.name, number, len(codes), codes
        )

    def _config(self, block: common_pb2.Block) -> tuple[Code.ValueType, ChannelConfig]:
        try:
            return Code.VALID, check_config(block, self.config)
        except Verdict as verdict:
            return verdict.code, self.config

    def _transaction(
        self, data: bytes, number: int, index: int, private: Mapping[Part, bytes]
    ) -> Code.ValueType:
        code = Code.VALID
        try:
            envelope = common_pb2.Envelope.FromString(data)
        except MALFORMED:
            return Code.INVALID_OTHER_REASON
        try:
            transaction = validate(envelope, self.config, self.state, self.places)
            if transaction is not None:
                for part, content in private.items():
                    if part.transaction == index:
                        self.private.put(part, content)
                self._apply(transaction, Version(number, index))
        except Verdict as verdict:
            code = verdict.code
            _LOG.warning(
                "[%s] transaction %d of block %d is not valid: %s", self.name, index, number, verdict
            )
        with contextlib.suppress(*MALFORMED):  # nobody can ask for one without headers
            headers = Headers.of(envelope)
            self._record(headers, number, index, code)
            self.private.forget(headers.channel.tx_id)
        return code

    def _record(self, headers: Headers, block: int, index: int, code: Code.ValueType) -> None:
        if headers.channel.tx_id:
            self.places.setdefault(headers.channel.tx_id, Place(block=block, index=index, code=code))

    def _apply(self, transaction: Endorsed, version: Version) -> None:
        for namespace, hashes in transaction.private_parts():
            part = Part(*version, namespace, hashes.name)
            if self.private.get(part) is None:
                self.missing.add(part)
        self._committer.apply(transaction, version)

    def add_private(self, part: Part, content: bytes) -> None:
        """Add private data that come late, verified."""
        self.missing.discard(part)
        self.private.put(part, content)
        version = Version(part.block, part.transaction)
        self._committer.apply_private(part.namespace, part.collection, content, version)

    def _blocks_to_live(self, namespace: str, name: str) -> int:
        collection = collection_of(self.config, Committed(self.state), namespace, name)
        return int(collection.block_to_live) if collection else 0

    # --- looking

    def transaction(self, block: int, index: int) -> Endorsed:
        """Return the endorsed content of a transaction on the ledger."""
        data = self.ledger.block(block).data.data[index]
        return endorsed(Headers.of(common_pb2.Envelope.FromString(data)))

    def key_history(self, namespace: str, key: str) -> list[kv_query_result_pb2.KeyModification]:
        """Return every value that a public key ever had, newest first."""
        found = []
        for version in reversed(self._committer.history.get((namespace, key), [])):
            data = self.ledger.block(version.block).data.data[version.transaction]
            headers = Headers.of(common_pb2.Envelope.FromString(data))
            writes = endorsed(headers).sets[namespace].public.writes
            [write] = [write for write in writes if write.key == key]
            change = kv_query_result_pb2.KeyModification(
                tx_id=headers.channel.tx_id,
                value=write.value,
                timestamp=headers.channel.timestamp,
                is_delete=write.is_delete,
            )
            found.append(change)
        return found

    def processed(self, transaction_id: str) -> transaction_pb2.ProcessedTransaction | None:
        """Return a transaction with its code."""
        place = self.places.get(transaction_id)
        if place is None:
            return None
        envelope = common_pb2.Envelope.FromString(self.ledger.block(place.block).data.data[place.index])
        return transaction_pb2.ProcessedTransaction(transactionEnvelope=envelope, validationCode=place.code)

    async def settled(self, transaction_id: str) -> Place | None:
        """Wait until the transaction is in a block; None when the channel is closed before."""
        while transaction_id not in self.places:
            if not await self.ledger.reached(self.ledger.height):
                return None
        return self.places[transaction_id]


def with_filter(genesis: common_pb2.Block) -> common_pb2.Block:
    """Return the genesis block as a peer keeps it: its one transaction is valid (core/scc/cscc JoinChain)."""
    block = common_pb2.Block()
    block.CopyFrom(genesis)
    _set_filter(block, [Code.VALID] * len(block.data.data))
    return block


def _set_filter(block: common_pb2.Block, codes: Sequence[int]) -> None:
    """Write the validation codes of a block's transactions into its metadata."""
    while len(block.metadata.metadata) <= _FILTER:
        block.metadata.metadata.append(b"")
    block.metadata.metadata[_FILTER] = bytes(codes)


def _set_commit_hash(block: common_pb2.Block, previous: bytes) -> None:
    """Write the hash of the codes and of what they made valid, chained from block 1 on, as Fabric does.

    Fabric hashes the writes themselves (kv_ledger.go, addBlockCommitHash); here the block's data stands for
    them. A ledger that was begun without goes on without.
    """
    if block.header.number != 1 and not previous:
        return
    codes = block.metadata.metadata[_FILTER]
    content = varint(len(codes)) + codes + block.header.data_hash + previous
    while len(block.metadata.metadata) <= common_pb2.COMMIT_HASH:
        block.metadata.metadata.append(b"")
    value = common_pb2.Metadata(value=hashlib.sha256(content).digest())
    block.metadata.metadata[common_pb2.COMMIT_HASH] = value.SerializeToString()
