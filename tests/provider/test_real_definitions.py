"""Definitions of chaincodes on nodes: approved, committed, taken up, refused."""

import pytest

from heddle.errors import ProviderError
from heddle.fabric import qscc
from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from heddle.provider import chaincode_definition
from tests.provider.harness import (
    CheckFailedError,
    Engine,
    node_value,
    plain,
    signer_value,
)
from tests.provider.real import channel_inputs, membership_inputs, put_all_in_force, put_chaincode_in_force
from tests.provider.tokens import APPROVAL, CHANNEL, DEFINITION, MEMBERSHIP
from tests.real.network import RealNetwork

pytestmark = pytest.mark.real


async def test_a_preview_says_to_which_sequence_a_definition_goes_back(
    network: RealNetwork, engine: Engine
) -> None:
    """A definition cannot be withdrawn: the former content is a new sequence, and is named as what it was."""
    await put_all_in_force(network, engine)
    await put_chaincode_in_force(network, engine, version="2.0", sequence=2)
    peers = [node_value(peer) for peer in network.peers]
    wanted = {**plain(engine.inputs["definition"]), "version": "1.0", "sequence": 3, "peers": peers}

    _, back = await engine.preview(DEFINITION, "definition", wanted)
    _, forth = await engine.preview(DEFINITION, "definition", {**wanted, "version": "3.0"})

    assert back.startswith("rolls back to what sequence 1 was: commit assets 1.0, sequence 3")
    assert forth.startswith("commit assets 3.0, sequence 3")
    await put_chaincode_in_force(network, engine, version="1.0", sequence=3)
    assert (await engine.read(DEFINITION, "definition")).id == "channel/assets"


async def _height(network: RealNetwork) -> int:
    """Blocks of the first peer."""
    admin = network.organization_of(network.peers[0]).admin
    async with Connections(DirectDialer()) as connections:
        found = await qscc.chain_info(connections, network.peers[0], "channel", admin, deadline=10)
        return int(found.height)


async def test_a_definition_under_another_name_adopts_what_is_in_force(
    network: RealNetwork, engine: Engine
) -> None:
    """A channel that moves within the stack file is forgotten and found again: nothing is sent for it."""
    await put_all_in_force(network, engine)
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
    await put_all_in_force(network, engine)
    third = {**plain(engine.inputs["definition"]), "sequence": 3, "name": "trades"}

    with pytest.raises(ProviderError, match="sequence 3 is wanted, but none is in force") as refused:
        await engine.preview(DEFINITION, "definition@channel", third)
    _, message = await engine.preview(DEFINITION, "to come", {**third, "channel": "to-come"})

    assert "Set sequence to 1" in refused.value.hint
    assert "commit trades 1.0, sequence 3" in message
    assert engine.log.of("warning") == []


async def test_another_sequence_for_other_content(network: RealNetwork, engine: Engine) -> None:
    """The same sequence with other content is refused with the number to take; that number works."""
    await put_all_in_force(network, engine)
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
    await put_chaincode_in_force(
        network, engine, version="2.0", sequence=2, endorsementPolicy="OR('OrganizationMSP.peer')"
    )
    result = await engine.read(DEFINITION, "definition")
    assert result.inputs["endorsementPolicy"] == "OR('OrganizationMSP.peer')"


async def test_private_data_and_init(network: RealNetwork, engine: Engine) -> None:
    """Collections and the demand for Init are committed, read back as they were written, and changed."""
    await put_all_in_force(network, engine)
    secret = {
        "name": "secret",
        "policy": "OR('OrganizationMSP.member')",
        "endorsementPolicy": "/Channel/Application/Endorsement",
        "blockToLive": 100,
    }
    wanted = {"version": "2.0", "sequence": 2, "collections": [secret], "initRequired": True}
    await put_chaincode_in_force(network, engine, **wanted)
    own = {"name": "own", "policy": "OR('OrganizationMSP.peer')", "memberOnlyWrite": False}
    wanted |= {"sequence": 3, "collections": [{**secret, "requiredPeerCount": 1}, own]}
    await put_chaincode_in_force(network, engine, **wanted)
    for kind, name in ((APPROVAL, "approval"), (DEFINITION, "definition")):
        written = plain(engine.inputs[name])
        assert plain((await engine.read(kind, name)).inputs) == written
    with pytest.raises(CheckFailedError, match=r"existing collection \[own\] missing"):
        await engine.preview(DEFINITION, "definition", {**written, "sequence": 4, "collections": [secret]})


async def test_a_policy_that_the_channel_has_not(network: RealNetwork, engine: Engine) -> None:
    """A mistyped path is refused with those there are, in the preview and before anything is approved."""
    await put_all_in_force(network, engine)
    mistyped = {"sequence": 2, "endorsementPolicy": "/Channel/Application/Endorsment"}
    for act in (engine.preview, engine.up):
        with pytest.raises(
            ProviderError, match=r"no such policy: 'Application/Endorsment'\n.*/Endorsement, "
        ):
            await act(APPROVAL, "approval", plain(engine.inputs["approval"]) | mistyped)


async def test_a_definition_that_nobody_approved(
    network: RealNetwork, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Committing says who has not approved, and sends nothing."""
    channel = await engine.up(CHANNEL, "channel", channel_inputs(network))
    await engine.up(MEMBERSHIP, "member-0", membership_inputs(network, 0, channel["genesisHash"]))
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
