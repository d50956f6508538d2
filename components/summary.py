"""The stack's output `instance`: everything that reads a running instance, and never its stack file, needs.

heddle.network.instance reads it; the two change together.
"""

from collections.abc import Mapping
from typing import Any

import pulumi

from components.chaincode import Chaincode
from components.fabric_channel import FabricChannel
from components.node import FabricNode
from components.orderer_set import OrdererSet
from components.organization import Organization
from components.peer_set import PeerSet
from heddle.topology import ChaincodePlan, ExternalPlan, OrganizationPlan, Topology


def summary_of(
    topology: Topology,
    *,
    standin: bool,
    kubeconfig: str,
    orderers: OrdererSet,
    peers: Mapping[str, PeerSet],
    channels: Mapping[str, FabricChannel],
    chaincodes: Mapping[str, Chaincode],
    endpoints: Mapping[str, pulumi.Input[str]],
) -> dict[str, Any]:
    """Plain data with Outputs in it; what is secret stays marked where it is."""
    return {
        "name": topology.instance,
        "namespace": topology.namespace,
        "standin": standin,
        "consensus": topology.consensus,
        "domain": topology.domain,
        "publicAddress": topology.public_address,
        "kubeconfig": pulumi.Output.secret(kubeconfig),
        "orderers": _nodes(topology.ordering, orderers.nodes, endpoints),
        "peers": [
            node for plan in topology.managed for node in _nodes(plan, peers[plan.name].nodes, endpoints)
        ],
        "organizations": {
            topology.ordering.name: _organization(orderers.organization, "orderer"),
            **{name: _organization(peer_set.organization, "peer") for name, peer_set in peers.items()},
            **{plan.name: _external(plan.external) for plan in topology.organizations if plan.external},
        },
        "channels": {
            plan.name: {
                "organizations": [member.organization for member in plan.members],
                "peers": [peer.name for member in plan.members for peer in member.peers],
                "genesisHash": channels[plan.name].channel.genesis_hash,
            }
            for plan in topology.channels
        },
        "chaincodes": {plan.name: _chaincode(plan, chaincodes[plan.name]) for plan in topology.chaincodes},
        "adminTls": dict(orderers.admin_tls),
    }


def _nodes(
    organization: OrganizationPlan,
    nodes: Mapping[str, FabricNode],
    endpoints: Mapping[str, pulumi.Input[str]],
) -> list[dict[str, Any]]:
    return [
        {
            **nodes[plan.name].address,
            "organization": organization.name,
            "publicEndpoint": endpoints.get(plan.name, ""),
            "stateDatabase": plan.couchdb.name if plan.couchdb else "",
        }
        for plan in organization.nodes
    ]


def _external(plan: ExternalPlan) -> dict[str, Any]:
    """An organization that is run elsewhere has no users here."""
    return {
        "mspId": plan.msp_id,
        "kind": "peer",
        "caCertificate": _bundle(plan.root_certificates),
        "tlsCaCertificate": _bundle(plan.tls_root_certificates),
    }


def _bundle(certificates: tuple[str, ...]) -> str:
    """PEM texts as one: what came from people may lack the line's end between them."""
    return "".join(f"{each.strip()}\n" for each in certificates)


def _organization(organization: Organization, kind: str) -> dict[str, Any]:
    return {
        "mspId": organization.msp_id,
        "kind": kind,
        "caCertificate": organization.ca.certificate,
        "tlsCaCertificate": organization.tls_ca.certificate,
        "admin": dict(organization.admin),
        "user": dict(organization.user),
    }


def _chaincode(plan: ChaincodePlan, chaincode: Chaincode) -> dict[str, Any]:
    return {
        "channel": plan.channel,
        "version": plan.version,
        "sequence": plan.sequence,
        "endorsementPolicy": plan.endorsement_policy or "",
        "initRequired": plan.init_required,
        "collections": [each.name for each in plan.collections],
        "packageIds": {name: server.package.package_id for name, server in chaincode.servers.items()},
    }
