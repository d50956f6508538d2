"""Whether a transaction of a block is valid: signatures, endorsement policy, versions of what was read.

Source: core/committer/txvalidator/v20, core/ledger/kvledger/txmgmt/validation (Fabric 3.1.5).
"""

from collections.abc import Collection, Iterable

from fabric_protos.common import common_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2
from fabric_protos.peer import policy_pb2, transaction_pb2

from heddle.configtx.blocks import config_of
from heddle.configtx.envelope import transaction_id
from heddle.configtx.policies import valid_identities
from heddle.errors import HeddleError
from heddle.standin.access import Denied, SignedData
from heddle.standin.channelconfig import ChannelConfig
from heddle.standin.malformed import MALFORMED
from heddle.standin.peer.definitions import LIFECYCLE, Committed, definition, writer_of
from heddle.standin.peer.state import State
from heddle.standin.peer.transaction import Endorsed, Headers, endorsed

__all__ = ["LIFECYCLE_POLICY", "Verdict", "validate"]

Code = transaction_pb2.TxValidationCode
LIFECYCLE_POLICY = "/Channel/Application/LifecycleEndorsement"


class Verdict(Exception):  # noqa: N818 - an answer, not a mistake
    """A code other than VALID."""

    def __init__(self, code: int) -> None:
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
    if headers.channel.channel_id != config.channel:
        raise Verdict(Code.TARGET_CHAIN_NOT_FOUND)
    if headers.channel.type == common_pb2.CONFIG:
        return None
    if headers.channel.type != common_pb2.ENDORSER_TRANSACTION:
        raise Verdict(Code.UNKNOWN_TX_TYPE)
    _check_creator(envelope, headers, config)
    if headers.channel.tx_id != transaction_id(headers.signature.nonce, headers.signature.creator):
        raise Verdict(Code.BAD_PROPOSAL_TXID)
    if headers.channel.tx_id in known:
        raise Verdict(Code.DUPLICATE_TXID)
    transaction = _endorsed(headers)
    _check_endorsements(transaction, config, state)
    for namespace, content in transaction.sets.items():
        _check_reads(namespace, content, state)
    return transaction


def check_config(block: common_pb2.Block, config: ChannelConfig) -> ChannelConfig:
    """The configuration that a configuration block brings. Raises Verdict if it is not the next one."""
    try:
        after = ChannelConfig(channel=config.channel, config=config_of(block).config)
    except HeddleError as error:
        raise Verdict(Code.INVALID_CONFIG_TRANSACTION) from error
    if after.sequence != config.sequence + 1:
        raise Verdict(Code.INVALID_CONFIG_TRANSACTION)
    return after


def _headers(envelope: common_pb2.Envelope) -> Headers:
    if not envelope.payload:
        raise Verdict(Code.BAD_PAYLOAD)
    try:
        return Headers.of(envelope)
    except MALFORMED as error:
        raise Verdict(Code.BAD_COMMON_HEADER) from error


def _check_creator(envelope: common_pb2.Envelope, headers: Headers, config: ChannelConfig) -> None:
    signed = SignedData(envelope.payload, headers.signature.creator, envelope.signature)
    if not valid_identities(config.config.channel_group, [signed]):
        raise Verdict(Code.BAD_CREATOR_SIGNATURE)
    if config.identity_refusal(headers.signature.creator):
        raise Verdict(Code.BAD_CREATOR_SIGNATURE)


def _endorsed(headers: Headers) -> Endorsed:
    try:
        transaction = endorsed(headers)
    except IndexError as error:
        raise Verdict(Code.NIL_TXACTION) from error
    except MALFORMED as error:
        raise Verdict(Code.BAD_RESPONSE_PAYLOAD) from error
    if transaction.hash != transaction.expected_hash:
        raise Verdict(Code.INVALID_ENDORSER_TRANSACTION)
    return transaction


def _check_endorsements(transaction: Endorsed, config: ChannelConfig, state: State) -> None:
    written = {name for name, content in transaction.sets.items() if content.writes} or {
        transaction.chaincode
    }
    for namespace in written:
        if namespace == LIFECYCLE:
            keys = [write.key for write in transaction.sets[LIFECYCLE].writes] if transaction.sets else []
            _check_lifecycle(keys, transaction.endorsements, config)
        else:
            _check_chaincode(namespace, transaction, config, state)


def _check_lifecycle(keys: Iterable[str], signed: tuple[SignedData, ...], config: ChannelConfig) -> None:
    for writer in {writer_of(key) for key in keys}:
        if writer is None:
            policy = LIFECYCLE_POLICY
        elif writer in config.peer_msps:
            policy = f"/Channel/Application/{config.peer_msps[writer]}/Endorsement"
        else:
            raise Verdict(Code.INVALID_WRITESET)
        _check_policy(config, policy, signed)


def _check_chaincode(namespace: str, transaction: Endorsed, config: ChannelConfig, state: State) -> None:
    defined = definition(Committed(state), namespace)
    if defined is None:
        raise Verdict(Code.INVALID_CHAINCODE)
    if namespace == transaction.chaincode and transaction.version != defined.version:
        raise Verdict(Code.EXPIRED_CHAINCODE)
    try:
        config.check_application_policy(defined.validation_parameter, *transaction.endorsements)
    except Denied as denied:
        raise Verdict(Code.ENDORSEMENT_POLICY_FAILURE) from denied


def _check_policy(config: ChannelConfig, policy: str, signed: tuple[SignedData, ...]) -> None:
    try:
        config.check(policy, *signed)
    except Denied as denied:
        raise Verdict(Code.ENDORSEMENT_POLICY_FAILURE) from denied


def _check_reads(namespace: str, content: kv_rwset_pb2.KVRWSet, state: State) -> None:
    for read in content.reads:
        stored = state.get(namespace, read.key)
        if _version(read) != (tuple(stored.version) if stored else None):
            raise Verdict(Code.MVCC_READ_CONFLICT)
    for query in content.range_queries_info:
        found = [
            (key, tuple(stored.version))
            for key, stored in state.between(namespace, query.start_key, query.end_key)
        ]
        if found != [(read.key, _version(read)) for read in query.raw_reads.kv_reads]:
            raise Verdict(Code.PHANTOM_READ_CONFLICT)


def _version(read: kv_rwset_pb2.KVRead) -> tuple[int, int] | None:
    return (read.version.block_num, read.version.tx_num) if read.HasField("version") else None


def default_policy() -> bytes:
    """The endorsement policy of a definition that names none."""
    policy = policy_pb2.ApplicationPolicy(channel_config_policy_reference="/Channel/Application/Endorsement")
    return bytes(policy.SerializeToString())
