"""Write and read what makes a channel BFT: SmartBFT's options, its consenters, the policy of its blocks.

Source: common/policies/bft.go, internal/configtxgen/encoder/encoder.go, orderer/consensus/smartbft/util.go,
orderer/consensus/smartbft/util/util.go (Fabric 3.1.5).
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from fabric_protos.common import configtx_pb2, configuration_pb2, policies_pb2
from fabric_protos.msp import msp_principal_pb2
from fabric_protos.orderer.smartbft import configuration_pb2 as smartbft_pb2

from heddle.configtx import values
from heddle.configtx.settings import Consenter
from heddle.identity.signer import serialized_identity
from heddle.quorum import quorum
from heddle.settings import BftOptions

__all__ = [
    "REQUEST_MAX_BYTES",
    "block_validation",
    "consenters_of",
    "mapping",
    "mapping_of",
    "options_message",
    "put_consenters",
]

REQUEST_MAX_BYTES: Final = 10 * 1024
"""SmartBFT's own limit when it validates; a batch with fewer bytes than that stops the chain."""


def options_message(options: BftOptions, live: smartbft_pb2.Options | None = None) -> smartbft_pb2.Options:
    """Return `smartbft.Options`; options of `live` that Heddle has no setting for stay as they are."""
    message = smartbft_pb2.Options()
    if live is not None:
        message.CopyFrom(live)
    return values.fill(message, options)


def mapping(consenters: Iterable[Consenter]) -> configuration_pb2.Orderers:
    """Return the channel's list of consenters, `common.Orderers`."""
    return configuration_pb2.Orderers(
        consenter_mapping=[
            configuration_pb2.Consenter(
                id=node.id, msp_id=node.msp_id, identity=node.identity, **values.place(node)
            )
            for node in consenters
        ]
    )


def put_consenters(orderer: configtx_pb2.ConfigGroup, consenters: Iterable[Consenter]) -> None:
    """Set the channel's consenters with the policy of its blocks: nodes refuse the one without the other."""
    message = mapping(consenters)
    values.put(orderer, "Orderers", message)
    orderer.policies["BlockValidation"].policy.CopyFrom(block_validation(message.consenter_mapping))


def mapping_of(orderer: configtx_pb2.ConfigGroup) -> Sequence[configuration_pb2.Consenter]:
    """Return the consenters in the group /Channel/Orderer, as messages; none if it has no such value."""
    return values.read(orderer, "Orderers", configuration_pb2.Orderers()).consenter_mapping


def consenters_of(orderer: configtx_pb2.ConfigGroup) -> tuple[Consenter, ...]:
    """Return the consenters in the group /Channel/Orderer, as settings."""
    return tuple(
        replace(values.consenter_of(node), id=node.id, msp_id=node.msp_id, identity=node.identity)
        for node in mapping_of(orderer)
    )


def block_validation(consenters: Iterable[configuration_pb2.Consenter]) -> policies_pb2.Policy:
    """Return the policy BlockValidation: a quorum of exactly these identities, in the order of the mapping.

    Nodes compute it again and refuse a configuration with any other.
    """
    envelope = policies_pb2.SignaturePolicyEnvelope()
    for index, node in enumerate(consenters):
        envelope.rule.n_out_of.rules.add(signed_by=index)
        envelope.identities.add(
            principal_classification=msp_principal_pb2.MSPPrincipal.IDENTITY,
            principal=serialized_identity(node.msp_id, node.identity),
        )
    envelope.rule.n_out_of.n = quorum(len(envelope.identities), bft=True)
    return policies_pb2.Policy(type=policies_pb2.Policy.SIGNATURE, value=envelope.SerializeToString())
