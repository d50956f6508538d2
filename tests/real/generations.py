"""The next authorities of an organization, on nodes that run as processes: as files of pods would change."""

from dataclasses import dataclass, field, replace

from heddle.fabric.node import ClientTls, Node
from heddle.identity.authority import Authority, new_authority
from heddle.identity.bridge import bridge
from heddle.identity.certificate import CertificateRequest, Issued, Usage, issue
from heddle.identity.msp import Msp
from heddle.identity.signer import Signer
from tests.identity.offline import OfflineRoot
from tests.real.mspfolder import msp_folder
from tests.real.network import HOST, Organization, RealNetwork, _write


@dataclass
class NextGeneration:
    """A second authority and a second TLS authority of an organization, and what each node has of them."""

    network: RealNetwork
    organization: Organization
    root: OfflineRoot | None = None
    """Who certifies them; None: they are roots."""
    authority: Authority = field(init=False)
    tls_authority: Authority = field(init=False)

    def __post_init__(self) -> None:
        name = self.organization.name
        made = [
            self.root.authority(f"{kind}.{name} 2", name, path_length=0)
            if self.root
            else new_authority(common_name=f"{kind}.{name} 2", organization=name)
            for kind in ("ca", "tlsca")
        ]
        self.authority, self.tls_authority = made

    @property
    def issuers(self) -> list[str]:
        """The issuers of either authority, the root last."""
        return [self.root.pem] if self.root else []

    @property
    def both(self) -> Msp:
        """The MSP that trusts both generations."""
        old, new = self.organization.msp, self.alone
        return replace(
            new,
            root_certificates=(*old.root_certificates, *new.root_certificates),
            tls_root_certificates=(*old.tls_root_certificates, *new.tls_root_certificates),
        )

    @property
    def alone(self) -> Msp:
        """The MSP that trusts the new generation only."""
        old, own, tls = self.organization.msp, self.authority.certificate, self.tls_authority.certificate
        if self.root is None:
            return replace(old, root_certificates=(own,), tls_root_certificates=(tls,))
        root = (self.root.pem.encode(),)
        return replace(
            old,
            root_certificates=root,
            intermediate_certificates=(own,),
            tls_root_certificates=root,
            tls_intermediate_certificates=(tls,),
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
        for stale in (home / "msp").glob("*c*certs/*ca*"):
            stale.unlink()
        _write(home / "msp", folder)
        trusted = (*msp.tls_root_certificates, *msp.tls_intermediate_certificates)
        _write(home / "tls", {"ca.crt": b"".join(trusted)})

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
        below = self.tls_authority.certificate if self.root else b""
        chain = tls.certificate + (self.bridge if bridged else b"") + below
        _write(
            network.folder / name, {"msp/signcerts/cert.pem": identity.certificate, "tls/server.crt": chain}
        )

    @property
    def bridge(self) -> bytes:
        """What makes those who trust the old TLS authority accept the new one."""
        return bridge(self.organization.tls_authority, self.tls_authority.certificate)

    def seen_by_both(self, node: Node) -> Node:
        """The node with the TLS roots of both, and what stands below them."""
        both = self.both
        trusted = (*both.tls_root_certificates, *both.tls_intermediate_certificates)
        return replace(node, tls_root_certificates=trusted)

    def restart(self, node: Node) -> None:
        """Start a node anew, with the files that it has now."""
        self.network.programs[node.name].stop()
        self.network.start()


__all__ = ["Issued", "NextGeneration"]
