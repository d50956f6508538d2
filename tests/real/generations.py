"""The next authorities of an organization, on nodes that run as processes: as files of pods would change."""

from dataclasses import dataclass, field, replace

from heddle.fabric.node import ClientTls, Node
from heddle.identity.authority import Authority, new_authority
from heddle.identity.bridge import bridge
from heddle.identity.certificate import CertificateRequest, Issued, Usage, issue
from heddle.identity.msp import Msp
from heddle.identity.signer import Signer
from tests.real.mspfolder import msp_folder
from tests.real.network import HOST, Organization, RealNetwork, _write


@dataclass
class NextGeneration:
    """A second authority and a second TLS authority of an organization, and what each node has of them."""

    network: RealNetwork
    organization: Organization
    authority: Authority = field(init=False)
    tls_authority: Authority = field(init=False)

    def __post_init__(self) -> None:
        name = self.organization.name
        self.authority = new_authority(common_name=f"ca.{name} 2", organization=name)
        self.tls_authority = new_authority(common_name=f"tlsca.{name} 2", organization=name)

    @property
    def both(self) -> Msp:
        """The MSP that trusts both generations."""
        old = self.organization.msp
        return replace(
            old,
            root_certificates=(*old.root_certificates, self.authority.certificate),
            tls_root_certificates=(*old.tls_root_certificates, self.tls_authority.certificate),
        )

    @property
    def alone(self) -> Msp:
        """The MSP that trusts the new generation only."""
        return replace(
            self.organization.msp,
            root_certificates=(self.authority.certificate,),
            tls_root_certificates=(self.tls_authority.certificate,),
        )

    def person(self, role: str) -> Signer:
        """The administrator or a client, with a certificate of the new generation for the key in use."""
        known = self.organization.admin if role == "admin" else self.organization.user
        name = self.organization.name
        request = CertificateRequest(
            common_name=f"{role}@{name}",
            organization=name,
            organizational_units=(role,),
            usage=Usage.IDENTITY,
        )
        issued = issue(self.authority, request, private_key=known.private_key)
        return replace(known, certificate=issued.certificate)

    def client_tls(self) -> ClientTls:
        """A client certificate of the new TLS authority."""
        issued = issue(self.tls_authority, CertificateRequest(common_name="admin", usage=Usage.TLS))
        return ClientTls(certificate=issued.certificate, private_key=issued.private_key)

    def trust(self, node: Node, msp: Msp | None = None) -> None:
        """Write the node's files as its next start has them: its own certificates stay, `msp` is trusted."""
        msp = msp or self.both
        home, identity = self.network.folder / node.name, self.network.identities[node.name]
        folder = msp_folder(msp, certificate=identity.certificate, private_key=identity.private_key)
        for stale in (*(home / "msp/cacerts").glob("*"), *(home / "msp/tlscacerts").glob("*")):
            stale.unlink()
        _write(home / "msp", folder)
        _write(home / "tls", {"ca.crt": b"".join(msp.tls_root_certificates)})

    def reissue(self, node: Node, *, role: str, bridged: bool = True) -> None:
        """Give a node certificates of the new generation for its keys, from its next start on."""
        network, name = self.network, node.name
        identity = issue(
            self.authority,
            CertificateRequest(
                common_name=name,
                organization=self.organization.name,
                organizational_units=(role,),
                usage=Usage.IDENTITY,
            ),
            private_key=network.identities[name].private_key,
        )
        request = CertificateRequest(common_name=name, hosts=(HOST, "127.0.0.1", name), usage=Usage.TLS)
        tls = issue(self.tls_authority, request, private_key=network.tls_certificates[name].private_key)
        network.identities[name], network.tls_certificates[name] = identity, tls
        chain = tls.certificate + (self.bridge if bridged else b"")
        _write(
            network.folder / name, {"msp/signcerts/cert.pem": identity.certificate, "tls/server.crt": chain}
        )

    @property
    def bridge(self) -> bytes:
        """What makes those who trust the old TLS authority accept the new one."""
        return bridge(self.organization.tls_authority, self.tls_authority.certificate)

    def seen_by_both(self, node: Node) -> Node:
        """The node with both TLS roots."""
        return replace(node, tls_root_certificates=self.both.tls_root_certificates)

    def restart(self, node: Node) -> None:
        """Start a node anew, with the files that it has now."""
        self.network.programs[node.name].stop()
        self.network.start()


__all__ = ["Issued", "NextGeneration"]
