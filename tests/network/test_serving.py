"""What orderers serve, by their facts: what nobody can wait for is not missed after a restart."""

from typing import cast

from heddle.fabric.connection import Connections
from heddle.fabric.node import Node
from heddle.identity.signer import Signer
from heddle.network.serving import orderer_services
from heddle.planner.facts import LedgerState, NodeFacts


async def test_an_orderer_that_only_follows_is_not_waited_for() -> None:
    """With a new TLS key it orders again once the channel has taken it, which comes after the restarts."""
    follows = LedgerState(relation="follower", status="active", height=7)
    joins = LedgerState(relation="follower", status="onboarding", height=2)
    facts = NodeFacts(name="o", kind="orderer", channels={"trade": follows, "new": joins, "none": None})
    node = Node(name="o", msp_id="M", host="o", port=1)

    # Nobody is asked: a follower hands out no newest block, whoever leads.
    nobody = cast("Connections", None)
    served = await orderer_services(nobody, node, [], {}, facts, cast("Signer", None), deadline=1)

    assert served == {"trade: it knows the leader"}
