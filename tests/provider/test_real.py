"""The whole way on official nodes: channel, memberships, chaincode, updates, and what refresh finds."""

import asyncio
from base64 import b64decode
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from fabric_protos.common.common_pb2 import Block

from heddle.configtx.delta import compute_update
from heddle.configtx.edit import apply_settings
from heddle.configtx.envelope import sign_update, update_envelope
from heddle.configtx.request import request_envelope, request_from_bytes, sign_request
from heddle.configtx.review import still_missing
from heddle.errors import FabricError, HeddleError, ProviderError
from heddle.fabric import qscc
from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from heddle.fabric.node import Node
from heddle.fabric.orderer import broadcast
from heddle.network.answers import ask_orderer_channels, ask_peer_channels
from heddle.planner.facts import Answer, LedgerState, NodeFacts, PodFacts
from heddle.planner.restart import newest_heights, restart_refusal
from heddle.plugin import interface as api
from heddle.plugin.interface import DiffKind
from heddle.provider import chaincode_definition
from heddle.provider.channel import handler
from heddle.provider.channel.client import ChannelClient, LiveConfig
from heddle.provider.channel.genesis import join_all
from heddle.provider.channel.state import history_of
from heddle.waiting import Deadline
from tests.provider.harness import (
    CheckFailedError,
    Engine,
    channel_value,
    node_value,
    plain,
    signer_value,
    urn,
)
from tests.real.network import RealNetwork, prepared_network

pytestmark = pytest.mark.real

CHANNEL = "heddle:ledger:Channel"
MEMBERSHIP = "heddle:ledger:PeerMembership"
PACKAGE = "heddle:chaincode:ChaincodePackage"
INSTALLATION = "heddle:chaincode:ChaincodeInstallation"
APPROVAL = "heddle:chaincode:ChaincodeApproval"
DEFINITION = "heddle:chaincode:ChaincodeDefinition"


@pytest.fixture
def network(tmp_path: Path) -> Iterator[RealNetwork]:
    network = prepared_network(tmp_path, orderers=3, peers={"organization": 2})
    network.start()
    yield network
    network.stop()


def _channel(network: RealNetwork, **changes: Any) -> dict[str, Any]:
    signers = [network.ordering.admin, *(one.admin for one in network.organizations.values())]
    value = channel_value(network.settings(), network.orderers, signers, network.admin_tls)
    return value | changes


def _membership(network: RealNetwork, number: int, genesis_hash: str) -> dict[str, Any]:
    peer = network.peers[number]
    return {
        "channel": "channel",
        "genesisHash": genesis_hash,
        "peer": node_value(peer),
        "orderers": [node_value(node) for node in network.orderers],
        "signer": signer_value(network.organization_of(peer).admin),
    }


async def test_the_whole_way(network: RealNetwork, engine: Engine) -> None:
    """From running nodes to committed chaincode, twice: the second time changes nothing."""
    first = await _everything(network, engine)
    second = await _everything(network, engine)
    assert second == first
    assert first["sequence"] == 0
    assert (await engine.read(DEFINITION, "definition")).id == "channel/assets"
    for name in ("member-0", "member-1"):
        assert (await engine.read(MEMBERSHIP, name)).id


async def _everything(network: RealNetwork, engine: Engine) -> dict[str, Any]:
    channel = await engine.up(CHANNEL, "channel", _channel(network))
    await asyncio.gather(
        *(
            engine.up(MEMBERSHIP, f"member-{number}", _membership(network, number, channel["genesisHash"]))
            for number in range(len(network.peers))
        )
    )
    await _chaincode(network, engine)
    return channel


async def _chaincode(network: RealNetwork, engine: Engine, **changes: Any) -> None:
    organization = network.organizations["organization"]
    root = organization.tls_authority.certificate.decode()
    package = await engine.up(
        PACKAGE, "package", {"label": "assets_1", "address": "localhost:9999", "tlsRootCertificate": root}
    )
    common = {"signer": signer_value(organization.admin)}
    shipped = {key: package[key] for key in ("label", "package", "packageId")}
    await asyncio.gather(
        *(
            engine.up(INSTALLATION, f"install-{peer.name}", {**common, **shipped, "peer": node_value(peer)})
            for peer in network.peers
        )
    )
    orderers = [node_value(node) for node in network.orderers]
    definition = {
        "channel": "channel",
        "name": "assets",
        "version": "1.0",
        "sequence": 1,
        "genesisHash": engine.outputs["channel"]["genesisHash"],
        "orderers": orderers,
        **common,
        **changes,
    }
    peers = [node_value(peer) for peer in network.peers]
    approval = {**definition, "packageId": package["packageId"], "peer": peers[0]}
    await engine.up(APPROVAL, "approval", approval)
    await engine.up(DEFINITION, "definition", {**definition, "peers": peers})


async def test_a_preview_says_to_which_sequence_a_definition_goes_back(
    network: RealNetwork, engine: Engine
) -> None:
    """A definition cannot be withdrawn: the former content is a new sequence, and is named as what it was."""
    await _everything(network, engine)
    await _chaincode(network, engine, version="2.0", sequence=2)
    peers = [node_value(peer) for peer in network.peers]
    wanted = {**plain(engine.inputs["definition"]), "version": "1.0", "sequence": 3, "peers": peers}

    _, back = await engine.preview(DEFINITION, "definition", wanted)
    _, forth = await engine.preview(DEFINITION, "definition", {**wanted, "version": "3.0"})

    assert back.startswith("rolls back to what sequence 1 was: commit assets 1.0, sequence 3")
    assert forth.startswith("commit assets 3.0, sequence 3")
    await _chaincode(network, engine, version="1.0", sequence=3)
    assert (await engine.read(DEFINITION, "definition")).id == "channel/assets"


async def test_a_definition_under_another_name_adopts_what_is_in_force(
    network: RealNetwork, engine: Engine
) -> None:
    """A channel that moves within the stack file is forgotten and found again: nothing is sent for it."""
    await _everything(network, engine)
    before = await _height(network)
    wanted = {name: plain(engine.inputs[name]) for name in ("approval", "definition")}

    _, message = await engine.preview(DEFINITION, "definition@channel", wanted["definition"])
    await engine.up(APPROVAL, "approval@channel", wanted["approval"])
    await engine.up(DEFINITION, "definition@channel", wanted["definition"])

    assert "nothing to commit: assets 1.0, sequence 1" in message
    assert await _height(network) == before


async def test_a_new_definition_that_the_ledger_would_refuse_is_refused_in_its_preview(
    network: RealNetwork, engine: Engine
) -> None:
    """A further channel begins with sequence 1; of a channel that is to come nothing is said."""
    await _everything(network, engine)
    third = {**plain(engine.inputs["definition"]), "sequence": 3, "name": "trades"}

    with pytest.raises(ProviderError, match="sequence 3 is wanted, but none is in force") as refused:
        await engine.preview(DEFINITION, "definition@channel", third)
    _, message = await engine.preview(DEFINITION, "to come", {**third, "channel": "to-come"})

    assert "Set sequence to 1" in refused.value.hint
    assert "commit trades 1.0, sequence 3" in message
    assert engine.log.of("warning") == []


async def _height(network: RealNetwork) -> int:
    """Blocks of the first peer."""
    admin = network.organization_of(network.peers[0]).admin
    async with Connections(DirectDialer()) as connections:
        found = await qscc.chain_info(connections, network.peers[0], "channel", admin, deadline=10)
        return int(found.height)


async def test_a_killed_create_is_taken_up(network: RealNetwork, engine: Engine) -> None:
    """A create whose state was lost adopts the channel that it finds, instead of making another."""
    first = await engine.up(CHANNEL, "channel", _channel(network))
    again = Engine()
    try:
        second = await again.up(CHANNEL, "channel", _channel(network))
    finally:
        await again.provider.close()
    assert second["genesisHash"] == first["genesisHash"]


async def test_half_made_channels_heal_with_the_same_genesis(
    network: RealNetwork, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A creation that fails after one orderer has joined is saved; the next run goes on with its genesis.

    So does one that lost even the state: the orderer hands out block 0, although the channel has no leader.
    """

    async def join_one(
        client: ChannelClient, answers: Mapping[str, Answer], block: Block, genesis_hash: str, clock: Deadline
    ) -> None:
        first = client.orderers[0].name
        await join_all(client, {first: answers[first]}, block, genesis_hash, clock)
        raise FabricError("interrupted")

    with monkeypatch.context() as patched:
        patched.setattr(handler, "join_all", join_one)
        with pytest.raises(api.PartialFailure, match="interrupted"):
            await engine.up(CHANNEL, "channel", _channel(network))
    genesis = plain(engine.outputs["channel"])["genesisHash"]
    forgetful = Engine()
    try:
        adopted = await forgetful.up(CHANNEL, "channel", _channel(network))
    finally:
        await forgetful.provider.close()
    healed = await engine.up(CHANNEL, "channel", _channel(network))
    assert adopted["genesisHash"] == healed["genesisHash"] == genesis


async def test_a_new_orderer_joins_orders_and_is_announced(network: RealNetwork, engine: Engine) -> None:
    """One that is down stops the update with its name; then it is a consenter first, an endpoint second."""
    before = await engine.up(CHANNEL, "channel", _channel(network, **_without(network, "orderer3")))
    network.programs["orderer3"].stop()
    with pytest.raises(HeddleError, match="orderer3"):
        await _update(engine, _channel(network), seconds=1.0)
    network.programs["orderer3"].start()
    network.programs["orderer3"].wait()
    _, message = await engine.preview(CHANNEL, "channel", _channel(network))
    assert message.splitlines()[1:3] == ["join the orderer orderer3", "update 1 of 2: add a consenter"]
    after = await engine.up(CHANNEL, "channel", _channel(network))
    assert after["genesisHash"] == before["genesisHash"]
    assert after["sequence"] == 2
    live = await _live(network, engine, "orderer3")
    wanted = [consenter.address for consenter in network.settings().consenters]
    assert [consenter.address for consenter in live.settings.consenters] == wanted
    assert len(live.settings.orderer_organizations[0].endpoints) == 3


async def test_a_foreign_channel_is_refused(network: RealNetwork, engine: Engine) -> None:
    """Orderers that hold a channel of this name of somebody else's making are left alone."""
    await engine.up(CHANNEL, "channel", _channel(network))
    value = _channel(network)
    other = Engine()
    value["ordererOrganizations"][0]["name"] = "somebody"
    try:
        with pytest.raises(ProviderError, match="not this stack's"):
            await other.up(CHANNEL, "channel", value)
    finally:
        await other.provider.close()


async def test_batch_timeout(network: RealNetwork, engine: Engine) -> None:
    """A changed batch timeout is previewed with its signatures, applied, and then no difference any more."""
    await engine.up(CHANNEL, "channel", _channel(network))
    wanted = _channel(network, batch={"timeout": "1s"})
    diff = await engine.diff(CHANNEL, "channel", wanted)
    assert diff.detailed == {"batch.timeout": DiffKind.UPDATE}
    _, message = await engine.preview(CHANNEL, "channel", wanted)
    assert message.splitlines() == [
        "channel channel, configuration 0: batch timeout: 200ms → 1s",
        "update 1 of 1: settings",
        "  batch timeout: 200ms → 1s",
        "  [Value]  /Channel/Orderer/BatchTimeout: version 0 → 1",
        "    value.timeout: 200ms → 1s",
        "  signatures /Channel/Orderer/Admins: signed",
    ]
    state = await engine.up(CHANNEL, "channel", wanted)
    assert state["sequence"] == 1
    assert not (await engine.diff(CHANNEL, "channel", wanted)).changes
    assert (await _live(network, engine)).settings.batch.timeout == "1s"


async def test_missing_signatures_leave_a_request(network: RealNetwork, engine: Engine) -> None:
    """Without the ordering administrator nothing is sent; signed elsewhere and handed in, nothing is left."""
    await engine.up(CHANNEL, "channel", _channel(network))
    admin = network.organizations["organization"].admin
    wanted = _channel(network, batch={"timeout": "1s"}, signers=[signer_value(admin)])
    _, message = await engine.preview(CHANNEL, "channel", wanted)
    assert message.splitlines() == [
        "channel channel, configuration 0: SIGNATURES MISSING, batch timeout: 200ms → 1s",
        "update 1 of 1: settings",
        "  batch timeout: 200ms → 1s",
        "  [Value]  /Channel/Orderer/BatchTimeout: version 0 → 1",
        "    value.timeout: 200ms → 1s",
        "  signatures /Channel/Orderer/Admins: MISSING OrderingMSP.admin",
        "the update will stop there and leave a request: `heddle channel request`",
    ]
    with pytest.raises(api.PartialFailure, match=r"MISSING OrderingMSP\.admin"):
        await engine.up(CHANNEL, "channel", wanted)
    live = await _live(network, engine)
    assert live.sequence == 0
    kept = str(engine.outputs["channel"]["request"])
    with pytest.raises(api.PartialFailure):
        await engine.up(CHANNEL, "channel", wanted)
    assert engine.outputs["channel"]["request"] == kept, "a copy of it may be on its way"

    request = sign_request(request_from_bytes(b64decode(kept)), network.ordering.admin)
    assert not still_missing(request, live.config)
    async with Connections(DirectDialer()) as connections:
        await broadcast(connections, network.orderers[2], request_envelope(request, admin), deadline=5)
    await _sequence(network, engine, 1)
    _, message = await engine.preview(CHANNEL, "channel", wanted)
    assert message == "channel channel, configuration 1: nothing to change on the ledger"
    state = await engine.up(CHANNEL, "channel", wanted)
    assert (state["request"], state["sequence"]) == ("", 1)
    assert not (await engine.diff(CHANNEL, "channel", wanted)).changes


async def test_a_request_that_time_passed_over(network: RealNetwork, engine: Engine) -> None:
    """When others changed the channel first, the request is of no use: the next run makes another."""
    await engine.up(CHANNEL, "channel", _channel(network))
    admin = network.organizations["organization"].admin
    wanted = _channel(network, batch={"timeout": "1s"}, signers=[signer_value(admin)])
    with pytest.raises(api.PartialFailure):
        await engine.up(CHANNEL, "channel", wanted)
    old = engine.outputs["channel"]["request"]
    await _change_from_outside(network, engine, max_message_count=77)
    with pytest.raises(api.PartialFailure):
        await engine.up(CHANNEL, "channel", wanted)
    new = engine.outputs["channel"]["request"]
    assert request_from_bytes(b64decode(str(new))).sequence == 1
    assert new != old
    await _change_from_outside(network, engine, max_message_count=78)
    result = await engine.read(CHANNEL, "channel")
    assert result.properties["request"] == ""


async def test_what_others_changed(network: RealNetwork, engine: Engine) -> None:
    """Others' changes are kept, what both changed is refused, and a refresh shows the difference."""
    await engine.up(CHANNEL, "channel", _channel(network))
    await _change_from_outside(network, engine, max_message_count=77)
    await engine.up(CHANNEL, "channel", _channel(network, batch={"timeout": "1s"}))
    batch = (await _live(network, engine)).settings.batch
    assert (batch.timeout, batch.max_message_count) == ("1s", 77), "ours is applied, theirs is kept"

    conflicting = _channel(network, batch={"timeout": "1s", "maxMessageCount": 88})
    both = "batch max message count: 500 → 77 on the channel, 500 → 88 here"
    with pytest.raises(HeddleError, match=both):
        await engine.preview(CHANNEL, "channel", conflicting)
    with pytest.raises(HeddleError, match=both):
        await engine.up(CHANNEL, "channel", conflicting)

    await engine.read(CHANNEL, "channel")
    diff = await engine.diff(CHANNEL, "channel", conflicting)
    assert diff.detailed == {"batch.maxMessageCount": DiffKind.UPDATE}
    await engine.up(CHANNEL, "channel", conflicting)
    assert (await _live(network, engine)).settings.batch.max_message_count == 88


async def test_consenters_leave_one_at_a_time(network: RealNetwork, engine: Engine) -> None:
    """Endpoints go first, then each node in an update of its own; a node that leaves may be down."""
    await engine.up(CHANNEL, "channel", _channel(network))
    network.programs["orderer1"].stop()
    state = await engine.up(
        CHANNEL, "channel", _channel(network, **_without(network, "orderer1", "orderer2"))
    )
    live = await _live(network, engine, "orderer3")
    assert [one.port for one in live.settings.consenters] == [network.orderers[2].port]
    assert len(live.settings.orderer_organizations[0].endpoints) == 1
    assert state["sequence"] == live.sequence == 3


async def test_refresh_knows_gone_from_unreachable(network: RealNetwork, engine: Engine) -> None:
    """Only a node's own answer makes a resource gone; silence is a warning and keeps the state."""
    channel = await engine.up(CHANNEL, "channel", _channel(network))
    await engine.up(MEMBERSHIP, "member-0", _membership(network, 0, channel["genesisHash"]))
    engine.ids["member-1"] = "x"
    engine.inputs["member-1"] = await engine.check(
        MEMBERSHIP, "member-1", _membership(network, 1, channel["genesisHash"])
    )
    engine.outputs["member-1"] = engine.inputs["member-1"]
    assert (await engine.read(MEMBERSHIP, "member-1")).id == "", "this peer never joined"
    assert (await engine.read(MEMBERSHIP, "member-0")).id
    for program in network.programs.values():
        program.stop()
    for kind, name in ((MEMBERSHIP, "member-0"), (CHANNEL, "channel")):
        before = engine.outputs[name]
        assert (await engine.read(kind, name)).properties == before
    assert all("ledger not read" in message for message in engine.log.of("warning"))
    assert len(engine.log.of("warning")) == 2
    with pytest.raises(HeddleError):
        await _update(engine, _channel(network, batch={"timeout": "1s"}), seconds=1.0)


async def test_another_sequence_for_other_content(network: RealNetwork, engine: Engine) -> None:
    """The same sequence with other content is refused with the number to take; that number works."""
    await _everything(network, engine)
    peers = [node_value(peer) for peer in network.peers]
    second = plain(engine.inputs["definition"]) | {"version": "2.0", "peers": peers}
    with pytest.raises(CheckFailedError, match=r"sequence 1 is in force with other .*\n.* sequence to 2"):
        await engine.preview(DEFINITION, "definition", second)
    approval = plain(engine.inputs["approval"]) | {"version": "2.0"}
    with pytest.raises(ProviderError, match="Raise sequence to 2"):
        await engine.preview(APPROVAL, "approval", approval)
    _, message = await engine.preview(DEFINITION, "definition", {**second, "sequence": 2})
    assert message.splitlines() == [
        "commit assets 2.0, sequence 2, endorsed by the channel's Endorsement policy",
        "version: 1.0 → 2.0",
        "sequence: 1 → 2",
        "approved and endorsed by: OrganizationMSP",
    ]
    await _chaincode(
        network, engine, version="2.0", sequence=2, endorsementPolicy="OR('OrganizationMSP.peer')"
    )
    result = await engine.read(DEFINITION, "definition")
    assert result.inputs["endorsementPolicy"] == "OR('OrganizationMSP.peer')"


async def test_private_data_and_init(network: RealNetwork, engine: Engine) -> None:
    """Collections and the demand for Init are committed, read back as they were written, and changed."""
    await _everything(network, engine)
    secret = {
        "name": "secret",
        "policy": "OR('OrganizationMSP.member')",
        "endorsementPolicy": "/Channel/Application/Endorsement",
        "blockToLive": 100,
    }
    wanted = {"version": "2.0", "sequence": 2, "collections": [secret], "initRequired": True}
    await _chaincode(network, engine, **wanted)
    own = {"name": "own", "policy": "OR('OrganizationMSP.peer')", "memberOnlyWrite": False}
    wanted |= {"sequence": 3, "collections": [{**secret, "requiredPeerCount": 1}, own]}
    await _chaincode(network, engine, **wanted)
    for kind, name in ((APPROVAL, "approval"), (DEFINITION, "definition")):
        written = plain(engine.inputs[name])
        assert plain((await engine.read(kind, name)).inputs) == written
    with pytest.raises(CheckFailedError, match=r"existing collection \[own\] missing"):
        await engine.preview(DEFINITION, "definition", {**written, "sequence": 4, "collections": [secret]})


async def test_a_policy_that_the_channel_has_not(network: RealNetwork, engine: Engine) -> None:
    """A mistyped path is refused with those there are, in the preview and before anything is approved."""
    await _everything(network, engine)
    mistyped = {"sequence": 2, "endorsementPolicy": "/Channel/Application/Endorsment"}
    for act in (engine.preview, engine.up):
        with pytest.raises(
            ProviderError, match=r"no such policy: 'Application/Endorsment'\n.*/Endorsement, "
        ):
            await act(APPROVAL, "approval", plain(engine.inputs["approval"]) | mistyped)


async def test_a_cancelled_creation_is_saved(
    network: RealNetwork, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cancelling in the middle ends the call at once, with the genesis saved."""
    joining = asyncio.Event()

    async def never(*_: object) -> None:
        joining.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(handler, "join_all", never)
    creating = asyncio.ensure_future(engine.up(CHANNEL, "channel", _channel(network)))
    await joining.wait()
    await engine.provider.cancel()
    with pytest.raises(api.PartialFailure, match="cancelled"):
        await creating
    assert engine.outputs["channel"]["genesisHash"]


Ask: TypeAlias = Callable[[Node], Awaitable[NodeFacts]]


async def _one_leader(ask: Ask, network: RealNetwork) -> list[NodeFacts]:
    """Return the facts once exactly one node says that it leads: metrics follow an election with a delay."""
    clock = Deadline(15)
    while True:
        facts = await _ask(ask, network.orderers)
        answers = [each.channels["channel"] for each in facts]
        if [isinstance(answer, LedgerState) and answer.leader for answer in answers].count(True) == 1:
            return facts
        assert not clock.passed(), "no single leader"
        await asyncio.sleep(0.1)


async def _ask(ask: Ask, nodes: Iterable[Node]) -> list[NodeFacts]:
    return [await ask(node) for node in nodes]


def _without(network: RealNetwork, *names: str) -> dict[str, Any]:
    """The changes of a Channel's inputs that leave some orderers out."""
    value = _channel(network)
    gone = {f"{node.host}:{node.port}" for node in network.orderers if node.name in names}
    organization = value["ordererOrganizations"][0]
    endpoints = [one for one in organization["endpoints"] if one not in gone]
    return {
        "orderers": [one for one in value["orderers"] if one["name"] not in names],
        "consenters": [one for one in value["consenters"] if one["node"] not in names],
        "ordererOrganizations": [{**organization, "endpoints": endpoints}],
    }


async def _update(engine: Engine, news: dict[str, Any], *, seconds: float) -> None:
    inputs = await engine.check(CHANNEL, "channel", news)
    await engine.provider.update(
        api.UpdateRequest(
            urn=urn(CHANNEL, "channel"),
            type=CHANNEL,
            name="channel",
            id="channel",
            old_inputs=engine.inputs["channel"],
            old_outputs=engine.outputs["channel"],
            news=inputs,
            timeout=seconds,
        )
    )


async def _live(network: RealNetwork, engine: Engine, asked: str = "orderer1") -> LiveConfig:
    node = next(node for node in network.orderers if node.name == asked)
    async with Connections(DirectDialer()) as connections:
        inputs = plain(await engine.check(CHANNEL, "x", _channel(network)))
        history = history_of("channel", engine.outputs["channel"])
        client = ChannelClient.of(connections, inputs, history=history)
        return await client.live_once_led(Deadline(10), [node])


async def _change_from_outside(network: RealNetwork, engine: Engine, **batch: Any) -> None:
    """Another administrator changes the batch."""
    live = await _live(network, engine)
    settings = replace(live.settings, batch=replace(live.settings.batch, **batch))
    update = compute_update("channel", live.config, apply_settings(live.config, settings, None))
    content = update.SerializeToString()
    admin = network.ordering.admin
    envelope = update_envelope(content, [sign_update(content, admin)], admin)
    async with Connections(DirectDialer()) as connections:
        await broadcast(connections, network.orderers[0], envelope, deadline=5)
    await _sequence(network, engine, live.sequence + 1)


async def _sequence(network: RealNetwork, engine: Engine, sequence: int) -> None:
    """Return once the configuration has this sequence."""
    clock = Deadline(10)
    while (await _live(network, engine)).sequence < sequence:
        assert not clock.passed()
        await asyncio.sleep(0.05)


async def test_health_of_real_nodes(network: RealNetwork, engine: Engine) -> None:
    """One leader is known, all are level, and two that are down make a third indispensable."""
    channel = await engine.up(CHANNEL, "channel", _channel(network))
    await engine.up(MEMBERSHIP, "member-0", _membership(network, 0, channel["genesisHash"]))
    async with Connections(DirectDialer()) as connections:
        channels, tls = ["channel", "unmade"], network.admin_tls

        async def orderers(node: Node) -> NodeFacts:
            return await ask_orderer_channels(connections, node, channels, tls, deadline=10)

        facts = await _one_leader(orderers, network)
        assert [newest_heights([each]) for each in facts] == [{"channel": 1}] * 3
        assert _refusal(facts) == ""
        network.programs["orderer3"].stop()
        refusal = _refusal(await _ask(orderers, network.orderers))
        assert refusal.startswith("channel: 1 others order, 2 are needed; orderer3: orderer3 (localhost:")

        admin = network.organizations["organization"].admin
        own = {admin.msp_id: admin}

        async def peer(node: Node) -> NodeFacts:
            who = own.get(node.msp_id)
            return await ask_peer_channels(connections, node, ["channel"], who, deadline=10)

        peers = await _ask(peer, network.peers)
        assert newest_heights(peers[:1]) == {"channel": 1}
        assert newest_heights(peers[1:2]) == {}, "it has not joined"
        own.clear()
        (stranger,) = await _ask(peer, network.peers[:1])
        assert (stranger.channels, stranger.silent) == ({}, None), "nobody to ask as: it answers, no more"


def _refusal(facts: Iterable[NodeFacts]) -> str:
    """Why the others cannot spare the first; their pods are ready."""
    first, *others = [replace(each, pod=PodFacts(ready=True, outdated=False)) for each in facts]
    return restart_refusal(first, others)


async def test_a_definition_that_nobody_approved(
    network: RealNetwork, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Committing says who has not approved, and sends nothing."""
    channel = await engine.up(CHANNEL, "channel", _channel(network))
    await engine.up(MEMBERSHIP, "member-0", _membership(network, 0, channel["genesisHash"]))
    monkeypatch.setattr(chaincode_definition, "_APPROVALS", 0.5)
    definition = {
        "channel": "channel",
        "name": "assets",
        "version": "1.0",
        "sequence": 1,
        "genesisHash": channel["genesisHash"],
        "peers": [node_value(network.peers[0])],
        "orderers": [node_value(node) for node in network.orderers],
        "signer": signer_value(network.organizations["organization"].admin),
    }
    with pytest.raises(ProviderError, match="not approved by OrganizationMSP"):
        await engine.up(DEFINITION, "definition", definition)
    with pytest.raises(ProviderError, match="sequence 2 is wanted, but none is in force"):
        await engine.up(DEFINITION, "definition", {**definition, "sequence": 2})


async def test_a_peer_of_another_network_is_refused(network: RealNetwork, engine: Engine) -> None:
    """A peer that joined a channel of this name with another block 0 is left alone, with the way out."""
    channel = await engine.up(CHANNEL, "channel", _channel(network))
    await engine.up(MEMBERSHIP, "member-0", _membership(network, 0, channel["genesisHash"]))
    with pytest.raises(ProviderError, match="another channel named channel"):
        await engine.up(MEMBERSHIP, "other", _membership(network, 0, "0" * 64))
    with pytest.raises(FabricError, match="This is another channel of the same name"):
        await engine.up(MEMBERSHIP, "third", _membership(network, 1, "0" * 64))
