"""Validate the transactions of a block: signatures, endorsement policy, versions of what was read.

Source: core/committer/txvalidator/v20, core/ledger/kvledger/txmgmt/validation (Fabric 3.1.5).
"""

from collections.abc import Collection, Iterable, Iterator
from typing import TypeAlias

from fabric_protos.common import common_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2
from fabric_protos.peer import policy_pb2, proposal_pb2, transaction_pb2

from heddle.configtx.blocks import config_of
from heddle.configtx.envelope import transaction_id
from heddle.configtx.policies import valid_identities
from heddle.embedded.fabric.access import Denied, SignedData
from heddle.embedded.fabric.channelconfig import ChannelConfig
from heddle.embedded.fabric.malformed import MALFORMED
from heddle.embedded.fabric.peer.collections import endorsement_policy
from heddle.embedded.fabric.peer.definitions import LIFECYCLE, Committed, definition
from heddle.embedded.fabric.peer.state import State, Stored, hashed, hashed_key
from heddle.embedded.fabric.peer.transaction import Endorsed, Headers, NamespaceSets, endorsed
from heddle.errors import HeddleError

__all__ = ["LIFECYCLE_POLICY", "Verdict", "needed_policies", "validate"]

Read: TypeAlias = kv_rwset_pb2.KVRead | kv_rwset_pb2.KVReadHash
Code = transaction_pb2.TxValidationCode
_TYPES = {common_pb2.ENDORSER_TRANSACTION, common_pb2.CONFIG_UPDATE, common_pb2.CONFIG}
LIFECYCLE_POLICY = "/Channel/Application/LifecycleEndorsement"


class Verdict(Exception):  # noqa: N818 - an answer, not a mistake
    """A code other than VALID."""

    def __init__(self, code: Code.ValueType) -> None:
        super().__init__(Code.Name(code))
        self.code = code


def validate(
    envelope: common_pb2.Envelope, config: ChannelConfig, state: State, known: Collection[str]
) -> Endorsed | None:
    """Check one envelope of a block; what it writes is for the caller to apply. None for a configuration.

    Args:
        envelope: as it stands in the block.
        config: the channel's configuration before the block.
        state: with the writes of the valid transactions before this one.
        known: transaction ids that were used before.

    Raises:
        Verdict: the transaction is not valid.
    """
    headers = _headers(envelope)
    _check_creator(envelope, headers, config)
    if headers.channel.type == common_pb2.CONFIG:
        return None
    if headers.channel.type != common_pb2.ENDORSER_TRANSACTION:
        raise Verdict(Code.UNSUPPORTED_TX_PAYLOAD)
    if headers.channel.tx_id != transaction_id(headers.signature.nonce, headers.signature.creator):
        raise Verdict(Code.BAD_PROPOSAL_TXID)
    if headers.channel.tx_id in known:
        raise Verdict(Code.DUPLICATE_TXID)
    transaction = _endorsed(headers)
    _check_chaincode(headers, transaction)
    _check_endorsements(transaction, config, state)
    for namespace, sets in transaction.sets.items():
        _check_reads(namespace, sets, state)
    return transaction


def check_config(block: common_pb2.Block, config: ChannelConfig) -> ChannelConfig:
    """Return the configuration that a block brings. Raises Verdict if it is not the next one."""
    try:
        after = ChannelConfig(channel=config.channel, config=config_of(block).config)
    except HeddleError as error:
        raise Verdict(Code.INVALID_CONFIG_TRANSACTION) from error
    if after.sequence != config.sequence + 1:
        raise Verdict(Code.INVALID_CONFIG_TRANSACTION)
    return after


def _headers(envelope: common_pb2.Envelope) -> Headers:
    """Return well-formed headers (core/common/validation/msgvalidation.go validateCommonHeader)."""
    try:
        common_pb2.Payload.FromString(envelope.payload)
    except MALFORMED as error:
        raise Verdict(Code.BAD_PAYLOAD) from error
    try:
        headers = Headers.of(envelope)
    except MALFORMED as error:
        raise Verdict(Code.BAD_COMMON_HEADER) from error
    known = headers.channel.type in _TYPES and not headers.channel.epoch
    if not known or not headers.signature.nonce or not headers.signature.creator:
        raise Verdict(Code.BAD_COMMON_HEADER)
    return headers


def _check_creator(envelope: common_pb2.Envelope, headers: Headers, config: ChannelConfig) -> None:
    signed = SignedData(envelope.payload, headers.signature.creator, envelope.signature)
    if not valid_identities(config.config.channel_group, [signed]):
        raise Verdict(Code.BAD_CREATOR_SIGNATURE)
    if config.identity_refusal(headers.signature.creator):
        raise Verdict(Code.BAD_CREATOR_SIGNATURE)


def _endorsed(headers: Headers) -> Endorsed:
    try:
        transaction = endorsed(headers)
    except (*MALFORMED, IndexError) as error:
        raise Verdict(Code.INVALID_ENDORSER_TRANSACTION) from error
    if transaction.actions != 1 or transaction.hash != transaction.expected_hash:
        raise Verdict(Code.INVALID_ENDORSER_TRANSACTION)
    return transaction


def _check_chaincode(headers: Headers, transaction: Endorsed) -> None:
    """Check that header, results and event name one chaincode (plugindispatcher/dispatcher.go)."""
    try:
        extension = proposal_pb2.ChaincodeHeaderExtension.FromString(headers.channel.extension)
    except MALFORMED as error:
        raise Verdict(Code.BAD_HEADER_EXTENSION) from error
    name = extension.chaincode_id.name
    if not name or name != transaction.chaincode or not transaction.version:
        raise Verdict(Code.INVALID_CHAINCODE)
    if transaction.event.ByteSize() and transaction.event.chaincode_id != name:
        raise Verdict(Code.INVALID_OTHER_REASON)


def _check_endorsements(transaction: Endorsed, config: ChannelConfig, state: State) -> None:
    for policy in needed_policies(transaction, config, state):
        try:
            config.check_application_policy(policy, *transaction.endorsements)
        except Denied as denied:
            raise Verdict(Code.ENDORSEMENT_POLICY_FAILURE) from denied


def needed_policies(transaction: Endorsed, config: ChannelConfig, state: State) -> Collection[bytes]:
    """Return the `peer.ApplicationPolicy` bytes, each once, that a transaction's endorsements must satisfy.

    Of each namespace that it writes, and of its own chaincode: those of the keys and collections written,
    else the chaincode's. Raises Verdict when there is none.
    """
    written = {transaction.chaincode, *(name for name, sets in transaction.sets.items() if sets.writes)}
    found: dict[bytes, None] = {}
    for namespace in sorted(written):
        default = _default_policy(namespace, state)
        sets = transaction.sets.get(namespace)
        policies = list(_written_policies(namespace, sets, default, config, state)) if sets else []
        found.update(dict.fromkeys(policies or [default]))
    return found


def _default_policy(namespace: str, state: State) -> bytes:
    if namespace == LIFECYCLE:
        return _reference(LIFECYCLE_POLICY)
    defined = definition(Committed(state), namespace)
    if defined is None:
        raise Verdict(Code.INVALID_CHAINCODE)
    return bytes(defined.validation_parameter)


def _written_policies(
    namespace: str, sets: NamespaceSets, default: bytes, config: ChannelConfig, state: State
) -> Iterator[bytes]:
    """Yield the policy of each key that is written: its own, its collection's, or the chaincode's."""
    keys = [write.key for write in sets.public.writes] + [entry.key for entry in sets.public.metadata_writes]
    for key in keys:
        stored = state.get(namespace, key)
        yield _key_policy(stored) or default
    for collection in sets.collections:
        hashes = [write.key_hash for write in collection.sets.hashed_writes]
        hashes += [entry.key_hash for entry in collection.sets.metadata_writes]
        if not hashes:
            continue
        wanted = endorsement_policy(config, Committed(state), namespace, collection.name)
        if wanted is None:
            raise Verdict(Code.ENDORSEMENT_POLICY_FAILURE)
        for key_hash in hashes:
            stored = state.get(hashed(namespace, collection.name), hashed_key(key_hash))
            yield _key_policy(stored) or wanted


def _key_policy(stored: Stored | None) -> bytes:
    """Return a key's own policy as an ApplicationPolicy; empty if it has none."""
    if stored is None or not stored.policy:
        return b""
    policy = policy_pb2.ApplicationPolicy()
    try:
        policy.signature_policy.ParseFromString(stored.policy)
    except MALFORMED as error:
        raise Verdict(Code.ENDORSEMENT_POLICY_FAILURE) from error
    return bytes(policy.SerializeToString())


def _check_reads(namespace: str, sets: NamespaceSets, state: State) -> None:
    _check_versions(((read.key, read) for read in sets.public.reads), namespace, state)
    for query in sets.public.range_queries_info:
        found = [
            (key, tuple(stored.version))
            for key, stored in state.between(namespace, query.start_key, query.end_key)
        ]
        if found != [(read.key, _version(read)) for read in query.raw_reads.kv_reads]:
            raise Verdict(Code.PHANTOM_READ_CONFLICT)
    for collection in sets.collections:
        reads = ((hashed_key(read.key_hash), read) for read in collection.sets.hashed_reads)
        _check_versions(reads, hashed(namespace, collection.name), state)


def _check_versions(reads: Iterable[tuple[str, Read]], namespace: str, state: State) -> None:
    for key, read in reads:
        stored = state.get(namespace, key)
        if _version(read) != (tuple(stored.version) if stored else None):
            raise Verdict(Code.MVCC_READ_CONFLICT)


def _version(read: Read) -> tuple[int, int] | None:
    return (read.version.block_num, read.version.tx_num) if read.HasField("version") else None


def default_policy() -> bytes:
    """Return the endorsement policy of a definition that names none."""
    return _reference("/Channel/Application/Endorsement")


def _reference(path: str) -> bytes:
    return bytes(policy_pb2.ApplicationPolicy(channel_config_policy_reference=path).SerializeToString())
