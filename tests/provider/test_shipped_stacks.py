"""Every node of every stack that ships is restarted by a rollout, as a renewal of certificates does."""

from typing import cast

import pytest

from heddle.fabric.node import Node
from heddle.kube.pods import NodePods
from heddle.planner.facts import LedgerState, NodeFacts
from heddle.provider.rollout.restart import Restarter
from heddle.topology import NodePlan, OrganizationPlan, Topology
from tests.provider.test_rollout import outdated_pods
from tests.shipped import shipped_names
from tests.topology.test_stacks import laid_out

NAMES = shipped_names()
HEIGHTS = {"goods": 20, "transport": 5, "sales": 12, "channel": 30}


def _organizations(stack: Topology) -> list[OrganizationPlan]:
    return [stack.ordering, *stack.managed]


def _channels(stack: Topology, node: NodePlan) -> list[str]:
    """The channels that the stack file puts a node on: every orderer is on all of them."""
    if node.kind == "orderer":
        return [channel.name for channel in stack.channels]
    return [
        channel.name
        for channel in stack.channels
        if any(peer.name == node.name for member in channel.members for peer in member.peers)
    ]


@pytest.mark.parametrize("name", NAMES)
async def test_a_renewal_restarts_every_node_once(name: str) -> None:
    """A node is waited for on its own channels alone: a peer may be on two of three."""
    stack = laid_out(name, public_address="192.0.2.1")
    for organization in _organizations(stack):
        plans = {node.name: node for node in organization.nodes}
        world = outdated_pods(plans)

        async def ask(node: Node, *, plans: dict[str, NodePlan] = plans) -> NodeFacts:
            relation, status = ("consenter", "active") if node.admin_port else ("peer", "joined")
            answers = {
                channel: LedgerState(relation=relation, status=status, height=HEIGHTS.get(channel, 3))
                for channel in _channels(stack, plans[node.name])
            }
            return NodeFacts(name=node.name, kind="orderer" if node.admin_port else "peer", channels=answers)

        restarter = Restarter(
            pods=cast("NodePods", world),
            ask=ask,
            nodes=[
                Node(name=node.name, msp_id="M", host=node.host, port=node.port, admin_port=node.admin_port)
                for node in plans.values()
            ],
            patience=2,
        )

        assert sorted((await restarter.run()).done) == sorted(plans)
        assert world.most_away == 1


def test_all_stacks_are_tried() -> None:
    """The stack with membership in part is among them."""
    enterprise = laid_out("enterprise")
    (peer,) = (node for plan in enterprise.managed for node in plan.nodes if node.name == "peer1-maker")
    assert _channels(enterprise, peer) == ["goods", "sales"]
    assert "enterprise" in NAMES
