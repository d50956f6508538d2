"""Edits of a configuration that orderers refuse."""

from dataclasses import replace

from fabric_protos.common import configtx_pb2, policies_pb2
from fabric_protos.orderer import configuration_pb2 as orderer_pb2

from heddle.configtx import values
from heddle.identity.msp import msp_config
from heddle.settings import BatchSettings
from tests.configtx.networks import organization


def no_endpoints(root: configtx_pb2.ConfigGroup) -> None:
    root.groups["Orderer"].groups["orderer"].values["Endpoints"].value = b""


def unknown_value(root: configtx_pb2.ConfigGroup) -> None:
    root.groups["Orderer"].values["Surprise"].mod_policy = "Admins"


def unknown_capability(root: configtx_pb2.ConfigGroup) -> None:
    capabilities = values.capabilities("V9_9")
    capabilities.capabilities["V3_0"].SetInParent()
    values.put(root, "Capabilities", capabilities)


def only_unknown_capability(root: configtx_pb2.ConfigGroup) -> None:
    values.put(root, "Capabilities", values.capabilities("V9_9"))


def global_addresses(root: configtx_pb2.ConfigGroup) -> None:
    values.put(root, "OrdererAddresses", values.addresses(["orderer0.example:7050"]))


def no_capabilities(root: configtx_pb2.ConfigGroup) -> None:
    del root.groups["Orderer"].values["Capabilities"]


def hash_width(root: configtx_pb2.ConfigGroup) -> None:
    root.values["BlockDataHashingStructure"].value = b""


def hash_algorithm(root: configtx_pb2.ConfigGroup) -> None:
    root.values["HashingAlgorithm"].value = b""


def no_orderers(root: configtx_pb2.ConfigGroup) -> None:
    del root.groups["Orderer"]


def no_application(root: configtx_pb2.ConfigGroup) -> None:
    del root.groups["Application"]


def consortiums(root: configtx_pb2.ConfigGroup) -> None:
    root.groups["Consortiums"].mod_policy = "Admins"


def two_versions_of_an_msp(root: configtx_pb2.ConfigGroup) -> None:
    owner = organization("orderer").msp
    more = replace(owner, tls_root_certificates=(*owner.tls_root_certificates, *owner.root_certificates))
    group = root.groups["Application"].groups["orderer"]
    group.CopyFrom(root.groups["Application"].groups["alpha"])
    values.put(group, "MSP", msp_config(more))


def policy_with_a_hole(root: configtx_pb2.ConfigGroup) -> None:
    policy = root.groups["Application"].policies["Hole"]
    policy.mod_policy = "Admins"
    policy.policy.type = 1
    envelope = policies_pb2.SignaturePolicyEnvelope()
    envelope.rule.signed_by = 3
    policy.policy.value = envelope.SerializeToString()


def policy_of_no_kind(root: configtx_pb2.ConfigGroup) -> None:
    policy_with_a_hole(root)
    root.groups["Application"].policies["Hole"].policy.type = 7


def no_batch(root: configtx_pb2.ConfigGroup) -> None:
    values.put(
        root.groups["Orderer"],
        "BatchSize",
        values.fill(orderer_pb2.BatchSize(), BatchSettings(max_message_count=0)),
    )


def backwards(root: configtx_pb2.ConfigGroup) -> None:
    values.put(
        root.groups["Orderer"],
        "BatchTimeout",
        values.fill(orderer_pb2.BatchTimeout(), BatchSettings(timeout="-1s")),
    )


def nonsense(root: configtx_pb2.ConfigGroup) -> None:
    values.put(
        root.groups["Orderer"],
        "BatchTimeout",
        values.fill(orderer_pb2.BatchTimeout(), BatchSettings(timeout="soon")),
    )


def no_policy(root: configtx_pb2.ConfigGroup) -> None:
    root.groups["Orderer"].values["BatchTimeout"].mod_policy = ""
    backwards(root)


def foreign_msp(root: configtx_pb2.ConfigGroup) -> None:
    values.put(root.groups["Application"].groups["alpha"], "MSP", msp_config(organization("gamma").msp))


def strange_name(root: configtx_pb2.ConfigGroup) -> None:
    root.groups["Application"].groups["al pha"].mod_policy = "Admins"


def subgroup(root: configtx_pb2.ConfigGroup) -> None:
    root.groups["Application"].groups["alpha"].groups["below"].mod_policy = "Admins"


def leaf_as_root(root: configtx_pb2.ConfigGroup) -> None:
    alpha = organization("alpha")
    msp = replace(alpha.msp, root_certificates=(alpha.signer("peer").certificate,))
    values.put(root.groups["Application"].groups["alpha"], "MSP", msp_config(msp))


def lonely_policy(root: configtx_pb2.ConfigGroup) -> None:
    root.policies["Empty"].mod_policy = "Admins"
