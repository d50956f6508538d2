"""What a peer's database holds is asked by whoever may read its Secret."""

from typing import cast

import pytest

from heddle.errors import Forbidden, KubeError, Unreachable
from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from heddle.fabric.node import Node
from heddle.kube.client import KubeClient
from heddle.network.databases import with_state_heights
from heddle.planner.facts import Answer, LedgerState, NoAnswer

PEER = Node(name="peer0-a", msp_id="A", host="peer0-a", port=7051, namespace="fabric", pod="peer0-a-0")
JOINED = LedgerState(relation="peer", status="joined", height=7)


class Cluster:
    """A cluster that answers every question for a Secret with this error."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def get(self, _path: str) -> None:
        raise self.error


async def answers(error: Exception) -> dict[str, Answer]:
    client = cast("KubeClient", Cluster(error))
    async with Connections(DirectDialer()) as connections:
        asked: dict[str, Answer] = {"trade": JOINED, "other": None}
        return await with_state_heights(client, connections, PEER, "couchdb0-a", asked, deadline=1)


async def test_who_may_not_read_the_secret_gets_the_answers_alone() -> None:
    """A viewer sees the channels as before."""
    assert await answers(Forbidden("secrets is forbidden")) == {"trade": JOINED, "other": None}


@pytest.mark.parametrize("error", [KubeError("429: too many requests"), Unreachable("no answer")])
async def test_a_secret_that_cannot_be_read_now_leaves_the_state_unknown(error: Exception) -> None:
    """That is not the same as well."""
    found = await answers(error)

    assert found["other"] is None
    assert isinstance(found["trade"], LedgerState)
    assert isinstance(found["trade"].state_height, NoAnswer)
    assert str(error) == found["trade"].state_height.reason
