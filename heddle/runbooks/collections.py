"""Find private data collections, as a channel's blocks and definitions tell of them. Pure."""

from collections.abc import AsyncIterable, Iterable, Iterator
from contextlib import suppress
from typing import TypeAlias

from fabric_protos.common import common_pb2, policies_pb2
from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2
from fabric_protos.msp import identities_pb2, msp_principal_pb2
from fabric_protos.peer import collection_pb2, proposal_pb2, proposal_response_pb2, transaction_pb2
from fabric_protos.peer.lifecycle import db_pb2

from heddle.configtx.values import parse
from heddle.errors import ConfigtxError

__all__ = ["Members", "collections_of", "implicit_collection", "members_of"]

Members: TypeAlias = dict[tuple[str, str], set[str]]
"""MSP ids by (chaincode, collection)."""

_IMPLICIT = "_implicit_org_"
_LIFECYCLE = "_lifecycle"


def implicit_collection(msp_id: str) -> str:
    """Return the collection that an organization has of every chaincode."""
    return f"{_IMPLICIT}{msp_id}"


async def collections_of(
    blocks: AsyncIterable[common_pb2.Block], implicit: str, members: Members | None
) -> Members:
    """Return the collections that blocks tell of.

    The implicit one where it is in use; and if nobody else told (`members` None), all of all definitions.
    """
    found: Members = {}
    async for block in blocks:
        for parts in _write_sets(block):
            # Hashes that are read or written (core/ledger/kvledger/txmgmt/rwsetutil, Fabric 3.1.5).
            for part in parts.ns_rwset:
                if any(hashed.collection_name == implicit for hashed in part.collection_hashed_rwset):
                    found[part.namespace, implicit] = {implicit.removeprefix(_IMPLICIT)}
            # Whoever may write to the channel may write nonsense. Peers find it invalid.
            with suppress(ConfigtxError):
                for chaincode, package in _defined(parts):
                    for name, msps in members_of(package).items():
                        found.setdefault((chaincode, name), set()).update(msps)
    if members is None:
        return found
    return members | {key: msps for key, msps in found.items() if key[1] == implicit}


def members_of(package: bytes) -> dict[str, set[str]]:
    """Return the MSP ids that each collection's policy names, from a serialized CollectionConfigPackage.

    Source: core/common/privdata/util.go (getMemberOrgs). Raises ConfigtxError for what cannot be read.
    """
    found = {}
    for one in parse(collection_pb2.CollectionConfigPackage(), package, "collections").config:
        static = one.static_collection_config
        policy: policies_pb2.SignaturePolicyEnvelope = static.member_orgs_policy.signature_policy
        found[str(static.name)] = {_msp_of(principal) for principal in policy.identities} - {""}
    return found


def _msp_of(principal: msp_principal_pb2.MSPPrincipal) -> str:
    """Return the MSP id whose members a principal names; "" for a kind that peers do not count either."""
    kind, content = principal.principal_classification, principal.principal
    with suppress(ConfigtxError):
        if kind == msp_principal_pb2.MSPPrincipal.ROLE:
            return str(parse(msp_principal_pb2.MSPRole(), content, "role").msp_identifier)
        if kind == msp_principal_pb2.MSPPrincipal.ORGANIZATION_UNIT:
            return str(parse(msp_principal_pb2.OrganizationUnit(), content, "unit").msp_identifier)
        if kind == msp_principal_pb2.MSPPrincipal.IDENTITY:
            return str(parse(identities_pb2.SerializedIdentity(), content, "identity").mspid)
    return ""


def _write_sets(block: common_pb2.Block) -> Iterator[rwset_pb2.TxReadWriteSet]:
    """Yield the write sets of a block's transactions, valid or not, and skip those that cannot be read."""
    for data in block.data.data:
        with suppress(ConfigtxError):
            for results in _results(parse(common_pb2.Envelope(), data, "transaction")):
                yield parse(rwset_pb2.TxReadWriteSet(), results, "results")


def _defined(parts: rwset_pb2.TxReadWriteSet) -> Iterator[tuple[str, bytes]]:
    """Yield the chaincodes whose definition is written, each with its CollectionConfigPackage.

    Source: core/chaincode/lifecycle/serializer.go (Fabric 3.1.5): one key for each field of a definition.
    Raises ConfigtxError for what cannot be read.
    """
    for part in parts.ns_rwset:
        if part.namespace != _LIFECYCLE:
            continue
        for write in parse(kv_rwset_pb2.KVRWSet(), part.rwset, "writes").writes:
            match write.key.split("/"):
                case ["namespaces", "fields", name, "Collections"]:
                    yield name, parse(db_pb2.StateData(), write.value, "definition").Bytes


def _results(envelope: common_pb2.Envelope) -> Iterable[bytes]:
    payload = parse(common_pb2.Payload(), envelope.payload, "payload")
    header = parse(common_pb2.ChannelHeader(), payload.header.channel_header, "header")
    if header.type != common_pb2.ENDORSER_TRANSACTION:
        return
    for action in parse(transaction_pb2.Transaction(), payload.data, "actions").actions:
        endorsed = parse(transaction_pb2.ChaincodeActionPayload(), action.payload, "action").action
        response = proposal_response_pb2.ProposalResponsePayload()
        parse(response, endorsed.proposal_response_payload, "response")
        yield parse(proposal_pb2.ChaincodeAction(), response.extension, "chaincode's action").results
