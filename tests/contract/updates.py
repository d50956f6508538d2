"""Configuration updates as data: what changes where, and by whom it is signed.

    change:
      /Channel/Orderer/BatchSize: {max_message_count: 0}     # fields of a value's message; a new one is added
      /Channel/Orderer/Mystery: bytes                        # a value that Fabric does not know
    delete: [/Channel/Application/beta]
    groups: [/Channel/Mystery]
    mod_policies: {/Channel/Orderer/BatchTimeout: ""}
    policies: {/Channel/Orderer/Writers: {type: 9}}

Within ConsensusType, `metadata` holds fields of etcdraft.ConfigMetadata or smartbft.Options. There and in
Orderers, a list of consenters is a list of changes to the live ones by position: `null` for one that goes,
`{}` for one that stays, fields for one that changes or, beyond the end, for a copy of the first.
Certificates are names, of those that the caller gives.
"""

import copy
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from fabric_protos.common import common_pb2, configtx_pb2, configuration_pb2
from fabric_protos.msp import msp_config_pb2
from fabric_protos.orderer import configuration_pb2 as orderer_pb2
from fabric_protos.orderer.etcdraft import configuration_pb2 as etcdraft_pb2
from fabric_protos.orderer.smartbft import configuration_pb2 as smartbft_pb2
from fabric_protos.peer import configuration_pb2 as peer_pb2
from google.protobuf import json_format

from heddle.configtx.delta import compute_update
from heddle.configtx.envelope import sign_update, update_envelope
from heddle.identity.certificate import CertificateRequest, Usage, issue
from heddle.identity.signer import Signer
from tests.real.network import Organization, RealNetwork

__all__ = ["certificates", "edited", "signed_update"]

MESSAGES: Mapping[str, Any] = {
    "ACLs": peer_pb2.ACLs,
    "AnchorPeers": peer_pb2.AnchorPeers,
    "BatchSize": orderer_pb2.BatchSize,
    "BatchTimeout": orderer_pb2.BatchTimeout,
    "BlockDataHashingStructure": configuration_pb2.BlockDataHashingStructure,
    "Capabilities": configuration_pb2.Capabilities,
    "ChannelRestrictions": orderer_pb2.ChannelRestrictions,
    "ConsensusType": orderer_pb2.ConsensusType,
    "Consortium": configuration_pb2.Consortium,
    "Endpoints": configuration_pb2.OrdererAddresses,
    "HashingAlgorithm": configuration_pb2.HashingAlgorithm,
    "OrdererAddresses": configuration_pb2.OrdererAddresses,
    "Orderers": configuration_pb2.Orderers,
}
METADATA: Mapping[str, Any] = {"etcdraft": etcdraft_pb2.ConfigMetadata, "BFT": smartbft_pb2.Options}


def signed_update(
    channel: str, old: configtx_pb2.Config, new: configtx_pb2.Config, signers: list[Signer]
) -> common_pb2.Envelope:
    """The envelope that turns one configuration into another; the first signer sends it."""
    update = compute_update(channel, old, new).SerializeToString()
    return update_envelope(update, [sign_update(update, signer) for signer in signers], signers[0])


def edited(
    config: configtx_pb2.Config, case: Mapping[str, Any], certificates: Mapping[str, bytes]
) -> configtx_pb2.Config:
    """The configuration as a case changes it; see the module."""
    named = _Named(certificates)
    new = configtx_pb2.Config()
    new.CopyFrom(config)
    for path, fields in case.get("change", {}).items():
        group, key = _at(new, path)
        if key not in group.values:
            group.values[key].mod_policy = "Admins"
        group.values[key].value = named.value(key, group.values[key].value, fields)
    for path in case.get("delete", []):
        group, key = _at(new, path)
        for kind in (group.values, group.groups, group.policies):
            kind.pop(key, None)
    for path, mod_policy in case.get("mod_policies", {}).items():
        group, key = _at(new, path)
        group.values[key].mod_policy = mod_policy
    for path, fields in case.get("policies", {}).items():
        group, key = _at(new, path)
        json_format.ParseDict(fields, group.policies[key].policy)
    for path in case.get("groups", []):
        group, key = _at(new, path)
        group.groups[key].mod_policy = "Admins"
    return new


def _at(config: configtx_pb2.Config, path: str) -> tuple[configtx_pb2.ConfigGroup, str]:
    """The group that holds what a path names, and its key there."""
    _, top, *steps, key = path.split("/")
    assert top == "Channel", path
    group = config.channel_group
    for step in steps:
        group = group.groups[step]
    return group, key


class _Named:
    """Reads a case's fields; certificates stand in it by name."""

    def __init__(self, certificates: Mapping[str, bytes]) -> None:
        self._certificates = certificates

    def value(self, key: str, data: bytes, fields: Any) -> bytes:
        """The bytes of a configuration value with other fields; a text is the bytes themselves."""
        if isinstance(fields, str):
            return fields.encode()
        fields = copy.deepcopy(fields)
        if key == "MSP":
            outer = msp_config_pb2.MSPConfig.FromString(data)
            inner = msp_config_pb2.FabricMSPConfig.FromString(outer.config)
            self._merge(inner, fields)
            outer.config = inner.SerializeToString()
            return bytes(outer.SerializeToString())
        message = MESSAGES[key].FromString(data)
        if "metadata" in fields:
            metadata = METADATA[message.type].FromString(message.metadata)
            self._merge(metadata, fields.pop("metadata"))
            message.metadata = metadata.SerializeToString()
        self._merge(message, fields)
        return bytes(message.SerializeToString())

    def _merge(self, message: Any, fields: dict[str, Any]) -> None:
        for name, value in fields.items():
            if name in {"consenters", "consenter_mapping"}:
                self._change(getattr(message, name), value)
            elif name == "options":
                self._merge(message.options, value)
            elif isinstance(value, str) and value in self._certificates:
                setattr(message, name, self._certificates[value])
            else:
                message.ClearField(name)
                json_format.ParseDict({name: value}, message)

    def _change(self, live: Any, changes: list[dict[str, Any] | None]) -> None:
        before, after = list(live), []
        for index, change in enumerate(changes):
            if change is not None:
                node = type(before[0]).FromString(
                    before[index if index < len(before) else 0].SerializeToString()
                )
                self._merge(node, change)
                after.append(node)
        del live[:]
        live.extend(after)


def certificates(network: RealNetwork) -> dict[str, bytes]:
    """What cases may name: TLS certificates of nodes that could be added, or not; one for enrolment."""
    ordering = network.ordering
    late = datetime.now(UTC) - timedelta(days=1, minutes=1)
    return {
        "fresh": ordering.tls("fresh").certificate,
        "fresh2": ordering.tls("fresh2").certificate,
        "expired": issue(
            ordering.tls_authority,
            CertificateRequest(common_name="late", hosts=("late",), usage=Usage.TLS, validity_days=1),
            now=late,
        ).certificate,
        "stranger": Organization.new("stranger").tls("stranger").certificate,
        "garbage": b"no certificate",
        "identity": ordering.node_identity("fresh", "orderer").certificate,
    }
