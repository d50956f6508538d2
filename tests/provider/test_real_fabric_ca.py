"""Official nodes whose certificates an official Fabric CA issued are a network like any other."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from heddle.fabric.enrolment import FabricCa, enroll
from heddle.identity.certificate import CertificateRequest, Issued, Usage
from heddle.identity.msp import Msp
from heddle.identity.signer import Signer
from tests.fabric.real_ca import RealCa
from tests.provider.harness import Engine, channel_value, node_value, signer_value
from tests.real.network import HOST, Organization, RealNetwork
from tests.real.release import release

pytestmark = pytest.mark.real


@dataclass(frozen=True, kw_only=True)
class Enrolled(Organization):
    """An organization whose certificates a Fabric CA issues. Its own authorities are of no use."""

    ca: FabricCa

    @staticmethod
    def at(server: RealCa, name: str) -> "Enrolled":
        """Make one whose identities and TLS certificates are of the same authority."""
        ca = FabricCa(url=server.url, name="", roots=(server.root,), registrar="registrar", secret="pw")
        made, root = Organization.new(name), (server.chain.encode(),)
        msp = Msp(msp_id=made.msp.msp_id, root_certificates=root, tls_root_certificates=root)
        people = {role: _enrolled(ca, f"{role}@{name}", role) for role in ("admin", "client")}
        signers = {
            role: Signer(msp_id=msp.msp_id, certificate=each.certificate, private_key=each.private_key)
            for role, each in people.items()
        }
        authority, tls_authority = made.authority, made.tls_authority
        return Enrolled(
            name=name,
            authority=authority,
            tls_authority=tls_authority,
            msp=msp,
            admin=signers["admin"],
            user=signers["client"],
            ca=ca,
        )

    def tls(self, name: str) -> Issued:
        return _enrolled(self.ca, name, "peer", hosts=(HOST, "127.0.0.1", name), usage=Usage.TLS)

    def node_identity(self, name: str, role: str) -> Issued:
        return _enrolled(self.ca, name, role)


def _enrolled(
    ca: FabricCa, name: str, role: str, hosts: tuple[str, ...] = (), usage: Usage = Usage.IDENTITY
) -> Issued:
    request = CertificateRequest(
        common_name=name, organizational_units=(role,), hosts=hosts, usage=usage, organization="alpha"
    )
    return asyncio.run(enroll(ca, request, deadline=60))


@pytest.fixture
def network(tmp_path: Path) -> Iterator[RealNetwork]:
    (tmp_path / "ca").mkdir()
    server = RealCa(tmp_path / "ca")
    network = RealNetwork(tmp_path, release())
    network.add_orderer("orderer1")
    peer = network.add_peer("peer1", Enrolled.at(server, "alpha"))
    root = server.chain.encode()
    (tmp_path / "peer1/tls/ca.crt").write_bytes(root)
    network.peers = [replace(peer, tls_root_certificates=(root,))]
    network.start()
    yield network
    network.stop()
    server.stop()


async def test_a_peer_of_a_fabric_ca_joins_a_channel(network: RealNetwork, engine: Engine) -> None:
    """The channel has the CA's root; the administrator signs, and the peer serves."""
    alpha = network.organizations["alpha"]
    (peer,) = network.peers
    signers = [network.ordering.admin, alpha.admin]
    value = channel_value(network.settings(), network.orderers, signers, network.admin_tls)
    channel = await engine.up("heddle:ledger:Channel", "channel", value)
    membership = {
        "channel": "channel",
        "genesisHash": channel["genesisHash"],
        "peer": node_value(peer),
        "orderers": [node_value(node) for node in network.orderers],
        "signer": signer_value(alpha.admin),
    }
    await engine.up("heddle:ledger:PeerMembership", "membership", membership)
    assert (await engine.read("heddle:ledger:PeerMembership", "membership")).id
