"""Compute every name, address and port of an instance from its stack file.

Pure. Names depend on the thing's own name and its organization's, never on a position in a list: adding or
removing a neighbour renames nothing. Kubernetes' limits (63 characters of a–z, 0–9 and -) hold by the lengths
that heddle.spec.names allows; tests/topology checks that.
"""

from heddle.topology.authorities import authority_generation, authority_name
from heddle.topology.layout import plan
from heddle.topology.plans.chaincodes import (
    CHAINCODE_PORT,
    ChaincodePlan,
    CollectionPlan,
    DefinitionPlan,
    ServerPlan,
)
from heddle.topology.plans.instance import ImagesPlan, Topology
from heddle.topology.plans.members import ADMIN, USER, ChannelPlan, MemberPlan, OrganizationPlan
from heddle.topology.plans.monitoring import ClusterOperator, MonitoringPlan, OwnWatchers, WatcherPlan
from heddle.topology.plans.nodes import CouchdbPlan, NodePlan, Placement, PodSettings, StoredPod
from heddle.topology.policies import endorsement_policy

__all__ = [
    "ADMIN",
    "CHAINCODE_PORT",
    "USER",
    "ChaincodePlan",
    "ChannelPlan",
    "ClusterOperator",
    "CollectionPlan",
    "CouchdbPlan",
    "DefinitionPlan",
    "ImagesPlan",
    "MemberPlan",
    "MonitoringPlan",
    "NodePlan",
    "OrganizationPlan",
    "OwnWatchers",
    "Placement",
    "PodSettings",
    "ServerPlan",
    "StoredPod",
    "Topology",
    "WatcherPlan",
    "authority_generation",
    "authority_name",
    "endorsement_policy",
    "plan",
]
