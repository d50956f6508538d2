"""A network of official Fabric nodes as processes on loopback: for tests marked `real`.

    from tests.real.network import real_network  # in a conftest.py: one network per module

Three orderers, and organizations with peers. Nothing has joined a channel yet. Nodes are
`heddle.fabric.node.Node`s whose name on the ledger is `localhost`, with addresses to dial; admin endpoints
want `admin_tls`; operations endpoints are plain HTTP until `secure_operations`.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from heddle.configtx.settings import (
    ChannelSettings,
    Consenter,
    OrdererOrganization,
    PeerOrganization,
)
from heddle.fabric.node import ClientTls, Node
from heddle.identity.authority import Authority, new_authority
from heddle.identity.certificate import CertificateRequest, Issued, Usage, issue
from heddle.identity.msp import Msp
from heddle.identity.signer import Signer
from heddle.settings import BatchSettings
from tests.real.mspfolder import msp_folder
from tests.real.processes import Program, free_ports
from tests.real.release import Release, release

HOST = "localhost"
"""What the ledger and the certificates call every node; all nodes must be able to resolve it."""


@dataclass(frozen=True, kw_only=True)
class Organization:
    """An organization with its authorities, an administrator and a user."""

    name: str
    authority: Authority
    tls_authority: Authority
    msp: Msp
    admin: Signer
    user: Signer

    @staticmethod
    def new(name: str, *, since: datetime | None = None) -> "Organization":
        """Make one; `since` is when its authority began, which may issue certificates that have expired."""
        authority = new_authority(common_name=f"ca.{name}", organization=name, now=since)
        return Organization.of(name, authority, new_authority(common_name=f"tlsca.{name}", organization=name))

    @staticmethod
    def of(name: str, authority: Authority, tls_authority: Authority) -> "Organization":
        """Make one of these authorities."""
        msp = Msp(
            msp_id=f"{name.capitalize()}MSP",
            root_certificates=(authority.certificate,),
            tls_root_certificates=(tls_authority.certificate,),
        )
        people = {
            role: issue(
                authority,
                CertificateRequest(
                    common_name=f"{role}@{name}",
                    organization=name,
                    organizational_units=(role,),
                    usage=Usage.IDENTITY,
                ),
            )
            for role in ("admin", "client")
        }
        signers = {
            role: Signer(msp_id=msp.msp_id, certificate=one.certificate, private_key=one.private_key)
            for role, one in people.items()
        }
        return Organization(
            name=name,
            authority=authority,
            tls_authority=tls_authority,
            msp=msp,
            admin=signers["admin"],
            user=signers["client"],
        )

    def tls(self, name: str) -> Issued:
        """A TLS certificate for `localhost` and 127.0.0.1, for either end."""
        hosts = (HOST, "127.0.0.1", name)
        return issue(self.tls_authority, CertificateRequest(common_name=name, hosts=hosts, usage=Usage.TLS))

    def node_identity(self, name: str, role: str) -> Issued:
        request = CertificateRequest(
            common_name=name,
            organization=self.name,
            organizational_units=(role,),
            usage=Usage.IDENTITY,
        )
        return issue(self.authority, request)


class RealNetwork:
    """Processes of one network in one folder; `stop` ends them all."""

    def __init__(self, folder: Path, found: Release) -> None:
        self.folder = folder
        self.release = found
        self.ordering = Organization.new("ordering")
        self.organizations: dict[str, Organization] = {}
        self.orderers: list[Node] = []
        self.peers: list[Node] = []
        self.programs: dict[str, Program] = {}
        self.tls_certificates: dict[str, Issued] = {}
        self.identities: dict[str, Issued] = {}
        admin = self.ordering.tls("admin")
        self.admin_tls = ClientTls(certificate=admin.certificate, private_key=admin.private_key)
        self.operations_authority = new_authority(common_name="operations CA", organization="instance")
        request = CertificateRequest(common_name="operations-client", usage=Usage.TLS)
        watcher = issue(self.operations_authority, request)
        self.operations_tls = ClientTls(certificate=watcher.certificate, private_key=watcher.private_key)

    def add_orderer(self, name: str) -> Node:
        """Prepare an orderer; `start` runs it."""
        port, admin, operations = free_ports(3)
        node = self._node(name, self.ordering, "orderer", port, operations)
        node = replace(node, admin_port=admin, admin_dial=f"127.0.0.1:{admin}")
        home = self.folder / name
        tls = {"Enabled": True, **_pair(home, "PrivateKey", "Certificate")}
        changes = {
            "General.ListenPort": port,
            "General.TLS": {**tls, "RootCAs": [str(home / "tls/ca.crt")], "ClientAuthRequired": False},
            "General.LocalMSPDir": str(home / "msp"),
            "General.LocalMSPID": self.ordering.msp.msp_id,
            "General.Cluster.ClientCertificate": str(home / "tls/server.crt"),
            "General.Cluster.ClientPrivateKey": str(home / "tls/server.key"),
            "FileLedger.Location": str(home / "ledger"),
            "Operations.ListenAddress": f"127.0.0.1:{operations}",
            "Metrics.Provider": "prometheus",
            "Admin.ListenAddress": f"127.0.0.1:{admin}",
            "Admin.TLS": {
                **tls,
                "ClientAuthRequired": True,
                "ClientRootCAs": [str(home / "tls/ca.crt")],
            },
            "Consensus.WALDir": str(home / "wal"),
            "Consensus.SnapDir": str(home / "snap"),
        }
        self._program(node, "orderer.yaml", changes, ["orderer"], (port, admin))
        self.orderers.append(node)
        return node

    def add_peer(self, name: str, organization: Organization) -> Node:
        """Prepare a peer; `start` runs it."""
        self.organizations.setdefault(organization.name, organization)
        port, chaincode, operations = free_ports(3)
        node = self._node(name, organization, "peer", port, operations)
        home = self.folder / name
        address = f"{HOST}:{port}"
        changes = {
            "peer.id": name,
            "peer.listenAddress": f"127.0.0.1:{port}",
            "peer.chaincodeListenAddress": f"127.0.0.1:{chaincode}",
            "peer.address": address,
            "peer.gossip.bootstrap": address,
            "peer.gossip.endpoint": address,
            "peer.gossip.externalEndpoint": address,
            # Else a peer waits a minute for private data of transactions that are invalid.
            "peer.gossip.pvtData.skipPullingInvalidTransactionsDuringCommit": True,
            "peer.tls.enabled": True,
            "peer.tls.cert.file": str(home / "tls/server.crt"),
            "peer.tls.key.file": str(home / "tls/server.key"),
            "peer.tls.rootcert.file": str(home / "tls/ca.crt"),
            "peer.fileSystemPath": str(home / "production"),
            "peer.mspConfigPath": str(home / "msp"),
            "peer.localMspId": organization.msp.msp_id,
            "vm.endpoint": "",
            "chaincode.externalBuilders": [
                {
                    "name": "ccaas_builder",
                    "path": self.release.ccaas_builder,
                    "propagateEnvironment": ["CHAINCODE_AS_A_SERVICE_BUILDER_CONFIG"],
                }
            ],
            "ledger.snapshots.rootDir": str(home / "snapshots"),
            "operations.listenAddress": f"127.0.0.1:{operations}",
            "metrics.provider": "prometheus",
        }
        self._program(node, "core.yaml", changes, ["peer", "node", "start"], (port,))
        self.peers.append(node)
        return node

    def rekey(self, node: Node) -> None:
        """Give a node another TLS key, from its next start on."""
        tls = self.organization_of(node).tls(node.name)
        self.tls_certificates[node.name] = tls
        files = {"server.crt": tls.certificate, "server.key": tls.private_key}
        _write(self.folder / node.name / "tls", files)

    def rekey_identity(self, node: Node) -> Issued:
        """Give an orderer another enrolment key, from its next start on; return the former certificate."""
        owner, former = self.organization_of(node), self.identities[node.name]
        identity = self.identities[node.name] = owner.node_identity(node.name, "orderer")
        folder = msp_folder(owner.msp, certificate=identity.certificate, private_key=identity.private_key)
        _write(self.folder / node.name / "msp", folder)
        return former

    def secure_operations(self, node: Node) -> None:
        """Have a node's operations endpoint want `operations_tls` from its next start on."""
        home = self.folder / node.name
        _write(home / "tls", {"operations-ca.crt": self.operations_authority.certificate})
        root = str(home / "tls/operations-ca.crt")
        path = next(each for name in ("orderer.yaml", "core.yaml") if (each := home / name).exists())
        content = yaml.safe_load(path.read_text())
        if path.name == "orderer.yaml":
            tls = {"Enabled": True, **_pair(home, "PrivateKey", "Certificate")}
            content["Operations"]["TLS"] = {**tls, "ClientAuthRequired": True, "ClientRootCAs": [root]}
        else:
            pair = {name: {"file": each} for name, each in _pair(home, "key", "cert").items()}
            wants = {"clientAuthRequired": True, "clientRootCAs": {"files": [root]}}
            content["operations"]["tls"] = {"enabled": True, **pair, **wants}
        path.write_text(yaml.safe_dump(content, sort_keys=False))

    def start(self) -> None:
        """Start what is not running, and wait until all of it listens."""
        for program in self.programs.values():
            if not program.running:
                program.start()
        for program in self.programs.values():
            program.wait()

    def stop(self) -> None:
        """End every process."""
        for program in reversed(self.programs.values()):
            program.stop()

    def chaincode(
        self,
        name: str,
        package_id: str,
        port: int,
        organization: Organization,
        module: str = "heddle.embedded.fabric.chaincode.assets",
    ) -> Program:
        """Run a chaincode as a service, the sample; its certificate is of the organization's TLS root."""
        home = self.folder / name
        pair = organization.tls(name)
        _write(home / "tls", {"server.crt": pair.certificate, "server.key": pair.private_key})
        program = Program(
            name=name,
            argv=[sys.executable, "-m", module],
            environment={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(Path(__file__).parents[2]),
                "CHAINCODE_ID": package_id,
                "CHAINCODE_SERVER_ADDRESS": f"127.0.0.1:{port}",
                "CHAINCODE_TLS_DISABLED": "false",
                "CHAINCODE_TLS_KEY": str(home / "tls/server.key"),
                "CHAINCODE_TLS_CERT": str(home / "tls/server.crt"),
            },
            log=home / "log",
            ports=(port,),
        )
        self.programs[name] = program
        program.start()
        program.wait()
        return program

    def official_peer(self, organization: Organization, node: Node, signer: Signer) -> Callable[..., str]:
        """The official `peer` command as a member would use it against a node: arguments to its output."""
        home = self.folder / f"cli-{organization.name}"
        _write(
            home / "msp",
            msp_folder(organization.msp, certificate=signer.certificate, private_key=signer.private_key),
        )
        _write(home, {"tls.pem": node.tls_root_certificates[0], "core.yaml": self._core()})
        environment = {
            "PATH": os.environ["PATH"],
            "FABRIC_CFG_PATH": str(home),
            "CORE_PEER_LOCALMSPID": organization.msp.msp_id,
            "CORE_PEER_MSPCONFIGPATH": str(home / "msp"),
            "CORE_PEER_TLS_ENABLED": "true",
            "CORE_PEER_TLS_ROOTCERT_FILE": str(home / "tls.pem"),
            "CORE_PEER_ADDRESS": f"{node.host}:{node.port}",
        }

        def run(*arguments: str) -> str:
            done = subprocess.run(
                [self.release.program("peer"), *arguments],
                env=environment,
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
            )
            assert done.returncode == 0, done.stderr
            return done.stdout

        return run

    def consenter(self, node: Node) -> Consenter:
        """An orderer as the channel configuration names it; its id and identity count for BFT alone."""
        certificate = self.tls_certificates[node.name].certificate
        return Consenter(
            id=1 + self.orderers.index(node),
            msp_id=node.msp_id,
            identity=self.identities[node.name].certificate,
            host=node.host,
            port=node.port,
            client_tls_certificate=certificate,
            server_tls_certificate=certificate,
        )

    def settings(self, channel: str = "channel", **changes: Any) -> ChannelSettings:
        """A channel of all nodes and organizations; blocks are cut after 200 ms to keep tests quick."""
        wanted = ChannelSettings(
            channel=channel,
            orderer_organizations=(
                OrdererOrganization(
                    name=self.ordering.name,
                    msp=self.ordering.msp,
                    endpoints=tuple(f"{node.host}:{node.port}" for node in self.orderers),
                ),
            ),
            peer_organizations=tuple(
                PeerOrganization(
                    name=one.name,
                    msp=one.msp,
                    anchor_peers=tuple(
                        f"{peer.host}:{peer.port}" for peer in self.peers if peer.msp_id == one.msp.msp_id
                    )[:1],
                )
                for one in self.organizations.values()
            ),
            consenters=tuple(self.consenter(node) for node in self.orderers),
            batch=BatchSettings(timeout="200ms"),
        )
        return replace(wanted, **changes)

    def organization_of(self, node: Node) -> Organization:
        """Whose node it is."""
        everybody = (self.ordering, *self.organizations.values())
        return next(one for one in everybody if one.msp.msp_id == node.msp_id)

    def _core(self) -> bytes:
        return yaml.safe_dump(self.release.sample("core.yaml", {})).encode()

    def _node(self, name: str, organization: Organization, role: str, port: int, operations: int) -> Node:
        """Make the node's identity, TLS and folders, as a pod would have them."""
        identity, tls = organization.node_identity(name, role), organization.tls(name)
        self.tls_certificates[name], self.identities[name] = tls, identity
        home = self.folder / name
        _write(
            home / "msp",
            msp_folder(organization.msp, certificate=identity.certificate, private_key=identity.private_key),
        )
        root = organization.tls_authority.certificate
        _write(home / "tls", {"server.crt": tls.certificate, "server.key": tls.private_key, "ca.crt": root})
        return Node(
            name=name,
            msp_id=organization.msp.msp_id,
            host=HOST,
            port=port,
            tls_root_certificates=(root,),
            operations_port=operations,
            dial=f"127.0.0.1:{port}",
            operations_dial=f"127.0.0.1:{operations}",
        )

    def _program(
        self,
        node: Node,
        sample: str,
        changes: dict[str, Any],
        argv: list[str],
        ports: tuple[int, ...],
    ) -> None:
        home = self.folder / node.name
        content = yaml.safe_dump(self.release.sample(sample, changes), sort_keys=False)
        _write(home, {sample: content.encode()})
        self.programs[node.name] = Program(
            name=node.name,
            argv=[self.release.program(argv[0]), *argv[1:]],
            # The ccaas builder is a program that peers run; it needs nothing else of the environment.
            environment={"FABRIC_CFG_PATH": str(home), "PATH": os.environ["PATH"], "HOME": str(home)},
            log=home / "log",
            ports=ports,
            folder=home,
        )


def _pair(home: Path, key: str, certificate: str) -> dict[str, str]:
    return {key: str(home / "tls/server.key"), certificate: str(home / "tls/server.crt")}


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def prepared_network(
    folder: Path,
    *,
    orderers: int = 3,
    peers: Mapping[str, int] | None = None,
    programs: Release | None = None,
) -> RealNetwork:
    """A network that has not been started; `peers` is the number of peers per organization.

    Of the official programs unless others are given; skips the test where those are not on PATH.
    """
    network = RealNetwork(folder, programs or release())
    for number in range(1, orderers + 1):
        network.add_orderer(f"orderer{number}")
    for name, count in (peers or {"organization": 2}).items():
        organization = Organization.new(name)
        for number in range(1, count + 1):
            network.add_peer(f"{name}-peer{number}", organization)
    return network


def running(network: RealNetwork) -> Iterator[RealNetwork]:
    """The body of a fixture: the network while it runs."""
    try:
        network.start()
        yield network
    finally:
        network.stop()


@pytest.fixture(scope="module")
def real_network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealNetwork]:
    """Three orderers, and one organization with two peers: what the stack `dev` describes."""
    yield from running(prepared_network(tmp_path_factory.mktemp("network")))


@pytest.fixture(scope="module")
def real_consortium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealNetwork]:
    """Three orderers, and two organizations with a peer each."""
    folder = tmp_path_factory.mktemp("consortium")
    yield from running(prepared_network(folder, peers={"alpha": 1, "beta": 1}))
