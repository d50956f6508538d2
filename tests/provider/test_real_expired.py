"""Every certificate has expired while the nodes run on, on official nodes: a rollout brings them back."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from heddle.errors import ProviderError
from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from heddle.fabric.node import Node
from heddle.identity.authority import Authority
from heddle.identity.certificate import CertificateRequest, Issued, Usage, issue
from heddle.identity.lowlevel import signed_pem
from heddle.kube.pods import NodePods, PodState
from heddle.network.answers import ask_orderer_channels, ask_peer_channels
from heddle.planner.facts import LedgerState, NodeFacts
from heddle.provider.rollout.restart import Restarter
from tests.provider.harness import Engine, channel_value
from tests.provider.tokens import CHANNEL
from tests.real.network import HOST, RealNetwork, prepared_network

pytestmark = pytest.mark.real


@pytest.fixture
def network(tmp_path: Path) -> Iterator[RealNetwork]:
    network = prepared_network(tmp_path, orderers=3, peers={"organization": 1})
    yield network
    network.stop()


@pytest.fixture
async def connections() -> AsyncIterator[Connections]:
    async with Connections(DirectDialer()) as connections:
        yield connections


@dataclass
class Processes:
    """Nodes as pods: a deleted one comes back with the certificate that is issued to it now."""

    network: RealNetwork
    renewed: bool = True
    restarts: dict[str, int] = field(default_factory=dict)

    async def state(self, name: str) -> PodState:
        program = self.network.programs[name]
        return PodState(
            node=name,
            settled=True,
            uid=f"{name}-{self.restarts.get(name, 0)}",
            revision="new" if name in self.restarts else "old",
            wanted="new",
            ready=program.running and await asyncio.to_thread(_listens, program.ports[0]),
            status="Running, not ready",
        )

    async def withdraw(self, name: str, uid: str) -> None:
        """Processes are in no Service."""

    async def delete(self, name: str, uid: str) -> None:
        assert uid == f"{name}-{self.restarts.get(name, 0)}"
        self.restarts[name] = self.restarts.get(name, 0) + 1
        await asyncio.to_thread(self.network.programs[name].stop)
        if self.renewed:
            certify(self.network, name, expired=False)
        self.network.programs[name].start()

    async def evidence(self, name: str) -> str:
        return self.network.programs[name].tail()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def certify(network: RealNetwork, name: str, *, expired: bool) -> Issued:
    """Issue the node's TLS certificate anew for its key, as a renewal does; or one that has just expired."""
    node = next(each for each in (*network.orderers, *network.peers) if each.name == name)
    now = datetime.now(UTC) - (timedelta(days=1, seconds=1) if expired else timedelta())
    request = CertificateRequest(
        common_name=name, hosts=(HOST, "127.0.0.1", name), usage=Usage.TLS, validity_days=1
    )
    key = network.tls_certificates[name].private_key
    issued = issue(network.organization_of(node).tls_authority, request, private_key=key, now=now)
    (network.folder / name / "tls/server.crt").write_bytes(issued.certificate)
    return issued


def ended_now(authority: Authority) -> bytes:
    """Return the certificate of a root as if it had ended a moment ago."""
    known, end = authority.x509, datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(known.subject)
        .issuer_name(known.issuer)
        .public_key(authority.key.public_key())
        .serial_number(known.serial_number)
        .not_valid_before(end - timedelta(days=1))
        .not_valid_after(end)
    )
    for extension in known.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    return signed_pem(builder.sign(authority.key, hashes.SHA256()))


async def everything_expires(network: RealNetwork, engine: Engine) -> None:
    """Make the channel; then every orderer runs with a certificate that has expired."""
    network.start()
    await engine.up(CHANNEL, "channel", channel(network))
    for node in network.orderers:
        network.programs[node.name].stop()
        certify(network, node.name, expired=True)
    network.start()


def channel(network: RealNetwork, timeout: str = "200ms") -> dict[str, object]:
    signers = [network.ordering.admin, *(one.admin for one in network.organizations.values())]
    settings = network.settings()
    return {
        **channel_value(settings, network.orderers, signers, network.admin_tls),
        "batch": {"timeout": timeout},
    }


def restarter(network: RealNetwork, pods: Processes, connections: Connections) -> Restarter:
    async def ask(node: Node) -> NodeFacts:
        issued = [network.tls_certificates[node.name].certificate]
        return await ask_orderer_channels(
            connections, node, ["channel"], network.admin_tls, issued=issued, deadline=5
        )

    return Restarter(pods=cast("NodePods", pods), ask=ask, nodes=network.orderers, patience=40)


async def test_all_expired_while_all_are_ready(
    network: RealNetwork, engine: Engine, connections: Connections
) -> None:
    """Nothing is gained by waiting, so each goes without leave, and the channel orders again."""
    await everything_expires(network, engine)
    restart = restarter(network, Processes(network), connections)
    before = await restart.facts()
    assert all(node.certificate is not None and node.certificate.expired for node in before)
    assert all(isinstance(node.channels["channel"], LedgerState) for node in before), "they tell facts still"

    restarted = (await restart.run()).done

    assert sorted(restarted) == ["orderer1", "orderer2", "orderer3"]
    assert all("its TLS certificate expired on" in why for why in restarted.values())
    await engine.up(CHANNEL, "channel", channel(network, "300ms"))


async def test_all_expired_and_one_crashed(
    network: RealNetwork, engine: Engine, connections: Connections
) -> None:
    """The one that is down comes back first, and the others do not wait for it."""
    await everything_expires(network, engine)
    network.programs["orderer2"].stop()

    restarted = (await restarter(network, Processes(network), connections).run()).done

    assert next(iter(restarted)) == "orderer2"
    assert len(restarted) == 3
    await engine.up(CHANNEL, "channel", channel(network, "300ms"))


async def test_what_was_not_renewed_costs_one_restart(
    network: RealNetwork, engine: Engine, connections: Connections
) -> None:
    """Another change does not heal expired certificates: the first restart says so at once."""
    await everything_expires(network, engine)
    pods = Processes(network, renewed=False)

    with pytest.raises(
        ProviderError, match=r"it was restarted, but its TLS certificate expired.*\n.*renewal"
    ):
        await restarter(network, pods, connections).run()

    assert len(pods.restarts) == 1


async def test_a_node_whose_authority_has_ended_is_not_restarted(
    network: RealNetwork, engine: Engine, connections: Connections
) -> None:
    """It would not start again, while the one that runs still has its open connections."""
    await everything_expires(network, engine)
    pods = Processes(network, renewed=False)
    ended = ended_now(network.ordering.tls_authority)
    network.orderers = [replace(each, tls_root_certificates=(ended,)) for each in network.orderers]

    with pytest.raises(ProviderError, match=r"its authority has ended.*\n.*An authority has ended"):
        await restarter(network, pods, connections).run()

    assert not pods.restarts


async def test_a_key_that_nobody_issued_is_not_believed(
    network: RealNetwork, connections: Connections
) -> None:
    """A date is ignored for the node's own key alone: another one proves nothing any more."""
    node = network.orderers[0]
    network.tls_certificates[node.name] = certify(network, node.name, expired=True)
    network.programs[node.name].start()
    network.programs[node.name].wait()
    known = [network.tls_certificates[node.name].certificate]
    strange = [network.tls_certificates["orderer2"].certificate]

    async def ask(issued: list[bytes]) -> NodeFacts:
        return await ask_orderer_channels(
            connections, node, ["channel"], network.admin_tls, issued=issued, deadline=5
        )

    believed, refused = await ask(known), await ask(strange)

    assert believed.certificate is not None
    assert believed.channels == {"channel": None}, "it says itself that it has no channel"
    assert refused.certificate is None
    assert "certificate has expired" in str(refused.channels["channel"])


async def test_an_expired_peer_is_said_to_be_one(network: RealNetwork, connections: Connections) -> None:
    """GRPC refuses it, so it is not asked; the facts say why, and what heals it."""
    (peer,) = network.peers
    certify(network, peer.name, expired=True)
    network.programs[peer.name].start()
    network.programs[peer.name].wait()
    signer = network.organizations["organization"].admin

    facts = await ask_peer_channels(connections, peer, ["channel"], signer, deadline=5)

    assert facts.silent is not None
    assert "its TLS certificate expired on" in facts.silent.cause
    assert "certificates.renewal" in facts.silent.hint
