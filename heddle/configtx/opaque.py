"""Know which fields hold another message as bytes, and which one, as configtxlator does.

Source: fabric-config/protolator/protoext/**/*.go (Fabric 3.1.5). What a value in a configuration tree holds
depends on where it stands, so the caller carries a *part* along: the kind of a configuration group, the place
of a value, or "kv" in a read-write set of keys and values; "" where nothing is known.
"""

from collections.abc import Callable
from typing import Any, Final

from fabric_protos.common import common_pb2, configtx_pb2, configuration_pb2, policies_pb2
from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2
from fabric_protos.msp import identities_pb2, msp_config_pb2, msp_principal_pb2
from fabric_protos.orderer import configuration_pb2 as orderer_pb2
from fabric_protos.orderer.etcdraft import configuration_pb2 as etcdraft_pb2
from fabric_protos.orderer.smartbft import configuration_pb2 as smartbft_pb2
from fabric_protos.peer import (
    chaincode_event_pb2,
    chaincode_pb2,
    proposal_pb2,
    proposal_response_pb2,
    transaction_pb2,
)
from fabric_protos.peer import configuration_pb2 as peer_pb2
from google.protobuf.empty_pb2 import Empty

from heddle.configtx import values
from heddle.errors import ConfigtxError

__all__ = ["VALUES", "content_of", "is_opaque", "part_at", "part_below"]

Make = Callable[[], Any]

_STATIC: Final[dict[str, Make]] = {
    "common.BlockData.data": common_pb2.Envelope,
    "common.Envelope.payload": common_pb2.Payload,
    "common.Header.channel_header": common_pb2.ChannelHeader,
    "common.Header.signature_header": common_pb2.SignatureHeader,
    "common.SignatureHeader.creator": identities_pb2.SerializedIdentity,
    "common.ConfigUpdateEnvelope.config_update": configtx_pb2.ConfigUpdate,
    "common.ConfigSignature.signature_header": common_pb2.SignatureHeader,
    "protos.TransactionAction.header": common_pb2.SignatureHeader,
    "protos.TransactionAction.payload": transaction_pb2.ChaincodeActionPayload,
    "protos.ChaincodeActionPayload.chaincode_proposal_payload": proposal_pb2.ChaincodeProposalPayload,
    "protos.ChaincodeProposalPayload.input": chaincode_pb2.ChaincodeInvocationSpec,
    "protos.ChaincodeEndorsedAction.proposal_response_payload": proposal_response_pb2.ProposalResponsePayload,
    "protos.ProposalResponsePayload.extension": proposal_pb2.ChaincodeAction,
    "protos.ChaincodeAction.results": rwset_pb2.TxReadWriteSet,
    "protos.ChaincodeAction.events": chaincode_event_pb2.ChaincodeEvent,
}
"""The same content always."""

_CHOSEN: Final[dict[str, tuple[str, dict[Any, Make]]]] = {
    "common.Policy.value": (
        "type",
        {
            policies_pb2.Policy.SIGNATURE: policies_pb2.SignaturePolicyEnvelope,
            policies_pb2.Policy.IMPLICIT_META: policies_pb2.ImplicitMetaPolicy,
        },
    ),
    "msp.MSPConfig.config": ("type", {0: msp_config_pb2.FabricMSPConfig, 1: msp_config_pb2.IdemixMSPConfig}),
    "common.MSPPrincipal.principal": (
        "principal_classification",
        {
            msp_principal_pb2.MSPPrincipal.ROLE: msp_principal_pb2.MSPRole,
            msp_principal_pb2.MSPPrincipal.ORGANIZATION_UNIT: msp_principal_pb2.OrganizationUnit,
            msp_principal_pb2.MSPPrincipal.IDENTITY: identities_pb2.SerializedIdentity,
        },
    ),
    "common.ChannelHeader.extension": (
        "type",
        {common_pb2.ENDORSER_TRANSACTION: proposal_pb2.ChaincodeHeaderExtension},
    ),
}
"""Another field of the message chooses."""

_PAYLOADS: Final[dict[int, Make]] = {
    common_pb2.CONFIG: configtx_pb2.ConfigEnvelope,
    common_pb2.ORDERER_TRANSACTION: common_pb2.Envelope,
    common_pb2.CONFIG_UPDATE: configtx_pb2.ConfigUpdateEnvelope,
    common_pb2.MESSAGE: configtx_pb2.ConfigValue,
    common_pb2.ENDORSER_TRANSACTION: transaction_pb2.Transaction,
}
_CONSENSUS: Final[dict[str, Make]] = {"etcdraft": etcdraft_pb2.ConfigMetadata, "BFT": smartbft_pb2.Options}

VALUES: Final[dict[str, dict[str, Make]]] = {
    "Channel": {
        "HashingAlgorithm": configuration_pb2.HashingAlgorithm,
        "BlockDataHashingStructure": configuration_pb2.BlockDataHashingStructure,
        "OrdererAddresses": configuration_pb2.OrdererAddresses,
        "Consortium": configuration_pb2.Consortium,
        "Capabilities": configuration_pb2.Capabilities,
    },
    "Orderer": {
        "ConsensusType": orderer_pb2.ConsensusType,
        "BatchSize": orderer_pb2.BatchSize,
        "BatchTimeout": orderer_pb2.BatchTimeout,
        "KafkaBrokers": orderer_pb2.KafkaBrokers,
        "ChannelRestrictions": orderer_pb2.ChannelRestrictions,
        "Capabilities": configuration_pb2.Capabilities,
        "Orderers": configuration_pb2.Orderers,
    },
    "Orderer Org": {"MSP": msp_config_pb2.MSPConfig, "Endpoints": configuration_pb2.OrdererAddresses},
    "Application": {"Capabilities": configuration_pb2.Capabilities, "ACLs": peer_pb2.ACLs},
    "Application Org": {"MSP": msp_config_pb2.MSPConfig, "AnchorPeers": peer_pb2.AnchorPeers},
    "Consortiums": {},
    "Consortium": {"ChannelCreationPolicy": policies_pb2.Policy},
    "Consortium Org": {"MSP": msp_config_pb2.MSPConfig},
}
"""The messages that the values of a group hold, by the group's kind."""
_GROUPS: Final = {
    "Orderer": "Orderer Org",
    "Application": "Application Org",
    "Consortiums": "Consortium",
    "Consortium": "Consortium Org",
}
"""The kinds of the groups below a group: the channel's own by their names, organizations by none."""


def is_opaque(field: str, part: str) -> bool:
    """Tell whether a field, by its full name, holds a message that can be known."""
    if field == "common.ConfigValue.value":
        return ":" in part
    if field == "rwset.NsReadWriteSet.rwset":
        return part == "kv"
    known = {"common.Payload.data", "common.ConfigUpdate.isolated_data", "orderer.ConsensusType.metadata"}
    return field in _STATIC or field in _CHOSEN or field in known


def content_of(message: Any, field: str, part: str) -> Any:  # noqa: ANN401 - protobuf messages
    """Return an empty message of the kind that an opaque field holds. Raises ConfigtxError if unknown."""
    if field in _STATIC:
        return _STATIC[field]()
    if field == "common.ConfigValue.value":
        kind, _, name = part.partition(":")
        return _known(VALUES[kind], name, f"{kind} value")
    if field == "rwset.NsReadWriteSet.rwset":
        return kv_rwset_pb2.KVRWSet()
    if field == "common.Payload.data":
        return _known(_PAYLOADS, _payload_type(message), "payload of type")
    if field == "orderer.ConsensusType.metadata":
        return _CONSENSUS.get(message.type, Empty)()
    chooser, choices = _CHOSEN[field]
    return _known(choices, getattr(message, chooser), f"{field} of {chooser}")


def part_below(message: Any, field: str, key: str, part: str) -> str:  # noqa: ANN401 - any message
    """Return the part that a message in a field is; `key` if it is in a map. Raises ConfigtxError."""
    name = message.DESCRIPTOR.full_name
    if name in {"common.Config", "common.ConfigUpdate"}:
        return "Channel"
    if name == "rwset.TxReadWriteSet":
        return "kv" if message.data_model == rwset_pb2.TxReadWriteSet.KV else ""
    if name != "common.ConfigGroup" or not part:
        return ""
    if field == "values":
        return f"{part}:{key}"
    if field != "groups":
        return ""
    below = _group_below(part, key)
    if not below:
        raise ConfigtxError(f"a {part} group has an unknown group {key[:80]!r} below it")
    return below


def part_at(path: str) -> str:
    """Return the part that the group at a path ("/Channel/Orderer") is; "" where Fabric has none."""
    part = "Channel"
    for name in path.split("/")[2:]:
        part = _group_below(part, name)
    return part


def _group_below(part: str, name: str) -> str:
    if part == "Channel":
        return name if name in {"Orderer", "Application", "Consortiums"} else ""
    return _GROUPS.get(part, "")


def _known(choices: dict[Any, Make], found: Any, what: str) -> Any:  # noqa: ANN401 - any message
    if found not in choices:
        raise ConfigtxError(f"cannot be decoded: {what} {str(found)[:80]} is unknown")
    return choices[found]()


def _payload_type(payload: common_pb2.Payload) -> int:
    if not payload.HasField("header"):
        raise ConfigtxError("cannot determine payload type when header is missing")
    header = values.parse(common_pb2.ChannelHeader(), payload.header.channel_header, "corrupt channel header")
    return int(header.type)
