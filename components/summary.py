"""Write the outputs `instance` and `access` by the classes that read them (heddle.network.instance)."""

from collections.abc import Mapping
from typing import Any

import pulumi

from components.chaincode import Chaincode
from components.fabric_channel import FabricChannel
from components.node import FabricNode
from components.operations import Operations
from components.organization import Organization
from heddle.network.instance import (
    VERSION,
    AccessOutput,
    ChaincodeOutput,
    ChannelOutput,
    DefinitionOutput,
    InstanceOutput,
    NodeOutput,
    OrganizationOutput,
    SleepOutput,
)
from heddle.network.records import named, written
from heddle.resources import ClientTls, Power
from heddle.spec.members import External
from heddle.topology import (
    ChaincodePlan,
    ChannelPlan,
    DefinitionPlan,
    OrganizationPlan,
    Topology,
)


def instance_output(
    topology: Topology,
    *,
    standin: bool,
    members: Mapping[str, Organization],
    nodes: Mapping[str, FabricNode],
    admin_tls: ClientTls,
    operations: Operations,
    channels: Mapping[str, FabricChannel],
    chaincodes: Mapping[str, Chaincode],
    endpoints: Mapping[str, pulumi.Input[str]],
    sleep: Power | None = None,
) -> dict[str, Any]:
    """Return the output `instance`: all that a client or an operator may know, nothing secret."""
    ordering = topology.ordering
    external = [_external(plan.name, plan.external) for plan in topology.organizations if plan.external]
    return written(
        InstanceOutput,
        version=VERSION,
        name=topology.instance,
        namespace=topology.namespace,
        standin=standin,
        consensus=topology.consensus,
        domain=topology.domain,
        public_address=topology.public_address,
        orderers=_nodes(ordering, members[ordering.name], nodes, endpoints),
        peers=[
            node for plan in topology.managed for node in _nodes(plan, members[plan.name], nodes, endpoints)
        ],
        organizations=named(
            [
                _organization(ordering.name, "orderer", members[ordering.name]),
                *(_organization(plan.name, "peer", members[plan.name]) for plan in topology.managed),
                *external,
            ]
        ),
        channels=named(_channel(plan, channels[plan.name]) for plan in topology.channels),
        chaincodes=named(_chaincode(plan, chaincodes[plan.name]) for plan in topology.chaincodes),
        admin_tls_certificate=admin_tls["certificate"],
        operations_tls_certificate=operations.client["certificate"],
        operations_ca_certificate=operations.authority,
        new_channels=dict(topology.new_channels),
        sleep=written(SleepOutput, since=sleep.since, ledgers=sleep.ledgers) if sleep else None,
    )


def access_output(
    *,
    kubeconfig: str,
    members: Mapping[str, Organization],
    admin_tls: ClientTls,
    operations_tls: ClientTls,
) -> pulumi.Output[Any]:
    """Return the output `access`: every credential of the network, secret as a whole."""
    return pulumi.Output.secret(
        written(
            AccessOutput,
            version=VERSION,
            kubeconfig=kubeconfig,
            user_keys={
                name: {person: identity["privateKey"] for person, identity in each.people.items()}
                for name, each in members.items()
            },
            admin_tls_key=admin_tls["privateKey"],
            operations_tls_key=operations_tls["privateKey"],
        )
    )


def _nodes(
    plan: OrganizationPlan,
    organization: Organization,
    nodes: Mapping[str, FabricNode],
    endpoints: Mapping[str, pulumi.Input[str]],
) -> list[dict[str, Any]]:
    return [
        written(
            NodeOutput,
            name=node.name,
            msp_id=node.msp_id,
            organization=plan.name,
            host=node.host,
            port=node.port,
            namespace=node.namespace,
            pod=node.pod,
            tls_root_certificates=organization.authorities.tls.every,
            operations_port=node.operations_port,
            admin_port=node.admin_port,
            public_endpoint=endpoints.get(node.name, ""),
            state_database=node.couchdb.name if node.couchdb else "",
            tls_certificate=nodes[node.name].tls_certificate,
            identity_certificate=nodes[node.name].identity_certificate,
            image=node.image,
        )
        for node in plan.nodes
    ]


def _external(name: str, plan: External) -> dict[str, Any]:
    return written(
        OrganizationOutput,
        name=name,
        msp_id=plan.msp_id,
        kind="peer",
        ca_certificate=_bundle((*plan.root_certificates, *plan.intermediate_certificates)),
        tls_ca_certificate=_bundle((*plan.tls_root_certificates, *plan.tls_intermediate_certificates)),
        users={},
    )


def _bundle(certificates: tuple[str, ...]) -> str:
    """Join PEM texts: what came from people may lack the line's end between them."""
    return "".join(f"{each.strip()}\n" for each in certificates)


def _organization(name: str, kind: str, organization: Organization) -> dict[str, Any]:
    authorities = organization.authorities
    return written(
        OrganizationOutput,
        name=name,
        msp_id=organization.msp_id,
        kind=kind,
        ca_certificate=authorities.bundle("identity"),
        tls_ca_certificate=authorities.bundle("tls"),
        users={person: identity["certificate"] for person, identity in organization.people.items()},
    )


def _channel(plan: ChannelPlan, channel: FabricChannel) -> dict[str, Any]:
    return written(
        ChannelOutput,
        name=plan.name,
        organizations=[member.organization for member in plan.members],
        peers=[peer.name for member in plan.members for peer in member.peers],
        genesis_hash=channel.channel.genesis_hash,
    )


def _chaincode(plan: ChaincodePlan, chaincode: Chaincode) -> dict[str, Any]:
    first, *further = plan.definitions
    return written(
        ChaincodeOutput,
        name=plan.name,
        version=plan.version,
        package_ids={name: server.package.package_id for name, server in chaincode.servers.items()},
        server_certificates={name: server.certificate for name, server in chaincode.servers.items()},
        channel=first.channel,
        **_definition(first),
        further=named(written(DefinitionOutput, name=each.channel, **_definition(each)) for each in further)
        or None,
    )


def _definition(plan: DefinitionPlan) -> dict[str, Any]:
    return {
        "sequence": plan.sequence,
        "endorsement_policy": plan.endorsement_policy or "",
        "init_required": plan.init_required,
        "collections": [each.name for each in plan.collections],
    }
