"""Chaincode between two organizations on official nodes: who must approve, endorse, and with which bytes."""

import asyncio
from dataclasses import replace

import pytest
from fabric_protos.common.common_pb2 import Block, Envelope, Payload
from fabric_protos.common.configtx_pb2 import ConfigEnvelope

from heddle.configtx.blocks import config_of, data_hash
from heddle.configtx.endorsement import policy_bytes
from heddle.configtx.genesis import genesis_block
from heddle.configtx.readiness import missing_organizations
from heddle.errors import FabricError, Refused
from heddle.fabric import cscc, gateway, lifecycle, participation, transactions
from heddle.fabric.connection import Connections
from heddle.fabric.definition import Definition
from heddle.fabric.dial import DirectDialer
from tests.real.network import RealNetwork
from tests.real.steps import Deployed, deploy_assets, make_channel

pytestmark = pytest.mark.real

POLICY = "OutOf(2, 'AlphaMSP.peer', 'BetaMSP.peer', AND('AlphaMSP.admin', 'BetaMSP.member'))"


@pytest.fixture(scope="module")
def deployed(real_consortium: RealNetwork) -> Deployed:
    """The sample chaincode on the channel of both organizations; both must endorse."""

    async def prepare() -> Deployed:
        async with Connections(DirectDialer()) as connections:
            await make_channel(connections, real_consortium)
            policy = policy_bytes("AND('AlphaMSP.peer', 'BetaMSP.peer')")
            return await deploy_assets(connections, real_consortium, policy=policy)

    return asyncio.run(prepare())


async def test_the_gateway_finds_endorsers_of_both(
    real_consortium: RealNetwork, deployed: Deployed, connections: Connections
) -> None:
    """An invocation at one organization's peer is endorsed by the other's too, through gossip."""
    user = real_consortium.organizations["beta"].user
    outcome = await gateway.invoke(
        connections,
        real_consortium.peers[0],
        user,
        "channel",
        "assets",
        ["put", "k", "v", "1"],
        deadline=90,
    )
    assert outcome.commit.code == "VALID"


async def test_too_few_endorsements_are_an_answer(
    real_consortium: RealNetwork, deployed: Deployed, connections: Connections
) -> None:
    """One organization alone: the transaction is in a block, and invalid. That is told, with the reason."""
    with pytest.raises(Refused, match="ENDORSEMENT_POLICY_FAILURE") as refused:
        await transactions.submit(
            connections,
            real_consortium.peers[:1],
            real_consortium.orderers,
            real_consortium.organizations["alpha"].user,
            "channel",
            "assets",
            ["put", "k", "w", "1"],
            deadline=30,
        )
    assert "ask more peers" in refused.value.hint


async def test_a_policy_s_bytes_are_those_of_the_official_parser(
    real_consortium: RealNetwork, deployed: Deployed, connections: Connections
) -> None:
    """Alpha approves with `peer`, beta with Heddle, in the same words: they have agreed."""
    alpha, beta = (real_consortium.organizations[name] for name in ("alpha", "beta"))
    alpha_peer, beta_peer = real_consortium.peers
    wanted = Definition(name="assets", version="2", sequence=2, validation_parameter=policy_bytes(POLICY))
    orderers = real_consortium.orderers
    with pytest.raises(Refused, match="not agreed to by this org"):
        await lifecycle.commit(
            connections, [alpha_peer, beta_peer], orderers, "channel", wanted, alpha.admin, deadline=30
        )
    await lifecycle.approve(
        connections, beta_peer, orderers, "channel", wanted, deployed.package_id, beta.admin, deadline=30
    )
    root = real_consortium.folder / "orderer-root.pem"
    root.write_bytes(orderers[0].tls_root_certificates[0])
    peer = real_consortium.official_peer(alpha, alpha_peer, alpha.admin)
    definition = ("--channelID", "channel", "--name", "assets", "--version", "2", "--sequence", "2")
    to = ("-o", f"localhost:{orderers[0].port}", "--tls", "--cafile", str(root))
    peer(
        *("lifecycle", "chaincode", "approveformyorg", *definition, *to),
        *("--package-id", deployed.package_id, "--signature-policy", POLICY),
    )
    await transactions.wait_until_level(
        connections, real_consortium.peers, orderers, "channel", alpha.admin, deadline=20
    )
    readiness = await lifecycle.check_readiness(
        connections, beta_peer, "channel", wanted, beta.admin, deadline=10
    )
    assert readiness.approvals == {"AlphaMSP": True, "BetaMSP": True}
    other = Definition(name="assets", version="2", sequence=2)
    differing = await lifecycle.check_readiness(
        connections, beta_peer, "channel", other, beta.admin, deadline=10
    )
    assert differing.approvals == {"AlphaMSP": False, "BetaMSP": False}
    assert set(differing.mismatches) == {"AlphaMSP", "BetaMSP"}
    committed = await lifecycle.commit(
        connections, [alpha_peer, beta_peer], orderers, "channel", wanted, beta.admin, deadline=30
    )
    assert committed.definition == wanted
    assert committed.approvals == {"AlphaMSP": True, "BetaMSP": True}


async def test_a_sequence_that_is_not_the_next_is_refused(
    real_consortium: RealNetwork, deployed: Deployed, connections: Connections
) -> None:
    """In Fabric's words, which name the sequence that would be."""
    alpha = real_consortium.organizations["alpha"]
    with pytest.raises(FabricError, match="requested sequence is 9, but new definition must be sequence"):
        await lifecycle.check_readiness(
            connections,
            real_consortium.peers[0],
            "channel",
            Definition(name="assets", version="9", sequence=9),
            alpha.admin,
            deadline=10,
        )


def _without_lifecycle_policy(block: Block) -> Block:
    """Return a genesis block like this one, but of a channel that has no LifecycleEndorsement."""
    envelope = Envelope.FromString(block.data.data[0])
    payload = Payload.FromString(envelope.payload)
    content = ConfigEnvelope.FromString(payload.data)
    del content.config.channel_group.groups["Application"].policies["LifecycleEndorsement"]
    payload.data = content.SerializeToString()
    envelope.payload = payload.SerializeToString()
    block.data.data[0] = envelope.SerializeToString()
    block.header.data_hash = data_hash(block.data)
    return block


async def test_without_a_lifecycle_policy_a_majority_endorses(
    real_consortium: RealNetwork, deployed: Deployed, connections: Connections
) -> None:
    """Peers then ask for a member of more than half of the organizations: of two, both."""
    settings = replace(real_consortium.settings(), channel="plain")
    genesis = _without_lifecycle_policy(genesis_block(settings))
    peers, orderers = real_consortium.peers, real_consortium.orderers
    wanted = Definition(name="assets", version="1", sequence=1)
    for node in orderers:
        await participation.join(connections, node, "plain", genesis, real_consortium.admin_tls, deadline=30)
    for peer in peers:
        admin = real_consortium.organization_of(peer).admin
        await cscc.join_channel(connections, peer, "plain", genesis, admin, deadline=30)
    for peer in peers:
        admin = real_consortium.organization_of(peer).admin
        await lifecycle.approve(connections, peer, orderers, "plain", wanted, "", admin, deadline=60)
    block = await cscc.config_block(connections, peers[-1], "plain", admin, deadline=10)
    root = config_of(block).config.channel_group
    assert str(missing_organizations(root, {peers[0].msp_id})) == peers[1].msp_id
    with pytest.raises(Refused, match="ENDORSEMENT_POLICY_FAILURE"):
        await lifecycle.commit(connections, peers[:1], orderers, "plain", wanted, admin, deadline=30)
    assert missing_organizations(root, {peer.msp_id for peer in peers}) is None
    await lifecycle.commit(connections, peers, orderers, "plain", wanted, admin, deadline=30)
