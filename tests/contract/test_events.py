"""What clients hear of blocks: filtered, whole, and as chaincode events of a gateway."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from fabric_protos.common import common_pb2
from fabric_protos.gateway import gateway_pb2, gateway_pb2_grpc
from fabric_protos.orderer import ab_pb2
from fabric_protos.peer import chaincode_event_pb2, events_pb2_grpc

from heddle.fabric import endorser, gateway, orderer
from heddle.fabric.connection import Connections
from heddle.identity.signer import Signer
from tests.contract.messages import envelope, has_words
from tests.contract.scene import Scene, cases
from tests.real.commits import wait_for_commit


async def _invoke(scene: Scene, connections: Connections, *args: str) -> tuple[int, str]:
    outcome = await gateway.invoke(
        connections, scene.peer(), scene.person("alpha.user"), "channel", "assets", args, deadline=20
    )
    return outcome.commit.block, outcome.commit.transaction_id


def _signed(
    signer: Signer, *, forged: bool = False, **wanted: Any
) -> gateway_pb2.SignedChaincodeEventsRequest:
    content = gateway_pb2.ChaincodeEventsRequest(identity=signer.serialized, **wanted).SerializeToString()
    return gateway_pb2.SignedChaincodeEventsRequest(
        request=content, signature=signer.sign(b"" if forged else content)
    )


def _position(place: Any) -> ab_pb2.SeekPosition | None:
    match place:
        case None:
            return None
        case "oldest":
            return ab_pb2.SeekPosition(oldest=ab_pb2.SeekOldest())
        case "newest":
            return ab_pb2.SeekPosition(newest=ab_pb2.SeekNewest())
        case number:
            return ab_pb2.SeekPosition(specified=ab_pb2.SeekSpecified(number=number))


async def _heard(
    scene: Scene, connections: Connections, count: int, **wanted: Any
) -> list[chaincode_event_pb2.ChaincodeEvent]:
    """The first `count` events."""
    request = _signed(scene.person("beta.user"), channel_id="channel", **{"chaincode_id": "assets", **wanted})
    found: list[chaincode_event_pb2.ChaincodeEvent] = []
    async for answer in _stream(await connections.channel(scene.peer("beta")), request):
        found.extend(answer.events)
        if len(found) >= count:
            break
    return found


async def _stream(
    channel: grpc.aio.Channel, request: gateway_pb2.SignedChaincodeEventsRequest
) -> AsyncIterator[gateway_pb2.ChaincodeEventsResponse]:
    call = gateway_pb2_grpc.GatewayStub(channel).ChaincodeEvents(request, timeout=60)
    try:
        async for answer in call:
            yield answer
    finally:
        call.cancel()


@pytest.mark.parametrize("case", cases("chaincode_events"), ids=lambda case: case["name"])
async def test_refusals(scene: Scene, connections: Connections, case: dict[str, Any]) -> None:
    """Before anything is streamed."""
    wanted = case["request"]
    request = _signed(
        scene.person(wanted.get("person", "alpha.user")),
        forged=wanted.get("forged", False),
        channel_id=wanted.get("channel", "channel"),
        chaincode_id="assets",
        start_position=_position(wanted.get("start")),
    )
    if wanted.get("empty"):
        request.request = b""
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        async for _ in _stream(await connections.channel(scene.peer()), request):
            pass
    assert refused.value.code().name == case["code"], refused.value.details()
    assert has_words(case["words"], refused.value.details())


async def test_events_of_a_chaincode(scene: Scene, connections: Connections) -> None:
    """From a block on, in order, whole; then only what came after a transaction; then what comes now."""
    start, first = await _invoke(scene, connections, "put", "event", "ada", "1")
    _, second = await _invoke(scene, connections, "transfer", "event", "bob")
    found = await _heard(scene, connections, 2, start_position=_position(start))
    assert [(one.event_name, one.tx_id, one.chaincode_id) for one in found] == [
        ("put", first, "assets"),
        ("transfer", second, "assets"),
    ]
    assert json.loads(found[1].payload)["owner"] == "bob"
    [later] = await _heard(scene, connections, 1, start_position=_position(start), after_transaction_id=first)
    assert later == found[1]
    waiting = asyncio.create_task(_heard(scene, connections, 1))
    since = list[str]()
    while not waiting.done():
        # Nobody tells when the peer has begun to listen: what came before that is not heard.
        since.append((await _invoke(scene, connections, "put", f"event{len(since)}", "ada", "1"))[1])
    [now] = await waiting
    assert now.tx_id in since


async def test_another_chaincode_has_no_events(scene: Scene, connections: Connections) -> None:
    """Events of other chaincodes are left out; the stream waits."""
    start, _ = await _invoke(scene, connections, "put", "event", "ada", "1")
    request = _heard(scene, connections, 1, chaincode_id="other", start_position=_position(start))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(request, 1)


async def _delivered(
    scene: Scene, connections: Connections, method: str, number: int, person: str = "alpha.user"
) -> Any:
    info = ab_pb2.SeekInfo(start=_position(number), stop=_position(number))
    reader = scene.person(person)
    request = envelope(common_pb2.DELIVER_SEEK_INFO, "channel", info.SerializeToString(), reader)
    stub = events_pb2_grpc.DeliverStub(await connections.channel(scene.peer()))
    call = getattr(stub, method)(timeout=10)
    await call.write(request)
    try:
        return await call.read()
    finally:
        call.cancel()


async def test_filtered_blocks(scene: Scene, connections: Connections) -> None:
    """Transactions, their codes, and events without what they carry; the same block whole on request."""
    number, transaction_id = await _invoke(scene, connections, "put", "filtered", "ada", "1")
    answer = await _delivered(scene, connections, "DeliverFiltered", number)
    block = answer.filtered_block
    assert (block.channel_id, block.number) == ("channel", number)
    [one] = [one for one in block.filtered_transactions if one.txid == transaction_id]
    [action] = one.transaction_actions.chaincode_actions
    event = action.chaincode_event
    assert (event.event_name, event.chaincode_id, event.tx_id) == ("put", "assets", transaction_id)
    assert event.payload == b""
    whole = (await _delivered(scene, connections, "Deliver", number)).block
    both = (await _delivered(scene, connections, "DeliverWithPrivateData", number)).block_and_private_data
    assert both.block == whole
    assert not both.private_data_map


async def test_an_invalid_transaction_has_no_event_for_clients(
    scene: Scene, connections: Connections
) -> None:
    """Filtered blocks name it with its code; the gateway passes it over."""
    alpha = scene.person("alpha.user")
    proposal = endorser.new_proposal(alpha, "channel", "assets", ["put", "void", "ada", "1"])
    answer = await endorser.propose(connections, scene.peer(), proposal, alpha, deadline=10)
    message = endorser.transaction(proposal, [answer], alpha)
    await orderer.broadcast(connections, scene.network.orderers[0], message, deadline=10)
    commit = await wait_for_commit(
        connections, scene.peer(), "channel", proposal.transaction_id, alpha, deadline=10
    )
    _, after = await _invoke(scene, connections, "put", "void", "bob", "2")
    found = await _heard(scene, connections, 1, start_position=_position(commit.block))
    assert [one.tx_id for one in found] == [after]
    block = (await _delivered(scene, connections, "DeliverFiltered", commit.block)).filtered_block
    [one] = [one for one in block.filtered_transactions if one.txid == proposal.transaction_id]
    assert one.tx_validation_code == 10
    assert len(one.transaction_actions.chaincode_actions) == 1


async def test_blocks_with_private_data(probed: Scene, connections: Connections) -> None:
    """Members of a collection get what was written there; others get the block alone."""
    operations = json.dumps([["put", "told", "1", "own"], ["put", "told", "2", "prices"]])
    outcome = await gateway.invoke(
        connections,
        probed.peer(),
        probed.person("alpha.user"),
        "channel",
        "probe",
        ["run", operations],
        deadline=30,
    )
    seen = {}
    for person in ("alpha.user", "beta.user"):
        answer = await _delivered(probed, connections, "DeliverWithPrivateData", outcome.commit.block, person)
        [sets] = answer.block_and_private_data.private_data_map.values()
        seen[person] = {
            (one.namespace, collection.collection_name)
            for one in sets.ns_pvt_rwset
            for collection in one.collection_pvt_rwset
        }
    assert seen == {
        "alpha.user": {("probe", "own"), ("probe", "prices")},
        "beta.user": {("probe", "prices")},
    }
