"""Chaincode between two organizations on official nodes: who must approve, endorse, and with which bytes."""

import asyncio

import pytest

from heddle.configtx.endorsement import policy_bytes
from heddle.errors import FabricError, Refused
from heddle.fabric import gateway, lifecycle, transactions
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
