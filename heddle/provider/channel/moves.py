"""Prepare a channel for a consenter's new address: the node is there already, and the others will dial it.

Orderers keep the connections that they have, whatever address a new configuration says: they are kept by
certificate (orderer/common/cluster/comm.go, updateStubInMapping). Only a restart makes them dial anew.

Gateways of peers know a channel's orderers as they were when the peer started: channels that it opens then
never tell its gateway of an update (internal/peer/node/start.go calls Initialize before
gateway.CreateServer). Seen on 3.1.5: with the former addresses gone, no gateway reached an orderer.
"""

import asyncio
from collections.abc import Iterable
from typing import Final

from cryptography import x509

from heddle.errors import ProviderError
from heddle.fabric.node import Node
from heddle.fabric.tls import presented_certificate
from heddle.kube.client import KubeClient
from heddle.kube.pods import NodePods
from heddle.kube.withdrawal import mark_for_restart
from heddle.provider.channel.client import ChannelClient
from heddle.provider.session import Session
from heddle.telling import doing
from heddle.waiting import Deadline

__all__ = ["await_restarts", "expect_certified", "mark_nodes"]

_LOOKS: Final = 1.0
"""Seconds between two looks at pods."""


async def expect_certified(client: ChannelClient, node: Node, host: str, *, deadline: float) -> None:
    """Raise ProviderError unless the certificate that a node presents is good for its new host."""
    shown = await presented_certificate(client.connections.dialer, node, deadline=deadline)
    names = _names(shown)
    if host in names:
        return
    raise ProviderError(
        f"channel {client.channel}: {node.name} cannot have the address {host} yet: the certificate that it "
        f"presents is good for {', '.join(names) or 'no name'} alone",
        hint="It restarts with a new certificate first: run `heddle up` again, and look at its rollout.",
    )


async def mark_nodes(session: Session, nodes: Iterable[Node]) -> None:
    """Have the pods of nodes restart in their turn, so that they dial the new address.

    Before the channel has it: a run that is killed in between has one restart more, and none is forgotten.
    """
    pods = [node for node in nodes if node.pod]
    if not session.has_cluster or not pods:
        return
    async with KubeClient(await session.api_server()) as server:
        for node in pods:
            await mark_for_restart(server, node.namespace, node.pod)


async def await_restarts(session: Session, nodes: Iterable[Node], *, patience: float) -> None:
    """Wait until no pod of the nodes is to restart for its template, so that a mark on it is not lost.

    A restart beside a change of the channel would take the mark with it, and the gateway of the new pod could
    begin with the orderers of before. Ends when nothing has changed for `patience` seconds: a peer that is
    held up, or broken, keeps no channel back.
    """
    pods = [node for node in nodes if node.pod]
    if not session.has_cluster or not pods:
        return
    async with NodePods(await session.api_server(), pods[0].namespace) as cluster:
        clock, before = Deadline(patience), frozenset[str]()
        with doing("the peers restart first"):
            while found := await _restarting(cluster, pods):
                if found != before:
                    clock, before = Deadline(patience), found
                if clock.passed():
                    return
                await clock.pause(_LOOKS)


async def _restarting(cluster: NodePods, nodes: Iterable[Node]) -> frozenset[str]:
    """Return the nodes whose pods are to restart for a change of theirs, or are being deleted."""
    states = await asyncio.gather(*(cluster.state(each.name) for each in nodes))
    return frozenset(each.node for each in states if each and (each.restarts_for_change or each.leaving))


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    addresses = [str(each) for each in found.get_values_for_type(x509.IPAddress)]
    return [*found.get_values_for_type(x509.DNSName), *addresses]
