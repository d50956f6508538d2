"""Tell which organizations must approve and endorse a chaincode definition, by the channel's policy for it.

A peer of an organization that has not approved refuses to endorse the commit, so an organization that must
endorse must have approved. Which of its peers endorses does not matter. Source: core/chaincode/lifecycle/
scc.go and lifecycle.go, common/policies/implicitmeta.go (Fabric 3.1.5).
"""

from collections.abc import Collection

from fabric_protos.common import configtx_pb2
from fabric_protos.msp.msp_config_pb2 import MSPConfig

from heddle.configtx import policies, values
from heddle.configtx.policies import MissingSignatures
from heddle.identity.msp import msp_from_config
from heddle.quorum import majority

__all__ = ["missing_organizations"]

_APPLICATION = "Application"
_LIFECYCLE = "LifecycleEndorsement"


def missing_organizations(
    root: configtx_pb2.ConfigGroup, msp_ids: Collection[str]
) -> MissingSignatures | None:
    """Return the organizations (MSP ids) that are needed beside these; None if they suffice.

    A policy that cannot be read is never satisfied. On a channel without the policy, as Fabric before
    2.0 made them, peers ask for the endorsement of one member of each of a majority of the organizations.
    """
    application = values.group_at(root, _APPLICATION)
    if _LIFECYCLE in application.policies:
        return policies.missing_organizations(root, f"/Channel/{_APPLICATION}/{_LIFECYCLE}", msp_ids)
    configs = (values.read(group, "MSP", MSPConfig()) for group in application.groups.values())
    members = {msp_from_config(config).msp_id for config in configs}
    short = majority(len(members)) - len(members & set(msp_ids))
    others = tuple(sorted(members - set(msp_ids)))
    return MissingSignatures(count=short, among=others) if members and short > 0 else None
