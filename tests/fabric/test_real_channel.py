"""One channel on official nodes: reading it, changing it, and what refusals and failures look like."""

import asyncio
import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from fabric_protos.common import common_pb2

from heddle.configtx.blocks import config_of, is_config_block
from heddle.configtx.delta import compute_update
from heddle.configtx.edit import apply_settings
from heddle.configtx.envelope import sign_update, update_envelope
from heddle.configtx.read import settings_of
from heddle.errors import Refused, Unreachable
from heddle.fabric import (
    cscc,
    endorser,
    events,
    gateway,
    installation,
    lifecycle,
    operations,
    orderer,
    participation,
    qscc,
    transactions,
)
from heddle.fabric.connection import Connections
from heddle.fabric.dial import ClusterDialer, DirectDialer
from heddle.fabric.node import ClientTls, Node
from heddle.settings import BatchSettings
from tests.fabric.apiserver import api_server
from tests.real.commits import transaction_code, wait_for_commit
from tests.real.network import Organization, RealNetwork
from tests.real.steps import Deployed, deploy_assets, make_channel

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def deployed(real_network: RealNetwork) -> Deployed:
    """The channel `channel` with the sample chaincode in force."""

    async def prepare() -> Deployed:
        async with Connections(DirectDialer()) as connections:
            await make_channel(connections, real_network)
            return await deploy_assets(connections, real_network)

    return asyncio.run(prepare())


@pytest.fixture
def organization(real_network: RealNetwork) -> Organization:
    return real_network.organizations["organization"]


async def test_a_configuration_update_is_ordered_and_read_back(
    real_network: RealNetwork, deployed: Deployed, organization: Organization, connections: Connections
) -> None:
    """A changed block time-out goes through Broadcast, and every node then has it."""
    node, admin = real_network.orderers[0], real_network.ordering.admin
    block = await orderer.config_block(connections, node, "channel", organization.user, deadline=5)
    live = config_of(block).config
    wanted = replace(settings_of(live), channel="channel", batch=BatchSettings(timeout="300ms"))
    update = compute_update("channel", live, apply_settings(live, wanted, None)).SerializeToString()
    envelope = update_envelope(update, [sign_update(update, admin)], admin)
    await orderer.broadcast(connections, node, envelope, deadline=10)
    newest = await orderer.deliver_block(connections, node, "channel", "newest", admin, deadline=5)
    number = newest.header.number + (0 if is_config_block(newest) and newest != block else 1)
    for peer in real_network.peers:
        await events.deliver_block(
            connections, peer, "channel", number, organization.user, deadline=10, wait=True
        )
        seen = await cscc.config_block(connections, peer, "channel", organization.user, deadline=5)
        assert settings_of(config_of(seen).config).batch.timeout == "300ms"
        assert seen == await events.config_block(connections, peer, "channel", organization.user, deadline=5)


async def test_a_stale_update_is_refused_in_fabric_s_words(
    real_network: RealNetwork, deployed: Deployed, organization: Organization, connections: Connections
) -> None:
    """An update against an older configuration is an answer, not a lost call."""
    node, admin = real_network.orderers[0], real_network.ordering.admin
    block = await orderer.config_block(connections, node, "channel", admin, deadline=5)
    live = config_of(block).config
    wanted = replace(
        settings_of(live), channel="channel", batch=BatchSettings(timeout="200ms", max_message_count=7)
    )
    update = compute_update("channel", live, apply_settings(live, wanted, None)).SerializeToString()
    envelope = update_envelope(update, [sign_update(update, admin)], admin)
    await orderer.broadcast(connections, node, envelope, deadline=10)
    newest = await orderer.deliver_block(connections, node, "channel", "newest", admin, deadline=5)
    if newest == block:
        await orderer.deliver_block(
            connections, node, "channel", block.header.number + 1, admin, deadline=10, wait=True
        )
    with pytest.raises(Refused, match="at version") as refused:
        await orderer.broadcast(connections, node, envelope, deadline=10)
    assert refused.value.status == common_pb2.BAD_REQUEST


async def test_an_update_without_the_right_signatures_is_refused(
    real_network: RealNetwork, deployed: Deployed, organization: Organization, connections: Connections
) -> None:
    """Who may not decide is told which policy said no."""
    first, node, _ = real_network.orderers
    newest = await orderer.deliver_block(
        connections, first, "channel", "newest", organization.admin, deadline=5
    )
    await orderer.deliver_block(
        connections,
        node,
        "channel",
        newest.header.number,
        organization.admin,
        deadline=5,
        wait=True,
    )
    block = await orderer.config_block(connections, node, "channel", organization.admin, deadline=5)
    live = config_of(block).config
    wanted = replace(
        settings_of(live), channel="channel", batch=BatchSettings(timeout="200ms", max_message_count=9)
    )
    update = compute_update("channel", live, apply_settings(live, wanted, None)).SerializeToString()
    signed = update_envelope(update, [sign_update(update, organization.admin)], organization.admin)
    with pytest.raises(Refused, match=r"policy for .* not satisfied"):
        await orderer.broadcast(connections, node, signed, deadline=10)


async def test_invoke_without_a_gateway(
    real_network: RealNetwork, deployed: Deployed, organization: Organization, connections: Connections
) -> None:
    """Endorsed by both peers, and committed on both when it returns."""
    outcome = await transactions.submit(
        connections,
        real_network.peers,
        real_network.orderers,
        organization.user,
        "channel",
        "assets",
        ["put", "b1", "bob", "1"],
        deadline=20,
    )
    for peer in real_network.peers:
        content = await endorser.evaluate(
            connections, peer, organization.user, "channel", "assets", ["get", "b1"], deadline=5
        )
        assert json.loads(content)["owner"] == "bob"
        block = await qscc.block_by_number(
            connections, peer, "channel", outcome.commit.block, organization.user, deadline=5
        )
        assert block.header.number == outcome.commit.block
        code = await transaction_code(
            connections, peer, "channel", outcome.commit.transaction_id, organization.user, deadline=5
        )
        assert code == "VALID"
    found = await wait_for_commit(
        connections,
        real_network.peers[1],
        "channel",
        outcome.commit.transaction_id,
        organization.user,
        deadline=5,
    )
    assert found == outcome.commit


async def test_a_chaincode_s_refusal_arrives_in_its_own_words(
    real_network: RealNetwork, deployed: Deployed, organization: Organization, connections: Connections
) -> None:
    """By the endorser, by the gateway's evaluate, and by its endorse with the peer that said it."""
    peer, user = real_network.peers[0], organization.user
    for call in (endorser.evaluate, gateway.evaluate):
        with pytest.raises(Refused, match="the asset nothing does not exist"):
            await call(connections, peer, user, "channel", "assets", ["get", "nothing"], deadline=10)
    with pytest.raises(Refused, match=r"OrganizationMSP.*the asset nothing does not exist"):
        await gateway.invoke(connections, peer, user, "channel", "assets", ["delete", "nothing"], deadline=10)


async def test_two_writers_of_one_key(
    real_network: RealNetwork, deployed: Deployed, organization: Organization, connections: Connections
) -> None:
    """The second in the block is invalid: Refused with Fabric's code and what to do, never a silent loss."""
    peer, user = real_network.peers[0], organization.user
    await gateway.invoke(connections, peer, user, "channel", "assets", ["put", "c", "x", "1"], deadline=10)
    results = await asyncio.gather(
        *(
            gateway.invoke(connections, peer, user, "channel", "assets", ["transfer", "c", name], deadline=10)
            for name in ("y", "z")
        ),
        return_exceptions=True,
    )
    refused = [one for one in results if isinstance(one, Refused)]
    assert [one.words for one in refused] == ["MVCC_READ_CONFLICT"]
    assert "try again" in refused[0].hint


async def test_everything_may_be_asked_for_twice(
    real_network: RealNetwork, deployed: Deployed, organization: Organization, connections: Connections
) -> None:
    """Joining, installing, approving and committing again change nothing and raise nothing."""
    peer, admin = real_network.peers[0], organization.admin
    genesis = await orderer.deliver_block(
        connections, real_network.orderers[2], "channel", 0, admin, deadline=5
    )
    before = await qscc.chain_info(connections, peer, "channel", admin, deadline=5)
    for node in real_network.orderers:
        info = await participation.join(
            connections, node, "channel", genesis, real_network.admin_tls, deadline=5
        )
        assert info.relation == "consenter"
    assert not await cscc.join_channel(connections, peer, "channel", genesis, admin, deadline=5)
    assert (
        await installation.install(connections, peer, deployed.label, deployed.package, admin, deadline=5)
        == deployed.package_id
    )
    await lifecycle.approve(
        connections,
        peer,
        real_network.orderers,
        "channel",
        deployed.definition,
        deployed.package_id,
        admin,
        deadline=5,
    )
    await lifecycle.commit(
        connections, [peer], real_network.orderers, "channel", deployed.definition, admin, deadline=5
    )
    assert await qscc.chain_info(connections, peer, "channel", admin, deadline=5) == before


async def test_what_is_not_there_is_none(
    real_network: RealNetwork, deployed: Deployed, organization: Organization, connections: Connections
) -> None:
    """A reachable node's own 'no' is a fact: no channel, no definition, no approval."""
    peer, admin = real_network.peers[0], organization.admin
    node = real_network.orderers[0]
    assert (
        await participation.channel_info(connections, node, "other", real_network.admin_tls, deadline=5)
        is None
    )
    assert await lifecycle.definition(connections, peer, "channel", "other", admin, deadline=5) is None
    assert (
        await lifecycle.approved(connections, peer, "channel", "other", admin, sequence=1, deadline=5) is None
    )
    there = await installation.installed(connections, peer, admin, deadline=5)
    assert [(one.package_id, one.references) for one in there] == [
        (deployed.package_id, (("channel", "assets", "1"),))
    ]
    assert await lifecycle.definitions(connections, peer, "channel", admin, deadline=5) == (
        deployed.definition,
    )


async def test_unknown_channels_and_strangers_are_refused(
    real_network: RealNetwork, deployed: Deployed, organization: Organization, connections: Connections
) -> None:
    """NOT_FOUND and FORBIDDEN of Deliver, each with the next step."""
    node = real_network.orderers[0]
    with pytest.raises(Refused, match="NOT_FOUND") as refused:
        await orderer.deliver_block(connections, node, "other", 0, organization.user, deadline=5)
    assert refused.value.status == common_pb2.NOT_FOUND
    assert "ask a consenter" in str(refused.value)
    stranger = Organization.new("stranger").user
    with pytest.raises(Refused, match="FORBIDDEN"):
        await orderer.deliver_block(connections, node, "channel", 0, stranger, deadline=5)
    with pytest.raises(Refused, match=r"(?i)access denied|creator"):
        await qscc.chain_info(connections, real_network.peers[0], "channel", stranger, deadline=5)
    with pytest.raises(Refused, match=r"(?i)access denied|admin"):
        await installation.installed(connections, real_network.peers[0], organization.user, deadline=5)


async def test_the_node_s_name_is_verified(
    real_network: RealNetwork, deployed: Deployed, organization: Organization, connections: Connections
) -> None:
    """Another name, or another root, is no connection: for gRPC and for the admin endpoint."""
    node = real_network.orderers[0]
    stranger = Organization.new("stranger")
    for wrong in (
        replace(node, host="orderer9.example"),
        replace(node, tls_root_certificates=(stranger.tls_authority.certificate,)),
    ):
        with pytest.raises(Unreachable, match=r"orderer1 .*dialled at") as failed:
            await orderer.deliver_block(connections, wrong, "channel", 0, organization.user, deadline=3)
        assert "certificate" in failed.value.hint
        with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
            await participation.channel_info(
                connections, wrong, "channel", real_network.admin_tls, deadline=3
            )
    own = stranger.tls("admin")
    intruder = ClientTls(certificate=own.certificate, private_key=own.private_key)
    with pytest.raises(Unreachable) as failed:
        await participation.channel_info(connections, node, "channel", intruder, deadline=3)
    assert "accept this client certificate" in failed.value.hint


async def test_through_an_api_server(
    real_network: RealNetwork, deployed: Deployed, organization: Organization, tmp_path: Path
) -> None:
    """The same calls over port-forwards: gRPC, the admin endpoint, metrics."""
    peer, node = real_network.peers[0], real_network.orderers[0]
    pods = {
        "fabric/peer-0": {peer.port: peer.port, peer.operations_port: peer.operations_port},
        "fabric/orderer-0": {node.port: node.port, node.admin_port: node.admin_port},
    }

    def in_cluster(found: Node, pod: str) -> Node:
        return replace(found, pod=pod, namespace="fabric", dial="", admin_dial="", operations_dial="")

    peer, node = in_cluster(peer, "peer-0"), in_cluster(node, "orderer-0")
    async with (
        api_server(tmp_path, pods) as server,  # type: ignore[arg-type]  # ports are not None here
        Connections(ClusterDialer(server.kubeconfig)) as connections,
    ):
        outcome = await gateway.invoke(
            connections,
            peer,
            organization.user,
            "channel",
            "assets",
            ["put", "far", "away", "1"],
            deadline=20,
        )
        block = await orderer.deliver_block(
            connections, node, "channel", outcome.commit.block, organization.user, deadline=5
        )
        assert block.header.number == outcome.commit.block
        assert await participation.channel_info(
            connections, node, "channel", real_network.admin_tls, deadline=5
        )
        assert await operations.version(connections, peer, deadline=5)
        gone = replace(peer, pod="peer-9")
        with pytest.raises(Unreachable, match='pods "peer-9" not found') as failed:
            await cscc.channels(connections, gone, organization.user, deadline=3)
        assert "pod fabric/peer-9" in failed.value.message


async def test_operations(real_network: RealNetwork, deployed: Deployed, connections: Connections) -> None:
    """Read version and metrics; exactly one orderer leads."""
    for node in (*real_network.orderers, *real_network.peers):
        assert "3.1" in await operations.version(connections, node, deadline=5)
    found = [await operations.metrics(connections, node, deadline=5) for node in real_network.orderers]
    leaders = [numbers.value("consensus_etcdraft_is_leader", channel="channel") for numbers in found]
    assert sum(leader or 0 for leader in leaders) == 1


def test_official_tools_read_what_heddle_made(
    real_network: RealNetwork, deployed: Deployed, organization: Organization, tmp_path: Path
) -> None:
    """`osnadmin` lists the channel; `peer` finds the definition and the package."""
    node, release = real_network.orderers[0], real_network.release
    root, pair = tmp_path / "ca.pem", real_network.admin_tls
    root.write_bytes(node.tls_root_certificates[0])
    (tmp_path / "cert.pem").write_bytes(pair.certificate)
    (tmp_path / "key.pem").write_bytes(pair.private_key)
    files: list[str | Path] = [
        "--ca-file",
        root,
        "--client-cert",
        tmp_path / "cert.pem",
        "--client-key",
        tmp_path / "key.pem",
    ]
    listed = subprocess.run(
        [release.program("osnadmin"), "channel", "list", "-o", f"localhost:{node.admin_port}", *files],
        capture_output=True,
        text=True,
        check=True,
    )
    assert '"name": "channel"' in listed.stdout
    peer = real_network.official_peer(organization, real_network.peers[0], organization.admin)
    asked = peer("lifecycle", "chaincode", "querycommitted", "-C", "channel", "--output", "json")
    assert json.loads(asked)["chaincode_definitions"][0]["name"] == "assets"
    installed = json.loads(peer("lifecycle", "chaincode", "queryinstalled", "--output", "json"))
    assert installed["installed_chaincodes"][0]["package_id"] == deployed.package_id
