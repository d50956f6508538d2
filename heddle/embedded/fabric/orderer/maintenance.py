"""Say which changes of a channel's consensus an orderer lets pass: into and out of maintenance mode alone.

Upstream also migrates a channel from Raft to BFT while it is in maintenance mode; stand-ins do not.
Source: orderer/common/msgprocessor/maintenancefilter.go (Fabric 3.1.5).
"""

from fabric_protos.common import configtx_pb2
from fabric_protos.orderer import configuration_pb2 as orderer_pb2

from heddle.configtx import values
from heddle.protobuf import enum_name

__all__ = ["maintenance_refusal"]

_STATE = orderer_pb2.ConsensusType.State


def maintenance_refusal(
    old: configtx_pb2.Config, new: configtx_pb2.Config, update: configtx_pb2.ConfigUpdate
) -> str:
    """Return why an update that turns `old` into `new` does not pass, in Fabric's words; empty if it does."""
    before, after = _consensus(old), _consensus(new)
    types = f"from {before.type} to {after.type}"
    if before.state != after.state:
        was, is_now = (enum_name(_STATE.DESCRIPTOR, consensus.state) for consensus in (before, after))
        states = f"but ConsensusType.State is changing from {was} to {is_now}"
        if refusal := _more_than_consensus(update.write_set):
            return refusal
        if before.type != after.type:
            return f"attempted to change ConsensusType.Type {types}, {states}"
        if before.metadata != after.metadata:
            return f"attempted to change ConsensusType.Metadata, {states}"
    if before.type == after.type:
        return ""
    if before.state == orderer_pb2.ConsensusType.STATE_NORMAL:
        problem = "but current config ConsensusType.State is not in maintenance mode"
        return f"attempted to change consensus type {types}, {problem}"
    return f"attempted to change consensus type {types}, transition not supported"


def _consensus(config: configtx_pb2.Config) -> orderer_pb2.ConsensusType:
    orderer = values.group_at(config.channel_group, "Orderer")
    return values.read(orderer, "ConsensusType", orderer_pb2.ConsensusType())


def _more_than_consensus(write_set: configtx_pb2.ConfigGroup) -> str:
    if not write_set.groups:
        return "config update contains no changes"
    if write_set.values:
        return "config update contains changes to values in group Channel"
    if len(write_set.groups) > 1:
        return "config update contains changes to more than one group"
    if "Orderer" not in write_set.groups:
        return "update does not contain the Orderer group"
    orderer = write_set.groups["Orderer"]
    if orderer.groups:
        return "config update contains changes to groups within the Orderer group"
    if "ConsensusType" not in orderer.values:
        return "config update does not contain the ConsensusType value"
    if len(orderer.values) > 1:
        return "config update contain more then just the ConsensusType value in the Orderer group"
    return ""
