"""Lay out a chaincode: its definition on each of its channels, and a server for each organization."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter

from heddle.spec.chaincode import Chaincode
from heddle.topology.addresses import Addresses
from heddle.topology.plans.chaincodes import ChaincodePlan, DefinitionPlan, ServerPlan
from heddle.topology.plans.members import ChannelPlan
from heddle.topology.plans.nodes import NodePlan
from heddle.topology.pods import places_of, pod_settings
from heddle.topology.policies import collection_plan, endorsement_policy

_PLAIN = re.compile(r"(?!(?:peer|orderer|couchdb)\d+$)[a-z][a-z0-9]{0,24}")
"""Names of chaincodes that a Kubernetes name can begin with, and that no node's begins with."""


def chaincode_plan(
    wanted: Chaincode,
    channels: Mapping[str, ChannelPlan],
    addresses: Addresses,
    organizations: Mapping[str, str],
) -> ChaincodePlan:
    """Lay out a chaincode.

    Args:
        wanted: what the stack file says of it.
        channels: all channels of the instance, by name.
        addresses: where servers are found.
        organizations: the MSP ids of all members by their names, in the order of the stack file.
    """
    own = [_definition(wanted, channels[wanted.channel], organizations)] if wanted.channel else []
    further = {each.name: wanted.on(each) for each in wanted.channels}
    definitions = own + [
        # In the order of the channels: that of their names here means nothing.
        _definition(further[name], channel, organizations, further=True)
        for name, channel in channels.items()
        if name in further
    ]
    return ChaincodePlan(
        name=wanted.name,
        version=wanted.version,
        label=f"{wanted.name}_{wanted.version}",
        image=wanted.image,
        language=wanted.language,
        environment=wanted.environment,
        secret_environment=places_of(wanted.secret_environment),
        metadata=wanted.metadata,
        definitions=tuple(definitions),
        servers=tuple(_servers(wanted, definitions, addresses, organizations)),
    )


def _servers(
    wanted: Chaincode,
    definitions: Sequence[DefinitionPlan],
    addresses: Addresses,
    organizations: Iterable[str],
) -> Iterator[ServerPlan]:
    """Yield a server for each organization that is on any of the channels."""
    members = [member for definition in definitions for member in definition.members]
    for organization in organizations:
        peers = {
            peer.index: peer for each in members if each.organization == organization for peer in each.peers
        }
        if peers:
            yield _server(wanted, organization, tuple(peers[index] for index in sorted(peers)), addresses)


def _server(
    wanted: Chaincode, organization: str, peers: tuple[NodePlan, ...], addresses: Addresses
) -> ServerPlan:
    name = _server_name(wanted, organization)
    return ServerPlan(
        name=name,
        organization=organization,
        host=f"{name}.{addresses.service_domain}",
        peers=peers,
        replicas=wanted.replicas,
        open_egress=wanted.egress == "open",
        **pod_settings(addresses.instance.nodes, "chaincode", wanted.name),
    )


def _definition(
    wanted: Chaincode, channel: ChannelPlan, msp_ids: Mapping[str, str], *, further: bool = False
) -> DefinitionPlan:
    """Return the definition on a channel; `wanted` is the chaincode as it is there."""
    return DefinitionPlan(
        channel=channel.name,
        further=further,
        sequence=wanted.sequence,
        endorsement_policy=endorsement_policy(
            wanted.endorsement, (msp_ids[member.organization] for member in channel.members)
        ),
        init_required=wanted.init_required,
        # Organizations approve them in an order, which the file's must not change by accident.
        collections=tuple(
            collection_plan(each, msp_ids) for each in sorted(wanted.collections, key=attrgetter("name"))
        ),
        members=channel.managed,
    )


def _server_name(chaincode: Chaincode, organization: str) -> str:
    """Return a name of at most 63 characters that no other chaincode, organization or version has.

    Versions may have what Kubernetes' names may not, so they are told apart by six digits of a hash. So may
    names of chaincodes: those are cut to what is allowed, and told apart by the hash too.
    """
    plain = _PLAIN.fullmatch(chaincode.name) is not None
    told_apart = chaincode.version if plain else f"{chaincode.name}/{chaincode.version}"
    shown = chaincode.name if plain else f"c{re.sub('[^a-z0-9]', '', chaincode.name.lower())}"[:25]
    return f"{shown}-{organization}-{hashlib.sha256(told_apart.encode()).hexdigest()[:6]}"
