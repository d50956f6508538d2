"""Say of collections of private data who is a member, may read and write, and whose endorsement counts.

Source: core/chaincode/lifecycle/deployedcc_infoprovider.go, core/common/privdata/store.go (Fabric 3.1.5).
"""

from typing import TypeAlias

from fabric_protos.msp import msp_principal_pb2
from fabric_protos.peer import collection_pb2, policy_pb2

from heddle.embedded.fabric.access import Denied, SignedData
from heddle.embedded.fabric.channelconfig import ChannelConfig
from heddle.embedded.fabric.peer.definitions import LIFECYCLE, Reads, definition

__all__ = [
    "Collection",
    "collection_of",
    "endorsement_policy",
    "implicit",
    "is_member",
    "permissions",
]

Collection: TypeAlias = collection_pb2.StaticCollectionConfig
_PREFIX = "_implicit_org_"


def implicit(msp_id: str) -> str:
    """Return the name of the collection that an organization has of every chaincode, undefined."""
    return _PREFIX + msp_id


def collection_of(config: ChannelConfig, reads: Reads, chaincode: str, name: str) -> Collection | None:
    """Return a chaincode's collection, defined or implicit; None if there is none of this name."""
    if name.startswith(_PREFIX):
        msp_id = name.removeprefix(_PREFIX)
        known = msp_id in config.peer_msps and (
            chaincode == LIFECYCLE or definition(reads, chaincode) is not None
        )
        return _of_organization(msp_id) if known else None
    defined = None if chaincode == LIFECYCLE else definition(reads, chaincode)
    for one in defined.collections.config if defined else ():
        if one.static_collection_config.name == name:
            return one.static_collection_config
    return None


def _of_organization(msp_id: str) -> Collection:
    # Dissemination as core.yaml's defaults, peer.gossip.pvtData.implicitCollectionDisseminationPolicy.
    collection = Collection(name=implicit(msp_id), required_peer_count=0, maximum_peer_count=1)
    policy = collection.member_orgs_policy.signature_policy
    role = msp_principal_pb2.MSPRole(msp_identifier=msp_id, role=msp_principal_pb2.MSPRole.MEMBER)
    policy.identities.add(
        principal_classification=msp_principal_pb2.MSPPrincipal.ROLE, principal=role.SerializeToString()
    )
    policy.rule.n_out_of.n = 1
    policy.rule.n_out_of.rules.add(signed_by=0)
    return collection


def is_member(config: ChannelConfig, collection: Collection, signed: SignedData) -> bool:
    """Tell whether the signer belongs to the collection's organizations."""
    policy = policy_pb2.ApplicationPolicy(signature_policy=collection.member_orgs_policy.signature_policy)
    try:
        config.check_application_policy(policy.SerializeToString(), signed)
    except Denied:
        return False
    return True


def permissions(config: ChannelConfig, collection: Collection, signed: SignedData) -> tuple[bool, bool]:
    """Tell whether the creator may read and whether it may write there (RetrieveReadWritePermission)."""
    if not collection.member_only_read and not collection.member_only_write:
        return True, True
    if is_member(config, collection, signed):
        return True, True
    return not collection.member_only_read, not collection.member_only_write


def endorsement_policy(config: ChannelConfig, reads: Reads, chaincode: str, name: str) -> bytes | None:
    """Return the `peer.ApplicationPolicy` for writes of a collection; None: there is no such collection."""
    collection = collection_of(config, reads, chaincode, name)
    if collection is None:
        return None
    if name.startswith(_PREFIX):
        organization = config.peer_msps[name.removeprefix(_PREFIX)]
        path = f"/Channel/Application/{organization}/Endorsement"
        policy = policy_pb2.ApplicationPolicy(channel_config_policy_reference=path)
        return bytes(policy.SerializeToString())
    if collection.HasField("endorsement_policy"):
        return bytes(collection.endorsement_policy.SerializeToString())
    defined = definition(reads, chaincode)
    return bytes(defined.validation_parameter) if defined else None
