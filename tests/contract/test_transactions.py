"""Transactions from the gateway to the state: endorsed by both organizations, ordered, validated."""

import asyncio
import json

import pytest

from heddle.configtx.blocks import block_hash
from heddle.errors import Refused
from heddle.fabric import endorser, gateway, orderer, qscc, transactions
from heddle.fabric.connection import Connections
from tests.contract.scene import Scene
from tests.real.commits import transaction_code, wait_for_commit


async def _invoke(scene: Scene, connections: Connections, *args: str) -> int:
    outcome = await gateway.invoke(
        connections, scene.peer(), scene.person("alpha.user"), "channel", "assets", args, deadline=20
    )
    assert outcome.commit.code == "VALID"
    return outcome.commit.block


async def _evaluate(scene: Scene, connections: Connections, *args: str) -> object:
    answer = await gateway.evaluate(
        connections, scene.peer(), scene.person("alpha.user"), "channel", "assets", args, deadline=20
    )
    return json.loads(answer)


async def test_a_life_of_an_asset(scene: Scene, connections: Connections) -> None:
    """Made, read, given away, deleted: each step is seen by the next."""
    await _invoke(scene, connections, "put", "life", "ada", "7")
    assert await _evaluate(scene, connections, "get", "life") == {"id": "life", "owner": "ada", "value": "7"}
    await _invoke(scene, connections, "transfer", "life", "bob")
    assert await _evaluate(scene, connections, "get", "life") == {"id": "life", "owner": "bob", "value": "7"}
    await _invoke(scene, connections, "delete", "life")
    with pytest.raises(Refused, match="the asset life does not exist"):
        await _evaluate(scene, connections, "get", "life")


async def test_ranges_longer_than_a_page(scene: Scene, connections: Connections) -> None:
    """Entries come by key, all of them, from first to before last."""
    numbers = range(120)
    await asyncio.gather(
        *(_invoke(scene, connections, "put", f"page{number:03}", "ada", str(number)) for number in numbers)
    )
    found = await _evaluate(scene, connections, "list", "page", "pagf")
    assert isinstance(found, list)
    assert [asset["id"] for asset in found] == [f"page{number:03}" for number in numbers]
    found = await _evaluate(scene, connections, "list", "page010", "page012")
    assert isinstance(found, list)
    assert [asset["id"] for asset in found] == ["page010", "page011"]


async def test_one_organization_is_not_enough(scene: Scene, connections: Connections) -> None:
    """A transaction that alpha alone endorsed is ordered, and marked invalid on every peer."""
    proposal = endorser.new_proposal(
        scene.person("alpha.user"), "channel", "assets", ["put", "half", "ada", "1"]
    )
    answer = await endorser.propose(
        connections, scene.peer(), proposal, scene.person("alpha.user"), deadline=10
    )
    envelope = endorser.transaction(proposal, [answer], scene.person("alpha.user"))
    await orderer.broadcast(connections, scene.network.orderers[0], envelope, deadline=10)
    for name in scene.network.organizations:
        commit = await wait_for_commit(
            connections,
            scene.peer(name),
            "channel",
            proposal.transaction_id,
            scene.person(f"{name}.user"),
            deadline=10,
        )
        assert commit.code == "ENDORSEMENT_POLICY_FAILURE"
    with pytest.raises(Refused, match="the asset half does not exist"):
        await _evaluate(scene, connections, "get", "half")


async def test_the_same_transaction_twice(scene: Scene, connections: Connections) -> None:
    """A copy is ordered like any other message, and takes no effect."""
    alpha = scene.person("alpha.user")
    proposal = endorser.new_proposal(alpha, "channel", "assets", ["put", "twice", "ada", "1"])
    envelope = await gateway.endorse(connections, scene.peer(), proposal, alpha, deadline=10)
    await gateway.submit(connections, scene.peer(), proposal, envelope, deadline=10)
    first = await gateway.commit_status(
        connections, scene.peer(), "channel", proposal.transaction_id, alpha, deadline=10
    )
    await orderer.broadcast(connections, scene.network.orderers[1], envelope, deadline=10)
    await _invoke(scene, connections, "put", "after", "ada", "1")
    again = await gateway.commit_status(
        connections, scene.peer(), "channel", proposal.transaction_id, alpha, deadline=10
    )
    assert first == again
    assert first.code == "VALID"
    with pytest.raises(Refused, match="duplicate transaction found"):
        await endorser.propose(connections, scene.peer(), proposal, alpha, deadline=10)


async def test_a_read_that_is_stale_when_it_is_committed(scene: Scene, connections: Connections) -> None:
    """Endorsed before another write of the same key: MVCC_READ_CONFLICT, and the other write stays."""
    alpha = scene.person("alpha.user")
    await _invoke(scene, connections, "put", "stale", "ada", "1")
    proposal = endorser.new_proposal(alpha, "channel", "assets", ["transfer", "stale", "bob"])
    envelope = await gateway.endorse(connections, scene.peer(), proposal, alpha, deadline=10)
    await _invoke(scene, connections, "put", "stale", "eve", "2")
    await gateway.submit(connections, scene.peer(), proposal, envelope, deadline=10)
    commit = await gateway.commit_status(
        connections, scene.peer(), "channel", proposal.transaction_id, alpha, deadline=10
    )
    assert commit.code == "MVCC_READ_CONFLICT"
    assert await _evaluate(scene, connections, "get", "stale") == {
        "id": "stale",
        "owner": "eve",
        "value": "2",
    }


async def test_a_range_that_grew_before_it_is_committed(scene: Scene, connections: Connections) -> None:
    """What a transaction listed must be the same when it is committed, also entries that are new."""
    alpha = scene.person("alpha.user")
    await _invoke(scene, connections, "put", "range1", "ada", "1")
    proposal = endorser.new_proposal(alpha, "channel", "assets", ["list", "range", "rangf"])
    envelope = await gateway.endorse(connections, scene.peer(), proposal, alpha, deadline=10)
    await _invoke(scene, connections, "put", "range2", "ada", "2")
    await gateway.submit(connections, scene.peer(), proposal, envelope, deadline=10)
    commit = await gateway.commit_status(
        connections, scene.peer(), "channel", proposal.transaction_id, alpha, deadline=10
    )
    assert commit.code == "PHANTOM_READ_CONFLICT"


async def test_both_peers_agree(scene: Scene, connections: Connections) -> None:
    """Endorsed on both, committed on both: the same block, the same answer."""
    outcome = await transactions.submit(
        connections,
        scene.network.peers,
        scene.network.orderers,
        scene.person("beta.user"),
        "channel",
        "assets",
        ["put", "agreed", "ada", "1"],
        deadline=20,
    )
    hashes = set()
    for name in scene.network.organizations:
        person = scene.person(f"{name}.user")
        block = await qscc.block_by_number(
            connections, scene.peer(name), "channel", outcome.commit.block, person, deadline=5
        )
        hashes.add(block_hash(block.header))
        code = await transaction_code(
            connections, scene.peer(name), "channel", outcome.commit.transaction_id, person, deadline=5
        )
        assert code == "VALID"
    assert len(hashes) == 1
